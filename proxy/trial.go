package proxy

import (
	"context"
	"sort"

	"sluice/flow"
)

// FlowHookElement is the StepInfo.Element of a flow hook: no policy, but it
// runs a shared flow as FlowCallout does.
const FlowHookElement = "FlowHook"

// StepInfo tells Compiler.Replace about an attached step.
type StepInfo struct {
	Bundle     string // API proxy or shared flow
	Name       string // of the policy; a flow hook's point
	Element    string // root element of the policy, or FlowHookElement
	Operation  string // its Operation, where it has one (OAuthV2, JWT)
	SharedFlow string // that a FlowCallout or a hook runs
	File       string // where it is attached, as a user can open it; "" for a hook
	Line       int
}

func (k *compilation) stepInfo(b *flow.Build, s *stepModel, p *compiledPolicy) StepInfo {
	return StepInfo{
		Bundle: k.unit.Bundle, Name: s.name, Element: p.element,
		Operation:  flow.TextOf(flow.Child(p.doc.root, "Operation")),
		SharedFlow: flow.TextOf(flow.Child(p.doc.root, "SharedFlowBundle")),
		File:       k.bundle.shown(b.File), Line: b.Place(s.el).Line,
	}
}

func hookInfo(bundle, point, sharedFlow string) StepInfo {
	return StepInfo{Bundle: bundle, Name: point, Element: FlowHookElement, SharedFlow: sharedFlow}
}

// Route is a RouteRule as others may see it.
type Route struct {
	Name      string
	Condition *flow.Condition // nil is true
	Target    *Target         // nil is a null route
}

// Routes returns the RouteRules in their order.
func (e *Endpoint) Routes() []Route {
	list := make([]Route, len(e.routes))
	for i, r := range e.routes {
		list[i] = Route{r.name, r.condition, r.target}
	}
	return list
}

// Targets returns the TargetEndpoints of the bundle, sorted by name. The targets
// that a RouteRule makes of its URL or IntegrationEndpoint are not among them.
func (d *Deployment) Targets() []*Target {
	list := make([]*Target, 0, len(d.targets))
	for _, t := range d.targets {
		list = append(list, t)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// EventFlow returns the endpoint's, or nil.
func (e *Endpoint) EventFlow() *flow.Section { return e.events }

// EventFlow returns the target's, which runs in place of the endpoint's, or nil.
func (t *Target) EventFlow() *flow.Section { return t.events }

// PostClientFlow returns its sections; none is none.
func (e *Endpoint) PostClientFlow() []flow.Section { return e.postClient }

// Reach says how a target is reached, as far as it decides what can fail.
type Reach struct {
	Kind       string // "http", "local", "integration" or "node"
	Balanced   bool   // by a LoadBalancer
	Plain      bool   // certainly without TLS
	Authorized bool   // with a Google token
	Success    int    // a status that counts as a success, see success.codes
}

// Reach says how the target is reached.
func (t *Target) Reach() Reach {
	r := Reach{Kind: "node", Success: 200}
	switch c := t.connection.(type) {
	case *httpConnection:
		r.Kind, r.Balanced, r.Authorized = "http", c.balancer != nil, c.auth != nil
		r.Plain = c.fixed != nil && c.fixed.scheme == "http"
	case *localConnection:
		r.Kind = "local"
	case *integrationConnection:
		r.Kind, r.Authorized = "integration", true
	}
	for status := 599; status >= 100 && t.connection != nil && !t.connection.Success(r.Success); status-- {
		r.Success = status
	}
	return r
}

// Trial is one request on its way through an endpoint, without a client and
// without a network.
type Trial struct {
	Endpoint *Endpoint // may be a changed copy of one
	Route    *Route    // the RouteRule to take; nil when none holds. Its Target may be a changed copy
	// Answer stands for the target. Its error is a *faults.Fault.
	Answer func(*flow.Exchange) (*flow.Message, error)
	Report Reporter
	// EventFlow, when not nil, runs on the events of an answer that streams some, in
	// place of the endpoint's and of the target's.
	EventFlow *flow.Section
	// PostClientFlow runs after the answer, in place of the endpoint's.
	PostClientFlow []flow.Section
}

// Try runs the trial on x, whose Request, Services and Client the caller has
// filled, and returns the message that the client would get; nil when ctx ended.
// What x.SharedFlows holds already is used in place of the snapshot's.
func (s *Snapshot) Try(ctx context.Context, x *flow.Exchange, t Trial) *flow.Message {
	e := t.endpoint()
	x.Proxy, x.Snapshot = e.info, s
	if x.SharedFlows == nil {
		x.SharedFlows = s.SharedFlows
	}
	x.Deadline = x.Now().Add(e.props.apiTimeout)
	r := &run{snapshot: s, endpoint: e, x: x, client: silent{}, report: t.Report}
	r.admit(&x.Client)
	m := r.process(ctx)
	if t.EventFlow != nil && m != nil {
		m = r.events(ctx, m)
		_ = m.Hold() // reads the stream to its end; what it cannot read is not there
	}
	r.afterwards(ctx)
	r.close()
	return m
}

// endpoint is the trial's endpoint with the trial's route, EventFlow and
// PostClientFlow.
func (t *Trial) endpoint() *Endpoint {
	e := *t.Endpoint
	e.routes, e.events, e.postClient = nil, t.EventFlow, t.PostClientFlow
	if t.Route == nil {
		return &e
	}
	taken := route{name: t.Route.Name}
	if t.Route.Target != nil {
		target := *t.Route.Target
		target.connection, target.events = rehearsed{target.connection, t.Answer}, nil
		taken.target, taken.targetName = &target, target.Name
	}
	e.routes = []route{taken}
	return &e
}

// rehearsed is a connection whose answers are made up.
type rehearsed struct {
	connection
	answer func(*flow.Exchange) (*flow.Message, error)
}

func (c rehearsed) send(_ context.Context, r *run) (*flow.Message, error) { return c.answer(r.x) }

// describe is an optional method of connections, which embedding does not pass on.
func (c rehearsed) describe(x *flow.Exchange) {
	if d, ok := c.connection.(interface{ describe(*flow.Exchange) }); ok {
		d.describe(x)
	}
}
