package matrix

// Story is what happened after the fault, in the order in which it happened.
type Story struct {
	Forced     []string   `json:"forced,omitempty"`     // conditions on the way that did not hold by themselves
	Faults     []Fault    `json:"faults"`               // the injected one first
	Rules      []Tried    `json:"rules,omitempty"`      // in the order in which they are tried
	Conditions []Check    `json:"conditions,omitempty"` // of the steps in them
	Steps      []Done     `json:"steps,omitempty"`
	Reads      []Variable `json:"reads,omitempty"` // variables that the rules read, with the values they saw first
	Response   *Response  `json:"response,omitempty"`
	Notes      []string   `json:"notes,omitempty"`
}

// Fault is a fault that the exchange entered.
type Fault struct {
	Name   string `json:"name"`
	Code   string `json:"code"`
	Reason string `json:"faultstring"`
	Status int    `json:"status"`
	In     string `json:"in,omitempty"` // step that raised it
}

// Tried is a fault rule that was tried, or would have been.
type Tried struct {
	Rule    string `json:"rule"`
	Default bool   `json:"default,omitempty"` // it is the DefaultFaultRule
	Result  string `json:"result"`            // ran, false, not tried or not run
	Text    string `json:"text,omitempty"`    // flow.Condition.Explain, or why it did or did not run
}

// Check is a condition of a step in a fault rule.
type Check struct {
	Owner  string `json:"owner"`            // the step
	Before int    `json:"before,omitempty"` // how many of Steps began before it
	Result bool   `json:"result"`
	Text   string `json:"text"` // flow.Condition.Explain: each comparison with the values it saw
}

// Done is a step of a fault rule.
type Done struct {
	Name  string `json:"name"`
	Depth int    `json:"depth,omitempty"` // 1 in a shared flow, and so on
	Rule  string `json:"rule,omitempty"`  // that it belongs to
	Error string `json:"error,omitempty"`
	Idle  string `json:"idle,omitempty"` // why it did nothing here
}

// Variable is a variable with the value that was seen.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Response is what the client gets.
type Response struct {
	Status  int      `json:"status"`
	Reason  string   `json:"reason"`
	Headers []string `json:"headers,omitempty"` // Name: value
	Body    string   `json:"body,omitempty"`
}

// Bounds of a story.
const (
	maxShown = 4 << 10 // bytes of a body
	maxValue = 200     // bytes of a variable
	maxNotes = 200     // entries of each list
)
