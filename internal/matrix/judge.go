package matrix

import (
	"bytes"
	"encoding/json"
	"strings"

	"sluice/flow"
)

// judge decides what came of the cell: the fault in of the row.
func (c *Cell) judge(r *rehearsal, x *flow.Exchange, at *row, in *injection) {
	s := r.story
	c.Story = &s.Story
	c.Rule, c.Default = s.rule, s.byDefault
	c.tellRules(s, at)
	switch {
	case at.Phase == postClientPhase:
		c.Outcome, c.Why = afterwards(at)
		return
	case !x.InError():
		c.Outcome, c.Why = Continued, "continueOnError: the flow went on"
		if in.answer != nil {
			c.Why = "success.codes takes the answer for a success"
		}
		return
	case at.Phase == eventsPhase:
		c.Note = "status and header are sent already: the client sees nothing of what the rules write"
	case at.handling != nil && !s.plannedIn:
		c.Why = "continueOnError: the rule went on"
	}
	c.Again = s.again
	c.Leaked = s.leaks()
	own := s.Faults[0].Name == "RaiseFault" && !c.Leaked
	c.Unhandled = c.Rule == "" && c.Default == "" && !own
	c.Outcome = c.worst(at)
}

// worst is the worst that is true of a cell whose flow has ended.
func (c *Cell) worst(at *row) Outcome {
	switch {
	case c.Again:
		return FaultedAgain
	case c.Leaked && at.handling != nil:
		return LeakedAgain
	case c.Leaked:
		return Leaked
	case c.Unhandled:
		return Unhandled
	case c.Rule != "" && (at.handling == nil || c.Default == "" || c.Why != ""):
		return Handled
	case c.Default != "":
		return Defaulted // also of a fault in a FaultRule, which that rule cannot answer
	}
	return Raised
}

// afterwards is what comes of a failure in PostClientFlow.
func afterwards(at *row) (Outcome, string) {
	switch {
	case at.continues:
		return Continued, "continueOnError: PostClientFlow went on; the client has its answer already"
	case len(at.rest) == 0:
		return Unseen, "the client has its answer already"
	case len(at.rest) == 1:
		return Unseen, "the client has its answer already, but " + at.rest[0] + " does not run any more"
	}
	return Unseen, "the client has its answer already, but these do not run any more: " + strings.Join(at.rest, ", ")
}

// verdict is one sentence that says what the cell means.
func (c *Cell) verdict() string {
	who := c.who()
	leak := ""
	if c.Leaked {
		leak = ", and the client gets the platform's own envelope"
	}
	switch c.Outcome {
	case FaultedAgain:
		return "faulted again: " + who + ", a step of the rules failed" + leak
	case Leaked:
		return "leaked: " + who + leak
	case LeakedAgain:
		return "leaked again: " + who + ", and the client gets the platform's own envelope of the fault in it"
	case Unhandled:
		return "unhandled: " + who + ", and the target's answer passes to the client"
	case Handled, Defaulted:
		return "handled: " + who + ", and nothing leaks"
	case Raised:
		return "raised: the client gets RaiseFault's own response, which no rule changed"
	}
	return string(c.Outcome) + ": " + c.Why
}

// who names the rules that ran.
func (c *Cell) who() string {
	switch {
	case c.Rule != "" && c.Default != "":
		return "FaultRule " + c.Rule + " ran, then DefaultFaultRule " + c.Default
	case c.Rule != "":
		return "FaultRule " + c.Rule + " ran"
	case c.Default != "":
		return "DefaultFaultRule " + c.Default + " ran"
	}
	return "no fault rule ran"
}

// leaks reports whether the response is the platform's envelope of one of the
// faults. A bundle may use the same shape with codes of its own.
func (r *recorder) leaks() bool {
	if r.Response == nil {
		return false
	}
	code := envelopeCode(r.body)
	for i := range r.Faults {
		if code != "" && r.Faults[i].Code == code {
			return true
		}
	}
	return false
}

// envelopeCode is the errorcode of the platform's envelope, also of one that went
// out as a server-sent event; "" when body is something else.
func envelopeCode(body []byte) string {
	var envelope struct {
		Fault struct {
			Detail struct {
				Code string `json:"errorcode"`
			} `json:"detail"`
		} `json:"fault"`
	}
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("data: ")), &envelope) != nil {
		return ""
	}
	return envelope.Fault.Detail.Code
}
