package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// forwarder is a forward proxy that answers CONNECT and passes bytes on.
type forwarder struct {
	addr   string
	answer string             // in place of a tunnel, when not empty
	asked  chan *http.Request // the last CONNECT
}

func newForwarder(t *testing.T, answer string) *forwarder {
	l := listen(t)
	f := &forwarder{addr: l.Addr().String(), answer: answer, asked: make(chan *http.Request, 8)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.serve(c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close() // nothing depends on it any more
		<-ended
	})
	return f
}

// serve handles one connection; the tunnel's two directions end together.
func (f *forwarder) serve(c net.Conn) {
	defer c.Close()
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	f.asked <- req
	if f.answer != "" {
		_, _ = io.WriteString(c, f.answer) // the other side may have given up
		return
	}
	up, err := net.Dial("tcp", req.Host)
	if err != nil {
		return
	}
	defer up.Close()
	_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(c, up) // ends when either side closes
		_ = c.Close()
	}()
	_, _ = io.Copy(up, c)
	_ = up.Close()
	<-back
}

func TestForwardProxy(t *testing.T) {
	plain := newBackend(t, "plain")
	ca := newAuthority(t)
	secure := newTLSBackend(t, ca.server(t, "localhost"))
	for target, want := range map[string]string{"http://" + plain.addr: "plain", "https://" + secure: "secret"} {
		f := newForwarder(t, "")
		g := start(t, setup{forward: "http://user:pass%20word@" + f.addr, connection: "<URL>" + target + "</URL>"})
		if status, body := g.get(t, "/"); status != 200 || body != want {
			t.Fatalf("%d %s", status, body)
		}
		req := <-f.asked
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": req.Header["Proxy-Authorization"]}}).BasicAuth()
		if req.Method != "CONNECT" || !strings.HasSuffix(target, req.Host) || user != "user" || password != "pass word" {
			t.Errorf("the proxy was asked %s %s %v", req.Method, req.Host, req.Header)
		}
	}
}

func TestForwardProxyNotUsed(t *testing.T) {
	b := newBackend(t, "A")
	f := newForwarder(t, "")
	g := start(t, setup{forward: "http://" + f.addr, connection: "<URL>http://" + b.addr + `</URL><Properties><Property name="use.proxy">false</Property></Properties>`})
	if status, _ := g.get(t, "/"); status != 200 || len(f.asked) != 0 {
		t.Errorf("%d, the proxy was asked %d times", status, len(f.asked))
	}
}

// TestForwardProxyConnectionsApart: a target without use.proxy does not get a
// kept connection through the forward proxy, nor the other way round.
func TestForwardProxyConnectionsApart(t *testing.T) {
	url, connections := counting(t)
	f := newForwarder(t, "")
	s := rig{forward: "http://" + f.addr, files: []string{
		proxyAt("/through"), targetAt(url),
		proxyAt("/direct", `<RouteRule name="d"><TargetEndpoint>direct</TargetEndpoint></RouteRule>`), targetNamed("direct", url, "use.proxy=false"),
	}}.serve(t)
	for range 2 {
		s.wants("GET /through HTTP/1.1", 200, "ok")
		s.wants("GET /direct HTTP/1.1", 200, "ok")
	}
	if n := connections.Load(); n != 2 || len(f.asked) != 1 {
		t.Errorf("%d connections, of which %d through the proxy; want 2 and 1", n, len(f.asked))
	}
}

func TestForwardProxyRefuses(t *testing.T) {
	b := newBackend(t, "A")
	for _, tc := range []struct{ answer, want string }{
		{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "Proxy refused to create tunnel with response status 407"},
		{"HTTP/1.1 502 Bad Gateway\r\n\r\n", "Proxy refused to create tunnel with response status 502"},
		{"no HTTP\r\n\r\n", "ServiceUnavailable"},
		{"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxTunnelHead), "ServiceUnavailable"},
		{"HTTP/1.1 200 OK\r\n", "ServiceUnavailable"}, // and closes
	} {
		f := newForwarder(t, tc.answer)
		g := start(t, setup{forward: "http://" + f.addr, connection: "<URL>http://" + b.addr + "</URL>"})
		g.fault(t, "/", 503, tc.want)
	}
	if b.hits.Load() != 0 {
		t.Error("the target was reached without a tunnel")
	}
}

// TestForwardProxySilent: a proxy that accepts and says nothing costs no more
// than connect.timeout.millis.
func TestForwardProxySilent(t *testing.T) {
	l := listen(t)
	defer l.Close()
	g := start(t, setup{forward: "http://" + l.Addr().String(), connection: `<URL>http://target.invalid</URL><Properties><Property name="connect.timeout.millis">50</Property></Properties>`})
	g.fault(t, "/", 503, "TARGET_CONNECT_TIMEOUT")
}

// TestTunnelOverTLS: a forward proxy that is itself spoken to in TLS.
func TestTunnelOverTLS(t *testing.T) {
	ca := newAuthority(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", ca.server(t, "proxy.test"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := newBackend(t, "A")
	served := make(chan struct{})
	go func() {
		defer close(served)
		if c, err := l.Accept(); err == nil {
			(&forwarder{asked: make(chan *http.Request, 1)}).serve(c)
		}
	}()
	raw, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := tunnel(t.Context(), tls.Client(raw, &tls.Config{ServerName: "proxy.test", RootCAs: ca.pool}), &url.URL{}, b.addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(answer), "A") {
		t.Errorf("%q %v", answer, err)
	}
	c.Close()
	<-served
}

// TestTunnelReadsNoFurther: bytes behind the proxy's answer are the target's.
func TestTunnelReadsNoFurther(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	go func() {
		_, _ = http.ReadRequest(bufio.NewReader(far)) // a broken request shows in the answer
		_, _ = io.WriteString(far, "HTTP/1.1 200 OK\r\n\r\n220 target speaks first")
	}()
	c, err := tunnel(t.Context(), near, &url.URL{}, "target:25", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := make([]byte, 23)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "220 target speaks first" {
		t.Errorf("%q %v", got, err)
	}
}

// endless is a proxy whose answer never ends.
type endless struct {
	net.Conn
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestTunnelHeadIsBounded(t *testing.T) {
	e := &endless{}
	if _, err := readHead(e); err == nil || e.read > maxTunnelHead {
		t.Errorf("%d bytes were read: %v", e.read, err)
	}
}

// TestTunnelCancelled: the client that goes away ends the wait.
func TestTunnelCancelled(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = http.ReadRequest(bufio.NewReader(far)) // the request is there: tunnel waits for the answer
		cancel()
	}()
	if _, err := tunnel(ctx, near, &url.URL{}, "target:80", time.Minute); err == nil {
		t.Error("no error")
	}
}
