package matrix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

// recorder is the tracer and the reporter of one cell.
type recorder struct {
	Story
	conditions map[string]*flow.Condition
	rules      *flow.FaultRules

	rule, byDefault string
	chosen          string // rule that runs
	again           bool
	tried           []Check       // conditions of the rules
	planned         *faults.Fault // the injected fault of a fault rule's step
	plannedIn       bool          // it is in the error state
	open            []int         // indices in Steps of those that run
	body            []byte
}

// Event notes what happens once the exchange is in the error state.
func (r *recorder) Event(x *flow.Exchange, e flow.Event) {
	if e.Kind == flow.FaultEntered {
		r.entered(e.Err)
		return
	}
	if len(r.Faults) == 0 {
		return
	}
	switch e.Kind {
	case flow.ConditionDone:
		r.condition(x, e)
	case flow.RuleChosen:
		r.choose(e.Name)
	case flow.StepBegan:
		r.began(e.Name)
	case flow.StepDone:
		r.done(e.Err)
	case flow.GotVariable:
		r.read(e.Name, &e.Value)
	}
}

// entered notes a fault. A RaiseFault in a rule is an answer; any other fault
// there is a failure of the rule, unless the cell is about just that.
func (r *recorder) entered(err error) {
	f := flow.FaultOf(err)
	switch {
	case f == r.planned:
		r.plannedIn = true
	case len(r.Faults) > 0 && f.Name() != "RaiseFault":
		r.again = true
	}
	if len(r.Faults) < maxNotes {
		r.Faults = append(r.Faults, Fault{Name: f.Name(), Code: f.Code(), Reason: f.Reason, Status: f.Status, In: f.Policy})
	}
}

func (r *recorder) condition(x *flow.Exchange, e flow.Event) {
	if len(r.Conditions)+len(r.tried) >= maxNotes {
		return
	}
	text := e.Text + ": " + strconv.FormatBool(e.Result)
	if c := r.conditions[e.Text]; c != nil {
		text = c.Explain(x)
	}
	if e.Err != nil {
		text += "\n" + e.Err.Error()
	}
	check := Check{Owner: e.Name, Before: len(r.Steps), Result: e.Result, Text: text}
	if r.chosen != "" && !r.isDefault(e.Name) {
		r.Conditions = append(r.Conditions, check)
		return
	}
	r.tried = append(r.tried, check)
}

func (r *recorder) isDefault(name string) bool {
	return r.rules != nil && r.rules.Default != nil && r.rules.Default.Name == name
}

// choose tells FaultRule from DefaultFaultRule, which the event does not: the
// default comes last, and alone when no rule held.
func (r *recorder) choose(name string) {
	r.chosen = name
	if r.isDefault(name) && (r.rule != "" || !r.held(name)) {
		r.byDefault = name
		return
	}
	r.rule = name
}

// held reports whether a FaultRule of that name was true.
func (r *recorder) held(name string) bool {
	for i := range r.rules.Rules {
		if rule := &r.rules.Rules[i]; rule.Name == name && rule.Condition == nil {
			return true
		}
	}
	c := r.checkOf(name)
	return c != nil && c.Result && r.isRule(name)
}

// checkOf is the condition of a rule as it was tried, or nil. A DefaultFaultRule
// may have the name of a FaultRule; its condition comes later.
func (r *recorder) checkOf(rule string) *Check {
	for i := range r.tried {
		if r.tried[i].Owner == rule {
			return &r.tried[i]
		}
	}
	return nil
}

func (r *recorder) isRule(name string) bool {
	for i := range r.rules.Rules {
		if r.rules.Rules[i].Name == name {
			return true
		}
	}
	return false
}

func (r *recorder) began(name string) {
	r.open = append(r.open, len(r.Steps))
	r.Steps = append(r.Steps, Done{Name: name, Depth: len(r.open) - 1, Rule: r.chosen})
}

// done ends the step that runs. The injected one began before the fault.
func (r *recorder) done(err error) {
	if len(r.open) == 0 {
		return
	}
	s := &r.Steps[r.open[len(r.open)-1]]
	r.open = r.open[:len(r.open)-1]
	if err != nil {
		f := flow.FaultOf(err)
		s.Error = f.Code() + ": " + strings.ReplaceAll(f.Reason, "{policy}", s.Name) // the fault hears of its place later
		if f.Cause != nil {
			s.Error += ": " + f.Cause.Error()
		}
	}
}

// idle marks the step that runs as one that does nothing here.
func (r *recorder) idle(name, why string) {
	if len(r.open) > 0 {
		if s := &r.Steps[r.open[len(r.open)-1]]; s.Name == name {
			s.Idle = why
		}
	}
}

// ranIdle reports whether a step of that name did nothing in the rules.
func (r *recorder) ranIdle(name string) bool {
	for i := range r.Steps {
		if r.Steps[i].Name == name && r.Steps[i].Idle != "" {
			return true
		}
	}
	return false
}

func (r *recorder) note(text string) {
	if len(r.Notes) < maxNotes && !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

func (r *recorder) read(name string, v *flow.Value) {
	if len(r.Reads) >= maxNotes {
		return
	}
	for i := range r.Reads {
		if r.Reads[i].Name == name {
			return
		}
	}
	r.Reads = append(r.Reads, Variable{name, shown(name, v)})
}

func shown(name string, v *flow.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case strings.HasPrefix(name, "private."):
		return "hidden"
	case v.Message() != nil:
		return "a message"
	}
	return cut(v.String(), maxValue)
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}

// forced notes which conditions on the way do not hold by themselves.
func (r *recorder) forced(x *flow.Exchange, list []*flow.Condition) {
	for _, c := range list {
		if ok, err := c.Eval(x); !ok || err != nil {
			r.Forced = append(r.Forced, c.Explain(x))
		}
	}
	_ = x.Err() // a body that cannot be read is no fault of the rehearsal
}

// end notes the response.
func (r *recorder) end(x *flow.Exchange, m *flow.Message) {
	if m == nil {
		r.Notes = append(r.Notes, "the client gets no answer")
		return
	}
	r.body, _ = m.Content() // none: there is nothing to show
	r.Response = &Response{Status: m.Status, Reason: m.ReasonPhrase(), Body: cut(string(r.body), maxShown)}
	for _, h := range m.Header {
		r.Response.Headers = append(r.Response.Headers, h.Name+": "+cut(h.Value, maxValue))
	}
}

// Panicked notes a panic of the runtime: proxy has made a fault of it.
func (r *recorder) Panicked(_ *flow.Exchange, value any, _ []byte) {
	r.Notes = append(r.Notes, fmt.Sprintf("a policy panicked: %v", value))
}

// Failed notes an error that the client sees as InternalError.
func (r *recorder) Failed(_ *flow.Exchange, err error) {
	r.Notes = append(r.Notes, "internal error: "+err.Error())
}
