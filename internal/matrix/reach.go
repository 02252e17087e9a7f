package matrix

import (
	"fmt"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// Each function here returns a sentence that says why something cannot be
// reached, or "" when a request may get there. What is not certain is "".

// constant evaluates a condition that reads no variable.
func (l *Loaded) constant(c *flow.Condition) (value, known bool) {
	if c == nil {
		return true, true
	}
	if len(c.Names()) > 0 {
		return false, false
	}
	value, err := c.Eval(flow.NewExchange(&flow.ProxyInfo{}, l.services, flow.NewRequest()))
	return value, err == nil
}

func (l *Loaded) neverHolds(c *flow.Condition) string {
	if value, known := l.constant(c); known && !value {
		return "its condition " + c.String() + " is never true"
	}
	return ""
}

func (l *Loaded) alwaysHolds(c *flow.Condition) bool {
	value, known := l.constant(c)
	return known && value
}

// shadowed tells why the i-th conditional flow never runs.
func (l *Loaded) shadowed(list []flow.Section, i int) string {
	for j := range i {
		switch {
		case l.alwaysHolds(list[j].Condition):
			return fmt.Sprintf("flow %q above it always runs in its place", list[j].Name)
		case sameText(list[j].Condition, list[i].Condition):
			return fmt.Sprintf("flow %q above it has the same condition", list[j].Name)
		}
	}
	return l.neverHolds(list[i].Condition)
}

func sameText(a, b *flow.Condition) bool {
	return a != nil && b != nil && strings.Join(strings.Fields(a.String()), " ") == strings.Join(strings.Fields(b.String()), " ")
}

// alwaysRaises tells that nothing comes after a step: it is a RaiseFault without
// a condition, or runs a shared flow that has one.
func (l *Loaded) alwaysRaises(s *flow.Step) string { return l.raises(s, 0) }

func (l *Loaded) raises(s *flow.Step, depth int) string {
	p, ok := s.Policy.(*probe)
	if !ok || !l.alwaysHolds(s.Condition) || s.ContinueOnError || depth > maxWay {
		return ""
	}
	if p.Element == "RaiseFault" {
		return "it stands behind " + p.Name + ", which always raises a fault"
	}
	f := l.shared[p.SharedFlow]
	if p.SharedFlow == "" || f == nil {
		return ""
	}
	for i := range f.Steps {
		if why := l.raises(&f.Steps[i], depth+1); why != "" {
			return why
		}
	}
	return ""
}

// everyBranchRaises tells that no request gets past the conditional flows: one of
// them always runs, and all that can run raise a fault.
func (l *Loaded) everyBranchRaises(list []flow.Section) string {
	for i := range list {
		if l.neverHolds(list[i].Condition) != "" {
			continue
		}
		why := ""
		for j := range list[i].Steps {
			why = first(why, l.alwaysRaises(&list[i].Steps[j]))
		}
		if why == "" || l.alwaysHolds(list[i].Condition) {
			return why
		}
	}
	return ""
}

// alwaysRouted tells that routing cannot fail.
func (l *Loaded) alwaysRouted(routes []proxy.Route) string {
	for i := range routes {
		if l.alwaysHolds(routes[i].Condition) {
			return fmt.Sprintf("RouteRule %q always holds", routes[i].Name)
		}
	}
	return ""
}

// reachRoutes tells of each RouteRule why it is never taken.
func (l *Loaded) reachRoutes(routes []proxy.Route) []string {
	ways := make([]string, len(routes))
	always := ""
	for i := range routes {
		ways[i] = first(always, l.neverHolds(routes[i].Condition))
		if always == "" && l.alwaysHolds(routes[i].Condition) {
			always = fmt.Sprintf("RouteRule %q above it always holds", routes[i].Name)
		}
	}
	return ways
}
