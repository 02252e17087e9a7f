package logs

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"sluice/flow"
)

// reports are what the operator was told.
type reports struct {
	mu   sync.Mutex
	list []string
}

func (r *reports) add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, text)
}

func (r *reports) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.list...)
}

// open returns a service that is closed at the end of the test.
func open(t testing.TB, o Options) *Service {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIn(s, time.Second) })
	return s
}

// patience is how long a test waits for what should happen. It passes only in tests that
// fail, so it is far more than a busy machine needs.
const patience = time.Minute

func closeIn(s *Service, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	s.Close(ctx)
}

// collect listens on loopback and gives each line that arrives.
func collect(t *testing.T, l net.Listener) <-chan string {
	lines := make(chan string, 100)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				for s := bufio.NewScanner(c); s.Scan(); {
					lines <- s.Text()
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	return lines
}

func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line := <-lines:
		return line
	case <-time.After(patience):
		t.Fatal("no message arrived")
		return ""
	}
}

func server(network, addr string) *flow.SyslogServer {
	return &flow.SyslogServer{ID: network + addr, Address: addr, Datagrams: network == "udp", Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}}
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lines := collect(t, l)
	s := open(t, Options{})
	to := server("tcp", l.Addr().String())
	for _, message := range []string{"one", "two\nlines\r\n", "three"} {
		if err := s.Syslog(to, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"one", "two lines", "three"} {
		if got := next(t, lines); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	closeIn(s, patience) // before the listener waits for its connections
}

func TestUDP(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := open(t, Options{})
	to := server("udp", c.LocalAddr().String())
	long := strings.Repeat("ä", maxDatagram)
	for _, message := range []string{"one", long} {
		if err := s.Syslog(to, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 1<<17)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	for _, want := range []string{"one", long[:maxDatagram]} {
		n, _, err := c.ReadFrom(b)
		if err != nil || string(b[:n]) != want {
			t.Errorf("%v: got %d bytes, want %d", err, n, len(want))
		}
	}
}

func TestTLS(t *testing.T) {
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	defer certificate.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificate.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	lines := collect(t, l)
	s := open(t, Options{})
	to := server("tcp", l.Addr().String())
	plain := to.Dial
	to.Dial = func(ctx context.Context) (net.Conn, error) {
		c, err := plain(ctx)
		if err != nil {
			return nil, err
		}
		return tls.Client(c, &tls.Config{InsecureSkipVerify: true}), nil
	}
	if err := s.Syslog(to, []byte("secret")); err != nil {
		t.Fatal(err)
	}
	if got := next(t, lines); got != "secret" {
		t.Errorf("got %q", got)
	}
	closeIn(s, patience)
}

// TestServerComesBack: a connection that the server has closed is not written to, and a
// server that is away is asked again, later and later.
func TestServerComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told reports
		s := open(t, Options{Report: told.add})
		var dials []time.Duration
		began := time.Now()
		accepted := make(chan net.Conn, 2)
		to := &flow.SyslogServer{ID: "x", Address: "logs:514", Dial: func(context.Context) (net.Conn, error) {
			dials = append(dials, time.Since(began))
			if len(dials) <= 3 {
				return nil, errors.New("nobody there")
			}
			near, far := net.Pipe()
			accepted <- far
			return near, nil
		}}
		put(t, s, to, "one")
		far := <-accepted
		if got := line(t, far); got != "one\n" {
			t.Errorf("got %q", got)
		}
		want := []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, 700 * time.Millisecond}
		for i := range want {
			if dials[i] != want[i] {
				t.Errorf("dials at %v, want %v", dials, want)
			}
		}
		_ = far.Close()
		synctest.Wait()
		put(t, s, to, "two")
		far = <-accepted
		if got := line(t, far); got != "two\n" {
			t.Errorf("got %q", got)
		}
		if got := told.all(); len(got) != 1 || !strings.Contains(got[0], "nobody there") {
			t.Errorf("told %q", got)
		}
		_ = far.Close()
		closeIn(s, time.Second)
	})
}

func put(t *testing.T, s *Service, to *flow.SyslogServer, message string) {
	t.Helper()
	if err := s.Syslog(to, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func line(t *testing.T, c net.Conn) string {
	t.Helper()
	b := make([]byte, 100)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// TestIdleConnectionsEnd: so that what a deployment that is gone logged to is let go.
func TestIdleConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		near, far := net.Pipe()
		to := &flow.SyslogServer{ID: "x", Dial: func(context.Context) (net.Conn, error) { return near, nil }}
		put(t, s, to, "one")
		line(t, far)
		time.Sleep(idleAfter + time.Second)
		synctest.Wait()
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection is open: %v", err)
		}
		if n := len(s.destinations); n != 0 {
			t.Errorf("%d destinations are left", n)
		}
	})
}

// TestFull: what is too much is dropped, counted, and told when it begins and ends.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told reports
		s := open(t, Options{Report: told.add})
		gate := make(chan struct{})
		near, far := net.Pipe()
		to := &flow.SyslogServer{ID: "x", Address: "logs:514", Dial: func(context.Context) (net.Conn, error) { <-gate; return near, nil }}
		for range maxPending {
			put(t, s, to, "m")
		}
		for range 3 {
			if err := s.Syslog(to, []byte("m")); err != flow.ErrPendingLogs {
				t.Errorf("got %v", err)
			}
		}
		close(gate)
		arrived := make(chan int)
		go func() {
			all, _ := io.ReadAll(far)
			arrived <- bytes.Count(all, []byte("\n"))
		}()
		synctest.Wait()
		put(t, s, to, "m") // there is room again
		closeIn(s, time.Second)
		if n := <-arrived; n != maxPending+1 {
			t.Errorf("%d messages arrived", n)
		}
		want := []string{"messages for the syslog server logs:514 are dropped: too many wait to be written", "3 messages for the syslog server logs:514 were dropped"}
		if got := told.all(); strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("told %q", got)
		}
	})
}

func TestBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		to := &flow.SyslogServer{ID: "x", Dial: func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }}
		n := 0
		for s.Syslog(to, make([]byte, maxMessage)) == nil {
			n++
		}
		if n != maxPendingBytes/(maxMessage+1) {
			t.Errorf("%d messages were taken", n)
		}
	})
}

// TestCloseIsBounded: a server that never answers does not hold up the end.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told reports
		s := open(t, Options{Report: told.add})
		to := &flow.SyslogServer{ID: "x", Address: "logs:514", Dial: func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }}
		put(t, s, to, "m")
		began := time.Now()
		closeIn(s, 3*time.Second)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %s", took)
		}
		if err := s.Syslog(to, []byte("m")); err != flow.ErrPendingLogs {
			t.Errorf("after the end: %v", err)
		}
		if got := strings.Join(told.all(), "; "); !strings.Contains(got, "1 messages for the syslog server logs:514 are lost") {
			t.Errorf("told %q", got)
		}
	})
}

func TestOneLine(t *testing.T) {
	tests := []struct {
		limit      int
		text, want string
	}{
		{8, "plain", "plain"},
		{8, "a\nb\r\nc\n\n", "a b  c"},
		{20, "nul\x00bad\xffutf", "nul bad\uFFFDutf"},
		{20, "tab\tesc\x1b[1mdel\x7f", "tab\tesc [1mdel "},
		{40, "ä\n\t\x1b\x7f\u0085\u009b2Jx\u2028y\u2029z", "ä \t    2Jx y z"},
		{40, "a\u202eb\u2066c\u2069d\u200fe\u00a0\u200b", "a b c d e\u00a0\u200b"},
		{8, "", ""},
		{8, "1234567890", "12345678"},
		{8, "1234567ä", "1234567"},
		{8, "äääääää", "ääää"},
		{8, "日本語", "日本"},
	}
	for _, tt := range tests {
		if got := string(oneLine([]byte(tt.text), tt.limit)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	f.Add([]byte("a\nb"), 3)
	f.Add([]byte("ä\xff"), 1)
	f.Add([]byte("a\u0085\u2028ä\n"), 9)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		if limit < 0 {
			return
		}
		got := oneLine(bytes.Clone(text), limit)
		if len(got) > limit || !utf8.Valid(got) || bytes.ContainsAny(got, "\r\n\x00\x1b\u0085\u009b\u2028\u2029\u202e") {
			t.Errorf("%q, %d: %q", text, limit, got)
		}
	})
}

func BenchmarkSyslog(b *testing.B) {
	s := open(b, Options{})
	to := &flow.SyslogServer{ID: "x", Dial: func(context.Context) (net.Conn, error) { return discard{}, nil }, Datagrams: true}
	message := []byte(strings.Repeat("x", 300))
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Syslog(to, bytes.Clone(message))
	}
}

type discard struct{ net.Conn }

func (discard) Write(p []byte) (int, error)      { return len(p), nil }
func (discard) SetWriteDeadline(time.Time) error { return nil }
func (discard) Close() error                     { return nil }
