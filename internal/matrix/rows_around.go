package matrix

import (
	"sluice/flow"
	"sluice/proxy"
)

// This file makes the rows of what runs once the answer's status is sent: the
// EventFlow on the events of a stream, and PostClientFlow behind the last byte
// (runtime.md 3.5, 3.8).

// targetEventFlow adds the rows of the EventFlow of a route's target.
func (w *walk) targetEventFlow(r *proxy.Route, blocked string) {
	if s := r.Target.EventFlow(); s != nil {
		w.events(place{side: targetSide, phase: eventsPhase, route: r}, s, first(blocked, neverStreams(r.Target)))
	}
}

// eventFlow adds the rows of the endpoint's EventFlow. It runs for targets that
// have none of their own.
func (w *walk) eventFlow(routes []proxy.Route, blocked string) {
	s := w.endpoint.EventFlow()
	if s == nil {
		return
	}
	at := place{side: proxySide, phase: eventsPhase}
	why := "no RouteRule leads to a target that streams events"
	ways := w.reachRoutes(routes)
	for i := range routes {
		t := routes[i].Target
		switch {
		case t == nil || ways[i] != "" || neverStreams(t) != "":
		case t.EventFlow() != nil:
			why = "the EventFlow of TargetEndpoint " + t.Name + " runs in its place"
		default:
			at.route = &routes[i]
			w.events(at, s, blocked)
			return
		}
	}
	w.events(at, s, first(blocked, why))
}

func neverStreams(t *proxy.Target) string {
	if kind := t.Reach().Kind; kind != "http" && kind != "local" {
		return "only a target that is called over HTTP streams events"
	}
	return ""
}

// events adds the rows of an EventFlow. The response flows are left out of the
// trial: a policy there that reads the answer would leave no stream.
func (w *walk) events(at place, s *flow.Section, blocked string) {
	w.section(at, []flow.Section{*s}, 0, blocked, func(changed []flow.Section) proxy.Trial {
		e := *w.endpoint
		e.Response = flow.Plan{}
		t := proxy.Trial{Endpoint: &e, EventFlow: &changed[0]}
		if at.route != nil {
			target := *at.route.Target
			target.Response = flow.Plan{}
			t.Route = &proxy.Route{Name: at.route.Name, Target: &target}
		}
		return t
	})
}

// postClientFlow adds the rows of PostClientFlow, which every answer leads to.
func (w *walk) postClientFlow(onward *proxy.Route) {
	list := w.endpoint.PostClientFlow()
	blocked := ""
	for i := range list {
		at := place{side: proxySide, phase: postClientPhase, route: onward}
		blocked = first(blocked, w.section(at, list, i, blocked, func(changed []flow.Section) proxy.Trial {
			return proxy.Trial{Endpoint: w.endpoint, Route: onward, PostClientFlow: changed}
		}))
	}
}

// restOf names the steps behind the j-th of the i-th section.
func restOf(list []flow.Section, i, j int) []string {
	var names []string
	for at := i; at < len(list); at++ {
		for k := range list[at].Steps {
			if at > i || k > j {
				names = append(names, list[at].Steps[k].Name)
			}
		}
	}
	return names
}
