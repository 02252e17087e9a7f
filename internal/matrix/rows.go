package matrix

import (
	"sluice/flow"
	"sluice/proxy"
)

// row is a Row with what it takes to rehearse it.
type row struct {
	Row
	snapshot    *proxy.Snapshot
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
	continues   bool       // continueOnError forgives what fails here
	rest        []string   // of PostClientFlow: what comes after it
	handling    *handling  // of a step in a fault rule
	visited     [][]string // by the index of the fault: steps of the rules that it led to, see visit
}

// walk makes the rows of one ProxyEndpoint and its targets.
type walk struct {
	*Loaded
	snapshot *proxy.Snapshot
	proxy    string
	endpoint *proxy.Endpoint
	rows     []*row
}

// rows returns the rows of a proxy in the order in which a request meets them.
// A target is shown once, for the first route that leads to it.
func (l *Loaded) rows(s *proxy.Snapshot) []*row {
	d := s.Deployments[0]
	var list []*row
	seen := map[*proxy.Target]bool{}
	for _, e := range d.Endpoints {
		w := &walk{Loaded: l, snapshot: s, proxy: d.Name, endpoint: e}
		w.all(seen)
		list = append(list, w.rows...)
	}
	for _, t := range d.Targets() {
		if !seen[t] && len(d.Endpoints) > 0 {
			w := &walk{Loaded: l, snapshot: s, proxy: d.Name, endpoint: d.Endpoints[0]}
			w.target(&proxy.Route{Target: t}, "no RouteRule leads to TargetEndpoint "+t.Name)
			list = append(list, w.rows...)
		}
	}
	return list
}

// all adds the rows of the endpoint, and of the targets that are not seen yet.
func (w *walk) all(seen map[*proxy.Target]bool) {
	e := w.endpoint
	routes := e.Routes()
	onward := w.aRoute(routes)
	w.client()
	blocked := w.plan(place{side: proxySide, phase: requestPhase, route: onward}, &e.Request, "")
	w.routes(routes, blocked)
	back := first(blocked, w.targets(routes, blocked, seen))
	back = w.plan(place{side: proxySide, phase: responsePhase, route: onward}, &e.Response, back)
	w.eventFlow(routes, back)
	w.postClientFlow(onward)
	w.faultRules(place{side: proxySide, route: onward}, e.Rules)
}

// targets adds the rows of the targets; its result tells why no response comes
// back from any route.
func (w *walk) targets(routes []proxy.Route, blocked string, seen map[*proxy.Target]bool) string {
	back := "no RouteRule leads to a response"
	ways := w.reachRoutes(routes)
	for i := range routes {
		r := &routes[i]
		why := first(blocked, ways[i])
		if r.Target != nil && !seen[r.Target] && (why == "" || !laterOpen(routes, ways, i)) {
			seen[r.Target] = true
			why = first(why, w.target(r, why))
		}
		if why == "" {
			back = ""
		}
	}
	return back
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

// The names of rows that are about no step.
const (
	clientStep = "(the client's request)"
	targetStep = "(the target)"
)

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
		Row:   Row{Side: proxySide, Endpoint: e.Name, Phase: requestPhase, Step: clientStep},
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
			Row:   Row{Side: proxySide, Endpoint: e.Name, Phase: routePhase, Flow: "RouteRule", Step: r.Name},
			trial: proxy.Trial{Endpoint: e}, routing: true, rules: e.Rules, faults: routeFaults(always), unreachable: blocked,
		}, nil)
	}
}

// target adds the rows of a target, which r leads to; its result tells why no
// answer of it comes back.
func (w *walk) target(r *proxy.Route, blocked string) string {
	t := r.Target
	at := place{side: targetSide, route: r, phase: requestPhase}
	blocked = first(blocked, w.plan(at, &t.Request, blocked))
	door := &probe{}
	open := *t
	open.Response.Pre = append([]flow.Section{{Name: "PreFlow", Steps: []flow.Step{{Policy: door}}}}, t.Response.Pre...)
	w.add(&row{
		Row:   Row{Side: targetSide, Endpoint: t.Name, Phase: callPhase, Step: targetStep, Policy: t.Reach().Kind},
		trial: proxy.Trial{Endpoint: w.endpoint, Route: &proxy.Route{Name: r.Name, Target: &open}},
		late:  []*probe{door}, rules: w.rulesOf(t), faults: targetFaults(t), unreachable: blocked,
	}, []*flow.Condition{r.Condition})
	if t.Reach().Kind == "node" {
		blocked = first(blocked, "the target cannot answer: Node.js runs on Apigee Edge only")
	}
	at.phase = responsePhase
	back := first(blocked, w.plan(at, &t.Response, blocked))
	w.targetEventFlow(r, back)
	w.faultRules(at, t.Rules)
	return back
}

// rulesAt are the rules for what happens at a place; nil after the answer.
func (w *walk) rulesAt(at place) *flow.FaultRules {
	switch {
	case at.phase == postClientPhase:
		return nil
	case at.route != nil && at.route.Target != nil && (at.side == targetSide || at.phase == eventsPhase):
		return w.rulesOf(at.route.Target)
	}
	return w.endpoint.Rules
}

// rulesOf are the rules for what happens on the target's side.
func (w *walk) rulesOf(t *proxy.Target) *flow.FaultRules {
	if t.Reach().Kind == "integration" || w.bubble && t.Rules.Empty() {
		return w.endpoint.Rules
	}
	return t.Rules
}

func (w *walk) add(r *row, conditions []*flow.Condition) {
	if len(r.faults) == 0 {
		return
	}
	r.Proxy, r.snapshot = w.proxy, w.snapshot
	r.nameRules()
	r.request = newRequest(w.endpoint.BasePath, conditions)
	r.Request = r.request.String()
	for _, c := range conditions {
		if c != nil {
			r.forced = append(r.forced, c)
		}
	}
	w.rows = append(w.rows, r)
}

// nameRules makes what everybody may see of the rules.
func (r *row) nameRules() {
	if r.rules == nil {
		return
	}
	for i := range r.rules.Rules {
		r.Rules = append(r.Rules, r.rules.Rules[i].Name)
	}
	r.LastFirst = r.rules.LastFirst && len(r.Rules) > 1
	if r.rules.Default != nil {
		r.DefaultRule, r.AlwaysEnforce = r.rules.Default.Name, r.rules.AlwaysEnforce
	}
}
