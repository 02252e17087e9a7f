package matrix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// This file makes the rows of the steps in fault rules: a fault while a fault is
// handled (runtime.md 7.3). Such a row needs another fault that leads there.

// handling is what a row needs that is about a step in a fault rule.
type handling struct {
	forced *flow.FaultRules // under which the rule is certain to be chosen, and the step to run
	wants  *flow.Condition  // of the rule
	leads  []lead           // to try one by one
	force  bool             // they need the forced rules
}

// lead is a fault that brings an exchange into the fault rules.
type lead struct {
	row   *row
	fault *injection
}

// faultRules adds the rows of the rules of one endpoint, in the order in which
// the rules are tried.
func (w *walk) faultRules(at place, rules *flow.FaultRules) {
	if rules == nil {
		return
	}
	tried := slices.Clone(rules.Rules)
	if rules.LastFirst {
		slices.Reverse(tried)
	}
	at.phase = rulePhase
	for i := range tried {
		w.rule(at, rules, &tried[i], w.neverTried(tried, i))
	}
	if rules.Default != nil {
		at.phase = defaultPhase
		w.rule(at, rules, rules.Default, first(w.neverDefault(rules), w.neverHolds(rules.Default.Condition)))
	}
}

// rule adds the rows of the steps of one rule.
func (w *walk) rule(at place, rules *flow.FaultRules, rule *flow.FaultRule, blocked string) {
	for i := range rule.Steps {
		step := &rule.Steps[i]
		p, ok := step.Policy.(*probe)
		if !ok {
			continue
		}
		a := attachment{place: at, flow: rule.Name, way: []*probe{p}, continues: step.ContinueOnError}
		a.conditions = []*flow.Condition{step.Condition, rule.Condition}
		a.handling = &handling{forced: forceRule(rules, rule, i), wants: rule.Condition}
		w.step(a, first(blocked, w.neverHolds(step.Condition)))
		blocked = first(blocked, w.alwaysRaises(step))
	}
}

// forceRule are the rules with one that always runs, and its i-th step with it.
func forceRule(rules *flow.FaultRules, rule *flow.FaultRule, i int) *flow.FaultRules {
	certain := *rule
	certain.Condition, certain.Steps = nil, slices.Clone(rule.Steps)
	certain.Steps[i].Condition = nil
	forced := *rules
	if rule == rules.Default {
		forced.Rules, forced.Default = nil, &certain
	} else {
		forced.Rules = []flow.FaultRule{certain}
	}
	return &forced
}

// neverTried tells why the i-th of the rules, in the order in which they are
// tried, is never chosen.
func (l *Loaded) neverTried(tried []flow.FaultRule, i int) string {
	for j := range i {
		switch {
		case l.alwaysHolds(tried[j].Condition):
			return fmt.Sprintf("FaultRule %q is tried before it and always holds", tried[j].Name)
		case sameText(tried[j].Condition, tried[i].Condition):
			return fmt.Sprintf("FaultRule %q is tried before it and has the same condition", tried[j].Name)
		}
	}
	return l.neverHolds(tried[i].Condition)
}

// neverDefault tells why the DefaultFaultRule does not run: some rule always does.
func (l *Loaded) neverDefault(rules *flow.FaultRules) string {
	for i := range rules.Rules {
		if rule := &rules.Rules[i]; !rules.AlwaysEnforce && l.alwaysHolds(rule.Condition) {
			return fmt.Sprintf("FaultRule %q always holds, and AlwaysEnforce is not set", rule.Name)
		}
	}
	return ""
}

// visit notes which step of the fault rules runs.
func (r *rehearsal) visit() {
	if len(r.visited) < maxNotes {
		r.visited = append(r.visited, wayKey(r.stack))
	}
}

// wayKey names a way among all that were loaded.
func wayKey(way []*probe) string {
	var key []byte
	for _, p := range way {
		key = append(strconv.AppendInt(key, int64(p.number), 10), '/')
	}
	return string(key)
}

// findLeads gives each row of a fault rule a fault that leads there: the first of
// the matrix that does so by itself, otherwise one that these rules handle, with
// the rule forced.
func findLeads(rows []*row) {
	leads := map[string]lead{}
	handled := map[*flow.FaultRules][]lead{}
	for _, r := range rows {
		for i, keys := range r.visited {
			at := lead{r, &r.faults[i]}
			if o := r.Cells[i].Outcome; r.Phase != eventsPhase && o != Unreachable && o != Continued {
				handled[r.rules] = append(handled[r.rules], at)
			}
			for _, key := range keys {
				if _, known := leads[key]; !known && r.Phase != eventsPhase {
					leads[key] = at
				}
			}
		}
	}
	for _, r := range rows {
		if r.handling != nil && r.unreachable == "" {
			r.follow(leads[wayKey(r.way)], handled[r.rules])
		}
	}
}

// maxLeads bounds how many faults are tried for one that gets to a step.
const maxLeads = 20

// follow makes found the row's lead, or else those that the rules handle.
func (r *row) follow(found lead, handled []lead) {
	h := r.handling
	switch {
	case found.row != nil:
		h.leads = []lead{found}
	case len(handled) == 0:
		r.unreachable = "nothing fails that these rules handle"
		return
	default:
		h.leads, h.force = likely(handled, h.wants), true
		r.Note = "no fault of the matrix leads here"
	}
	r.Request = h.leads[0].row.Request
}

// likely are the first of the faults, those before all whose name stands in the
// condition.
func likely(list []lead, c *flow.Condition) []lead {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b lead) int { return b.named(c) - a.named(c) })
	return list[:min(len(list), maxLeads)]
}

// named is 1 if the name of the fault stands in the condition.
func (at lead) named(c *flow.Condition) int {
	if c != nil && strings.Contains(c.String(), strconv.Quote(at.fault.def.Name)) {
		return 1
	}
	return 0
}

// rules are those under which the row's step is certain to run.
func (h *handling) rules(r *row) *flow.FaultRules {
	if h.force {
		return h.forced
	}
	return r.rules
}

// handlingTrial is the trial of a lead, with the rule forced if need be.
func (r *row) handlingTrial(at lead) proxy.Trial {
	t := at.row.trial
	if !r.handling.force {
		return t
	}
	if r.Side == proxySide {
		e := *t.Endpoint
		e.Rules = r.handling.forced
		t.Endpoint = &e
		return t
	}
	target := *t.Route.Target
	target.Rules = r.handling.forced
	t.Route = &proxy.Route{Name: t.Route.Name, Target: &target}
	return t
}
