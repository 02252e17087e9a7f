package cases

import (
	"strings"

	"sluice/flow"
)

// recorder makes the trace of one exchange from what a tracer sees. It is used by
// one goroutine at a time.
type recorder struct {
	trace   *Trace
	places  places
	verbose bool

	at      position
	open    []frame           // steps that run, the innermost last
	reads   []flow.Event      // variables read since the last event of another kind
	setters map[string]*Event // variable -> step that set it last
}

// position is where the next event belongs.
type position struct {
	base  int // depth of phases
	level int // depth of steps
	where container
	nth   map[string]int // how often each step came in this container
}

// frame is a step that runs: what it reports lies inside it.
type frame struct {
	step  *Event
	depth int // of the exchange, see flow.Exchange.Depth
	outer position
}

func newRecorder(t *Trace, p places, verbose bool) *recorder {
	return &recorder{trace: t, places: p, verbose: verbose, setters: map[string]*Event{}}
}

// note adds what a tracer saw.
func (r *recorder) note(x *flow.Exchange, e flow.Event) {
	if e.Kind == flow.GotVariable {
		if len(r.reads) < maxReads {
			r.reads = append(r.reads, e)
		}
		return
	}
	if e.Kind == flow.ConditionDone {
		r.condition(x, e)
		return
	}
	r.flushReads()
	switch e.Kind {
	case flow.PhaseBegan:
		r.phase(x, e.Name)
	case flow.FlowBegan:
		r.flow(x, e.Name)
	case flow.StepBegan:
		r.stepBegan(x, e.Name)
	case flow.StepDone:
		r.stepDone(e.Err)
	case flow.SetVariable:
		r.set(e)
	case flow.FaultEntered:
		r.fault(x, e)
	case flow.RuleChosen:
		r.rule(x, e.Name)
	case flow.CallSent:
		r.call(x, e)
	case flow.Warned:
		r.add(&Event{Kind: WarningEvent, Depth: r.inside(), Name: e.Name, Text: e.Text})
	}
}

func (r *recorder) add(e *Event) *Event {
	if len(r.trace.Events) < maxEvents {
		r.trace.Events = append(r.trace.Events, e)
	}
	return e
}

// decided is the event of a condition that was true, when what it decides begins
// just now.
func (r *recorder) decided(kind EventKind, name string) *Event {
	if n := len(r.trace.Events); n > 0 {
		if e := r.trace.Events[n-1]; e.Kind == kind && e.Name == name && e.Outcome == Ran && e.Condition != "" {
			return e
		}
	}
	return nil
}

// inside is the depth of what happens in a step, or in a phase outside of one.
func (r *recorder) inside() int { return max(r.at.level, r.at.base+1) }

// restart begins at the exchange's own depth: a local target called from a step
// lies inside that step. Steps that a panic left open are closed.
func (r *recorder) restart(x *flow.Exchange) {
	for n := len(r.open); n > 0 && r.open[n-1].depth >= x.Depth; n-- {
		r.open = r.open[:n-1]
	}
	base := 2 * x.Depth
	if n := len(r.open); n > 0 {
		base = r.open[n-1].step.Depth + 1
	}
	r.at = position{base: base, level: base + 1}
}

func (r *recorder) enter(c container) {
	r.at.where, r.at.nth = c, map[string]int{}
}

func (r *recorder) phase(x *flow.Exchange, name string) {
	r.restart(x)
	r.routed(x)
	r.add(&Event{Kind: PhaseEvent, Depth: r.at.base, Name: name})
}

// routed notes a RouteRule without a condition, of which no event tells.
func (r *recorder) routed(x *flow.Exchange) {
	if x.Route.Name == "" {
		return
	}
	for i := len(r.trace.Events) - 1; i >= 0; i-- {
		e := r.trace.Events[i]
		if e.Kind == RouteEvent && e.Name == x.Route.Name {
			e.Text = x.Route.Target
			return
		}
		if e.Kind != PhaseEvent || e.Depth != r.at.base {
			continue
		}
		if e.Name != "route" {
			return // long past
		}
		break
	}
	place := r.places.route(x, x.Route.Name)
	r.add(&Event{Kind: RouteEvent, Depth: r.at.base + 1, Name: x.Route.Name, Outcome: Ran, Text: x.Route.Target, Place: place})
}

func (r *recorder) flow(x *flow.Exchange, name string) {
	if x.Phase == flow.PostClient && r.trace.last(PhaseEvent, "") != nil && r.trace.last(PhaseEvent, "").Name != flow.PostClient.String() {
		r.phase(x, flow.PostClient.String())
	}
	if r.decided(FlowEvent, name) == nil {
		r.add(&Event{Kind: FlowEvent, Depth: r.at.base + 1, Name: name, Outcome: Ran, Place: r.places.flow(x, name)})
	}
	r.at.level = r.at.base + 2
	r.enter(flowContainer(x, name))
}

func (r *recorder) rule(x *flow.Exchange, name string) {
	e := r.decided(RuleEvent, name)
	if e == nil {
		e = r.add(&Event{Kind: RuleEvent, Depth: r.at.base + 1, Name: name, Outcome: Ran, Place: r.places.rule(x, name)})
	}
	r.at.level = e.Depth + 1
	r.enter(r.places.ruleContainer(x, name))
}

// condition notes what a condition decides: a step, a route, a rule, a flow, or
// something of a policy's own.
func (r *recorder) condition(x *flow.Exchange, e flow.Event) {
	event := &Event{Name: e.Name, Outcome: Skipped, Condition: strings.Join(strings.Fields(e.Text), " "), Values: r.values()}
	switch {
	case e.Err != nil:
		event.Outcome, event.Text = Failed, e.Err.Error()
	case e.Result:
		event.Outcome = Ran
	}
	n := len(r.open)
	switch own := n > 0 && r.open[n-1].step.Name == e.Name; {
	case own && x.Flow.Step == e.Name:
		event.Kind, event.Depth = ConditionEvent, r.at.level
	case x.Flow.Step == e.Name && e.Name != "":
		event.Kind, event.Depth, event.Place = StepEvent, r.at.level, r.step(x, e.Name)
	case x.InError():
		event.Kind, event.Depth, event.Place = RuleEvent, r.at.base+1, r.places.rule(x, e.Name)
	case r.inPhase("route"):
		event.Kind, event.Depth, event.Place = RouteEvent, r.at.base+1, r.places.route(x, e.Name)
	default:
		event.Kind, event.Depth, event.Place = FlowEvent, r.at.base+1, r.places.flow(x, e.Name)
	}
	r.add(event)
}

func (r *recorder) inPhase(name string) bool {
	e := r.trace.last(PhaseEvent, "")
	return e != nil && e.Name == name
}

// step is the place of the step that comes now; a policy may be attached to one
// flow several times.
func (r *recorder) step(x *flow.Exchange, name string) string {
	if shared := x.Flow.SharedFlow; shared != "" && r.at.where != sharedContainer(shared) {
		r.enter(sharedContainer(shared))
	}
	if r.at.nth == nil {
		r.at.nth = map[string]int{}
	}
	n := r.at.nth[name]
	r.at.nth[name]++
	return r.places.step(r.at.where, name, n)
}

func (r *recorder) stepBegan(x *flow.Exchange, name string) {
	e := r.decided(StepEvent, name)
	if e == nil {
		e = r.add(&Event{Kind: StepEvent, Depth: r.at.level, Name: name, Outcome: Ran, Place: r.step(x, name)})
	}
	r.open = append(r.open, frame{step: e, depth: x.Depth, outer: r.at})
	r.at.level = e.Depth + 1
}

func (r *recorder) stepDone(err error) {
	n := len(r.open)
	if n == 0 {
		return
	}
	f := r.open[n-1]
	r.open, r.at = r.open[:n-1], f.outer
	if err != nil {
		fault := flow.FaultOf(err)
		reason := strings.ReplaceAll(fault.Reason, "{policy}", f.step.Name) // see faults.Fault.At
		f.step.Outcome, f.step.Text = Failed, fault.Code()+": "+reason
	}
}

func (r *recorder) fault(x *flow.Exchange, e flow.Event) {
	r.restart(x)
	event := &Event{Kind: FaultEvent, Depth: r.at.base, Name: e.Name, Text: e.Text}
	policy := flow.FaultOf(e.Err).Policy
	step := r.trace.last(StepEvent, Failed)
	switch {
	case step != nil && step.Name == policy:
		event.Place = step.Place
	case policy == "" && r.inPhase("call"):
		event.Place = r.places.endpoint(x)
	}
	r.add(event)
}

// call notes that a request leaves: to the target, or from a step.
func (r *recorder) call(x *flow.Exchange, e flow.Event) {
	event := r.add(&Event{Kind: CallEvent, Depth: r.inside(), Name: e.Name, Text: e.Text})
	if len(r.open) == 0 {
		event.Place = r.places.endpoint(x)
	}
}

// nowhere notes that no base path fits the request.
func (r *recorder) nowhere(code, text string) {
	r.add(&Event{Kind: FaultEvent, Name: code, Text: text})
}

func (r *recorder) set(e flow.Event) {
	if n := len(r.open); n > 0 {
		r.setters[e.Name] = r.open[n-1].step
	}
	if r.verbose {
		r.add(&Event{Kind: SetEvent, Depth: r.inside(), Name: e.Name, Text: shown(e)})
	}
}

// values are the variables that were read just now, each once.
func (r *recorder) values() []string {
	var list []string
	for _, e := range r.reads {
		if text := e.Name + " = " + shown(e); !contains(list, text) {
			list = append(list, text)
		}
	}
	r.reads = r.reads[:0]
	return list
}

func (r *recorder) flushReads() {
	if r.verbose {
		for _, e := range r.reads {
			r.add(&Event{Kind: GetEvent, Depth: r.inside(), Name: e.Name, Text: shown(e)})
		}
	}
	r.reads = r.reads[:0]
}

// maxReads bounds how many variables are kept until the next event: a template
// reads a handful, a script as many as it likes.
const maxReads = 1000

// shown is the value of a variable as people may see it: those of private
// variables are hidden, also in test logs.
func shown(e flow.Event) string {
	if strings.HasPrefix(e.Name, "private.") {
		return "(hidden)"
	}
	if e.Value.Type() == flow.MessageObject {
		return "(a message)"
	}
	s := seen{e.Value.Type(), e.Value.String(), e.Value.Items()}
	return window(s.describe(), 0)
}
