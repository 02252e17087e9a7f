package cases

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"sluice/flow"
	"sluice/proxy"
)

// observer is the tracer of every request of a case, hears its end, and what
// the runtime reports to its operator.
type observer struct {
	script  *script
	folder  *folder
	verbose bool

	mu        sync.Mutex  // guards what follows
	recorders []*recorder // one for each exchange that began
	vars      []variable  // to look at when the exchange ends
	seen      []seen
	began     bool
	ended     chan struct{} // closed when the exchange is over
	faults    map[string]bool
	log       []string
}

func newObserver(s *script, f *folder, verbose bool) *observer {
	o := &observer{script: s, folder: f, verbose: verbose, faults: map[string]bool{}, ended: make(chan struct{})}
	s.caller = o.caller
	return o
}

func (o *observer) caller() (why, place string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.recorder(); r != nil {
		return r.caller()
	}
	return "", ""
}

// expect prepares for the next exchange.
func (o *observer) expect(x *exchange) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := &Trace{Exchange: x.number, Request: x.request.first()}
	o.recorders = append(o.recorders, newRecorder(t, o.folder.places, o.verbose))
	o.vars, o.seen, o.began, o.ended = x.vars, nil, false, make(chan struct{})
}

// trace is Core.Trace.
func (o *observer) trace(*flow.Exchange) flow.Tracer {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began = true
	return o
}

// Event notes the way of the exchange, and its faults.
func (o *observer) Event(x *flow.Exchange, e flow.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.Err != nil && (e.Kind == flow.FaultEntered || e.Kind == flow.StepDone) {
		d := flow.FaultOf(e.Err).Def
		o.faults[d.Element+"/"+d.Code] = true
	}
	if r := o.recorder(); r != nil {
		r.note(x, e)
	}
}

// recorder is that of the exchange under way.
func (o *observer) recorder() *recorder {
	if n := len(o.recorders); n > 0 {
		return o.recorders[n-1]
	}
	return nil
}

// finished is Core.Finished: the last look at the exchange.
func (o *observer) finished(x *flow.Exchange) {
	x.Observe(nil) // what the runner reads is not the bundle's doing
	o.mu.Lock()
	defer o.mu.Unlock()
	if x.Fault != nil {
		o.faults[x.Fault.Def.Element+"/"+x.Fault.Def.Code] = true
	}
	if r := o.recorder(); r != nil && x.Proxy.Name == "" && x.Fault != nil {
		r.nowhere(x.Fault.Code(), "no base path fits "+x.Request.Path+"; there are: "+strings.Join(basePaths(x), ", "))
	}
	for _, v := range o.vars {
		o.seen = append(o.seen, v.look(x))
	}
	select {
	case <-o.ended: // a request that the case knows nothing of
	default:
		close(o.ended)
	}
}

// basePaths are those of everything deployed.
func basePaths(x *flow.Exchange) []string {
	var list []string
	if s, ok := x.Snapshot.(*proxy.Snapshot); ok {
		for _, d := range s.Deployments {
			for _, e := range d.Endpoints {
				list = append(list, e.BasePath)
			}
		}
	}
	return list
}

// Panicked fails the case: no policy may panic, whatever it gets.
func (o *observer) Panicked(_ *flow.Exchange, value any, stack []byte) {
	o.script.fail("panic", Failure{Got: fmt.Sprintf("%v\n%s", value, stack)})
}

// Failed keeps an internal error for the report.
func (o *observer) Failed(_ *flow.Exchange, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.log = append(o.log, "internal error: "+err.Error())
}

// outcome returns the variables that were asked for, nil if no request came
// through, and whether one began.
func (o *observer) outcome() (vars []seen, began bool, ended <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen, o.began, o.ended
}

// result moves what was noted into the result.
func (o *observer) result(r *Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for f := range o.faults {
		r.Faults = append(r.Faults, f)
	}
	slices.Sort(r.Faults)
	r.Log = o.log
	r.explain(o.recorders)
	for _, rec := range o.recorders {
		r.Traces = append(r.Traces, rec.trace)
	}
}
