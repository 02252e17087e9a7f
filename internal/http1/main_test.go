package http1

import (
	"context"
	"flag"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// patience is how long a test waits for what should happen, so that one on a busy machine
// does not fail; it is less than the timeouts that end what goes wrong.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// serve runs s on a loopback listener until the test ends and returns its address.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = s.Shutdown(ctx) // connections that a test left open are cut off
		if err := <-done; err != ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// target plays a target: f gets each connection in turn, numbered from 0.
func target(t testing.TB, f func(n int, c net.Conn)) DialFunc {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(patience))
			f(n, c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return dialer(l.Addr().String())
}

func dialer(addr string) DialFunc {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}
}

// dial opens a connection that no test waits on for ever.
func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// exchangeAll sends raw, then reads until the server closes.
func exchangeAll(t testing.TB, addr, raw string) string {
	t.Helper()
	c := dial(t, addr)
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	_ = c.CloseWrite()
	got, _ := io.ReadAll(c) // a reset shows as a short answer
	return string(got)
}

func readUntil(t testing.TB, c net.Conn, end string) string {
	t.Helper()
	var sb strings.Builder
	b := make([]byte, 1)
	for !strings.HasSuffix(sb.String(), end) {
		if _, err := io.ReadFull(c, b); err != nil {
			t.Errorf("after %q: %v", sb.String(), err)
			return sb.String()
		}
		sb.Write(b)
	}
	return sb.String()
}

// newClient returns a client whose connections close with the test.
func newClient(t testing.TB) *Client {
	c := &Client{}
	t.Cleanup(c.CloseIdle)
	return c
}

var testKey = Key{Scheme: "http", Addr: "target.test:80"}

func get(target string) *ClientRequest {
	return &ClientRequest{Method: "GET", Target: target, Header: []Field{{"Host", "target.test"}}, IOTimeout: patience}
}

func post(body io.ReadCloser, n int64) *ClientRequest {
	r := get("/")
	r.Method, r.Body, r.ContentLength = "POST", body, n
	return r
}

// answerOf reads the whole answer.
func answerOf(t testing.TB, resp *Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
