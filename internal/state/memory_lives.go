package state

import (
	"container/heap"
	"time"
)

// mortal is something that is forgotten at a time.
type mortal struct {
	key   string
	ends  time.Time
	place int // in lives, -1 when it has no end
}

// lives holds what has an end, as a heap with the next end first. Unlike a heap of
// all ends ever set, it has each key once, so that renewing does not make it grow.
type lives []*mortal

// set gives m a life from now on; 0 is no end.
func (l *lives) set(m *mortal, now time.Time, life time.Duration) {
	m.ends = now.Add(life)
	switch {
	case life == 0 && m.place >= 0:
		heap.Remove(l, m.place)
	case life == 0:
	case m.place >= 0:
		heap.Fix(l, m.place)
	default:
		heap.Push(l, m)
	}
}

// ended takes out one whose life is over.
func (l *lives) ended(now time.Time) (key string, ok bool) {
	if len(*l) == 0 || now.Before((*l)[0].ends) {
		return "", false
	}
	return heap.Pop(l).(*mortal).key, true
}

func (l lives) Len() int           { return len(l) }
func (l lives) Less(i, j int) bool { return l[i].ends.Before(l[j].ends) }

func (l lives) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = i, j
}

// Push and Pop are for container/heap.
func (l *lives) Push(x any) {
	m := x.(*mortal)
	m.place = len(*l)
	*l = append(*l, m)
}

func (l *lives) Pop() any {
	last := len(*l) - 1
	m := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	m.place = -1
	return m
}
