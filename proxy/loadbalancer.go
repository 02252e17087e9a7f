package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/http1"
)

// balancer is a compiled LoadBalancer (runtime.md 2.4). It is immutable; which
// servers take part, and whose turn it is, is the rotation's.
type balancer struct {
	connection *httpConnection
	servers    []server
	rotation   *rotation
	unhealthy  []int // status codes that count as failures
	retry      bool
	monitor    *monitor // nil for none
}

// server is one Server of a LoadBalancer, with the target server that it names.
type server struct {
	name   string
	host   string
	port   int
	weight int
	tls    *tlsSettings // the target server's, else the endpoint's
}

// returnAfter is when a server that failed too often gets a request again if no
// health monitor looks after it.
const returnAfter = 5 * time.Minute

// newBalancer compiles the LoadBalancer lb and its HealthMonitor, which may be nil.
func newBalancer(k *compilation, b *flow.Build, lb, health *etree.Element, c *httpConnection) *balancer {
	b.Known(lb, "Algorithm", "Server", "MaxFailures", "ServerUnhealthyResponse", "RetryEnabled", "TargetDisableSecs", "Description")
	l := &balancer{connection: c, retry: b.Bool(lb, "RetryEnabled", true), unhealthy: statusCodes(b, flow.Child(lb, "ServerUnhealthyResponse"))}
	algorithm := b.Enum(lb, "Algorithm", "RoundRobin", "Weighted", "LeastConnections")
	fallback := l.readServers(k, b, lb, algorithm == "Weighted")
	// TargetDisableSecs is known from the schema only; its meaning is recalled.
	pause := time.Duration(b.Int(lb, "TargetDisableSecs", int(returnAfter/time.Second), 1)) * time.Second
	l.rotation = newRotation(algorithm, l.servers, fallback, b.Int(lb, "MaxFailures", 0, 0), pause)
	l.monitor = newMonitor(k, b, health, l)
	return l
}

// readServers reads the servers that can be used; a fallback becomes the last.
func (l *balancer) readServers(k *compilation, b *flow.Build, lb *etree.Element, weighted bool) (fallback bool) {
	list := flow.Children(lb, "Server")
	if len(list) == 0 {
		b.RefuseText(lb, "MissingElement", "the LoadBalancer has no Server", `add <Server name="..."/>`)
	}
	var last []server
	fallbacks := 0
	for _, el := range list {
		b.Known(el, "Weight", "IsFallback", "IsEnabled")
		isFallback := b.Bool(el, "IsFallback", false)
		if isFallback {
			fallbacks++
		}
		s, ok := l.server(k, b, el)
		s.weight = b.Int(el, "Weight", 1, 1)
		if weighted && !isFallback && b.Text(el, "Weight") == "" {
			b.Warn(el, "MissingElement", "server "+quoted(s.name)+" has no Weight; 1 is taken", "add <Weight>1</Weight>")
		}
		switch {
		case !ok:
		case isFallback:
			last = []server{s}
		default:
			l.servers = append(l.servers, s)
		}
	}
	if fallbacks > 1 {
		b.RefuseText(lb, "InvalidValue", "more than one Server is the fallback", "keep IsFallback for one of them")
	}
	l.servers = append(l.servers, last...)
	return len(last) > 0
}

// server reads one Server. It is not ok when it is disabled, or unknown: Apigee
// skips such servers, and a bundle may be deployed before its target servers.
func (l *balancer) server(k *compilation, b *flow.Build, el *etree.Element) (s server, ok bool) {
	s.name = b.Attr(el, "name")
	enabled := b.Bool(el, "IsEnabled", true)
	t := k.Environment.TargetServers[s.name]
	if t == nil {
		b.Warn(el, "MissingTargetServer", "target server "+quoted(s.name)+" does not exist in the environment: requests that need it end in NoActiveTargets", "write it into targetservers.json beside the apiproxy folder, or into the file of --target-servers: "+`{"name": `+quoted(s.name)+`, "host": "127.0.0.1", "port": 9000}`)
		return s, false
	}
	s.host, s.port, s.tls = t.Host, t.Port, l.connection.tls
	if t.SSL != nil {
		s.tls = compileSSLInfo(k, b, el, t.SSL, l.connection.tls.resume, l.connection.auth != nil)
	}
	return s, enabled && t.Enabled
}

func statusCodes(b *flow.Build, el *etree.Element) []int {
	var codes []int
	for _, c := range flow.Children(el, "ResponseCode") {
		n, ok := parseLength(flow.TextOf(c))
		if !ok || n < 100 || n > 999 {
			b.RefuseText(c, "InvalidValue", quoted(flow.TextOf(c))+" is not a status code", "write one code for each ResponseCode")
			continue
		}
		codes = append(codes, int(n))
	}
	return codes
}

// attempt sends the request to one server.
type attempt func(*destination, *tlsClient) (*flow.Message, error)

// send sends the client's request to a server, and to others while that fails.
func (l *balancer) send(ctx context.Context, r *run) (*flow.Message, error) {
	return l.deliver(ctx, r.x, r.x.Request, &r.upgraded, func(d *destination, t *tlsClient) (*flow.Message, error) {
		return l.connection.sendTo(ctx, r, d, t)
	})
}

// each sends a policy's request in the same way.
func (l *balancer) each(ctx context.Context, x *flow.Exchange, request *flow.Message, try attempt) (*flow.Message, error) {
	return l.deliver(ctx, x, request, nil, try)
}

// deliver tries one server after the other until one answers, no other is left,
// or the request cannot be sent again. Each server gets it once. The answer, or
// error, of the last one is that of the call.
func (l *balancer) deliver(ctx context.Context, x *flow.Exchange, request *flow.Message, up *io.ReadWriteCloser, try attempt) (m *flow.Message, err error) {
	path, query, err := l.path(x)
	if err != nil {
		return nil, err
	}
	x.Target.FailedServers = nil
	offer, err := l.offer(request)
	if err != nil {
		return nil, err
	}
	defer offer.settle()
	var tried []bool
	for {
		i := l.rotation.take(x.Now(), tried)
		if i < 0 {
			break
		}
		if m != nil {
			m.Body.Close() // the unhealthy answer that leads to this server
		}
		d, client := l.describe(x, i)
		d.path, d.query = path, query
		m, err = try(&d, client)
		if !l.failed(m, err) {
			return l.answered(i, m, err, up)
		}
		l.rotation.failed(i, x.Now())
		l.rotation.release(i)
		x.Target.FailedServers = append(x.Target.FailedServers, l.servers[i].name)
		if ctx.Err() != nil || !offer.again() {
			return m, err
		}
		tried = l.mark(tried, i)
	}
	if m == nil && err == nil {
		return nil, noActiveTargets.New()
	}
	return m, err
}

func (l *balancer) mark(tried []bool, i int) []bool {
	if tried == nil {
		tried = make([]bool, len(l.servers))
	}
	tried[i] = true
	return tried
}

// path is Path for this request. It begins with a slash even if its author left
// that out, as real bundles do.
func (l *balancer) path(x *flow.Exchange) (path, query string, err error) {
	if l.connection.path == nil {
		return "", "", nil
	}
	text, err := l.connection.path.Expand(x, true)
	if err != nil {
		return "", "", err
	}
	path, query, _ = strings.Cut(text, "?")
	if path != "" && path[0] != '/' {
		path = "/" + path
	}
	return path, query, nil
}

// describe returns where server i is, and tells the exchange who it is.
func (l *balancer) describe(x *flow.Exchange, i int) (destination, *tlsClient) {
	s := &l.servers[i]
	client := s.tls.at(x)
	x.Target.Fallback = flow.Bool(l.rotation.isFallback(i))
	if l.connection.path != nil {
		x.Target.Server = s.name
	}
	return s.destination(client.on), client
}

func (s *server) destination(secure bool) destination {
	d := destination{scheme: "http", host: s.host, port: s.port, given: true}
	if secure {
		d.scheme = "https"
	}
	return d
}

// unreachable are the faults of a server from which no answer came. A fault of
// the client's body, of a token or of the time budget is not the server's.
var unreachable = []*faults.Def{serviceUnavailable, gatewayTimeout, unexpectedEOF, sslHandshakeFailed, tunnelFailed}

func (l *balancer) failed(m *flow.Message, err error) bool {
	if err == nil {
		return slices.Contains(l.unhealthy, m.Status)
	}
	var f *faults.Fault
	return errors.As(err, &f) && slices.Contains(unreachable, f.Def)
}

// answered notes how server i did. It counts as busy until the answer's body
// was read, or until the other protocol on its connection ends.
func (l *balancer) answered(i int, m *flow.Message, err error, up *io.ReadWriteCloser) (*flow.Message, error) {
	if err != nil {
		l.rotation.release(i)
		return m, err
	}
	l.rotation.passed(i)
	switch {
	case m.Status == http.StatusSwitchingProtocols && up != nil && *up != nil:
		*up = &busyStream{*up, busy{rotation: l.rotation, server: i}}
	case m.Body.Flowing():
		body, size := m.Body.Take()
		m.Body.SetStream(&busyBody{body, busy{rotation: l.rotation, server: i}}, size)
	default:
		l.rotation.release(i)
	}
	return m, nil
}

// busyBody is an answer's body that releases its server when it is closed.
type busyBody struct {
	io.ReadCloser
	busy busy
}

func (b *busyBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.busy.end()
	}
	return n, err
}

func (b *busyBody) Close() error {
	b.busy.end()
	return b.ReadCloser.Close()
}

// Ready tells the wire engine whether Read would wait.
func (b *busyBody) Ready() bool {
	r, ok := b.ReadCloser.(http1.Ready)
	return ok && r.Ready()
}

// busyStream is a connection that changed protocol, likewise.
type busyStream struct {
	io.ReadWriteCloser
	busy busy
}

func (s *busyStream) Close() error {
	s.busy.end()
	return s.ReadWriteCloser.Close()
}
