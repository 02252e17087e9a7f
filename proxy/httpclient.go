package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HTTPClient returns an ordinary client that reaches upstreams as targets are
// reached: by the host map, through the forward proxy. It is for services beside
// the request path, such as Google's endpoints and the local integration engine.
// insecure leaves certificates unchecked.
func (n *Network) HTTPClient(insecure bool) *http.Client {
	dialPlain := func(ctx context.Context, _, addr string) (net.Conn, error) {
		c, _, err := n.reach(ctx, "http", addr)
		return c, err
	}
	dialTLS := func(ctx context.Context, _, addr string) (net.Conn, error) {
		c, secure, err := n.reach(ctx, "https", addr)
		if err != nil || !secure {
			return c, err
		}
		host, _, _ := net.SplitHostPort(addr)                                           // net/http gives host:port
		s := tls.Client(c, &tls.Config{ServerName: host, InsecureSkipVerify: insecure}) //nolint:gosec // asked for by an integration's author
		if err := s.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		return s, nil
	}
	return &http.Client{Transport: &http.Transport{
		DialContext: dialPlain, DialTLSContext: dialTLS, MaxIdleConnsPerHost: 128, IdleConnTimeout: time.Minute,
		ResponseHeaderTimeout: 10 * time.Minute,
	}}
}

// reach connects to an upstream and tells whether TLS is spoken there.
func (n *Network) reach(ctx context.Context, scheme, addr string) (net.Conn, bool, error) {
	d := destination{scheme: scheme}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, false, err
	}
	d.host = strings.Trim(host, "[]")
	if d.port, err = strconv.Atoi(port); err != nil {
		return nil, false, err
	}
	to, secure := n.route(&d)
	c, err := n.connect(ctx, to, 10*time.Second, 0, true)
	return c, secure, err
}
