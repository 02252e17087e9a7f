package tasks

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/state"
)

// replica is this process's view of the buckets, kept by their watches: every queue by name and
// every line by generation.
type replica struct {
	now func() time.Time
	log func(warning bool, text string)

	queueWatch, taskWatch progress

	mu      sync.RWMutex // guards what follows; never held around a call of a bucket
	queues  map[string]*queue
	lines   map[string]*line
	arrived chan struct{} // gets something when there is a new line
	untidy  chan struct{} // gets something when a queue was changed
}

func newReplica(now func() time.Time, log func(bool, string)) *replica {
	return &replica{now: now, log: log, queues: map[string]*queue{}, lines: map[string]*line{}, arrived: make(chan struct{}, 1), untidy: make(chan struct{}, 1)}
}

// applyQueue takes a change of the bucket of queues.
func (r *replica) applyQueue(c state.Change) {
	defer r.queueWatch.Advance(c.Revision)
	if c.Value == nil {
		r.forget(c.Key)
		return
	}
	q, err := decodeQueue(c.Value, c.Revision)
	if err != nil {
		r.log(true, "cannot read the queue "+c.Key+": "+err.Error())
		return
	}
	r.mu.Lock()
	old := r.queues[c.Key]
	r.queues[c.Key] = q
	r.mu.Unlock()
	if old != nil && old.generation != q.generation {
		r.drop(old.generation)
	}
	r.line(q.generation, true).configure(q, r.now())
	signal(r.untidy)
}

// forget drops a queue whose tombstone has ended.
func (r *replica) forget(name string) {
	r.mu.Lock()
	old := r.queues[name]
	delete(r.queues, name)
	r.mu.Unlock()
	if old != nil {
		r.drop(old.generation)
	}
}

func (r *replica) drop(generation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lines[generation]; l != nil {
		delete(r.lines, generation)
		signal(l.wake)
	}
}

// applyTask takes a change of the bucket of tasks.
func (r *replica) applyTask(c state.Change) {
	defer r.taskWatch.Advance(c.Revision)
	generation, k, ok := readPlace(c.Key)
	if !ok {
		return
	}
	gone := c.Value == nil || isTombstone(c.Value)
	l := r.line(generation, !gone)
	if l != nil && !l.apply(k, c.Value, c.Revision) {
		r.log(true, "cannot read the task "+c.Key+": "+errRecord.Error())
	}
}

// line returns the line of a generation; what is not there is made on demand.
func (r *replica) line(generation string, make bool) *line {
	r.mu.RLock()
	l := r.lines[generation]
	r.mu.RUnlock()
	if l != nil || !make {
		return l
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lines[generation]; l != nil {
		return l
	}
	l = newLine(generation, r.now())
	r.lines[strings.Clone(generation)] = l
	signal(r.arrived)
	return l
}

// allLines returns the lines there are now.
func (r *replica) allLines() []*line {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Values(r.lines))
}

// has tells whether a line was not dropped.
func (r *replica) has(l *line) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.lines[l.generation] == l
}

// queue returns a queue by name, nil for none.
func (r *replica) queue(name string) *queue {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.queues[name]
}

// within returns the names of the queues of a location that are above after, in order.
func (r *replica) within(location, after string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var names []string
	for name, q := range r.queues {
		if locationOf(name) == location && name > after && !q.isDeleted() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// progress lets whoever has written wait until the replica has it. A process waits only for what it
// wrote itself.
type progress struct {
	state.Progress
	written atomic.Uint64
}

// wrote notes that this process has written that revision.
func (p *progress) wrote(revision uint64) {
	for before := p.written.Load(); before < revision; before = p.written.Load() {
		if p.written.CompareAndSwap(before, revision) {
			return
		}
	}
}

// catchUp waits until all that this process has written was applied.
func (p *progress) catchUp(ctx context.Context) error { return p.Reach(ctx, p.written.Load()) }
