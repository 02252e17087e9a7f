package http1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const simpleGet = "GET / HTTP/1.1\r\n" + host + "\r\n"

func answerOK(w *ResponseWriter) {
	_ = w.WriteHead(200, "", []Field{fixedDate}, 2)
	_, _ = io.WriteString(w, "ok")
}

// TestWatch: the context ends when the client goes away, and not before.
func TestWatch(t *testing.T) {
	waiting, gone := make(chan bool), make(chan error, 1)
	addr := serve(t, &Server{Handler: func(ctx context.Context, _ *Request, w *ResponseWriter) {
		w.Watch()
		close(waiting)
		select {
		case <-ctx.Done():
			gone <- ctx.Err()
		case <-time.After(patience):
			gone <- errors.New("not noticed")
		}
	}})
	c := dial(t, addr)
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nContent-Length: 0\r\n"+host+"\r\n")
	<-waiting
	select {
	case err := <-gone:
		t.Fatalf("ended early: %v", err)
	case <-time.After(3 * watchDelay):
	}
	c.Close()
	if err := <-gone; err != context.Canceled {
		t.Error(err)
	}
}

// TestWatchKeepsInput: what arrives while the handler waits is the next
// request, whether the watch had begun or not.
func TestWatchKeepsInput(t *testing.T) {
	for _, wait := range []time.Duration{0, 3 * watchDelay} {
		addr := serve(t, &Server{Handler: func(ctx context.Context, req *Request, w *ResponseWriter) {
			_, _ = io.Copy(io.Discard, req.Body)
			w.Watch()
			time.Sleep(wait)
			if ctx.Err() != nil {
				t.Error("context ended")
			}
			answerOK(w)
		}})
		c := dial(t, addr)
		for range 3 {
			_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nContent-Length: 3\r\n"+host+"\r\nabc")
			time.Sleep(wait / 2)
			_, _ = io.WriteString(c, simpleGet)
			readUntil(t, c, "\r\n\r\nok")
			readUntil(t, c, "\r\n\r\nok")
		}
	}
}

// TestWatchLeavesBody: while a body is still to be read, the watch keeps off.
func TestWatchLeavesBody(t *testing.T) {
	addr := serve(t, &Server{Handler: func(ctx context.Context, req *Request, w *ResponseWriter) {
		w.Watch()
		time.Sleep(3 * watchDelay)
		tell(req, w)
	}})
	c := dial(t, addr)
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nContent-Length: 3\r\n"+host+"\r\n")
	time.Sleep(6 * watchDelay)
	_, _ = io.WriteString(c, "abc")
	readUntil(t, c, "body \"abc\"\r\n")
}

// TestStalledUploadIsCut: an early answer of the target ends the exchange
// although the client neither sends the rest of its body nor goes away.
func TestStalledUploadIsCut(t *testing.T) {
	to := target(t, func(_ int, c net.Conn) {
		readUntil(t, c, "3\r\nabc\r\n")
		_, _ = io.WriteString(c, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, c)
	})
	c := dial(t, serve(t, passOn(newClient(t), to)))
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"+host+"\r\n3\r\nabc\r\n")
	if got, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(got), "\r\n\r\nno") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestBodyOutlivesHandler: whoever still reads the body when the handler has
// returned gets an error, not the bytes of another connection.
func TestBodyOutlivesHandler(t *testing.T) {
	got := make(chan error, 1)
	addr := serve(t, &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		reading := make(chan bool)
		go func() {
			close(reading)
			_, err := io.ReadAll(req.Body)
			got <- err
		}()
		<-reading
		time.Sleep(5 * time.Millisecond)
		w.Abort()
	}})
	c := dial(t, addr)
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nContent-Length: 3\r\n"+host+"\r\na")
	if b, _ := io.ReadAll(c); len(b) > 0 {
		t.Errorf("%q after Abort", b)
	}
	if err := <-got; err == nil {
		t.Error("the body was whole")
	}
}

// TestShutdown: idle connections close at once, a request being served is
// finished and its connection closes.
func TestShutdown(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	s := &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		if req.Target == "/slow" {
			close(entered)
			<-leave
		}
		answerOK(w)
	}}
	addr := serve(t, s)
	idle, busy := dial(t, addr), dial(t, addr)
	_, _ = io.WriteString(idle, simpleGet)
	readUntil(t, idle, "ok")
	_, _ = io.WriteString(busy, strings.Replace(simpleGet, "/", "/slow", 1))
	<-entered
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("idle connection: %v", err)
	}
	close(leave)
	if got := readUntil(t, busy, "ok"); !strings.Contains(got, "\r\nConnection: close\r\n") {
		t.Errorf("got %q", got)
	}
	busy.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("still accepting")
	}
}

// TestShutdownCutsOff: when the context ends, requests do.
func TestShutdownCutsOff(t *testing.T) {
	entered := make(chan bool)
	s := &Server{Handler: func(ctx context.Context, _ *Request, _ *ResponseWriter) {
		close(entered)
		<-ctx.Done()
	}}
	addr := serve(t, s)
	_, _ = io.WriteString(dial(t, addr), simpleGet)
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); err != context.Canceled {
		t.Error(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Errorf("second time: %v", err)
	}
}

// TestSilentHandler: no answer is 500; a panic ends only its connection.
func TestSilentHandler(t *testing.T) {
	logged := make(chan error, 1)
	addr := serve(t, &Server{ErrorLog: func(err error) { logged <- err }, Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		if req.Target == "/panic" {
			_ = w.WriteHead(200, "", nil, 0)
			panic("on purpose")
		}
	}})
	if got := exchangeAll(t, addr, simpleGet+simpleGet); strings.Count(got, "HTTP/1.1 500 ") != 1 || strings.Count(got, "HTTP/1.1") != 1 {
		t.Errorf("got %q", got)
	}
	if got := exchangeAll(t, addr, strings.Replace(simpleGet, "/", "/panic", 1)); got != "" {
		t.Errorf("got %q", got)
	}
	if err := <-logged; !strings.Contains(err.Error(), "on purpose") {
		t.Error(err)
	}
}

// TestHTTP2 hands the whole connection over when it opens with the preface,
// and only then.
func TestHTTP2(t *testing.T) {
	addr := serve(t, &Server{Handler: tellBack, OnHTTP2: func(c net.Conn) {
		b, _ := io.ReadAll(c)
		_, _ = c.Write(b)
	}})
	if got := exchangeAll(t, addr, preface+"frames"); got != preface+"frames" {
		t.Errorf("got %q", got)
	}
	for _, method := range []string{"P", "PR", "PRI", "POST", "PRIX"} {
		if got := exchangeAll(t, addr, method+simpleGet[3:]); !strings.Contains(got, method+" / HTTP/1.1 host=a.test") {
			t.Errorf("%s: %q", method, got)
		}
	}
}

// TestBigUnreadBody: too much to read away, so the connection ends, and the
// client still gets the answer.
func TestBigUnreadBody(t *testing.T) {
	addr := serve(t, &Server{Handler: tellBack})
	body := strings.Repeat("x", 2*drainLimit)
	raw := "POST /unread HTTP/1.1\r\nContent-Length: 524288\r\n" + host + "\r\n" + body + simpleGet
	if got := exchangeAll(t, addr, raw); strings.Count(got, "HTTP/1.1 200 OK") != 1 {
		t.Errorf("got %q", got)
	}
}

// TestLinger: input that nobody reads does not turn the end into a reset, in
// which the answer could be lost.
func TestLinger(t *testing.T) {
	c := dial(t, serve(t, &Server{Handler: tellBack}))
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nbad\r\n\r\n"+strings.Repeat("x", 100<<10))
	_ = c.CloseWrite()
	if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestStreamingFlush: a copy sends what it has before it waits for more.
func TestStreamingFlush(t *testing.T) {
	pr, pw := io.Pipe()
	addr := serve(t, &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		_ = w.WriteHead(200, "", []Field{fixedDate}, -1)
		_, _ = w.CopyFrom(pr, -1)
	}})
	c := dial(t, addr)
	_, _ = io.WriteString(c, simpleGet)
	readUntil(t, c, "\r\n\r\n") // the head, before there is any data
	_, _ = io.WriteString(pw, "data: 1\n\n")
	readUntil(t, c, "9\r\ndata: 1\n\n\r\n")
	_, _ = io.WriteString(pw, "data: 2\n\n")
	readUntil(t, c, "9\r\ndata: 2\n\n\r\n")
	pw.Close()
	readUntil(t, c, "0\r\n\r\n")
}

// TestBrokenSource: the client can tell that the answer is not whole.
func TestBrokenSource(t *testing.T) {
	broken := errors.New("source is broken")
	addr := serve(t, &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		_ = w.WriteHead(200, "", []Field{fixedDate}, -1)
		if _, err := w.CopyFrom(io.MultiReader(strings.NewReader("abc"), failing{broken}), -1); err != broken {
			t.Errorf("CopyFrom: %v", err)
		}
		if err := w.Finish(nil); err == nil {
			t.Error("Finish says that all is well")
		}
	}})
	if got := exchangeAll(t, addr, simpleGet); !strings.HasSuffix(got, "3\r\nabc\r\n") {
		t.Errorf("got %q", got)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestMisuse: what would break the framing is refused.
func TestMisuse(t *testing.T) {
	addr := serve(t, &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		if _, err := w.Write([]byte("x")); err != ErrNoHead {
			t.Errorf("body first: %v", err)
		}
		for _, f := range []Field{{"X A", "1"}, {"", "1"}, {"X-A", "1\r\nX-B: 2"}, {"X-A", "\x00"}} {
			var p *ProtocolError
			if err := w.WriteHead(200, "", []Field{f}, 0); !errors.As(err, &p) {
				t.Errorf("%q: %v", f, err)
			}
		}
		if w.WriteHead(200, "a\nb", nil, 0) == nil || w.WriteHead(1000, "", nil, 0) == nil {
			t.Error("bad status line was written")
		}
		_ = w.WriteHead(200, "", []Field{fixedDate}, 2)
		if err := w.WriteHead(200, "", nil, 2); err != ErrHeadWritten {
			t.Errorf("second head: %v", err)
		}
		if _, err := w.Write([]byte("abc")); err != ErrContentLength {
			t.Errorf("too long: %v", err)
		}
	}})
	got := exchangeAll(t, addr, simpleGet)
	if want := "HTTP/1.1 200 OK\r\nDate: " + fixedDate.Value + "\r\nContent-Length: 2\r\n\r\n"; got != want {
		t.Errorf("got %q", got)
	}
}

// TestLargeWrites cross the buffer in every way.
func TestLargeWrites(t *testing.T) {
	var sizes = []int{1, 100, writeBuffer - 200, writeBuffer, writeBuffer + 1, 3*writeBuffer + 17, 9}
	for _, length := range []int64{-1, 0} {
		total := 0
		for _, n := range sizes {
			total += n
		}
		if length == 0 {
			length = 2 * int64(total)
		}
		addr := serve(t, &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
			_ = w.WriteHead(200, "", nil, length)
			for i, n := range sizes {
				part := strings.Repeat(string(rune('a'+i)), n)
				_, _ = io.WriteString(w, part)
				_, _ = w.CopyFrom(strings.NewReader(part), int64(n))
			}
		}})
		resp, err := http.Get("http://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		if err != nil || len(b) != 2*total {
			t.Fatalf("%d bytes, %v; want %d", len(b), err, 2*total)
		}
		for i, n := range sizes {
			if part := string(b[:2*n]); part != strings.Repeat(string(rune('a'+i)), 2*n) {
				t.Errorf("part %d is damaged", i)
			}
			b = b[2*n:]
		}
	}
}
