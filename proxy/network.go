package proxy

import (
	"context"
	"net"
	"net/url"
	"strings"
	"time"

	"sluice/internal/http1"
)

// Network is how the runtime reaches targets: one for the process, so that
// connections are shared and kept.
type Network struct {
	// Dial, when not nil, opens the TCP connections in place of net.Dialer. It
	// must not change once the network is used.
	Dial func(ctx context.Context, addr string) (net.Conn, error)

	hosts map[string]mapped // upstream name, or "*"
	proxy *url.URL          // forward proxy, nil for none
	h1    http1.Client
	h2    h2Client
}

// mapped is where --map-host sends an upstream name.
type mapped struct {
	addr string
	tls  bool
}

// NewNetwork returns a network. hosts maps upstream names ("mocktarget.apigee.net",
// "name:port" or "*") to HOST:PORT, which is spoken to in clear text even where
// the bundle says https, or to https://HOST:PORT. forward is the URL of a
// forward proxy, "" for none.
func NewNetwork(hosts map[string]string, forward string) (*Network, error) {
	n := &Network{hosts: map[string]mapped{}}
	n.h1.Limits = http1.Limits{Line: 2048, HeaderBytes: 25600} // Edge's documented limits of answers (runtime.md 7.7)
	for name, to := range hosts {
		addr, secure := strings.CutPrefix(to, "https://")
		addr = strings.TrimPrefix(addr, "http://")
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return nil, err
		}
		n.hosts[strings.ToLower(name)] = mapped{addr, secure}
	}
	if forward != "" {
		u, err := url.Parse(forward)
		if err != nil {
			return nil, err
		}
		n.proxy = u
	}
	return n, nil
}

// Close drops the connections that nobody uses.
func (n *Network) Close() {
	n.h1.CloseIdle()
	n.h2.close()
}

// route tells where to connect for an upstream: the address and whether to speak
// TLS there.
func (n *Network) route(d *destination) (addr string, secure bool) {
	addr, secure = d.addr(), d.scheme == "https"
	if len(n.hosts) == 0 {
		return addr, secure
	}
	for _, name := range [...]string{strings.ToLower(addr), strings.ToLower(d.host), "*"} {
		if m, ok := n.hosts[name]; ok {
			return m.addr, m.tls
		}
	}
	return addr, secure
}

// connectRetries is how often a connection attempt that times out is repeated
// (runtime.md 7.7).
const connectRetries = 3

// dial opens a TCP connection.
func (n *Network) dial(ctx context.Context, addr string, timeout time.Duration, retries int) (net.Conn, error) {
	if n.Dial != nil {
		return n.Dial(ctx, addr)
	}
	d := net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	for {
		c, err := d.DialContext(ctx, "tcp", addr)
		slow, ok := err.(net.Error)
		if err == nil || retries == 0 || !ok || !slow.Timeout() || ctx.Err() != nil {
			return c, err
		}
		retries--
	}
}
