package http1

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// TestReuse: one connection serves calls whose answers were read to the end.
func TestReuse(t *testing.T) {
	to := target(t, func(n int, c net.Conn) {
		for range 3 {
			readUntil(t, c, "\r\n\r\n")
			_, _ = io.WriteString(c, okAnswer)
		}
	})
	cl := newClient(t)
	for i := range 3 {
		resp, err := cl.Do(context.Background(), testKey, to, get("/"))
		if got := answerOf(t, resp, err); got != "ok" || resp.Reused != (i > 0) {
			t.Errorf("call %d: %q, reused %v", i, got, resp.Reused)
		}
		resp.Body.Close()
	}
}

// TestNotReused: connections in a doubtful state are closed.
func TestNotReused(t *testing.T) {
	cases := []struct {
		name, answer string
		read         bool
	}{
		{"bytes left over", okAnswer + "HTTP/1.1 200 OK\r\n", true},
		{"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
		{"body not read", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", false},
		{"trouble behind a bodyless answer", "HTTP/1.1 204 OK\r\n\r\nHTTP/1.1", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			to := target(t, func(_ int, conn net.Conn) {
				readUntil(t, conn, "\r\n\r\n")
				_, _ = io.WriteString(conn, c.answer)
				_, _ = io.Copy(io.Discard, conn) // until the client closes
			})
			cl := newClient(t)
			for range 2 {
				resp, err := cl.Do(context.Background(), testKey, to, get("/"))
				if err != nil {
					t.Fatal(err)
				}
				if resp.Reused {
					t.Error("reused")
				}
				if c.read {
					answerOf(t, resp, err)
				}
				start := time.Now()
				resp.Body.Close()
				if d := time.Since(start); d > patience/2 {
					t.Errorf("Close took %v", d)
				}
			}
		})
	}
}

// TestCloseWithArrivedBody: a body that nobody wants but that is there already
// does not cost the connection.
func TestCloseWithArrivedBody(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) {
		for range 2 {
			readUntil(t, c, "\r\n\r\n")
			_, _ = io.WriteString(c, okAnswer)
		}
	})
	cl := newClient(t)
	for i := range 2 {
		resp, err := cl.Do(context.Background(), testKey, to, get("/"))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Reused != (i > 0) {
			t.Errorf("call %d: reused %v", i, resp.Reused)
		}
		resp.Body.Close()
	}
}

// staleTarget answers once per connection, then closes when asked again. It
// counts the connections.
func staleTarget(t *testing.T, conns *int) DialFunc {
	to := target(t, func(_ int, c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, okAnswer)
		_, _ = c.Read(make([]byte, 1)) // let the next request come, then fail it
	})
	return func(ctx context.Context) (net.Conn, error) {
		*conns++
		return to(ctx)
	}
}

// TestRetry: what may be repeated is, once, when a kept connection fails.
func TestRetry(t *testing.T) {
	for _, c := range []struct {
		method string
		body   []byte
		stream io.ReadCloser
		want   bool
	}{
		{method: "GET", want: true},
		{method: "PUT", body: []byte("x"), want: true},
		{method: "PUT", stream: io.NopCloser(strings.NewReader("x"))},
		{method: "POST", body: []byte("x")},
		{method: "PATCH"},
	} {
		conns := 0
		to := staleTarget(t, &conns)
		cl := newClient(t)
		resp, err := cl.Do(context.Background(), testKey, to, get("/"))
		answerOf(t, resp, err)
		req := get("/")
		req.Method, req.Content, req.Body, req.ContentLength = c.method, c.body, c.stream, 1
		resp, err = cl.Do(context.Background(), testKey, to, req)
		switch {
		case c.want:
			answerOf(t, resp, err)
		case err == nil || conns != 1:
			t.Errorf("%s was repeated", c.method)
		}
	}
}

// noQuiet waits until no connection is kept on which nothing has come.
func noQuiet(t *testing.T, cl *Client) {
	t.Helper()
	for end := time.Now().Add(patience); cl.anyQuiet(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing has come")
		}
	}
}

func (cl *Client) anyQuiet() bool {
	cl.pools.mu.Lock()
	defer cl.pools.mu.Unlock()
	return slices.ContainsFunc(cl.pools.idle[testKey], func(c *targetConn) bool { return c.probe.quiet() })
}

// TestLateBytes: what a target sends behind its answer, late, is nobody's.
func TestLateBytes(t *testing.T) {
	late := make(chan bool, 2)
	to := target(t, func(n int, c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, okAnswer)
		time.Sleep(10 * time.Millisecond)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")
		late <- true
	})
	cl := newClient(t)
	for range 2 {
		resp, err := cl.Do(context.Background(), testKey, to, get("/"))
		if got := answerOf(t, resp, err); got != "ok" {
			t.Error(got)
		}
		<-late
		noQuiet(t, cl) // the kernel has passed it on
	}
}

// TestStale: a request that cannot be repeated is not sent on a connection
// that the target has closed.
func TestStale(t *testing.T) {
	closed := make(chan bool, 2)
	to := target(t, func(_ int, c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, okAnswer)
		c.Close()
		closed <- true
	})
	cl := newClient(t)
	for range 2 {
		req := get("/")
		req.Method = "POST"
		resp, err := cl.Do(context.Background(), testKey, to, req)
		if got := answerOf(t, resp, err); got != "ok" {
			t.Error(got)
		}
		<-closed
		noQuiet(t, cl) // the kernel has passed the FIN on
	}
}

// TestCancel: the context ends whatever the call waits for.
func TestCancel(t *testing.T) {
	for name, answer := range map[string]string{"head": "", "interim": "HTTP/1.1 102 Wait\r\n\r\n", "body": "HTTP/1.1 200 OK\r\n\r\nx"} {
		t.Run(name, func(t *testing.T) {
			to := target(t, func(_ int, c net.Conn) {
				readUntil(t, c, "\r\n\r\n")
				_, _ = io.WriteString(c, answer)
				_, _ = io.Copy(io.Discard, c)
			})
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			resp, err := newClient(t).Do(ctx, testKey, to, get("/"))
			if name == "body" && err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			var ioerr *IOError
			if !errors.As(err, &ioerr) || !errors.Is(err, context.DeadlineExceeded) || !ioerr.Timeout() {
				t.Error(err)
			}
		})
	}
}

// TestConnectError names the step that failed.
func TestConnectError(t *testing.T) {
	refused := errors.New("no route")
	dial := func(context.Context) (net.Conn, error) { return nil, refused }
	_, err := newClient(t).Do(context.Background(), testKey, dial, get("/"))
	var ioerr *IOError
	if !errors.As(err, &ioerr) || ioerr.Op != Connect || !errors.Is(err, refused) {
		t.Error(err)
	}
}

// TestUpgrade: the connection goes both ways after 101, early bytes included.
func TestUpgrade(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nhello,")
		_, _ = io.Copy(c, c)
	})
	req := get("/")
	req.Header = append(req.Header, Field{"Upgrade", "echo"})
	resp, err := newClient(t).Do(context.Background(), testKey, to, req)
	if err != nil {
		t.Fatal(err)
	}
	up, err := resp.Upgrade()
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	_, _ = io.WriteString(up, "world")
	_ = up.(interface{ CloseWrite() error }).CloseWrite()
	if b, err := io.ReadAll(up); string(b) != "hello,world" {
		t.Errorf("%q, %v", b, err)
	}
	up.Close()
	if _, err := resp.Upgrade(); err != ErrNoUpgrade {
		t.Errorf("second time: %v", err)
	}
}

// TestIdleLimits: at most so many connections are kept, and not for ever.
func TestIdleLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pools{}
		for range 3 {
			a, b := net.Pipe()
			defer b.Close()
			p.put(newTargetConn(a, testKey), 2, time.Minute)
		}
		p.mu.Lock()
		if n := len(p.idle[testKey]); n != 2 {
			t.Errorf("%d are kept", n)
		}
		p.mu.Unlock()
		time.Sleep(time.Minute + 2*sweepGap)
		synctest.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.idle) > 0 || p.timer != nil {
			t.Error("they are kept for ever")
		}
	})
}

// TestIdleOfKey: a key may say how long its connections are kept, and no other
// key has to do with them.
func TestIdleOfKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int32
		dial := func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			open.Add(1)
			go func() {
				for br := bufio.NewReader(far); ; _, _ = io.WriteString(far, okAnswer) {
					if _, err := http.ReadRequest(br); err != nil {
						open.Add(-1)
						far.Close()
						return
					}
				}
			}()
			return near, nil
		}
		cl := newClient(t)
		short, long, none := Key{Idle: 500 * time.Millisecond}, Key{Idle: time.Hour}, Key{Idle: -1}
		wants := func(key Key, reused bool) {
			t.Helper()
			resp, err := cl.Do(context.Background(), key, dial, get("/"))
			if answerOf(t, resp, err) != "ok" || resp.Reused != reused {
				t.Errorf("kept for %v: reused %v", key.Idle, resp.Reused)
			}
			synctest.Wait()
		}
		wants(long, false)
		wants(short, false)
		wants(none, false)
		if n := open.Load(); n != 2 {
			t.Errorf("%d connections are open, want two", n)
		}
		time.Sleep(400 * time.Millisecond)
		wants(short, true)
		time.Sleep(500 * time.Millisecond)
		wants(short, false)
		wants(none, false)
		wants(long, true)
		time.Sleep(2 * time.Second) // the sweep of the short ones does not wait for the long one
		if n := open.Load(); n != 1 {
			t.Errorf("%d connections are open, want one", n)
		}
	})
}

// TestCancelledBefore: nothing is dialled for a call that nobody waits for.
func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	body := &closeNote{}
	_, err := newClient(t).Do(ctx, testKey, nil, post(body, 5))
	if !errors.Is(err, context.Canceled) || !body.closed {
		t.Errorf("%v, body closed %v", err, body.closed)
	}
}

type closeNote struct{ closed bool }

func (c *closeNote) Read([]byte) (int, error) { return 0, io.EOF }
func (c *closeNote) Close() error             { c.closed = true; return nil }

// TestTLS: both sides over TLS; the caller sees the connection's state.
func TestTLS(t *testing.T) {
	std := httptest.NewTLSServer(nil) // lends its certificate
	defer std.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: std.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		if req.TLS == nil || !req.TLS.HandshakeComplete {
			t.Error("no TLS state at the server")
		}
		w.Watch()
		time.Sleep(2 * watchDelay)
		answerOK(w)
	}}
	go s.Serve(l)
	defer s.Shutdown(context.Background())
	to := func(ctx context.Context) (net.Conn, error) {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		return d.DialContext(ctx, "tcp", l.Addr().String())
	}
	cl := newClient(t)
	for i, method := range []string{"GET", "GET", "POST"} { // POST looks whether the connection is quiet
		req := get("/")
		req.Method = method
		resp, err := cl.Do(context.Background(), testKey, to, req)
		if got := answerOf(t, resp, err); got != "ok" || resp.TLS == nil || resp.Reused != (i > 0) {
			t.Errorf("%q, TLS %v, reused %v", got, resp.TLS, resp.Reused)
		}
	}
	cl.CloseIdle()
}
