package flow

// Tracer is told what happens to an exchange. There is none unless somebody
// looks: the runtime tests one pointer and does nothing else.
type Tracer interface {
	Event(x *Exchange, e Event)
}

// EventKind says what an Event is about.
type EventKind uint8

// The kinds of events. The comment names the fields of Event that are set.
const (
	PhaseBegan    EventKind = iota // Name
	FlowBegan                      // Name
	ConditionDone                  // Name (of the flow, step or rule), Text, Result
	StepBegan                      // Name
	StepDone                       // Name, Err
	GotVariable                    // Name, Value
	SetVariable                    // Name, Value
	FaultEntered                   // Name (the code), Text (the faultstring)
	RuleChosen                     // Name
	CallSent                       // Name (the target), Text (the URL)
	CallAnswered                   // Name (the target), Text (status or error)
	Warned                         // Text
)

// Event is one thing that happened.
type Event struct {
	Kind   EventKind
	Name   string
	Text   string
	Result bool
	Value  Value
	Err    error
}

// Observe makes t the tracer of the exchange; nil stops tracing.
func (x *Exchange) Observe(t Tracer) { x.trace = t }

// Traced reports whether somebody looks.
func (x *Exchange) Traced() bool { return x.trace != nil }

// Note tells the tracer, if there is one.
func (x *Exchange) Note(e Event) {
	if x.trace != nil {
		x.trace.Event(x, e)
	}
}

// Warn tells the tracer of something that the bundle's author should know but
// that is no fault.
func (x *Exchange) Warn(text string) { x.Note(Event{Kind: Warned, Name: x.Flow.Step, Text: text}) }
