package http1

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Pipes instead of sockets, so that the bubble's clock drives the deadlines.

// timed serves one piped connection and returns the client's end.
func timed(t *testing.T, s *Server) net.Conn {
	a, b := net.Pipe()
	done := make(chan bool)
	go func() { s.serveConn(a); close(done) }()
	t.Cleanup(func() { b.Close(); <-done })
	return b
}

// within checks that a timeout of d came true between once and 9/8 of d.
func within(t *testing.T, start time.Time, d time.Duration) {
	t.Helper()
	if got := time.Since(start); got < d || got > d+d/8 {
		t.Errorf("took %v, want %v", got, d)
	}
}

func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := timed(t, &Server{Handler: tellBack, Timeouts: Timeouts{Idle: 10 * time.Second}})
		for range 3 {
			time.Sleep(9 * time.Second)
			_, _ = io.WriteString(c, simpleGet)
			readUntil(t, c, "body \"\"\r\n")
		}
		start := time.Now()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("idle connection ends with %v", err)
		}
		within(t, start, 10*time.Second)
	})
}

// A header section that drips in does not keep its connection.
func TestHeaderTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := timed(t, &Server{Handler: tellBack, Timeouts: Timeouts{Header: 5 * time.Second}})
		time.Sleep(time.Minute) // idle time does not count
		start := time.Now()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nX-A: ")
		dripped := make(chan bool)
		go func() {
			defer close(dripped)
			for {
				if _, err := io.WriteString(c, "a"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		if got := readUntil(t, c, "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
			t.Errorf("got %q", got)
		}
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("took %v", got)
		}
		c.Close()
		<-dripped
	})
}

func TestBodyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		c := timed(t, &Server{Timeouts: Timeouts{Read: 5 * time.Second}, Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
			_, err := io.ReadAll(req.Body)
			failed <- err
			answerOK(w)
		}})
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nContent-Length: 9\r\n"+host+"\r\n")
		for range 3 {
			time.Sleep(4 * time.Second)
			_, _ = io.WriteString(c, "x")
		}
		start := time.Now()
		if got := readUntil(t, c, "ok"); !strings.Contains(got, "Connection: close") {
			t.Errorf("got %q", got)
		}
		within(t, start, 5*time.Second)
		var ioerr *IOError
		if err := <-failed; !errors.As(err, &ioerr) || ioerr.Op != ReadRequest || !ioerr.Timeout() {
			t.Error(err)
		}
	})
}

func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		c := timed(t, &Server{Timeouts: Timeouts{Write: 5 * time.Second}, Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
			start := time.Now()
			_ = w.WriteHead(200, "", nil, 3)
			_, _ = io.WriteString(w, "abc")
			failed <- w.Finish(nil)
			within(t, start, 5*time.Second)
		}})
		_, _ = io.WriteString(c, simpleGet)
		var ioerr *IOError
		if err := <-failed; !errors.As(err, &ioerr) || ioerr.Op != WriteResponse || !ioerr.Timeout() {
			t.Error(err)
		}
	})
}

// A handler may take longer than the idle timeout without being taken for gone.
func TestWatchOutlivesIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := timed(t, &Server{Timeouts: Timeouts{Idle: time.Second, Read: time.Second}, Handler: func(ctx context.Context, req *Request, w *ResponseWriter) {
			w.Watch()
			select {
			case <-ctx.Done():
				t.Error("taken for gone")
			case <-time.After(time.Minute):
			}
			answerOK(w)
		}})
		for range 2 {
			_, _ = io.WriteString(c, simpleGet)
			readUntil(t, c, "ok")
		}
	})
}

// stalling calls a target that reads the request and then sends answer, each
// byte a second after the one before, and nothing more.
func stalling(t *testing.T, answer string, req *ClientRequest) (*Response, error) {
	a, b := net.Pipe()
	go func() {
		defer b.Close()
		readUntil(t, b, "\r\n\r\n")
		for i := range len(answer) {
			time.Sleep(time.Second)
			_, _ = io.WriteString(b, answer[i:i+1])
		}
		_, _ = io.Copy(io.Discard, b)
	}()
	return newClient(t).Do(context.Background(), testKey, func(context.Context) (net.Conn, error) { return a, nil }, req)
}

func TestAnswerTimeout(t *testing.T) {
	for _, answer := range []string{"", "HTTP/1.1 200 O", "HTTP/1.1 102 Wait\r\n\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := stalling(t, answer, get("/"))
			within(t, start.Add(time.Duration(len(answer))*time.Second), patience)
			var ioerr *IOError
			if !errors.As(err, &ioerr) || ioerr.Op != ReadResponse || !ioerr.Timeout() {
				t.Error(err)
			}
		})
	}
}

func TestAnswerBodyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resp, err := stalling(t, "HTTP/1.1 200 O\r\nContent-Length: 9\r\n\r\nabc", get("/"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now().Add(3 * time.Second) // three more bytes come
		b, err := io.ReadAll(resp.Body)
		within(t, start, patience)
		var ioerr *IOError
		if string(b) != "abc" || !errors.As(err, &ioerr) || ioerr.Op != ReadResponse || !ioerr.Timeout() {
			t.Errorf("%q, %v", b, err)
		}
		resp.Body.Close()
	})
}

func TestRequestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe() // nobody reads
		defer b.Close()
		start := time.Now()
		_, err := newClient(t).Do(context.Background(), testKey, func(context.Context) (net.Conn, error) { return a, nil }, get("/"))
		within(t, start, patience)
		var ioerr *IOError
		if !errors.As(err, &ioerr) || ioerr.Op != WriteRequest || !ioerr.Timeout() {
			t.Error(err)
		}
	})
}

// slowBody gives a byte each minute, n times.
type slowBody struct{ n int }

func (s *slowBody) Read(p []byte) (int, error) {
	if s.n == 0 {
		return 0, io.EOF
	}
	s.n--
	time.Sleep(time.Minute)
	p[0] = 'x'
	return 1, nil
}

func (s *slowBody) Close() error { return nil }

// The wait for an answer begins when the request is sent.
func TestSlowUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := stalling(t, "", post(&slowBody{10}, -1))
		within(t, start.Add(10*time.Minute), patience)
		if !isTimeout(err) {
			t.Error(err)
		}
	})
}

// A call that timed out on a kept connection is not made again: the caller
// would wait twice, and the target may be at work on the first.
func TestTimeoutIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		to := func(context.Context) (net.Conn, error) {
			dials++
			a, b := net.Pipe()
			go func() {
				defer b.Close()
				readUntil(t, b, "\r\n\r\n")
				_, _ = io.WriteString(b, okAnswer)
				_, _ = io.Copy(io.Discard, b)
			}()
			return a, nil
		}
		cl := newClient(t)
		resp, err := cl.Do(context.Background(), testKey, to, get("/"))
		answerOf(t, resp, err)
		start := time.Now()
		if _, err := cl.Do(context.Background(), testKey, to, get("/")); !isTimeout(err) || dials != 1 {
			t.Errorf("%v, %d dials", err, dials)
		}
		within(t, start, patience)
	})
}
