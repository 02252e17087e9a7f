package appint

import (
	"container/heap"
	"sync"
	"time"
)

// due is which executions are to go on, and when: the earliest first, at the same time in the
// order in which they were accepted. It holds an id once, with the earliest time that it was given.
type due struct {
	changed chan struct{} // has one element when there may be an earlier first

	mu    sync.Mutex // guards what follows
	heap  dueHeap
	items map[string]*dueItem
}

type dueItem struct {
	id    string
	at    time.Time
	born  time.Time
	place int
}

func newDue() *due { return &due{changed: make(chan struct{}, 1), items: map[string]*dueItem{}} }

// add enters an execution, or makes it earlier.
func (d *due) add(id string, at, born time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, ok := d.items[id]
	switch {
	case !ok:
		i = &dueItem{id: id, at: at, born: born}
		d.items[id] = i
		heap.Push(&d.heap, i)
	case at.Before(i.at):
		i.at = at
		heap.Fix(&d.heap, i.place)
	}
	if i.place == 0 {
		select {
		case d.changed <- struct{}{}:
		default:
		}
	}
}

// next takes out the first execution that is due, or says how long it is until the first one is.
// With nothing to wait for that is an hour.
func (d *due) next(now time.Time) (id string, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.heap) == 0 {
		return "", time.Hour
	}
	if wait := d.heap[0].at.Sub(now); wait > 0 {
		return "", min(wait, time.Hour)
	}
	i := heap.Pop(&d.heap).(*dueItem)
	delete(d.items, i.id)
	return i.id, 0
}

type dueHeap []*dueItem

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return h[i].born.Before(h[j].born)
}

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push and Pop are for container/heap.
func (h *dueHeap) Push(x any) {
	i := x.(*dueItem)
	i.place = len(*h)
	*h = append(*h, i)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	i := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return i
}
