package matrix

import (
	"slices"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// row is a Row with what it takes to rehearse it.
type row struct {
	Row
	trial       proxy.Trial // in which the step is certain to be reached
	shared      map[string]*flow.SharedFlow
	way         []*probe          // to the step; nil for a target or a route
	late        []*probe          // to the place where a target's answer is read
	routing     bool              // the fault is that no RouteRule holds
	forced      []*flow.Condition // that were taken as true
	rules       *flow.FaultRules  // that handle what happens here
	request     request
	faults      []injection
	unreachable string
}

// walk makes the rows of one ProxyEndpoint and its targets.
type walk struct {
	*Loaded
	proxy    string
	endpoint *proxy.Endpoint
	rows     []*row
}

// rows returns the rows of a proxy in the order in which a request meets them.
// A target is shown once, for the first route that leads to it.
func (l *Loaded) rows(d *proxy.Deployment) []*row {
	var list []*row
	seen := map[*proxy.Target]bool{}
	for _, e := range d.Endpoints {
		w := &walk{Loaded: l, proxy: d.Name, endpoint: e}
		w.all(seen)
		list = append(list, w.rows...)
	}
	for _, t := range d.Targets() {
		if !seen[t] && len(d.Endpoints) > 0 {
			w := &walk{Loaded: l, proxy: d.Name, endpoint: d.Endpoints[0]}
			w.target(&proxy.Route{Target: t}, "no RouteRule leads to TargetEndpoint "+t.Name)
			list = append(list, w.rows...)
		}
	}
	return list
}

func (w *walk) all(seen map[*proxy.Target]bool) {
	e := w.endpoint
	routes := e.Routes()
	onward := w.aRoute(routes)
	w.client()
	blocked := w.plan(place{side: proxySide, phase: "request", route: onward}, &e.Request, "")
	w.routes(routes, blocked)
	ways := w.reachRoutes(routes)
	open := ""
	for i := range routes {
		r := &routes[i]
		why := first(blocked, ways[i])
		if r.Target != nil && !seen[r.Target] && (why == "" || !laterOpen(routes, ways, i)) {
			seen[r.Target] = true
			why = first(why, w.target(r, why))
		}
		if why == "" {
			open = "open"
		}
	}
	switch {
	case blocked != "":
	case open == "" && len(routes) > 0:
		blocked = "no route leads to a response"
	case len(routes) == 0:
		blocked = "the ProxyEndpoint has no RouteRule"
	}
	w.plan(place{side: proxySide, phase: "response", route: onward}, &e.Response, blocked)
}

// laterOpen reports whether a later RouteRule leads to the same target and can be
// reached, so that the target is better shown there.
func laterOpen(routes []proxy.Route, ways []string, i int) bool {
	for j := i + 1; j < len(routes); j++ {
		if routes[j].Target == routes[i].Target && ways[j] == "" {
			return true
		}
	}
	return false
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// aRoute is the route of rehearsals that are not about routes: the first that
// leads to a target which can answer, otherwise the first.
func (w *walk) aRoute(routes []proxy.Route) *proxy.Route {
	for i := range routes {
		if t := routes[i].Target; t != nil && t.Reach().Kind != "node" {
			return &routes[i]
		}
	}
	if len(routes) > 0 {
		return &routes[0]
	}
	return nil
}

// client is the row of what is wrong with the request itself.
func (w *walk) client() {
	door := &probe{}
	e := *w.endpoint
	e.Request.Pre = append([]flow.Section{{Name: "PreFlow", Steps: []flow.Step{{Policy: door}}}}, e.Request.Pre...)
	w.add(&row{
		Row:   Row{Side: proxySide, Endpoint: e.Name, Phase: "request", Step: "(the client's request)"},
		trial: proxy.Trial{Endpoint: &e}, way: []*probe{door}, rules: e.Rules, faults: clientFaults(),
	}, nil)
}

func (w *walk) routes(routes []proxy.Route, blocked string) {
	always := w.alwaysRouted(routes)
	e := w.endpoint
	if len(routes) == 0 {
		routes = []proxy.Route{{Name: "(none)"}}
	}
	for _, r := range routes {
		w.add(&row{
			Row:   Row{Side: proxySide, Endpoint: e.Name, Phase: "route", Flow: "RouteRule", Step: r.Name},
			trial: proxy.Trial{Endpoint: e}, routing: true, rules: e.Rules, faults: routeFaults(always), unreachable: blocked,
		}, nil)
	}
}

// target adds the rows of a target, which r leads to; its result tells why no
// answer of it comes back.
func (w *walk) target(r *proxy.Route, blocked string) string {
	t := r.Target
	at := place{side: targetSide, route: r, phase: "request"}
	blocked = first(blocked, w.plan(at, &t.Request, blocked))
	door := &probe{}
	open := *t
	open.Response.Pre = append([]flow.Section{{Name: "PreFlow", Steps: []flow.Step{{Policy: door}}}}, t.Response.Pre...)
	w.add(&row{
		Row:   Row{Side: targetSide, Endpoint: t.Name, Phase: "call", Step: "(the target)", Policy: t.Reach().Kind},
		trial: proxy.Trial{Endpoint: w.endpoint, Route: &proxy.Route{Name: r.Name, Target: &open}},
		late:  []*probe{door}, rules: w.rulesOf(t), faults: targetFaults(t), unreachable: blocked,
	}, []*flow.Condition{r.Condition})
	if t.Reach().Kind == "node" {
		blocked = first(blocked, "the target cannot answer: Node.js runs on Apigee Edge only")
	}
	at.phase = "response"
	return first(blocked, w.plan(at, &t.Response, blocked))
}

// rulesOf are the rules for what happens on the target's side.
func (w *walk) rulesOf(t *proxy.Target) *flow.FaultRules {
	if t.Reach().Kind == "integration" || w.snapshot.Options.Bubble && t.Rules.Empty() {
		return w.endpoint.Rules
	}
	return t.Rules
}

func (w *walk) add(r *row, conditions []*flow.Condition) {
	if len(r.faults) == 0 {
		return
	}
	r.Proxy = w.proxy
	r.Rules = ruleNames(r.rules)
	r.request = newRequest(w.endpoint.BasePath, conditions)
	r.Request = r.request.String()
	for _, c := range conditions {
		if c != nil {
			r.forced = append(r.forced, c)
		}
	}
	w.rows = append(w.rows, r)
}

func ruleNames(r *flow.FaultRules) []string {
	var names []string
	if r == nil {
		return nil
	}
	for i := range r.Rules {
		names = append(names, r.Rules[i].Name)
	}
	return names
}

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

// trial puts a changed plan in its place.
func (w *walk) trial(at place, p flow.Plan) proxy.Trial {
	e := *w.endpoint
	t := proxy.Trial{Endpoint: &e, Route: at.route}
	switch {
	case at.side == targetSide:
		target := *at.route.Target
		if at.phase == "request" {
			target.Request = p
		} else {
			target.Response = p
		}
		t.Route = &proxy.Route{Name: at.route.Name, Target: &target}
	case at.phase == "request":
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
		force := func(s []flow.Section) flow.Plan { q := *p; q.Pre = s; return q }
		blocked = first(blocked, w.section(at, p.Pre, i, blocked, force))
	}
	after := blocked
	for i := range p.Branches {
		why := first(blocked, w.shadowed(p.Branches, i))
		force := func(s []flow.Section) flow.Plan { q := *p; q.Branches = s[i : i+1]; return q }
		w.section(at, p.Branches, i, why, force)
	}
	after = first(after, w.everyBranchRaises(p.Branches))
	for i := range p.Post {
		force := func(s []flow.Section) flow.Plan { q := *p; q.Post = s; return q }
		after = first(after, w.section(at, p.Post, i, after, force))
	}
	return after
}

// section adds the rows of the i-th section of list. force makes a plan of a
// changed list.
func (w *walk) section(at place, list []flow.Section, i int, blocked string, force func([]flow.Section) flow.Plan) string {
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
		a := attachment{place: at, flow: s.Name, trial: w.trial(at, force(changed)), way: []*probe{p}}
		a.conditions = []*flow.Condition{step.Condition, s.Condition}
		if at.route != nil && (at.side == targetSide || at.phase == "response") {
			a.conditions = append(a.conditions, at.route.Condition)
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
}

// step adds the row of a step, and those of the shared flow that it runs.
func (w *walk) step(a attachment, blocked string) {
	p := a.way[len(a.way)-1]
	r := &row{trial: a.trial, way: a.way, shared: a.shared, faults: stepFaults(p), unreachable: blocked}
	r.Row = Row{Side: a.side, Endpoint: w.endpoint.Name, Phase: a.phase, Flow: a.flow, Step: wayName(a.way), Policy: p.Element, File: p.File, Line: p.Line}
	r.rules = w.endpoint.Rules
	if a.side == targetSide {
		r.Endpoint, r.rules = a.route.Target.Name, w.rulesOf(a.route.Target)
	}
	w.add(r, a.conditions)
	f := w.snapshot.SharedFlows[p.SharedFlow]
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
	for name, other := range w.snapshot.SharedFlows {
		shared[name] = other
	}
	for name, other := range a.shared {
		shared[name] = other
	}
	shared[f.Name] = &changed
	a.shared = shared
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
