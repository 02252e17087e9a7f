package matrix

import (
	"fmt"
	"strings"
)

// Matrix is what became of every fault in every place.
type Matrix struct {
	Proxies   []string `json:"proxies"`
	Rows      []*Row   `json:"rows"`
	Totals    Totals   `json:"totals"`
	Refused   int      `json:"refused,omitempty"`   // bundles that could not be loaded
	Truncated bool     `json:"truncated,omitempty"` // a proxy has more rows than a matrix may have
}

// Row is a place where something can fail.
type Row struct {
	ID       string   `json:"id"` // unique in its matrix, and the same for the same bundle
	Proxy    string   `json:"proxy"`
	Side     string   `json:"side"`     // ProxyEndpoint or TargetEndpoint
	Endpoint string   `json:"endpoint"` // its name
	Phase    string   `json:"phase"`    // request, route, call, response, events, postclient, rule or default
	Flow     string   `json:"flow,omitempty"`
	Step     string   `json:"step"`             // "callout > step" inside a shared flow
	Policy   string   `json:"policy,omitempty"` // root element; of a target how it is reached
	File     string   `json:"file,omitempty"`   // where the step is attached
	Line     int      `json:"line,omitempty"`
	Rules    []string `json:"rules,omitempty"` // FaultRules that may handle it, in the order of the file
	// LastFirst tells that the last rule is tried first.
	LastFirst     bool    `json:"lastFirst,omitempty"`
	DefaultRule   string  `json:"defaultRule,omitempty"`
	AlwaysEnforce bool    `json:"alwaysEnforce,omitempty"` // of the DefaultFaultRule
	Note          string  `json:"note,omitempty"`
	Request       string  `json:"request"` // of the rehearsal
	Cells         []*Cell `json:"cells"`
}

// Cell is one fault in one place, and what came of it.
type Cell struct {
	Fault string `json:"fault"` // name, or what happens to a target
	Group string `json:"group"` // policy type; client, route or target
	Code  string `json:"code"`
	Cause string `json:"cause"`
	Note  string `json:"note,omitempty"`

	Outcome   Outcome `json:"outcome"`
	Verdict   string  `json:"verdict"`       // what that means, in a sentence
	Why       string  `json:"why,omitempty"` // it is unreachable, or the flow went on
	Rule      string  `json:"rule,omitempty"`
	Default   string  `json:"default,omitempty"` // DefaultFaultRule, when it ran
	Leaked    bool    `json:"leaked,omitempty"`  // of a step in a fault rule this is LeakedAgain
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
	LeakedAgain  Outcome = "leaked-again"  // the same of a fault while another is handled
	Handled      Outcome = "rule"          // a FaultRule answered
	Defaulted    Outcome = "default"       // the DefaultFaultRule answered
	Raised       Outcome = "raised"        // RaiseFault's own response, which no rule changed
	Continued    Outcome = "continued"     // the flow went on
	Unseen       Outcome = "unseen"        // the client has its whole answer already
	Unreachable  Outcome = "unreachable"   // no request can get there
)

// Outcomes lists all, the worst first.
var Outcomes = []Outcome{FaultedAgain, Leaked, Unhandled, LeakedAgain, Handled, Defaulted, Raised, Continued, Unseen, Unreachable}

// Totals counts cells by their outcome. A cell that both leaks and faulted again
// counts once here; the others count each property.
type Totals struct {
	Rows      int             `json:"rows"`
	Cells     int             `json:"cells"`
	Outcomes  map[Outcome]int `json:"outcomes"`
	Leaked    int             `json:"leaked"`
	Again     int             `json:"faultedAgain"`
	Unhandled int             `json:"unhandled"`
	// LeakedAgain are the leaks of faults in the fault rules themselves, which
	// Leaked leaves out.
	LeakedAgain int `json:"leakedAgain"`
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
			c.Verdict = c.verdict()
			m.Totals.add(r, c)
		}
	}
}

func (t *Totals) add(r *Row, c *Cell) {
	t.Cells++
	t.Outcomes[c.Outcome]++
	for class, n := range map[string]*int{classLeaked: &t.Leaked, classLeakedAgain: &t.LeakedAgain, classAgain: &t.Again, classUnhandled: &t.Unhandled} {
		if c.is(class, r) {
			*n++
		}
	}
}

// inRules reports whether the row is about a step in a fault rule.
func (r *Row) inRules() bool { return r.Phase == rulePhase || r.Phase == defaultPhase }
