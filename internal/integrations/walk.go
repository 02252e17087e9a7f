package integrations

import (
	"context"
	"errors"
)

// An arrival is what comes along an edge once the task before it has finished.
type arrival int

const (
	notTaken arrival = iota // the condition does not hold, or the task before was skipped
	taken
	broken // the task before failed, or was skipped because of a failure
)

// A walk goes through one graph, from its start until nothing is left to run. Tasks that are
// ready at the same time run side by side, each in a goroutine; everything else happens in the
// goroutine of the walk.
type walk struct {
	r       *run
	g       *graph
	waits   map[*node]*wait
	ready   []*node
	parked  []*node // suspended
	running int
	done    chan outcome

	ends   int // paths that came to a successful end
	failed *outcome
	stop   error // why the walk ends before its time
}

// A wait is a task that has not begun, and what has arrived for it.
type wait struct {
	left                    int
	taken, notTaken, broken bool
	decided                 bool
}

// An outcome is what performing a task came to. err is its failure, if the task failed; stop
// ends the walk, and with it the execution or the catcher.
type outcome struct {
	n      *node
	next   []*node // where its edges lead
	err    error
	stop   error
	parked bool
}

// walk returns nil when the graph ran to a successful end: nothing failed, or a path that has
// come to its end without a failure makes up for it (error-handling-strategy, NONE). Otherwise
// the error is a *TaskError, that of the task that failed first, or what ended the walk.
func (r *run) walk(ctx context.Context, g *graph) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &walk{r: r, g: g, waits: map[*node]*wait{}, done: make(chan outcome)}
	for _, n := range g.nodes {
		w.waits[n] = &wait{left: g.arrivals[n]}
	}
	w.follow(g.start, r.choose(g.start, r.scope))
	for w.step(ctx) {
		if w.stop != nil {
			cancel()
		}
	}
	switch {
	case w.stop != nil:
		return w.stop
	case len(w.parked) > 0:
		return errSuspended
	case w.failed != nil && w.ends == 0:
		return w.failed.err
	}
	return nil
}

// step starts what is ready and takes in one outcome; false when nothing is left to wait for.
func (w *walk) step(ctx context.Context) bool {
	if w.stop != nil {
		w.ready = nil
	}
	if w.running == 0 && len(w.ready) == 1 { // the usual case needs no goroutine
		n := w.ready[0]
		w.ready = nil
		w.settle(w.r.perform(ctx, n))
		return true
	}
	for _, n := range w.ready {
		w.running++
		go func() { w.done <- w.r.perform(ctx, n) }()
	}
	w.ready = nil
	if w.running == 0 {
		return w.stop == nil && w.awaitLift(ctx)
	}
	select {
	case o := <-w.done:
		w.running--
		w.settle(o)
	case <-w.r.log.signal():
		w.unpark()
	}
	return true
}

// awaitLift tells whether the walk goes on although all that is left is suspended: a lift has
// come in the meantime, or this is a sub-integration, which waits here.
func (w *walk) awaitLift(ctx context.Context) bool {
	if len(w.parked) == 0 {
		return false
	}
	if !w.r.awaitLift(ctx) {
		return false
	}
	w.unpark()
	return true
}

func (w *walk) unpark() {
	w.ready = append(w.ready, w.parked...) // those that still wait are parked again
	w.parked = nil
}

func (w *walk) settle(o outcome) {
	switch {
	case o.stop != nil:
		if w.stop == nil || errors.Is(w.stop, context.Canceled) {
			w.stop = o.stop
		}
		return
	case o.parked:
		w.parked = append(w.parked, o.n)
		return
	case o.err != nil:
		if w.failed == nil {
			w.failed = &o
		}
		w.sendAll(o.n.next, broken)
		return
	}
	if len(o.next) == 0 {
		w.ends++
	}
	w.follow(o.n.next, o.next)
}

// follow sends along every edge whether it was taken.
func (w *walk) follow(p path, next []*node) {
	took := map[*node]bool{}
	for _, n := range next {
		took[n] = true
	}
	for _, e := range p.edges {
		if took[e.to] {
			w.arrive(e.to, taken)
		} else {
			w.arrive(e.to, notTaken)
		}
	}
}

func (w *walk) sendAll(p path, a arrival) {
	for _, e := range p.edges {
		w.arrive(e.to, a)
	}
}

// arrive counts one edge to n and decides, as soon as its join rule can, whether n runs.
func (w *walk) arrive(n *node, a arrival) {
	wt := w.waits[n]
	wt.left--
	wt.taken = wt.taken || a == taken
	wt.notTaken = wt.notTaken || a == notTaken
	wt.broken = wt.broken || a == broken
	runs := wt.taken
	switch n.join {
	case whenAll:
		runs = runs && !wt.broken
	case whenAllHold:
		runs = runs && !wt.broken && !wt.notTaken
	}
	early := n.join == whenAny && wt.taken
	switch {
	case wt.decided || wt.left > 0 && !early:
	case runs:
		wt.decided = true
		w.ready = append(w.ready, n)
	case wt.broken:
		wt.decided = true
		w.sendAll(n.next, broken)
	default:
		wt.decided = true
		w.sendAll(n.next, notTaken)
	}
}

// choose returns the tasks that the path leads to now.
func (r *run) choose(p path, s *scope) []*node {
	var next []*node
	for _, e := range p.edges {
		if e.when != nil && !e.when.holds(s) {
			continue
		}
		next = append(next, e.to)
		if p.firstMatch {
			break
		}
	}
	return next
}
