package matrix

import (
	"encoding/json"
	"fmt"
	"strings"

	"sluice/flow"
)

// Matrix is what became of every fault in every place.
type Matrix struct {
	Proxies   []string `json:"proxies"`
	Rows      []*Row   `json:"rows"`
	Totals    Totals   `json:"totals"`
	Truncated bool     `json:"truncated,omitempty"` // there were more rows than a matrix may have
}

// Row is a place where something can fail.
type Row struct {
	ID       string   `json:"id"` // unique in its matrix, and the same for the same bundle
	Proxy    string   `json:"proxy"`
	Side     string   `json:"side"`     // ProxyEndpoint or TargetEndpoint
	Endpoint string   `json:"endpoint"` // its name
	Phase    string   `json:"phase"`    // request, route, call or response
	Flow     string   `json:"flow,omitempty"`
	Step     string   `json:"step"`             // "callout > step" inside a shared flow
	Policy   string   `json:"policy,omitempty"` // root element; of a target how it is reached
	File     string   `json:"file,omitempty"`   // where the step is attached
	Line     int      `json:"line,omitempty"`
	Rules    []string `json:"rules,omitempty"` // FaultRules of the endpoint, in the order of the file
	Request  string   `json:"request"`         // of the rehearsal
	Cells    []*Cell  `json:"cells"`
}

// Cell is one fault in one place, and what came of it.
type Cell struct {
	Fault string `json:"fault"` // name, or what happens to a target
	Group string `json:"group"` // policy type; client, route or target
	Code  string `json:"code"`
	Cause string `json:"cause"`
	Note  string `json:"note,omitempty"`

	Outcome   Outcome `json:"outcome"`
	Why       string  `json:"why,omitempty"` // it is unreachable, or the flow went on
	Rule      string  `json:"rule,omitempty"`
	Default   string  `json:"default,omitempty"` // DefaultFaultRule, when it ran
	Leaked    bool    `json:"leaked,omitempty"`
	Again     bool    `json:"faultedAgain,omitempty"`
	Unhandled bool    `json:"unhandled,omitempty"`
	Story     *Story  `json:"story,omitempty"`
}

// Outcome is what a cell shows at first sight: the worst that is true of it.
type Outcome string

// The outcomes, the worst first.
const (
	FaultedAgain Outcome = "faulted-again" // a policy of the fault rules failed
	Leaked       Outcome = "leaked"        // the client gets the platform's own envelope
	Unhandled    Outcome = "unhandled"     // no rule ran; a target's answer passes through
	Handled      Outcome = "rule"          // a FaultRule answered
	Defaulted    Outcome = "default"       // the DefaultFaultRule answered
	Raised       Outcome = "raised"        // RaiseFault's own response, which no rule changed
	Continued    Outcome = "continued"     // the flow went on
	Unreachable  Outcome = "unreachable"   // no request can get there
)

// Outcomes lists all, the worst first.
var Outcomes = []Outcome{FaultedAgain, Leaked, Unhandled, Handled, Defaulted, Raised, Continued, Unreachable}

// Totals counts cells by their outcome. A cell that both leaks and faulted again
// counts once here; Leaked, Again and Unhandled count each property.
type Totals struct {
	Rows      int             `json:"rows"`
	Cells     int             `json:"cells"`
	Outcomes  map[Outcome]int `json:"outcomes"`
	Leaked    int             `json:"leaked"`
	Again     int             `json:"faultedAgain"`
	Unhandled int             `json:"unhandled"`
}

// number gives every row its ID: where it stands, and a number when the same
// step is attached there more than once.
func (m *Matrix) number() {
	seen := map[string]int{}
	for _, r := range m.Rows {
		parts := []string{r.Proxy, r.Side + " " + r.Endpoint, r.Phase}
		if r.Flow != "" {
			parts = append(parts, r.Flow)
		}
		r.ID = strings.Join(append(parts, r.Step), " / ")
		if seen[r.ID]++; seen[r.ID] > 1 {
			r.ID = fmt.Sprintf("%s #%d", r.ID, seen[r.ID])
		}
	}
}

func (m *Matrix) count() {
	m.Totals = Totals{Rows: len(m.Rows), Outcomes: map[Outcome]int{}}
	for _, r := range m.Rows {
		for _, c := range r.Cells {
			m.Totals.add(c)
		}
	}
}

func (t *Totals) add(c *Cell) {
	t.Cells++
	t.Outcomes[c.Outcome]++
	for n, is := range map[*int]bool{&t.Leaked: c.Leaked, &t.Again: c.Again, &t.Unhandled: c.Unhandled} {
		if is {
			*n++
		}
	}
}

// judge decides what came of the cell.
func (c *Cell) judge(r *recorder, x *flow.Exchange, in *injection) {
	c.Story = &r.Story
	c.Rule, c.Default = r.rule, r.byDefault
	if !x.InError() {
		c.Outcome, c.Why = Continued, "continueOnError: the flow went on"
		if in.answer != nil {
			c.Why = "success.codes takes the answer for a success"
		}
		return
	}
	c.Again = r.again
	c.Leaked = r.leaks()
	own := r.Faults[0].Name == "RaiseFault" && !c.Leaked
	c.Unhandled = c.Rule == "" && c.Default == "" && !own
	switch {
	case c.Again:
		c.Outcome = FaultedAgain
	case c.Leaked:
		c.Outcome = Leaked
	case c.Unhandled:
		c.Outcome = Unhandled
	case c.Rule != "":
		c.Outcome = Handled
	case c.Default != "":
		c.Outcome = Defaulted
	default:
		c.Outcome = Raised
	}
}

// leaks reports whether the response is the platform's envelope of one of the
// faults. A bundle may use the same shape with codes of its own.
func (r *recorder) leaks() bool {
	if r.Response == nil {
		return false
	}
	var envelope struct {
		Fault struct {
			Detail struct {
				Code string `json:"errorcode"`
			} `json:"detail"`
		} `json:"fault"`
	}
	if json.Unmarshal(r.body, &envelope) != nil || envelope.Fault.Detail.Code == "" {
		return false
	}
	for i := range r.Faults {
		if r.Faults[i].Code == envelope.Fault.Detail.Code {
			return true
		}
	}
	return false
}
