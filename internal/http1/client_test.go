package http1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
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
				resp.Body.Close()
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

// staleTarget answers once per connection, then closes when asked again.
func staleTarget(t *testing.T, conns *atomic.Int32) DialFunc {
	return target(t, func(_ int, c net.Conn) {
		conns.Add(1)
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, okAnswer)
		_, _ = c.Read(make([]byte, 1)) // let the next request come, then fail it
	})
}

// TestRetry: what may be repeated is, once, when a kept connection fails.
func TestRetry(t *testing.T) {
	for _, c := range []struct {
		method string
		body   []byte
		want   bool
	}{{"GET", nil, true}, {"PUT", []byte("x"), true}, {"POST", []byte("x"), false}, {"PATCH", nil, false}} {
		var conns atomic.Int32
		to := staleTarget(t, &conns)
		cl := newClient(t)
		resp, err := cl.Do(context.Background(), testKey, to, get("/"))
		answerOf(t, resp, err)
		req := get("/")
		req.Method, req.Content = c.method, c.body
		resp, err = cl.Do(context.Background(), testKey, to, req)
		switch {
		case c.want:
			answerOf(t, resp, err)
		case err == nil || conns.Load() != 1:
			t.Errorf("%s was repeated", c.method)
		}
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
		time.Sleep(5 * time.Millisecond) // until the kernel has passed the FIN on
	}
}

// TestEarlyAnswer: the answer is there while the body still goes up; closing
// it ends the upload and the connection.
func TestEarlyAnswer(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, c)
	})
	pr, pw := io.Pipe()
	defer pw.Close()
	cl := newClient(t)
	resp, err := cl.Do(context.Background(), testKey, to, post(pr, -1))
	if got := answerOf(t, resp, err); got != "no" || resp.Status != 413 {
		t.Errorf("%d %q", resp.Status, got)
	}
	if _, err := io.WriteString(pw, "more"); err != io.ErrClosedPipe {
		t.Errorf("the upload goes on: %v", err)
	}
	if cl.pools.get(testKey) != nil {
		t.Error("connection was kept")
	}
}

// TestBothWays: answer and upload take turns.
func TestBothWays(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 3 {
			got := readUntil(t, c, "\r\nping\r\n")
			_, _ = io.WriteString(c, strings.ReplaceAll(got, "ping", "pong"))
		}
		readUntil(t, c, "0\r\n\r\n")
		_, _ = io.WriteString(c, "0\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	})
	pr, pw := io.Pipe()
	cl := newClient(t)
	resp, err := cl.Do(context.Background(), testKey, to, post(pr, -1))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	for range 3 {
		_, _ = io.WriteString(pw, "ping")
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != "pong" {
			t.Fatalf("%q, %v", b, err)
		}
	}
	pw.Close()
	if _, err := resp.Body.Read(b); err != io.EOF {
		t.Error(err)
	}
	if c := cl.pools.get(testKey); c == nil {
		t.Error("connection was not kept")
	} else {
		c.Close()
	}
}

// TestBrokenUpload: the caller gets the error of its own body, as it is.
func TestBrokenUpload(t *testing.T) {
	for _, n := range []int64{100, -1} {
		to := target(t, func(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		broken := errors.New("body is broken")
		body := io.NopCloser(io.MultiReader(strings.NewReader("abc"), failing{broken}))
		if _, err := newClient(t).Do(context.Background(), testKey, to, post(body, n)); err != broken {
			t.Errorf("length %d: %v", n, err)
		}
	}
}

// TestShortUpload: a body shorter than announced is an error, not a wait.
func TestShortUpload(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	body := io.NopCloser(strings.NewReader("abc"))
	if _, err := newClient(t).Do(context.Background(), testKey, to, post(body, 5)); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
}

// TestTargetClosesEarly: the target answers and closes before it has read the
// body; the answer counts, not the failed write.
func TestTargetClosesEarly(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) {
		readUntil(t, c, "\r\n\r\n")
		_, _ = io.WriteString(c, "HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
		_ = c.(*net.TCPConn).CloseWrite()
		time.Sleep(20 * time.Millisecond)
		_, _ = io.Copy(io.Discard, c)
	})
	body := io.NopCloser(bytes.NewReader(make([]byte, 8<<20)))
	resp, err := newClient(t).Do(context.Background(), testKey, to, post(body, 8<<20))
	if got := answerOf(t, resp, err); got != "no" {
		t.Error(got)
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
	p := &pools{}
	mk := func() *targetConn {
		a, b := net.Pipe()
		t.Cleanup(func() { b.Close() })
		return newTargetConn(a, testKey)
	}
	for range 3 {
		p.put(mk(), 2, 20*time.Millisecond)
	}
	if n := len(p.idle[testKey]); n != 2 {
		t.Errorf("%d are kept", n)
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		p.mu.Lock()
		n, timer := len(p.idle), p.timer
		p.mu.Unlock()
		if n == 0 && timer == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal("they are kept for ever")
		}
	}
}
