package proxy

import (
	"context"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// endpoint compiles a ProxyEndpoint.
func (k *compilation) endpoint(d *Deployment, m *endpointModel) *Endpoint {
	b := k.build(m.doc, m.name)
	e := &Endpoint{Name: m.name, deployment: d}
	b.Known(m.doc.root, "FaultRules", "DefaultFaultRule", "PreFlow", "Flows", "PostFlow", "EventFlow", "PostClientFlow",
		"HTTPProxyConnection", "RouteRule", "Description", "DisplayName")
	e.BasePath = k.basePath(b, m)
	e.props = readProxyProperties(b, m.connection)
	e.Request = k.plan(b, m, flow.ProxySide, requestSide, preProxyHook, "")
	e.Response = k.plan(b, m, flow.ProxySide, responseSide, "", postProxyHook)
	for i := range m.postClient {
		f := &m.postClient[i]
		e.postClient = append(e.postClient, flow.Section{Name: f.name, Description: f.description,
			Steps: append(k.steps(b, f.request), k.steps(b, f.response)...)})
	}
	e.events = k.eventFlow(b, m.events)
	e.Rules = k.rules(b, m, true)
	for _, el := range m.routes {
		e.routes = append(e.routes, k.route(b, d, el))
	}
	if len(m.routes) == 0 {
		b.Warn(m.doc.root, "MissingElement", "the ProxyEndpoint has no RouteRule: every request ends in RouteFailed", "add <RouteRule name=\"default\"/>, with a TargetEndpoint inside or without")
	}
	e.info = &flow.ProxyInfo{
		Organization: k.Environment.Organization, Environment: k.Environment.Name, Region: k.Environment.Region, Pod: k.Environment.Pod,
		Name: d.Name, Revision: d.Revision, Endpoint: m.name, BasePath: e.BasePath, DeployedAt: "/", PropertySets: k.props,
		TimePolicies: namesPrefix(k.unit.Names, "apigee.metrics.policy."),
	}
	e.holds = k.holds(b, m)
	return e
}

func namesPrefix(names map[string]*flow.Name, prefix string) bool {
	for n := range names {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}

// basePath reads and checks HTTPProxyConnection/BasePath (runtime.md 2.1).
func (k *compilation) basePath(b *flow.Build, m *endpointModel) string {
	if m.connection == nil {
		b.Warn(m.doc.root, "MissingElement", "the ProxyEndpoint has no HTTPProxyConnection: only a LocalTargetConnection can reach it", "add <HTTPProxyConnection><BasePath>/path</BasePath></HTTPProxyConnection>")
		return ""
	}
	b.Known(m.connection, "BasePath", "Properties", "VirtualHost", "Description")
	el := flow.Child(m.connection, "BasePath")
	path := flow.TextOf(el)
	if path == "" {
		return "/"
	}
	if !strings.HasPrefix(path, "/") && strings.ContainsAny(path[:1], "%@{$") {
		b.Warn(el, "InvalidBasePath", "base path "+quoted(path)+" is a placeholder: nothing can reach the ProxyEndpoint", "let the build replace it before the bundle is served")
		return ""
	}
	if why, hint := badBasePath(path); why != "" {
		b.RefuseText(el, "InvalidBasePath", "base path "+quoted(path)+" is invalid: "+why, hint)
	}
	return path
}

func badBasePath(path string) (why, hint string) {
	if !strings.HasPrefix(path, "/") {
		return "it does not start with a slash", "write /" + path
	}
	for i, segment := range strings.Split(path[1:], "/") {
		switch {
		case segment == "**":
			return "** is not supported", "use * for exactly one segment"
		case segment == "*" && i == 0:
			return "the first segment must not be *", "begin with a literal segment"
		}
	}
	if strings.ContainsAny(path, "?# ") {
		return "it contains a character that a path cannot have", "leave out ?, # and spaces"
	}
	return "", ""
}

// side selects the Request or the Response steps of a flow.
type side func(*flowModel) []stepModel

func requestSide(f *flowModel) []stepModel  { return f.request }
func responseSide(f *flowModel) []stepModel { return f.response }

// plan compiles one side of an endpoint's flows, with the flow hooks spliced in.
// Where hooks stand is recalled (runtime.md 3.1): outermost.
func (k *compilation) plan(b *flow.Build, m *endpointModel, s flow.Side, pick side, before, after string) flow.Plan {
	p := flow.Plan{Side: s}
	p.Pre = append(k.hook(b, before), k.section(b, &m.pre, pick)...)
	for i := range m.flows {
		f := &m.flows[i]
		branch := flow.Section{Name: f.name, Description: f.description, Condition: b.Condition(f.condition), Steps: k.steps(b, pick(f))}
		p.Branches = append(p.Branches, branch)
	}
	if !anySteps(p.Branches) && len(k.unit.SharedFlows) == 0 && !namesPrefix(k.unit.Names, "current.flow") && !namesPrefix(k.unit.Names, "proxy.flow") && !namesPrefix(k.unit.Names, "target.flow") {
		p.Branches = nil
	}
	p.Post = append(k.section(b, &m.post, pick), k.hook(b, after)...)
	return p
}

// anySteps reports whether some branch does something; when none does, choosing
// one is work for nothing.
func anySteps(list []flow.Section) bool {
	for i := range list {
		if len(list[i].Steps) > 0 {
			return true
		}
	}
	return false
}

func (k *compilation) section(b *flow.Build, f *flowModel, pick side) []flow.Section {
	steps := k.steps(b, pick(f))
	if len(steps) == 0 {
		return nil
	}
	return []flow.Section{{Name: f.name, Description: f.description, Steps: steps}}
}

// hook returns the section that runs a flow hook's shared flow.
func (k *compilation) hook(b *flow.Build, point string) []flow.Section {
	h, ok := k.Environment.FlowHooks[point]
	if !ok || h.SharedFlow == "" {
		return nil
	}
	b.CallsSharedFlow(nil, h.SharedFlow)
	policy := flow.Policy(hookPolicy{h.SharedFlow})
	if k.Replace != nil {
		policy = k.Replace(hookInfo(k.unit.Bundle, point, h.SharedFlow), policy)
	}
	return []flow.Section{{Name: point, Hook: point, Steps: []flow.Step{{
		Name: point, Policy: policy, ContinueOnError: h.ContinueOnError, Waits: true,
	}}}}
}

// hookPolicy runs the shared flow of a flow hook.
type hookPolicy struct{ sharedFlow string }

func (h hookPolicy) Execute(ctx context.Context, x *flow.Exchange) error {
	return x.CallSharedFlow(ctx, h.sharedFlow)
}

func (k *compilation) eventFlow(b *flow.Build, m *flowModel) *flow.Section {
	if m == nil {
		return nil
	}
	if t := b.Attr(m.el, "content-type"); t != "text/event-stream" {
		b.Warn(m.el, "InvalidValue", "EventFlow has content-type "+quoted(t)+"; it runs for text/event-stream only", `write content-type="text/event-stream"`)
	}
	return &flow.Section{Name: m.name, Description: m.description, Steps: k.steps(b, m.response)}
}

// rules compiles FaultRules and DefaultFaultRule. A ProxyEndpoint chooses from
// the last rule to the first.
func (k *compilation) rules(b *flow.Build, m *endpointModel, lastFirst bool) *flow.FaultRules {
	if len(m.rules) == 0 && m.defaults == nil {
		return nil
	}
	r := &flow.FaultRules{LastFirst: lastFirst}
	for i := range m.rules {
		r.Rules = append(r.Rules, k.rule(b, &m.rules[i]))
	}
	if m.defaults != nil {
		d := k.rule(b, m.defaults)
		r.Default = &d
		r.AlwaysEnforce = b.Bool(m.defaults.el, "AlwaysEnforce", false)
	}
	return r
}

func (k *compilation) rule(b *flow.Build, m *ruleModel) flow.FaultRule {
	return flow.FaultRule{Name: m.name, Condition: b.Condition(m.condition), Steps: k.steps(b, m.steps)}
}

// target compiles a TargetEndpoint.
func (k *compilation) target(m *endpointModel) *Target {
	b := k.build(m.doc, m.name)
	b.Known(m.doc.root, "FaultRules", "DefaultFaultRule", "PreFlow", "Flows", "PostFlow", "EventFlow", "Description", "DisplayName",
		"HTTPTargetConnection", "HttpTargetConnection", "LocalTargetConnection", "ScriptTarget", "HostedTarget")
	t := &Target{Name: m.name}
	t.Request = k.plan(b, m, flow.TargetSide, requestSide, preTargetHook, "")
	t.Response = k.plan(b, m, flow.TargetSide, responseSide, "", postTargetHook)
	t.events = k.eventFlow(b, m.events)
	t.Rules = k.rules(b, m, false)
	switch {
	case m.connection == nil:
		b.RefuseText(m.doc.root, "MissingElement", "the TargetEndpoint has no connection", "add <HTTPTargetConnection><URL>...</URL></HTTPTargetConnection>")
	case m.connection.Tag == "ScriptTarget" || m.connection.Tag == "HostedTarget":
		b.Warn(m.connection, "UnsupportedTarget", m.connection.Tag+" runs Node.js on Apigee Edge only: routes to this target end in TargetMissing", "call the Node.js program with an HTTPTargetConnection")
		t.connection = nodeConnection{element: m.connection.Tag}
	default:
		t.connection = k.connection(b, m.connection)
	}
	k.conditions[m.name] = b.Own
	return t
}

// route compiles a RouteRule.
func (k *compilation) route(b *flow.Build, d *Deployment, el *etree.Element) route {
	b.Known(el, "Condition", "TargetEndpoint", "IntegrationEndpoint", "URL", "Description")
	r := route{name: b.Attr(el, "name"), condition: b.Condition(flow.Child(el, "Condition"))}
	target, url, integration := b.Text(el, "TargetEndpoint"), b.Text(el, "URL"), b.Text(el, "IntegrationEndpoint")
	switch {
	case target != "":
		r.targetName = target
		if r.target = d.targets[target]; r.target == nil {
			b.RefuseText(flow.Child(el, "TargetEndpoint"), "MissingTarget", "route "+quoted(r.name)+" names target endpoint "+quoted(target)+", which the bundle does not contain", "add targets/"+target+".xml")
		}
	case url != "":
		r.targetName = "default"
		r.target = &Target{
			Name: "default", connection: k.connection(b, urlConnection(el)),
			Request:  flow.Plan{Side: flow.TargetSide, Pre: k.hook(b, preTargetHook)},
			Response: flow.Plan{Side: flow.TargetSide, Post: k.hook(b, postTargetHook)},
		}
	case integration != "":
		r.targetName = integration
		r.target = k.integrationTarget(b, el, integration)
	}
	return r
}

// urlConnection wraps the URL of a RouteRule in the connection that it stands
// for. It is put in the document so that problems have their place.
func urlConnection(route *etree.Element) *etree.Element {
	c := etree.NewElement("HTTPTargetConnection")
	c.AddChild(flow.Child(route, "URL").Copy())
	return c
}

func (k *compilation) integrationTarget(b *flow.Build, el *etree.Element, name string) *Target {
	m := k.model.integration[name]
	if m == nil {
		b.RefuseText(flow.Child(el, "IntegrationEndpoint"), "MissingTarget", "route names integration endpoint "+quoted(name)+", which the bundle does not contain", "add integration-endpoints/"+name+".xml")
		return nil
	}
	ib := k.build(m.doc, name)
	ib.Known(m.doc.root, "AsyncExecution", "Description", "DisplayName")
	return &Target{Name: name, integration: true, connection: &integrationConnection{
		service: ib.NeedIntegrations(m.doc.root), account: k.unit.Account, async: ib.Bool(m.doc.root, "AsyncExecution", false),
	}}
}
