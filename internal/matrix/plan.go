package matrix

import (
	"slices"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// place is one side of the flows of one endpoint.
type place struct {
	side, phase string
	route       *proxy.Route
}

// The sides, as Apigee calls them.
const (
	proxySide  = "ProxyEndpoint"
	targetSide = "TargetEndpoint"
)

// The phases of rows.
const (
	requestPhase    = "request"
	routePhase      = "route"
	callPhase       = "call"
	responsePhase   = "response"
	eventsPhase     = "events"     // EventFlow
	postClientPhase = "postclient" // PostClientFlow
	rulePhase       = "rule"       // a FaultRule
	defaultPhase    = "default"    // the DefaultFaultRule
)

// trial puts a changed plan in its place.
func (w *walk) trial(at place, p flow.Plan) proxy.Trial {
	e := *w.endpoint
	t := proxy.Trial{Endpoint: &e, Route: at.route}
	switch {
	case at.side == targetSide:
		target := *at.route.Target
		if at.phase == requestPhase {
			target.Request = p
		} else {
			target.Response = p
		}
		t.Route = &proxy.Route{Name: at.route.Name, Target: &target}
	case at.phase == requestPhase:
		e.Request = p
	default:
		e.Response = p
	}
	return t
}

// plan adds the rows of a plan; its result tells why nothing runs after it, ""
// when something does.
func (w *walk) plan(at place, p *flow.Plan, blocked string) string {
	for i := range p.Pre {
		force := func(s []flow.Section) proxy.Trial { q := *p; q.Pre = s; return w.trial(at, q) }
		blocked = first(blocked, w.section(at, p.Pre, i, blocked, force))
	}
	after := blocked
	for i := range p.Branches {
		why := first(blocked, w.shadowed(p.Branches, i))
		force := func(s []flow.Section) proxy.Trial { q := *p; q.Branches = s[i : i+1]; return w.trial(at, q) }
		w.section(at, p.Branches, i, why, force)
	}
	after = first(after, w.everyBranchRaises(p.Branches))
	for i := range p.Post {
		force := func(s []flow.Section) proxy.Trial { q := *p; q.Post = s; return w.trial(at, q) }
		after = first(after, w.section(at, p.Post, i, after, force))
	}
	return after
}

// section adds the rows of the i-th section of list. force makes a trial of a
// changed list.
func (w *walk) section(at place, list []flow.Section, i int, blocked string, force func([]flow.Section) proxy.Trial) string {
	s := &list[i]
	for j := range s.Steps {
		step := &s.Steps[j]
		p, ok := step.Policy.(*probe)
		if !ok {
			continue
		}
		changed := slices.Clone(list)
		changed[i].Condition, changed[i].Steps = nil, slices.Clone(s.Steps)
		changed[i].Steps[j].Condition = nil
		a := attachment{place: at, flow: s.Name, trial: force(changed), way: []*probe{p}, continues: step.ContinueOnError}
		a.conditions = []*flow.Condition{step.Condition, s.Condition}
		if at.route != nil && (at.side == targetSide || at.phase == responsePhase || at.phase == eventsPhase) {
			a.conditions = append(a.conditions, at.route.Condition)
		}
		if at.phase == postClientPhase {
			a.rest = restOf(list, i, j)
		}
		w.step(a, first(blocked, w.neverHolds(step.Condition)))
		blocked = first(blocked, w.alwaysRaises(step))
	}
	return blocked
}

// attachment is one way to reach one step.
type attachment struct {
	place
	flow       string
	trial      proxy.Trial
	way        []*probe
	shared     map[string]*flow.SharedFlow // those on the way, changed
	conditions []*flow.Condition           // on the way
	continues  bool                        // a failure here is forgiven by continueOnError
	rest       []string                    // steps of PostClientFlow that come after it
	handling   *handling                   // of a step in a fault rule
}

// step adds the row of a step, and those of the shared flow that it runs.
func (w *walk) step(a attachment, blocked string) {
	p := a.way[len(a.way)-1]
	r := &row{trial: a.trial, way: a.way, shared: a.shared, faults: stepFaults(p), unreachable: blocked}
	r.continues, r.rest, r.handling = a.continues, a.rest, a.handling
	r.Row = Row{Side: a.side, Endpoint: w.endpoint.Name, Phase: a.phase, Flow: a.flow, Step: wayName(a.way), Policy: p.Element, File: p.File, Line: p.Line}
	if a.side == targetSide {
		r.Endpoint = a.route.Target.Name
	}
	r.rules = w.rulesAt(a.place)
	w.add(r, a.conditions)
	f := w.Loaded.shared[p.SharedFlow]
	if f == nil || len(a.way) > maxWay {
		return
	}
	for i := range f.Steps {
		inner, ok := f.Steps[i].Policy.(*probe)
		if !ok || slices.Contains(a.way, inner) {
			continue
		}
		w.step(w.inside(a, f, i, inner), first(blocked, w.neverHolds(f.Steps[i].Condition)))
		blocked = first(blocked, w.alwaysRaises(&f.Steps[i]))
	}
}

// maxWay bounds shared flows in shared flows, as the runtime does.
const maxWay = 10

// inside is the way on to the i-th step of the shared flow f.
func (w *walk) inside(a attachment, f *flow.SharedFlow, i int, inner *probe) attachment {
	changed := *f
	changed.Steps = slices.Clone(f.Steps)
	changed.Steps[i].Condition = nil
	shared := map[string]*flow.SharedFlow{}
	for name, other := range w.Loaded.shared {
		shared[name] = other
	}
	for name, other := range a.shared {
		shared[name] = other
	}
	shared[f.Name] = &changed
	a.shared = shared
	a.continues = a.continues || f.Steps[i].ContinueOnError
	a.way = append(slices.Clone(a.way), inner)
	a.conditions = append([]*flow.Condition{f.Steps[i].Condition}, a.conditions...)
	return a
}

func wayName(way []*probe) string {
	names := make([]string, len(way))
	for i, p := range way {
		names[i] = p.Name
	}
	return strings.Join(names, " > ")
}
