package tasks

import (
	"container/heap"
	"math"
	"slices"
	"sync"
	"time"
)

// line is what this process knows of the tasks of one queue. Its tasks change only by what the
// watch of the bucket tells (apply). An entry stands in waiting when its next attempt only waits
// for its time.
type line struct {
	generation string
	since      time.Time     // when this process first heard of it
	wake       chan struct{} // gets something when there may be something to begin

	mu       sync.Mutex // guards what follows
	queue    *queue     // nil until it was told: its tasks may be told first
	tasks    index
	waiting  waiting
	runs     []*entry // asked for by RunTask and not begun, with repetitions
	running  int      // attempts under way
	purged   int64    // nanoseconds since 1970; tasks born before are gone
	throttle throttle
	done     minute
	unswept  bool // there may be purged tasks whose records are in the bucket
}

func newLine(generation string, now time.Time) *line {
	return &line{generation: generation, since: now, wake: make(chan struct{}, 1), purged: math.MinInt64}
}

// signal tells a channel with room for one that there is news.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// configure takes a new state of the queue.
func (l *line) configure(q *queue, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer signal(l.wake)
	l.queue = q
	limits := q.config.RateLimits
	l.throttle.limit(limits.MaxDispatchesPerSecond, float64(limits.MaxBurstSize), now)
	if q.purged().IsZero() || q.purged().UnixNano() <= l.purged {
		return
	}
	l.purged = q.purged().UnixNano()
	l.unswept = true
	l.tasks.after(key{}, func(e *entry) bool {
		l.arrange(e)
		return true
	})
}

// apply takes a change of a task: its record, a tombstone or nothing. It reports whether it was
// one of ours.
func (l *line) apply(k key, value []byte, revision uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.tasks.get(k)
	if value == nil || isTombstone(value) {
		l.remove(e)
		return true
	}
	h, err := decodeHead(value)
	if err != nil {
		return false
	}
	if e == nil {
		e = &entry{key: k, place: -1, begun: h.begun, asked: h.begun}
		l.tasks.put(e)
	}
	e.revision, e.due, e.born, e.named = revision, h.due.UnixNano(), h.born.UnixNano(), h.named
	e.begun = max(e.begun, h.begun)
	l.askRuns(e, h.asked)
	l.arrange(e)
	l.unswept = l.unswept || l.dead(e)
	signal(l.wake)
	return true
}

// runLimit bounds the runs of a queue that were asked for and not begun. Google allows 60 a
// minute; what is beyond this bound is not run.
const runLimit = 10000

// askRuns notes the runs that a record asks for. Every process does, since it may be the next
// leader; those that were answered meanwhile are left out when one is taken.
func (l *line) askRuns(e *entry, asked uint32) {
	for ; e.asked < asked; e.asked++ {
		if len(l.runs) >= runLimit {
			l.runs = slices.DeleteFunc(l.runs, func(e *entry) bool { return !l.isAsked(e) })
		}
		if len(l.runs) >= runLimit {
			return
		}
		l.runs = append(l.runs, e)
	}
}

// isAsked tells whether a run of a task is asked for and not begun.
func (l *line) isAsked(e *entry) bool { return !e.removed && !l.dead(e) && e.begun < e.asked }

func (l *line) remove(e *entry) {
	if e == nil {
		return
	}
	e.removed = true
	l.tasks.remove(e.key)
	l.arrange(e)
}

// arrange puts an entry into waiting, or at its new place there, or takes it out.
func (l *line) arrange(e *entry) {
	waits := !e.removed && !l.dead(e) && e.running == 0 && e.revision >= e.await
	switch {
	case waits && e.place < 0:
		heap.Push(&l.waiting, e)
	case waits:
		heap.Fix(&l.waiting, int(e.place))
	case e.place >= 0:
		heap.Remove(&l.waiting, int(e.place))
	}
}

// dead tells whether a task was purged, and only waits for its removal.
func (l *line) dead(e *entry) bool { return e.born < l.purged }

// begun is an attempt that may be sent now.
type begun struct {
	entry    *entry
	key      key
	revision uint64 // of the record that it is an attempt of
	runs     uint32 // runs that are satisfied by its answer
	queue    *queue
	run      bool // asked for by RunTask
}

// take begins the next attempt. When there is none now it returns after how long there may be one,
// 0 for not before a signal.
func (l *line) take(now time.Time) (b begun, wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue == nil || l.queue.isDeleted() {
		return begun{}, 0, false
	}
	if e := l.nextRun(); e != nil {
		return l.begin(e, true), 0, true
	}
	limits := l.queue.config.RateLimits
	if !isRunning(l.queue) || len(l.waiting) == 0 || l.running >= int(limits.MaxConcurrentDispatches) {
		return begun{}, 0, false
	}
	e := l.waiting[0]
	if early := time.Duration(e.due - now.UnixNano()); early > 0 {
		return begun{}, early, false
	}
	if wait := l.throttle.take(now); wait > 0 {
		return begun{}, wait, false
	}
	return l.begin(e, false), 0, true
}

// nextRun takes out the next run that was asked for and still makes sense.
func (l *line) nextRun() *entry {
	for len(l.runs) > 0 {
		e := l.runs[0]
		l.runs = l.runs[1:]
		if l.isAsked(e) && e.running < math.MaxInt16 {
			e.begun++
			return e
		}
	}
	return nil
}

func (l *line) begin(e *entry, run bool) begun {
	e.running++
	l.running++
	l.arrange(e)
	return begun{entry: e, key: e.key, revision: e.revision, runs: e.begun, queue: l.queue, run: run}
}

// end tells that an attempt is over. The task is not attempted again before its record of that
// revision, or a later one, was told.
func (l *line) end(b begun, await uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer signal(l.wake)
	b.entry.running--
	l.running--
	b.entry.await = max(b.entry.await, await)
	l.arrange(b.entry)
}

// isRemoved tells whether the removal of the task of an attempt was told.
func (l *line) isRemoved(b begun) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return b.entry.removed
}

// unused tells that an attempt was begun and not sent, so that it costs no token.
func (l *line) unused(b begun) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.run {
		l.throttle.giveBack()
		return
	}
	b.entry.begun--
	l.runs = append(l.runs, b.entry)
}

// answered tells how an attempt went.
func (l *line) answered(now time.Time, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done.add(now)
	l.throttle.answered(now, o.overloaded(), o.failed())
}

// page returns the keys of up to n tasks whose keys are above k, and whether there are more.
func (l *line) page(k key, n int) (keys []key, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks.after(k, func(e *entry) bool {
		switch {
		case l.dead(e):
		case len(keys) == n:
			more = true
		default:
			keys = append(keys, e.key)
		}
		return !more
	})
	return keys, more
}

// doomed is a task that was purged and is still in the bucket.
type doomed struct {
	key      key
	revision uint64
	named    bool
}

// sweep returns up to n of them whose keys are above k.
func (l *line) sweep(k key, n int) (list []doomed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.unswept {
		return nil
	}
	defer func() { l.unswept = k != key{} || len(list) > 0 }()
	l.tasks.after(k, func(e *entry) bool {
		if l.dead(e) {
			list = append(list, doomed{e.key, e.revision, e.named})
		}
		return len(list) < n
	})
	return list
}

// state returns the queue and how many tasks it has, purged ones included.
func (l *line) state() (q *queue, tasks int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue, l.tasks.n
}
