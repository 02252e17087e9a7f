package policies

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "ServiceCallout",
	Group:   "extension",
	Waits:   true,
	Compile: compileServiceCallout,
	Doc: flow.Doc{
		Title: "calls another service and keeps its answer in a variable",
		Text: `The request is the message in the variable that Request names, or a new GET
request; Set, Add, Copy and Remove inside Request change it first. The path and
the query of that message are appended to the URL; those of the client's request
are not, unless Set/Path says so.

The answer is in the variable that Response names, also when its status makes the
policy fail: without the property success.codes every 4xx and 5xx does. Without
Response nobody waits for the answer; with --keep-callouts such calls are kept in a
queue until they are answered.

Variables set before the policy change where it calls: servicecallout.requesturi,
servicecallout.POLICY.target.url, servicecallout.POLICY.expectedcn. The first two
tell after the policy where it called; told values do not turn a later call.`,
		Sample: `<ServiceCallout name="SC-Sample">
  <Request variable="lookup.request">
    <Set>
      <Verb>POST</Verb>
      <Payload contentType="application/json">{"id": "{request.queryparam.id}"}</Payload>
    </Set>
    <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
  </Request>
  <Response>lookup.response</Response>
  <Timeout>3000</Timeout>
  <HTTPTargetConnection>
    <Properties><Property name="success.codes">2xx,404</Property></Properties>
    <URL>https://lookup.example.com/v1/find</URL>
  </HTTPTargetConnection>
</ServiceCallout>`,
	},
})

const defaultCalloutTimeout = 55 * time.Second

type serviceCallout struct {
	name         string // of the policy
	request      *flow.Name
	alwaysNew    bool // no variable is named: nothing to take over
	clearPayload bool
	edits        *flow.Edits
	auth         *flow.Authentication
	response     string // "": nobody waits
	unawaited    chan struct{}
	errand       string // name under which calls that nobody waits for are kept, "" for not at all

	connection       flow.Connection
	local            bool           // to a proxy in this process
	url              *flow.Template // of an HTTPTargetConnection, else nil
	balanced         bool           // the connection chooses a server, and the URL says nothing
	ignoreUnresolved bool
	timeout          time.Duration

	expectedCN *flow.Name

	failed, notMessage, notRequest, unresolved *faults.Def
	unreachable                                []*faults.Def // what "Host not reachable" stands for
	timedOut, noToken                          *faults.Def
}

func compileServiceCallout(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Request", "Response", "Timeout", "HTTPTargetConnection", "HttpTargetConnection", "LocalTargetConnection", "Authentication")
	p := &serviceCallout{
		name: b.Owner, response: b.Text(el, "Response"), unawaited: make(chan struct{}, maxUnawaited),
		timeout:    calloutTimeout(b, b.Child(el, "Timeout")),
		expectedCN: b.Name("servicecallout." + b.Owner + ".expectedcn"),
		failed:     b.Fault("ExecutionFailed"), notMessage: b.Fault("RequestVariableNotMessageType"),
		notRequest: b.Fault("RequestVariableNotRequestMessageType"), unresolved: b.Fault("UnresolvedVariable"),
		unreachable: []*faults.Def{b.Fault("ServiceUnavailable"), b.Fault("NoResolvedHost"), b.Fault("NoActiveTargets")},
		timedOut:    b.Fault("GatewayTimeout"), noToken: b.Fault("GoogleTokenGenerationFailure"),
	}
	p.connect(b, el)
	p.compileRequest(b, b.Child(el, "Request"))
	p.auth = b.Authentication(b.Child(el, "Authentication"))
	p.serveErrands(b)
	return p
}

// connect compiles the connection. Editors leave an empty LocalTargetConnection
// behind, so it counts only when it says something.
func (p *serviceCallout) connect(b *flow.Build, el *etree.Element) {
	http, local := b.Child(el, "HTTPTargetConnection"), b.Child(el, "LocalTargetConnection")
	if http == nil {
		http = b.Child(el, "HttpTargetConnection")
	}
	named := b.Text(local, "APIProxy") != "" || b.Text(local, "Path") != ""
	switch {
	case http != nil && b.Text(http, "URL") == "" && b.Child(http, "LoadBalancer") == nil && !named:
		b.Refuse(http, "URLMissing")
		return
	case http == nil && !named:
		b.Refuse(el, "ConnectionInfoMissing")
		return
	case named:
		http, p.local = local, true
	case b.Text(http, "URL") != "":
		p.url = b.Template(b.Child(http, "URL"), b.Text(http, "URL"))
	}
	p.balanced = b.Child(http, "LoadBalancer") != nil
	p.connection = b.Connection(http)
}

func (p *serviceCallout) compileRequest(b *flow.Build, el *etree.Element) {
	b.Known(el, "Set", "Add", "Copy", "Remove", "AssignVariable", "IgnoreUnresolvedVariables")
	variable := b.Attr(el, "variable")
	if variable == "" {
		variable, p.alwaysNew = "servicecallout.request", true
	}
	p.request = b.Name(variable)
	b.ReadsContent(variable)
	p.clearPayload = b.BoolAttr(el, "clearPayload", false)
	p.ignoreUnresolved = b.Bool(el, "IgnoreUnresolvedVariables", false)
	p.edits = b.Edits(el, flow.EditOptions{Message: variable, IgnoreUnresolved: p.ignoreUnresolved, URL: p.url})
}

func calloutTimeout(b *flow.Build, el *etree.Element) time.Duration {
	text := flow.TextOf(el)
	if text == "" {
		return defaultCalloutTimeout
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n <= 0 {
		b.Refuse(el, "InvalidTimeoutValue", "timeout", text)
	}
	return time.Duration(n) * time.Millisecond
}

func (p *serviceCallout) Execute(ctx context.Context, x *flow.Exchange) error {
	m, err := p.message(x)
	if err != nil {
		return err
	}
	if err := p.edits.Apply(ctx, x, m); err != nil {
		return err
	}
	if err := p.authorize(ctx, x, m); err != nil {
		return err
	}
	call, err := p.call(ctx, x, m)
	if err != nil {
		return err
	}
	if p.clearPayload {
		m.ClearContent()
	}
	if p.response == "" {
		return p.send(ctx, x, call)
	}
	answer, err := p.await(ctx, x, call)
	if answer != nil {
		p.keep(x, answer)
	}
	return err
}

// keep stores the answer. Bundles that transform a request with a callout name
// "request" here: it stays a request, with the header and payload of the answer.
func (p *serviceCallout) keep(x *flow.Exchange, answer *flow.Message) {
	if old := x.Message(p.response); old != nil && old == x.Request {
		answer.Kind = flow.Request
		answer.Method, answer.Path, answer.Query, answer.Version = old.Method, old.Path, old.Query, old.Version
	}
	x.SetMessage(p.response, answer)
}

// message returns the request message: the one that is there, or a new one.
func (p *serviceCallout) message(x *flow.Exchange) (*flow.Message, error) {
	name := p.request.String()
	if !p.alwaysNew {
		v := x.Get(p.request)
		switch m := v.Message(); {
		case m != nil && m.Kind == flow.Request:
			return m, nil
		case m != nil:
			return nil, p.notRequest.New("variable", name)
		case !v.IsNull() || p.request.Predefined():
			return nil, p.notMessage.New("variable", name)
		}
	}
	m := flow.NewRequest()
	x.SetMessage(name, m)
	return m, nil
}

func (p *serviceCallout) authorize(ctx context.Context, x *flow.Exchange, m *flow.Message) error {
	if p.auth == nil {
		return nil
	}
	url := ""
	if p.url != nil {
		var err error
		if url, err = p.url.Expand(x, p.ignoreUnresolved); err != nil {
			return p.fault(ctx, err)
		}
	}
	return p.auth.Authorize(ctx, x, m, url)
}

// call makes the call of a copy of m, so that what the connection adds to it,
// and a call that nobody waits for, leave the variable alone.
func (p *serviceCallout) call(ctx context.Context, x *flow.Exchange, m *flow.Message) (flow.Call, error) {
	c, err := m.Clone()
	if err != nil {
		return flow.Call{}, err
	}
	if m == x.Request && !p.edits.SetsPath() {
		c.Path = "" // that of the client means nothing to the callee
	}
	if host, ok := c.Header.Get("Host"); ok && host == x.Client.Host {
		c.Header.Del("Host") // copied from the client: it names this proxy
	}
	if path, query, ok := strings.Cut(c.Path, "?"); ok {
		c.Path, c.Query = path, strings.Trim(query+"&"+c.Query, "&")
	}
	if c.Path != "" && c.Path[0] != '/' {
		c.Path = "/" + c.Path
	}
	call := flow.Call{
		Request: c, Timeout: p.timeout, IgnoreUnresolved: p.ignoreUnresolved,
		URL: x.Callout.URLs[p.name], URI: x.Callout.URI, ExpectedCN: x.Get(p.expectedCN).String(),
	}
	return call, p.locate(ctx, x, &call)
}

// locate resolves the URL, unless the connection knows it, and tells where the call
// goes. Of a call to a server of a LoadBalancer or to a proxy here it tells nothing.
func (p *serviceCallout) locate(ctx context.Context, x *flow.Exchange, call *flow.Call) (err error) {
	text := call.URL
	if text == "" && p.url != nil && !p.balanced {
		fixed, ok := p.url.Static()
		if text = fixed; !ok {
			if text, err = p.url.Expand(x, p.ignoreUnresolved); err != nil {
				return p.fault(ctx, err)
			}
			call.URL = text
		}
	}
	x.Callout.SentURI = calloutURI(text, call.Request)
	if x.Callout.SentURLs == nil {
		x.Callout.SentURLs = map[string]string{}
	}
	x.Callout.SentURLs[p.name] = text
	return nil
}

// calloutURI is the path and the query of a request to that URL, "" without one.
func calloutURI(address string, m *flow.Message) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	sent := flow.Message{Path: cmp.Or(u.EscapedPath()+m.Path, "/"), Query: strings.Trim(u.RawQuery+"&"+m.Query, "&")}
	return sent.URI()
}
