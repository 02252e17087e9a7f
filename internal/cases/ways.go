package cases

import (
	"context"
	"sync/atomic"
	"time"

	"sluice/flow"
	"sluice/proxy"
)

// Ways tells which way requests take through bundles to runners of tests that
// are no cases, in the words of cases: package features.
//
// Attach it to the core that serves the bundles. Then, for each test: Begin;
// Expect before and Await after each of its requests, one at a time; Finish.
type Ways struct {
	folder  *folder
	verbose bool
	now     atomic.Pointer[observer] // of the test under way
}

// NewWays returns the Ways of the bundles. With verbose the traces tell of
// variables too.
func NewWays(bundles []*proxy.Bundle, verbose bool) *Ways {
	w := &Ways{folder: &folder{places: findPlaces(bundles)}, verbose: verbose}
	w.Begin("")
	return w
}

// Attach makes the core tell w of its requests.
func (w *Ways) Attach(c *proxy.Core) {
	c.Report = w
	c.Trace = func(x *flow.Exchange) flow.Tracer { return w.now.Load().trace(x) }
	c.Finished = func(x *flow.Exchange) { w.now.Load().finished(x) }
}

// Begin begins a test, which stands in a file.
func (w *Ways) Begin(file string) {
	w.now.Store(newObserver(newScript(file), w.folder, w.verbose))
}

// Expect announces the n-th request of the test, from 1, by its first line.
func (w *Ways) Expect(n int, request string) {
	o := w.now.Load()
	x := &exchange{number: n, request: &wire{head: []string{request}}}
	o.script.begin(x)
	o.expect(x)
}

// Await waits until the request that Expect announced is over, PostClientFlow
// too, but for the limit of an exchange at most.
func (w *Ways) Await(ctx context.Context) {
	_, began, ended := w.now.Load().outcome()
	limit := refusedGrace
	if began {
		limit = exchangeLimit
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-ended:
	case <-ctx.Done():
	case <-t.C:
	}
}

// Finish puts into the result what was seen since Begin: traces and faults, what
// the runtime logged, a failure for each panic; and why the answer was what it was
// into the failures of section "response" that have an exchange.
func (w *Ways) Finish(r *Result) {
	o := w.now.Load()
	r.Failures = append(r.Failures, o.script.found()...)
	o.result(r)
}

// Panicked and Failed make w the core's Reporter.
func (w *Ways) Panicked(x *flow.Exchange, value any, stack []byte) {
	w.now.Load().Panicked(x, value, stack)
}

// Failed keeps an internal error for the report.
func (w *Ways) Failed(x *flow.Exchange, err error) { w.now.Load().Failed(x, err) }
