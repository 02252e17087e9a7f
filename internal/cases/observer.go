package cases

import (
	"fmt"
	"slices"
	"sync"

	"sluice/flow"
)

// observer is the tracer of every request of a case, hears its end, and what
// the runtime reports to its operator.
type observer struct {
	script  *script
	verbose bool

	mu     sync.Mutex // guards what follows
	vars   []variable // to look at when the exchange ends
	seen   []seen
	began  bool
	ended  chan struct{} // closed when the exchange is over
	faults map[string]bool
	log    []string
}

func newObserver(s *script, verbose bool) *observer {
	return &observer{script: s, verbose: verbose, faults: map[string]bool{}, ended: make(chan struct{})}
}

// expect prepares for the next exchange.
func (o *observer) expect(vars []variable) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.vars, o.seen, o.began, o.ended = vars, nil, false, make(chan struct{})
}

// trace is Core.Trace.
func (o *observer) trace(*flow.Exchange) flow.Tracer {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began = true
	return o
}

// Event notes faults, and everything when somebody wants to read it.
func (o *observer) Event(_ *flow.Exchange, e flow.Event) {
	raised := e.Err != nil && (e.Kind == flow.FaultEntered || e.Kind == flow.StepDone)
	if !raised && !o.verbose {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if raised {
		d := flow.FaultOf(e.Err).Def
		o.faults[d.Element+"/"+d.Code] = true
	}
	if o.verbose {
		o.log = append(o.log, describe(e))
	}
}

var eventNames = map[flow.EventKind]string{
	flow.PhaseBegan: "phase", flow.FlowBegan: "flow", flow.ConditionDone: "condition of", flow.StepBegan: "step",
	flow.StepDone: "step done", flow.StepSkipped: "step skipped", flow.GotVariable: "get", flow.SetVariable: "set",
	flow.FaultEntered: "fault", flow.RuleChosen: "fault rule", flow.CallSent: "call", flow.CallAnswered: "answer", flow.Warned: "warning",
}

func describe(e flow.Event) string {
	text := fmt.Sprintf("%-12s %s", eventNames[e.Kind], e.Name)
	switch {
	case e.Kind == flow.ConditionDone:
		text += fmt.Sprintf(": %s is %t", e.Text, e.Result)
	case e.Kind == flow.GotVariable || e.Kind == flow.SetVariable:
		s := seen{e.Value.Type(), e.Value.String(), e.Value.Items()}
		text += " = " + window(s.describe(), 0)
	case e.Text != "":
		text += ": " + e.Text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// finished is Core.Finished: the last look at the exchange.
func (o *observer) finished(x *flow.Exchange) {
	x.Observe(nil) // what the runner reads is not the bundle's doing
	o.mu.Lock()
	defer o.mu.Unlock()
	if x.Fault != nil {
		o.faults[x.Fault.Def.Element+"/"+x.Fault.Def.Code] = true
	}
	for _, v := range o.vars {
		o.seen = append(o.seen, look(x, v.name))
	}
	select {
	case <-o.ended: // a request that the case knows nothing of
	default:
		close(o.ended)
	}
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
}
