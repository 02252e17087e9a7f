package matrix

import (
	"slices"
	"strings"
)

// tellRules makes Story.Rules: what came of each rule of the row, in the order in
// which they are tried.
func (c *Cell) tellRules(r *recorder, at *row) {
	if len(r.Faults) == 0 || at.Phase == postClientPhase {
		return
	}
	names := slices.Clone(at.Rules)
	if at.LastFirst {
		slices.Reverse(names)
	}
	for _, name := range names {
		t := Tried{Rule: name, Result: "not tried"}
		check := r.checkOf(name)
		switch {
		case name == c.Rule:
			t.Result, t.Text = "ran", whyItRan(check, at)
		case check != nil:
			t.Result, t.Text = "false", check.Text
		}
		r.Rules = append(r.Rules, t)
	}
	if at.DefaultRule != "" {
		r.Rules = append(r.Rules, c.toldDefault(r, at))
	}
}

func whyItRan(check *Check, at *row) string {
	switch {
	case at.handling != nil && at.handling.force:
		return "taken as chosen: no fault of the matrix leads here"
	case check == nil:
		return "it has no condition"
	}
	return check.Text
}

// toldDefault is what came of the DefaultFaultRule.
func (c *Cell) toldDefault(r *recorder, at *row) Tried {
	t := Tried{Rule: at.DefaultRule, Default: true, Result: "not run"}
	check := r.checkOf(at.DefaultRule)
	switch {
	case c.Default != "":
		t.Result = "ran"
		if at.AlwaysEnforce && c.Rule != "" {
			t.Text = "AlwaysEnforce is set"
		}
	case c.Rule != "" && !at.AlwaysEnforce:
		t.Text = "a FaultRule ran, and AlwaysEnforce is not set"
	case c.Rule != "" && check == nil:
		t.Text = "the FaultRule raised a fault: then not even AlwaysEnforce counts"
	}
	if check != nil {
		t.Text = strings.TrimPrefix(t.Text+"\n"+check.Text, "\n")
	}
	return t
}
