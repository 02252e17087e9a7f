package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/http1"
)

// httpProbe asks a server with an HTTP request: a compiled HTTPMonitor.
type httpProbe struct {
	connection *httpConnection
	method     string
	path       string
	header     flow.Header
	payload    []byte
	port       int // 0: the server's
	secure     bool
	ownTLS     *tlsClient // nil: the server's own settings
	identified bool       // send X-Apigee-Healthcheck-Id
	id         func() string
	connect    time.Duration
	read       time.Duration

	codes    []int // accepted status codes
	expected flow.Header
}

// newHTTPProbe compiles an HTTPMonitor.
func newHTTPProbe(k *compilation, b *flow.Build, el *etree.Element, c *httpConnection) probe {
	b.Known(el, "Request", "SuccessResponse")
	request, success := flow.Child(el, "Request"), flow.Child(el, "SuccessResponse")
	b.Known(request, "ConnectTimeoutInSec", "SocketReadTimeoutInSec", "Port", "Verb", "Path", "Header", "Payload", "IsSSL", "TrustAllSSL",
		"UseTargetServerSSLInfo", "IncludeHealthCheckIdHeader")
	b.Known(success, "ResponseCode", "Header")
	p := &httpProbe{
		connection: c, method: b.Text(request, "Verb"), path: b.Text(request, "Path"), port: b.Int(request, "Port", 0, 0),
		header: headerLines(b, request), payload: []byte(b.Text(request, "Payload")),
		secure: b.Bool(request, "IsSSL", false), identified: b.Bool(request, "IncludeHealthCheckIdHeader", false),
		connect: seconds(b, request, "ConnectTimeoutInSec"), read: seconds(b, request, "SocketReadTimeoutInSec"),
		codes: statusCodes(b, success), expected: headerLines(b, success),
	}
	if p.method == "" {
		p.method = "GET"
	}
	if p.path == "" || p.path[0] != '/' {
		p.path = "/" + p.path
	}
	if !b.Bool(request, "UseTargetServerSSLInfo", false) {
		p.ownTLS = probeTLS(k, b, request)
	}
	now := time.Now
	process := ""
	if k.Services != nil {
		process = k.Services.ProcessID
		if k.Services.Now != nil {
			now = k.Services.Now
		}
	}
	p.id = func() string { return healthCheckID(k.Environment, process, now()) }
	return p
}

// probeTLS is the TLS of probes that do not use the server's: strict, or with
// TrustAllSSL blind.
func probeTLS(k *compilation, b *flow.Build, el *etree.Element) *tlsClient {
	trustAll := b.Bool(el, "TrustAllSSL", false)
	s := &tlsSettings{info: &SSLInfo{Enforce: !trustAll}, stores: k.Environment}
	t := s.resolve(tlsValues{"true"})
	if trustAll {
		t.checks = certificateChecks{}
	}
	return t
}

func headerLines(b *flow.Build, el *etree.Element) flow.Header {
	var h flow.Header
	for _, c := range flow.Children(el, "Header") {
		if name := b.Attr(c, "name"); name != "" {
			h.Add(name, flow.TextOf(c))
		}
	}
	return h
}

// ask sends the request on a connection of its own: a kept one would hide that
// the server accepts no more.
func (p *httpProbe) ask(ctx context.Context, s *server) error {
	ctx, cancel := context.WithTimeout(ctx, p.connect+p.read)
	defer cancel()
	o := p.outgoing(s)
	n := p.connection.net
	addr, secure := n.route(o.to)
	dial := func(ctx context.Context) (net.Conn, error) {
		c, err := n.connect(ctx, addr, p.connect, 0, p.connection.props.useProxy)
		if err != nil || !secure {
			return c, err
		}
		return o.tls.handshake(ctx, c, o)
	}
	var client http1.Client
	defer client.CloseIdle()
	resp, err := client.Do(ctx, http1.Key{Addr: addr}, dial, &http1.ClientRequest{
		Method: p.method, Target: p.path, Header: o.lines, Content: p.payload, IOTimeout: p.read,
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return p.judge(resp)
}

func (p *httpProbe) outgoing(s *server) *outgoing {
	settings, secure := p.ownTLS, p.secure
	if settings == nil {
		settings = s.tls.fixed
		if settings == nil { // templates need a request; a probe has none
			settings = s.tls.resolve(tlsValues{})
		}
		secure = secure || settings.on
	}
	d := s.probed(p.port, secure)
	o := &outgoing{connection: p.connection, to: &d, tls: settings, timeout: p.read}
	if !p.header.Has("Host") {
		o.lines.Add("Host", d.hostHeader())
	}
	o.lines = append(o.lines, p.header...)
	if p.identified {
		o.lines.Set("X-Apigee-Healthcheck-Id", p.id())
	}
	return o
}

// maxProbeBody bounds how much of an answer is read so that the server can end
// it in good order.
const maxProbeBody = 64 << 10

// judge compares the answer with SuccessResponse. Without a ResponseCode any 2xx
// passes (recommended; not documented).
func (p *httpProbe) judge(resp *http1.Response) error {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxProbeBody)) // only the header decides
	if p.codes == nil && resp.Status/100 != 2 || p.codes != nil && !slices.Contains(p.codes, resp.Status) {
		return fmt.Errorf("the health check was answered with %d", resp.Status)
	}
	for _, want := range p.expected {
		if !slices.Contains(flow.Header(resp.Header).Values(want.Name), want.Value) {
			return fmt.Errorf("the answer to the health check has no header %s: %s", want.Name, want.Value)
		}
	}
	return nil
}
