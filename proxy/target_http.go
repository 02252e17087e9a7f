package proxy

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// httpConnection is a compiled HTTPTargetConnection.
type httpConnection struct {
	net      *Network
	name     string
	url      *flow.Template // nil with a load balancer
	fixed    *destination   // the URL, when it has no variables
	path     *flow.Template // Path; only with a load balancer
	balancer *balancer
	tls      *tlsSettings
	auth     *authentication
	props    targetProperties
}

// targetProperties are the properties of an HTTPTargetConnection (runtime.md 8).
// Values are literals. allow.tls.session.resumption is read by tlsSettings.
type targetProperties struct {
	connectTimeout, ioTimeout     time.Duration
	keepAlive                     time.Duration // how long an unused connection is kept
	pass405                       bool
	http10                        bool // supports.http11 is false: requests go out as HTTP/1.0
	useProxy                      bool
	streamRequest, streamResponse bool
	responseLimit                 int64
	successCodes                  *statusSet
	compression                   string
	retainHeaders, responseRetain retention
	retainQuery                   retention
	overrides                     map[string]string // VERB -> verb to send, with X-HTTP-Method-Override
}

// retention is NAME.enabled and NAME: a list of what passes when enabled is
// false. The wording "overrides" of the documentation is ambiguous; filtering
// only then is recommended (runtime.md 8).
type retention struct {
	all  bool
	list []string
}

func readRetention(r propertyReader, name string) retention {
	return retention{r.flag(name+".enabled", true), r.list(name)}
}

func (t retention) passes(name string) bool {
	if t.all {
		return true
	}
	for _, n := range t.list {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func readTargetProperties(b *flow.Build, el *etree.Element) targetProperties {
	r := propertyReader{b, propertyMap(el)}
	p := targetProperties{
		connectTimeout: r.millis("connect.timeout.millis", 3*time.Second), ioTimeout: r.millis("io.timeout.millis", 55*time.Second),
		keepAlive: r.millis("keepalive.timeout.millis", time.Minute),
		pass405:   r.flag("ignore.allow.header.for.405", true), http10: !r.flag("supports.http11", true), useProxy: r.flag("use.proxy", true),
		streamRequest: r.flag("request.streaming.enabled", false), streamResponse: r.flag("response.streaming.enabled", false),
		responseLimit: r.size("response.payload.parse.limit"), compression: r.compression(),
		retainHeaders: readRetention(r, "request.retain.headers"), responseRetain: readRetention(r, "response.retain.headers"),
		retainQuery: readRetention(r, "retain.queryparams"),
	}
	if text := r.text("success.codes"); text != "" {
		set, ok := parseStatusSet(text)
		if !ok {
			r.bad("success.codes", text, "a list such as 1XX, 2XX, 404")
		}
		p.successCodes = set
	}
	for name, e := range r.m {
		if verb, ok := strings.CutSuffix(name, ".override.method"); ok && r.flag("enable.method.override", true) {
			if p.overrides == nil {
				p.overrides = map[string]string{}
			}
			p.overrides[strings.ToUpper(verb)] = strings.ToUpper(flow.TextOf(e))
		}
	}
	return p
}

// statusSet is the value of success.codes.
type statusSet struct {
	classes [10]bool
	codes   map[int]bool
}

func parseStatusSet(text string) (*statusSet, bool) {
	s := &statusSet{codes: map[int]bool{}}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if len(part) != 3 || part[0] < '1' || part[0] > '9' {
			return s, false
		}
		if part[1:] == "xx" {
			s.classes[part[0]-'0'] = true
			continue
		}
		n, ok := parseLength(part)
		if !ok {
			return s, false
		}
		s.codes[int(n)] = true
	}
	return s, true
}

func (s *statusSet) has(status int) bool {
	return s.codes[status] || status >= 100 && status < 1000 && s.classes[status/100]
}

// newHTTPConnection compiles an HTTPTargetConnection.
func newHTTPConnection(k *compilation, b *flow.Build, el *etree.Element) *httpConnection {
	b.Known(el, "URL", "LoadBalancer", "Path", "HealthMonitor", "SSLInfo", "Authentication", "Properties", "ErrorResponse", "SessionCache", "Description")
	c := &httpConnection{net: k.Network, name: b.Owner, props: readTargetProperties(b, el)}
	c.auth = newAuthentication(b, flow.Child(el, "Authentication"))
	c.tls = newTLSSettings(k, b, flow.Child(el, "SSLInfo"), propertyReader{b, propertyMap(el)}, c.auth != nil)
	url, lb := flow.Child(el, "URL"), flow.Child(el, "LoadBalancer")
	switch {
	case lb != nil:
		c.balancer = newBalancer(k, b, lb, flow.Child(el, "HealthMonitor"), c)
		if path := flow.Child(el, "Path"); flow.TextOf(path) != "" {
			c.path = b.Template(path, flow.TextOf(path))
		}
	case flow.TextOf(url) != "":
		c.setURL(b, url)
	case b.Kind == "TargetEndpoint" || b.Kind == "ProxyEndpoint":
		b.RefuseText(el, "MissingElement", "HTTPTargetConnection has neither a URL nor a LoadBalancer", "add <URL>https://host/path</URL>")
	}
	if to := c.unverified(flow.TextOf(url)); to != "" {
		b.Warn(el, "UnverifiedCertificate", "the certificate of "+to+" is not verified: whoever is in between can answer in its place",
			"write <SSLInfo><Enabled>true</Enabled><Enforce>true</Enforce></SSLInfo>, or serve with --tls-enforce; IgnoreValidationErrors true says that it is meant")
	}
	return c
}

// unverified is the first https target whose certificate is not verified, "" for
// none. url is the text of the URL: of a template it may tell the scheme.
func (c *httpConnection) unverified(url string) string {
	if c.balancer == nil {
		if len(url) > 8 && strings.EqualFold(url[:8], "https://") && c.tls.unverified() {
			return url
		}
		return ""
	}
	for i := range c.balancer.servers {
		if s := &c.balancer.servers[i]; s.tls.unverified() && s.tls.fixed.on {
			return "target server " + quoted(s.name)
		}
	}
	return ""
}

func (c *httpConnection) setURL(b *flow.Build, el *etree.Element) {
	text := flow.TextOf(el)
	c.url = b.Template(el, text)
	literal, ok := c.url.Static()
	if !ok {
		return
	}
	d, ok := parseURL(literal)
	if !ok {
		b.Warn(el, "InvalidValue", "the URL "+quoted(literal)+" is not of the form http(s)://host[:port]/path: requests fault with BadPath unless a policy sets target.url", "correct it; a variable is written {name}")
		return
	}
	c.fixed = &d
}

func (c *httpConnection) configure(m *flow.Message) {
	if c.props.responseLimit > 0 {
		m.Limit = c.props.responseLimit
	}
	m.Streamed = m.Streamed || c.props.streamResponse
	if c.props.responseRetain.all {
		return
	}
	kept := m.Header[:0]
	for _, f := range m.Header {
		if c.props.responseRetain.passes(f.Name) {
			kept = append(kept, f)
		}
	}
	m.Header = kept
}

func (c *httpConnection) Success(status int) bool {
	if c.props.successCodes != nil {
		return c.props.successCodes.has(status)
	}
	return status < 400
}

func (c *httpConnection) passes405() bool { return c.props.pass405 }

// describe tells the exchange what is known of the target before its request
// flow runs.
func (c *httpConnection) describe(x *flow.Exchange) {
	if c.fixed != nil {
		x.Target.Scheme = c.fixed.scheme
		x.Target.Configured, _ = c.url.Static()
		return
	}
	if c.url != nil && x.Target.Configured == "" {
		x.Target.Configured, _ = c.url.Expand(x, true)
	}
}

// Faults of reaching a target.
var (
	serviceUnavailable = faults.MustRuntime("ServiceUnavailable")
	noActiveTargets    = faults.MustRuntime("NoActiveTargets")
	noResolvedHost     = faults.MustRuntime("NoResolvedHost")
	sslHandshakeFailed = faults.MustRuntime("SslHandshakeFailed")
	unexpectedEOF      = faults.MustRuntime("UnexpectedEOFAtTarget")
	tunnelFailed       = faults.MustRuntime("ProxyTunnelCreationFailed")
)

// resolve finds the target URL (runtime.md 2.4): target.evaluated.url or
// target.url if a policy set one, otherwise the connection's own. dynamic tells
// that a policy set it.
func (c *httpConnection) resolve(x *flow.Exchange) (d destination, dynamic bool, err error) {
	text := x.Target.EvaluatedURL
	if text == "" {
		text = x.Target.URL
	}
	dynamic = text != ""
	if !dynamic {
		if c.fixed != nil {
			return *c.fixed, false, nil
		}
		if text, err = c.url.Expand(x, true); err != nil {
			return d, false, err
		}
		x.Target.Configured = text
	}
	d, ok := parseURL(text)
	switch {
	case !ok:
		return d, dynamic, badPath.New("path", text)
	case d.path == "" && dynamic:
		return d, dynamic, emptyPath.New()
	}
	return d, dynamic, nil
}

// send sends the client's request to the target.
func (c *httpConnection) send(ctx context.Context, r *run) (*flow.Message, error) {
	if c.balancer != nil && r.x.Target.URL == "" && r.x.Target.EvaluatedURL == "" {
		return c.balancer.send(ctx, r)
	}
	d, dynamic, err := c.resolve(r.x)
	if err != nil {
		return nil, err
	}
	m, err := c.sendTo(ctx, r, &d, c.tls.at(r.x))
	if f, ok := err.(*faults.Fault); ok && dynamic && f.Def == serviceUnavailable && unresolved(f) {
		return nil, noResolvedHost.Wrap(f.Cause, "host", d.host)
	}
	return m, err
}

// sendTo sends the client's request to one destination.
func (c *httpConnection) sendTo(ctx context.Context, r *run, d *destination, settings *tlsClient) (*flow.Message, error) {
	o := outgoing{connection: c, to: d, tls: settings, method: r.x.Request.Method, inform: r.inform, expectedCN: r.x.Target.ExpectedCN}
	if err := c.prepare(ctx, r.x, &o); err != nil {
		return nil, err
	}
	t := &r.x.Target
	t.Scheme, t.Host, t.Port, t.SentPath, t.SentQuery = d.scheme, d.host, d.port, o.path, o.query
	t.Sent.Start = r.x.Now()
	if r.x.Traced() {
		r.x.Note(flow.Event{Kind: flow.CallSent, Name: t.Name, Text: d.scheme + "://" + d.hostHeader() + requestTarget(o.path, o.query)})
	}
	limited, cancel := r.budget(ctx)
	m, err := o.do(limited, c.net)
	t.Received.Start = r.x.Now()
	t.Received.End, t.Sent.End = t.Received.Start, t.Received.Start
	t.Peer, t.TLS = o.peer, o.state
	if r.x.Traced() {
		r.x.Note(answered(t.Name, m, err))
	}
	if err != nil {
		cancel()
		return nil, o.fault(ctx, r.x, err)
	}
	if r.cancel != nil {
		r.cancel() // of a server whose answer counts as a failure
	}
	r.upgraded, r.cancel = o.upgraded, cancel
	return m, nil
}

// prepare makes the request that is sent of the client's.
func (c *httpConnection) prepare(ctx context.Context, x *flow.Exchange, o *outgoing) error {
	o.path, o.query = o.to.path, o.to.query
	if copies(x.Target.CopySuffix) {
		o.path += x.Path.Suffix
	}
	if copies(x.Target.CopyQuery) {
		o.query = joinQuery(o.query, c.clientQuery(x.Request.Query))
	}
	if err := checkPath(o.path); err != nil {
		return err
	}
	o.prepare(x)
	if err := c.auth.apply(ctx, x, o); err != nil {
		return err
	}
	o.timeout = x.Remaining(c.props.ioTimeout)
	return o.take(x.Request, c.props.compression)
}

// budget ends a call when the api.timeout that a ProxyEndpoint names is used up,
// also while the target still sends, byte by byte. It is not armed for the
// default of five minutes, which would cost every request a timer, nor for a
// connection that changes protocol, nor below a local target, whose answer goes
// on to its caller.
func (r *run) budget(ctx context.Context) (context.Context, context.CancelFunc) {
	if !r.endpoint.props.cutsOff || r.x.Depth > 0 || upgradeOf(r.x.Request) != "" {
		return ctx, nothing
	}
	return context.WithTimeout(ctx, r.x.Remaining(r.endpoint.props.apiTimeout))
}

func nothing() {}

func answered(target string, m *flow.Message, err error) flow.Event {
	if err != nil {
		return flow.Event{Kind: flow.CallAnswered, Name: target, Text: err.Error(), Err: err}
	}
	return flow.Event{Kind: flow.CallAnswered, Name: target, Text: strconv.Itoa(m.Status)}
}

func (c *httpConnection) clientQuery(query string) string {
	if c.props.retainQuery.all {
		return query
	}
	return retained(query, c.props.retainQuery.list)
}
