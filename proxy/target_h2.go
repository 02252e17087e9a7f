package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"sluice/flow"
	"sluice/internal/http1"
)

// h2Client sends what only HTTP/2 can carry: gRPC. It uses net/http, one
// transport for each set of connections that may be shared. The zero value is
// ready.
type h2Client struct {
	mu         sync.Mutex // guards what follows
	transports map[http1.Key]*h2Transport
	uses       uint64
}

type h2Transport struct {
	*http.Transport
	used uint64 // when it was used last, in uses of the client
}

// maxH2Transports bounds the destinations whose connections are kept; names of
// destinations may come from a client.
const maxH2Transports = 64

// do sends the request and returns the answer as soon as its header is there.
// Both bodies flow at once; o.timeout is that of inactivity in both directions.
func (c *h2Client) do(ctx context.Context, n *Network, o *outgoing) (*flow.Message, error) {
	addr, secure := n.route(o.to)
	call := &h2Call{dog: watchdog(ctx, o.timeout)}
	ctx = context.WithValue(call.ctx, h2DialKey{}, o.dialH2(n, addr, secure))
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { o.peer = i.Conn.RemoteAddr() }})
	req, err := o.h2Request(addr, secure, call)
	if err != nil {
		call.end()
		return nil, err
	}
	resp, err := c.transport(o.key(addr, secure)).RoundTrip(req.WithContext(ctx))
	if err != nil {
		err = call.cause(err)
		call.end()
		return nil, err
	}
	o.state = resp.TLS
	return call.message(resp), nil
}

// transport returns the transport for a key; above the bound the one that was
// used least recently goes.
func (c *h2Client) transport(key http1.Key) *h2Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.transports[key]
	if t == nil {
		c.evict()
		t = &h2Transport{Transport: newH2Transport(key.Idle)}
		if c.transports == nil {
			c.transports = map[http1.Key]*h2Transport{}
		}
		c.transports[key] = t
	}
	c.uses++
	t.used = c.uses
	return t
}

func (c *h2Client) evict() {
	if len(c.transports) < maxH2Transports {
		return
	}
	var oldest http1.Key
	least := c.uses + 1
	for key, t := range c.transports {
		if t.used < least {
			oldest, least = key, t.used
		}
	}
	c.transports[oldest].CloseIdleConnections() // requests under way go on; their connections end when idle
	delete(c.transports, oldest)
}

func (c *h2Client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
	c.transports = nil
}

// h2DialKey is the context key of the function that opens the connection: only
// the request knows how.
type h2DialKey struct{}

type h2Dial func(ctx context.Context) (net.Conn, error)

func newH2Transport(idle time.Duration) *http.Transport {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return ctx.Value(h2DialKey{}).(h2Dial)(ctx)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{
		Protocols: protocols, DialContext: dial, DialTLSContext: dial,
		DisableCompression: true, IdleConnTimeout: max(idle, 0), DisableKeepAlives: idle < 0, MaxResponseHeaderBytes: 64 << 10,
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// errNoH2 is the handshake's error when the target does not speak HTTP/2.
var errNoH2 = errors.New("the target does not agree to h2")

// dialH2 opens a connection that speaks HTTP/2. It keeps nothing of o that
// changes: net/http may use the connection for another request.
func (o *outgoing) dialH2(n *Network, addr string, secure bool) h2Dial {
	to := *o.to
	r := &outgoing{connection: o.connection, to: &to, tls: o.tls, expectedCN: o.expectedCN, timeout: o.timeout}
	return func(ctx context.Context) (net.Conn, error) {
		c, err := r.dial(ctx, n, addr, secure, "h2")
		if err != nil {
			return nil, &http1.IOError{Op: http1.Connect, Err: err}
		}
		if s, ok := c.(*tls.Conn); ok && secure && s.ConnectionState().NegotiatedProtocol != "h2" {
			_ = c.Close() // nothing was said on it
			return nil, &handshakeError{errNoH2}
		}
		return c, nil
	}
}
