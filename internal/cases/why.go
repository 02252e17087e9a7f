package cases

import (
	"slices"
	"strings"

	"sluice/flow"
)

// explain fills in Why and Place of the failures: which element of the bundle
// decided what the case did not expect, as far as the traces tell.
func (r *Result) explain(recorders []*recorder) {
	for i := range r.Failures {
		f := &r.Failures[i]
		if f.Exchange > 0 && f.Exchange <= len(recorders) {
			f.Why, f.Place = recorders[f.Exchange-1].why(f)
		}
	}
}

func (r *recorder) why(f *Failure) (why, place string) {
	switch {
	case f.Why != "": // who called was asked when the call came
		return f.Why, f.Place
	case f.Section == "vars":
		if step := r.setters[f.variable]; step != nil {
			return "step " + step.Name + " set " + f.variable + " last", step.Place
		}
	case f.Section == "response":
		return r.trace.whyAnswer()
	case f.Got == neverCame:
		return r.trace.whyNoCall()
	}
	return "", ""
}

// caller tells who makes a call at the moment: a step, or else the target's
// endpoint.
func (r *recorder) caller() (why, place string) {
	if n := len(r.open); n > 0 {
		step := r.open[n-1].step
		return "step " + step.Name + " called", step.Place
	}
	if call := r.trace.last(CallEvent, ""); call != nil {
		return "target " + call.Name + " was called", call.Place
	}
	return "", ""
}

// whyAnswer tells who made the answer: fault rules, a fault, the target, or the
// flows.
func (t *Trace) whyAnswer() (why, place string) {
	t = t.answered()
	fault := t.last(FaultEvent, "")
	rules, last := t.rules()
	switch {
	case last != nil:
		return "fault rule " + strings.Join(rules, ", then ") + " answered " + t.firstFault().Name, last.Place
	case fault != nil && fault.Place != "":
		return "no fault rule answered " + fault.Name, fault.Place
	case fault != nil:
		return join(": ", "no fault rule answered "+fault.Name, fault.Text), ""
	}
	step, call := t.last(StepEvent, Ran), t.last(CallEvent, "")
	switch {
	case call != nil && slices.Index(t.Events, step) < slices.Index(t.Events, call):
		return "target " + call.Name + " answered", call.Place
	case step != nil:
		return "step " + step.Name + " ran last", step.Place
	}
	return t.whyRoute()
}

// answered is the trace up to the answer, without PostClientFlow.
func (t *Trace) answered() *Trace {
	for i, e := range t.Events {
		if e.Kind == PhaseEvent && e.Name == flow.PostClient.String() {
			return &Trace{Events: t.Events[:i]}
		}
	}
	return t
}

// rules are the names of the fault rules that ran, and the last of them.
func (t *Trace) rules() (names []string, last *Event) {
	for _, e := range t.Events {
		if e.Kind == RuleEvent && e.Outcome == Ran {
			names, last = append(names, e.Name), e
		}
	}
	return names, last
}

// whyNoCall tells what kept a call from coming.
func (t *Trace) whyNoCall() (why, place string) {
	if fault := t.firstFault(); fault != nil {
		return fault.Name + " was raised", fault.Place
	}
	return t.whyRoute()
}

func (t *Trace) whyRoute() (why, place string) {
	if route := t.last(RouteEvent, Ran); route != nil {
		return "RouteRule " + route.Name + " was taken", route.Place
	}
	return "", ""
}

func (t *Trace) firstFault() *Event {
	for _, e := range t.Events {
		if e.Kind == FaultEvent {
			return e
		}
	}
	return nil
}
