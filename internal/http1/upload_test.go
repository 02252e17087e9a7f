package http1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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
		start := time.Now()
		if _, err := newClient(t).Do(context.Background(), testKey, to, post(body, n)); err != broken {
			t.Errorf("length %d: %v", n, err)
		}
		if d := time.Since(start); d > patience/2 {
			t.Errorf("length %d: waited %v for an answer that nobody needs", n, d)
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

// lingering is a body whose Read takes a while to return after Close.
type lingering struct {
	begun, closed chan struct{}
	once          sync.Once
	reading       atomic.Bool
}

func (b *lingering) Read([]byte) (int, error) {
	b.reading.Store(true)
	close(b.begun)
	<-b.closed
	time.Sleep(10 * time.Millisecond)
	b.reading.Store(false)
	return 0, io.ErrClosedPipe
}

func (b *lingering) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// TestBodyIsFree: nobody reads the body of a request any more when the answer has
// ended, or is closed, whatever the upload was doing.
func TestBodyIsFree(t *testing.T) {
	for _, ends := range []string{"read", "closed"} {
		t.Run(ends, func(t *testing.T) {
			body := &lingering{begun: make(chan struct{}), closed: make(chan struct{})}
			to := target(t, func(_ int, c net.Conn) {
				readUntil(t, c, "\r\n\r\n")
				<-body.begun
				_, _ = io.WriteString(c, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")
				_, _ = io.Copy(io.Discard, c)
			})
			resp, err := newClient(t).Do(context.Background(), testKey, to, post(body, -1))
			if err != nil {
				t.Fatal(err)
			}
			if ends == "read" {
				_, _ = io.ReadAll(resp.Body)
			} else {
				resp.Body.Close()
			}
			if body.reading.Load() {
				t.Error("somebody still reads the body")
			}
		})
	}
}

// TestBodyPanics: a body that panics in the goroutine that sends it is a broken body.
func TestBodyPanics(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	body := struct {
		io.Reader
		io.Closer
	}{nil, io.NopCloser(nil)}
	_, err := newClient(t).Do(context.Background(), testKey, to, post(body, -1))
	if err == nil || !strings.Contains(err.Error(), "panic reading the body") {
		t.Error(err)
	}
}

// deafConn takes ten bytes, then fails to write; its answer is there.
type deafConn struct {
	bufferConn
	answer *strings.Reader
}

func (c *deafConn) Write([]byte) (int, error)  { return 10, errors.New("broken pipe") }
func (c *deafConn) Read(p []byte) (int, error) { return c.answer.Read(p) }
func (c *deafConn) Close() error               { return nil }
func (c *deafConn) LocalAddr() net.Addr        { return nil }
func (c *deafConn) RemoteAddr() net.Addr       { return nil }

// TestAnswerAfterFailedWrite: why a target stopped reading may be waiting to
// be read; if it is not, the failed write is the error.
func TestAnswerAfterFailedWrite(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", ""} {
		to := func(context.Context) (net.Conn, error) { return &deafConn{answer: strings.NewReader(answer)}, nil }
		resp, err := newClient(t).Do(context.Background(), testKey, to, get("/"))
		var ioerr *IOError
		switch {
		case answer != "":
			if got := answerOf(t, resp, err); got != "no" {
				t.Error(got)
			}
		case !errors.As(err, &ioerr) || ioerr.Op != WriteRequest:
			t.Error(err)
		}
	}
}
