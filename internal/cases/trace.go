package cases

// Trace is the way of one exchange through the bundle.
type Trace struct {
	Exchange int      `json:"exchange"` // from 1
	Request  string   `json:"request"`  // its first line
	Events   []*Event `json:"events"`
}

// Event is one thing on the way. Conditions stand with what they decide, so that
// a step whose condition was false is one event.
type Event struct {
	Kind    EventKind `json:"kind"`
	Depth   int       `json:"depth"` // of what lies inside what, from 0
	Name    string    `json:"name,omitempty"`
	Outcome Outcome   `json:"outcome,omitempty"` // of flows, routes, steps, rules and conditions
	// Condition is the text of the condition, "" if there is none; Values are the
	// variables that it read, as `name = literal`.
	Condition string   `json:"condition,omitempty"`
	Values    []string `json:"values,omitempty"`
	// Text is the URL of a call, the value of a variable, the sentence of a fault,
	// or why a step failed.
	Text  string `json:"text,omitempty"`
	Place string `json:"place,omitempty"` // FILE:LINE in the bundle, where known
}

// EventKind says what an event is about.
type EventKind string

// The kinds of events. Get and Set are noted for Options.Verbose only.
const (
	PhaseEvent     EventKind = "phase"
	FlowEvent      EventKind = "flow"
	RouteEvent     EventKind = "route"
	StepEvent      EventKind = "step"
	RuleEvent      EventKind = "rule"
	ConditionEvent EventKind = "condition" // that a policy evaluates
	FaultEvent     EventKind = "fault"
	CallEvent      EventKind = "call"
	GetEvent       EventKind = "get"
	SetEvent       EventKind = "set"
	WarningEvent   EventKind = "warning"
)

// Outcome is what became of something.
type Outcome string

// The outcomes.
const (
	Ran     Outcome = "ran"
	Skipped Outcome = "skipped" // its condition was false
	Failed  Outcome = "failed"
)

// maxEvents bounds a trace: a case may send a stream with any number of events.
const maxEvents = 10_000

// last is the last event of that kind and outcome, nil if there is none.
func (t *Trace) last(kind EventKind, o Outcome) *Event {
	for i := len(t.Events) - 1; i >= 0; i-- {
		if e := t.Events[i]; e.Kind == kind && e.Outcome == o {
			return e
		}
	}
	return nil
}
