package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/http1"
)

// outgoing is one request to one destination, ready to be sent.
type outgoing struct {
	connection *httpConnection
	to         *destination
	tls        *tlsClient
	expectedCN string // name that the peer's certificate must have, "" for none
	method     string
	path       string
	query      string
	lines      flow.Header
	content    []byte        // a body at hand,
	stream     io.ReadCloser // or one that flows
	size       int64
	trailer    func() flow.Header
	announced  []string // names that the trailer may have
	inform     func(status int, h []flow.Field)
	timeout    time.Duration // of inactivity while reading and writing
	grpc       bool          // only HTTP/2 can carry it

	// What do found out.
	peer     net.Addr
	state    *tls.ConnectionState
	upgraded io.ReadWriteCloser
}

// prepare makes the header lines: the client's without what belongs to its
// connection, with the Host of the destination.
func (o *outgoing) prepare(x *flow.Exchange) {
	m := x.Request
	keep := &o.connection.props.retainHeaders
	upgrade := upgradeOf(m)
	o.lines = make(flow.Header, 0, len(m.Header)+4)
	o.lines.Add("Host", o.host(x))
	for _, f := range m.Header {
		if hopByHop(f.Name) && !isTrailersTE(f) || equalHost(f.Name) || !keep.passes(f.Name) {
			continue
		}
		o.lines = append(o.lines, f)
	}
	if upgrade != "" && !o.connection.props.http10 {
		o.lines.Add("Upgrade", upgrade)
	}
	if verb := o.connection.props.overrides[o.method]; verb != "" {
		o.lines.Set("X-HTTP-Method-Override", o.method)
		o.method = verb
	}
	o.grpc = strings.HasPrefix(m.MediaType(), "application/grpc")
}

// host is the Host header to send: target.header.host if a policy set it.
func (o *outgoing) host(x *flow.Exchange) string {
	if x.Target.HostHeader != "" {
		return x.Target.HostHeader
	}
	return o.to.hostHeader()
}

// upgradeOf is the Upgrade to send on: WebSocket's, if the client asks for it as
// RFC 6455 (4.1) says, else "". Any other protocol, h2c above all, would carry
// requests to the target past every policy; RFC 9110 (7.8) lets a server ignore
// that it was asked, and the request goes on as an ordinary one.
func upgradeOf(m *flow.Message) string {
	if m.Method != "GET" || m.Version != "1.1" {
		return ""
	}
	protocol, _ := m.Header.Joined("Upgrade")
	if !strings.EqualFold(protocol, "websocket") {
		return ""
	}
	if named, _ := m.Header.Joined("Connection"); !listed(named, "Upgrade") {
		return ""
	}
	return protocol
}

// take takes the body of m, coded as it has to be sent.
func (o *outgoing) take(m *flow.Message, compression string) error {
	if m.Body.Size() == 0 {
		m.Body.Close()
		return nil
	}
	coding := m.Header.Value("Content-Encoding")
	body, size, err := o.sendable(m, compression)
	if err != nil {
		return err
	}
	if after := m.Header.Value("Content-Encoding"); after != coding {
		o.recode(after)
	}
	o.size = size
	if held, ok := body.(interface{ Bytes() []byte }); ok {
		o.content = held.Bytes()
		return nil
	}
	if size < 0 && o.http10() {
		defer body.Close()
		o.content, err = io.ReadAll(body) // coded anew, or with a trailer that is left out
		return err
	}
	o.stream, o.trailer, o.announced = body, m.Trailer, m.Header.Items("Trailer")
	return nil
}

// sendable is m.Outgoing. For HTTP/1.0, which has to know the size of a body, it
// first holds one whose size is not known or changes.
func (o *outgoing) sendable(m *flow.Message, compression string) (io.ReadCloser, int64, error) {
	if o.http10() && (m.Body.Size() < 0 || compression != "") {
		if err := m.Hold(); err != nil {
			return nil, 0, err
		}
	}
	return m.Outgoing(compression)
}

// http10 reports whether the request goes out as HTTP/1.0.
func (o *outgoing) http10() bool { return o.connection.props.http10 && !o.grpc }

func (o *outgoing) recode(coding string) {
	if coding == "" {
		o.lines.Del("Content-Encoding")
		return
	}
	o.lines.Set("Content-Encoding", coding)
}

// do sends the request and returns the answer, whose body flows.
func (o *outgoing) do(ctx context.Context, n *Network) (*flow.Message, error) {
	if o.grpc {
		return n.h2.do(ctx, n, o)
	}
	addr, secure := n.route(o.to)
	req := http1.ClientRequest{
		Method: o.method, Target: requestTarget(o.path, o.query), Header: o.lines,
		Content: o.content, Body: o.stream, ContentLength: o.size, IOTimeout: o.timeout, HTTP10: o.connection.props.http10,
	}
	if o.trailer != nil {
		req.Trailer = func() []http1.Field { return o.trailer() }
	}
	if o.inform != nil {
		req.Inform = o.inform
	}
	resp, err := n.h1.Do(ctx, o.key(addr, secure), func(ctx context.Context) (net.Conn, error) { return o.dial(ctx, n, addr, secure) }, &req)
	if err != nil {
		return nil, err
	}
	o.peer, o.state = resp.RemoteAddr, resp.TLS
	return o.answer(resp)
}

// key tells which kept connections the request may use.
func (o *outgoing) key(addr string, secure bool) http1.Key {
	props := &o.connection.props
	key := http1.Key{Scheme: "http", Addr: addr, Direct: !props.useProxy, Idle: props.keepAlive}
	if secure {
		key.Scheme, key.TLS = "https", o.tls.identity(o)
	}
	if key.Idle == 0 {
		key.Idle = -1 // keepalive.timeout.millis of 0: none is kept
	}
	return key
}

// answer makes a message of what the target answered.
func (o *outgoing) answer(resp *http1.Response) (*flow.Message, error) {
	m := &flow.Message{Kind: flow.Response, Status: resp.Status, Reason: resp.Reason, Version: strings.TrimPrefix(resp.Proto, "HTTP/")}
	if resp.Status == 101 {
		up, err := resp.Upgrade()
		if err != nil {
			return nil, err
		}
		m.Header, o.upgraded = flow.Header(resp.Header), up
		return m, nil
	}
	m.Header = endToEnd(resp.Header, o.method == "HEAD" || resp.Status == 304)
	if resp.ContentLength < 0 {
		m.Trailer = func() flow.Header { return resp.Trailer() }
	}
	if resp.ContentLength == 0 {
		return m, resp.Body.Close()
	}
	m.Body.SetStream(&peerBody{resp.Body, transportFault}, resp.ContentLength)
	return m, nil
}

// endToEnd drops, in place, the lines that belong to the target's connection.
// The answer to HEAD keeps its Content-Length: it says what GET would get.
func endToEnd(lines []http1.Field, keepLength bool) flow.Header {
	named, _ := flow.Header(lines).Joined("Connection")
	kept := lines[:0]
	for _, f := range lines {
		length := keepLength && strings.EqualFold(f.Name, "Content-Length")
		if hopByHop(f.Name) && !length || named != "" && listed(named, f.Name) {
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// dial opens a connection to the destination: directly, or through the forward
// proxy, with TLS on top where it is due.
func (o *outgoing) dial(ctx context.Context, n *Network, addr string, secure bool, protocols ...string) (net.Conn, error) {
	retries := connectRetries
	if o.connection.balancer != nil {
		retries = 0 // the next server is tried instead
	}
	c, err := n.connect(ctx, addr, o.connection.props.connectTimeout, retries, o.connection.props.useProxy)
	if err != nil || !secure {
		return c, err
	}
	return o.tls.handshake(ctx, c, o, protocols...)
}

// fault finds the fault for a request that got no answer.
func (o *outgoing) fault(ctx context.Context, x *flow.Exchange, err error) error {
	var own *faults.Fault
	switch {
	case errors.As(err, &own):
		return err // the client's body failed, not the target
	case ctx.Err() != nil && errors.Is(err, ctx.Err()) && errors.Is(err, context.Canceled):
		return ctx.Err()
	}
	if expired := x.Expired(); expired != nil {
		return expired
	}
	return transportFault(err)
}

// transportFault finds the fault for a connection that failed (runtime.md 7.7).
func transportFault(err error) *faults.Fault {
	var tunnel *tunnelError
	var handshake *handshakeError
	var broken *http1.ProtocolError
	var failed *http1.IOError
	switch {
	case errors.As(err, &tunnel):
		return tunnelFailed.Wrap(err, "status", itoa(int64(tunnel.status)))
	case errors.As(err, &handshake), lateAlert(err, &handshake):
		return sslHandshakeFailed.Wrap(err, "detail", handshake.Error())
	case errors.As(err, &broken) && broken.Status != 502:
		return protocolFault(broken) // what a policy made of the client's input cannot be sent
	case errors.As(err, &broken):
		return brokenAnswer(broken)
	case isSlow(err):
		return slowTarget(err)
	case errors.As(err, &failed) && failed.Op == http1.Connect, isDial(err):
		return serviceUnavailable.Wrap(err)
	}
	return unexpectedEOF.Wrap(err)
}

func isSlow(err error) bool {
	var slow interface{ Timeout() bool }
	return errors.As(err, &slow) && slow.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// slowTarget tells a connection that was not made in time from one on which
// nothing came.
func slowTarget(err error) *faults.Fault {
	var failed *http1.IOError
	if errors.As(err, &failed) && failed.Op == http1.Connect || isDial(err) {
		f := serviceUnavailable.Wrap(err)
		f.Detail = faults.DetailTargetConnectTimeout
		return f
	}
	f := gatewayTimeout.Wrap(err)
	f.Detail = faults.DetailTargetReadTimeout
	return f
}

// brokenAnswer is the fault of a target that broke the protocol or a limit.
func brokenAnswer(e *http1.ProtocolError) *faults.Fault {
	if d, ok := faults.Lookup(faults.ElementRuntime, string(e.Kind)+"/response"); ok {
		return d.Wrap(e, "name", e.Name, "encoding", e.Name, "char", "")
	}
	return badGateway.Wrap(e)
}

// unresolved reports whether a fault's cause is a name that does not resolve.
func unresolved(f *faults.Fault) bool {
	var dns *net.DNSError
	return errors.As(f.Cause, &dns)
}
