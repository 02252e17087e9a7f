package proxy

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// counting is a target that answers "ok" and counts its connections.
func counting(t *testing.T) (url string, connections *atomic.Int32) {
	t.Helper()
	connections = &atomic.Int32{}
	return "http://" + bareTarget(t, func(c net.Conn) {
		connections.Add(1)
		for br := bufio.NewReader(c); ; {
			if _, err := readArrived(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}), connections
}

// TestKeepAliveTimeout: keepalive.timeout.millis is how long a connection to the
// target is used again, for each TargetEndpoint.
func TestKeepAliveTimeout(t *testing.T) {
	for property, want := range map[string]int32{"": 1, "keepalive.timeout.millis=60000": 1, "keepalive.timeout.millis=5": 3, "keepalive.timeout.millis=0": 3} {
		t.Run(property, func(t *testing.T) {
			url, connections := counting(t)
			s := rig{files: []string{proxyAt("/p"), targetAt(url, property)}}.serve(t)
			ask := func() bool {
				s.wants("GET /p HTTP/1.1", 200, "ok")
				time.Sleep(10 * time.Millisecond) // the runtime's own clock decides
				return connections.Load() >= want
			}
			if want > 1 { // the runtime may have let go of a connection only just now
				eventually(t, "a third connection", ask)
				return
			}
			for range 3 {
				ask()
			}
			if n := connections.Load(); n != want {
				t.Errorf("%d connections, want %d", n, want)
			}
		})
	}
}

// TestHTTP10Target: a target without HTTP/1.1 gets HTTP/1.0: no chunks, whatever
// the client or a compression makes, no protocol change, and a connection for
// each request.
func TestHTTP10Target(t *testing.T) {
	const chunks = "\n\n4\r\nbody\r\n0\r\nX-Sum: in\r\n\r\n"
	got := make(chan arrived, 1)
	url := rawTarget(t, func(r arrived) string { got <- r; return "HTTP/1.1 200 OK\nContent-Length: 2\n\nok" })
	s := rig{files: []string{
		proxyAt("/p"), targetAt(url, "supports.http11=false", "request.streaming.enabled=true"),
		proxyAt("/z", `<RouteRule name="z"><TargetEndpoint>z</TargetEndpoint></RouteRule>`), targetNamed("z", url, "supports.http11=false", "compression.algorithm=gzip"),
	}}.serve(t)
	for request, body := range map[string]string{
		"GET /p HTTP/1.1": "",
		"GET /p HTTP/1.1\nConnection: Upgrade, close\nUpgrade: websocket": "",
		"POST /p HTTP/1.1\nContent-Length: 4\n\nbody":                     "body",
		"POST /p HTTP/1.1\nTransfer-Encoding: chunked" + chunks:           "body",
		"POST /z HTTP/1.1\nTransfer-Encoding: chunked" + chunks:           "gzip",
		"POST /z HTTP/1.1\nContent-Length: 4\n\nbody":                     "gzip",
	} {
		s.wants(request, 200, "ok")
		r := next(t, got, "the request")
		if !strings.HasSuffix(r.line, " HTTP/1.0") || r.header("Transfer-Encoding") != "" || r.header("Upgrade") != "" || r.trailer != "" {
			t.Errorf("%s arrived as\n%s\n%s", request, r.line, r.head)
		}
		if body != "gzip" && r.body != body || body == "gzip" && r.header("Content-Encoding") != "gzip" {
			t.Errorf("%s arrived with %q\n%s", request, r.body, r.head)
		}
	}
	url, connections := counting(t)
	s = rig{files: []string{proxyAt("/p"), targetAt(url, "supports.http11=false")}}.serve(t)
	s.wants("GET /p HTTP/1.1", 200, "ok")
	s.wants("GET /p HTTP/1.1", 200, "ok")
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestAllowHTTPVersionsWarns(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute, "allow.http10=false", "allow.http11=true")}}.compiled(t)
	if len(s.problems) != 1 || s.problems[0].Severity != "warning" || !strings.Contains(s.problems[0].Message, "allow.http10") {
		t.Error(s.problems)
	}
}
