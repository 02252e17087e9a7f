package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/http1"
)

// hanging is a target that reads a request and says no more; called hears when it has
// one, gone when its connection closes.
func hanging(t *testing.T, say string) (url string, called, gone <-chan bool) {
	begun, ended := make(chan bool, 10), make(chan bool, 10)
	return "http://" + bareTarget(t, func(c net.Conn) {
		if _, err := readArrived(bufio.NewReader(c)); err != nil {
			return
		}
		begun <- true
		_, _ = io.WriteString(c, say) // the runtime sees what comes
		_, _ = c.Read(make([]byte, 1))
		ended <- true
	}), begun, ended
}

func TestTimeouts(t *testing.T) {
	url, _, _ := hanging(t, "")
	half, _, _ := hanging(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	route := func(to string) string {
		return `<RouteRule name="r"><TargetEndpoint>` + to + `</TargetEndpoint></RouteRule>`
	}
	s := rig{files: []string{`<Wait name="W" ms="60"/>`, `<Note name="N">{response.content}</Note>`, `<Assign name="M"><V name="error.header.Rule">1</V></Assign>`,
		proxyAt("/io", route("io")), targetNamed("io", url, "io.timeout.millis=50", faultRules(faultRule("r", "", "M"))),
		proxyAt("/half", route("half"), preFlow(onResponse("N"))), targetNamed("half", half, "io.timeout.millis=50"),
		proxyAt("/api", "api.timeout=50", route("api")), targetNamed("api", url),
		proxyAt("/policy", "api.timeout=50", preFlow(onRequest("W")), nullRoute),
		proxyAt("/before", "api.timeout=50", preFlow(onResponse("W")), nullRoute),
	}}.serve(t)
	start := time.Now()
	for _, c := range []struct{ path, code, detail string }{
		{"/io", "messaging.adaptors.http.flow.GatewayTimeout", "TARGET_READ_TIMEOUT"}, {"/half", "messaging.adaptors.http.flow.GatewayTimeout", "TARGET_READ_TIMEOUT"},
		{"/api", "flow.APITimedOut", ""}, {"/policy", "flow.APITimedOut", ""}, {"/before", "flow.APITimedOut", ""},
	} {
		a := s.faults("GET "+c.path+" HTTP/1.1", 504, c.code)
		if !strings.Contains(a.text(), c.detail) || c.path == "/io" && a.header("Rule") != "1" {
			t.Errorf("%s: %s", c.path, a.raw)
		}
	}
	if took := time.Since(start); took > 30*time.Second { // the defaults are 55 s each
		t.Errorf("took %v", took)
	}
}

// TestTrickle: a target that sends a byte now and then is never idle, and yet does
// not outlive api.timeout.
func TestTrickle(t *testing.T) {
	trickle := func(head string) string {
		return "http://" + bareTarget(t, func(c net.Conn) {
			if _, err := readArrived(bufio.NewReader(c)); err != nil {
				return
			}
			_, err := io.WriteString(c, head)
			for err == nil {
				time.Sleep(5 * time.Millisecond) // the trickle
				_, err = io.WriteString(c, "x")
			}
		})
	}
	route := func(to string) string {
		return `<RouteRule name="r"><TargetEndpoint>` + to + `</TargetEndpoint></RouteRule>`
	}
	head, body := trickle("HTTP/1.1 200 OK\r\nX-Long: "), trickle("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
	patiently(t, "the head of an answer", func(limit time.Duration) bool {
		timeout := fmt.Sprint("api.timeout=", limit.Milliseconds())
		s := rig{files: []string{proxyAt("/head", timeout, route("head")), targetNamed("head", head), proxyAt("/body", timeout, route("body")), targetNamed("body", body)}}.serve(t)
		s.faults("GET /head HTTP/1.1", 504, "flow.APITimedOut")
		resp, err := http.Get("http://" + s.addr + "/body")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.ReadAll(resp.Body); err == nil && resp.StatusCode == 200 {
			t.Error("a body that was cut off ends as if it were whole")
		}
		return resp.StatusCode == 200
	})
}

// TestSlowUpload: a client that sends a byte now and then, or no more, is waited for
// until api.timeout is over by a flow that reads its body, on either version of HTTP.
func TestSlowUpload(t *testing.T) {
	s := rig{files: []string{`<Note name="N">{request.content}</Note>`, proxyAt("/p", "api.timeout=60", preFlow(onRequest("N")), nullRoute)}}.serve(t)
	http1Caller := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	t.Cleanup(http1Caller.CloseIdleConnections)
	for _, client := range []*http.Client{http1Caller, http2Caller(t, nil)} {
		for _, pause := range []time.Duration{5 * time.Millisecond, time.Hour} {
			body, w := io.Pipe()
			go func() {
				for _, err := io.WriteString(w, "x"); err == nil && pause < time.Second; _, err = io.WriteString(w, "x") {
					time.Sleep(pause) // the trickle
				}
			}()
			resp, err := client.Post("http://"+s.addr+"/p", "text/plain", body)
			if err != nil {
				t.Fatal(err)
			}
			data, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != 504 || !strings.Contains(string(data), "flow.APITimedOut") {
				t.Errorf("every %v: %d %s", pause, resp.StatusCode, data)
			}
			resp.Body.Close()
			body.Close()
		}
	}
}

// TestSlowUploadStreams: the default of api.timeout does not bound a body that streams.
func TestSlowUploadStreams(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute), proxyAt("/short", "api.timeout=20", nullRoute)}}.serve(t)
	for _, e := range s.table.Snapshot().endpoints {
		e.props.apiTimeout = 20 * time.Millisecond
	}
	upload := func(path string) net.Conn {
		c := s.dial()
		_, _ = io.WriteString(c, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab")
		return c
	}
	c := upload("/p")
	br := bufio.NewReader(c)
	expectText(t, br, "\r\n\r\nab")
	time.Sleep(60 * time.Millisecond) // above the limit
	_, _ = io.WriteString(c, "cd")
	expectText(t, br, "cd")

	c = upload("/short")
	_ = c.SetDeadline(time.Now().Add(patience / 2)) // before the bound of a single read
	if data, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a limit that the proxy sets does not end the upload: %q", data)
	}
}

// TestPostClientHasItsOwnBudget: what answered at the last moment still logs.
func TestPostClientHasItsOwnBudget(t *testing.T) {
	patiently(t, "PostClientFlow", func(limit time.Duration) bool {
		ms := limit.Milliseconds()
		s := rig{files: []string{fmt.Sprintf(`<Wait name="W" ms="%d"/>`, ms+10), `<Wait name="Short" ms="1"/>`, `<Note name="N">{fault.name}</Note>`,
			proxyAt("/p", fmt.Sprint("api.timeout=", ms), preFlow(onRequest("W")), postClient("Short", "N"), nullRoute)}}.serve(t)
		s.faults("GET /p HTTP/1.1", 504, "flow.APITimedOut")
		next(t, s.ended, "the end of PostClientFlow")
		select {
		case n := <-s.notes:
			if n != "APITimedOut" {
				t.Error(n)
			}
			return true
		default:
			return false
		}
	})
}

// TestClientGoesAway cancels what waits for a target, and what waits in a policy
// of the target's flow.
func TestClientGoesAway(t *testing.T) {
	url, called, gone := hanging(t, "")
	s := rig{files: []string{proxyAt("/p", postClient("N")), targetAt(url), `<Note name="N">after {fault.name}</Note>`}}.serve(t)
	for _, request := range []string{"GET /p HTTP/1.1\nConnection: keep-alive", "POST /p HTTP/1.1\nConnection: keep-alive\n\nbody"} {
		c := s.dial()
		_, _ = io.WriteString(c, wire(request))
		next(t, called, "the target call")
		c.Close()
		next(t, gone, "the target call's end")
		if n := s.note(); n != "after " {
			t.Errorf("PostClientFlow noted %q", n)
		}
	}
	// HTTP/2 resets the stream.
	ctx, leave := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+s.addr+"/p", nil)
	left := make(chan error, 1)
	go func() {
		resp, err := http2Caller(t, nil).Do(req)
		if err == nil {
			resp.Body.Close()
		}
		left <- err
	}()
	next(t, called, "the target call")
	leave()
	if err := next(t, left, "the client's end"); err == nil {
		t.Error("got an answer")
	}
	next(t, gone, "the target call's end")
}

// TestSlowAndBrokenClients: a body that does not come in time, or is no body.
func TestSlowAndBrokenClients(t *testing.T) {
	s := rig{timeouts: http1.Timeouts{Read: 50 * time.Millisecond}, files: []string{`<Note name="N">{request.content}</Note>`,
		proxyAt("/read", preFlow(onRequest("N")), nullRoute), proxyAt("/pass"), targetAt(echoTarget(t)),
		proxyAt("/rule", preFlow(onRequest("N")), faultRules(faultRule("r", `fault.name = "RequestTimeOut"`, "A")), nullRoute), `<Assign name="A"><V name="error.status.code">499</V></Assign>`}}.serve(t)
	for _, path := range []string{"/read", "/pass"} {
		s.faults("POST "+path+" HTTP/1.1\nContent-Length: 10\n\nhalf", 408, "messaging.adaptors.http.flow.RequestTimeOut")
		s.faults("POST "+path+" HTTP/1.1\nTransfer-Encoding: chunked\n\n4\r\nbody\r\nno chunk\r\n", 400, "protocol.http.InvalidMessage")
	}
	if a := s.ask("POST /rule HTTP/1.1\nContent-Length: 10\n\nhalf"); a.code() != 499 {
		t.Error(a.raw)
	}
	s = rig{timeouts: http1.Timeouts{Header: 50 * time.Millisecond}}.serve(t)
	c := s.dial()
	_, _ = io.WriteString(c, "GET /read HTTP/1.1\r\nHost: x\r\n")
	raw, _ := io.ReadAll(c)
	if !strings.HasPrefix(string(raw), "HTTP/1.1 408 ") || !strings.Contains(string(raw), "flow.RequestTimeOut") {
		t.Errorf("a header that does not come: %q", raw)
	}
}

// TestSlowHTTP2Body: HTTP/2 bodies are bounded in time too.
func TestSlowHTTP2Body(t *testing.T) {
	s := rig{files: []string{`<Note name="N">{request.content}</Note>`, proxyAt("/p", preFlow(onRequest("N")), nullRoute)}}.serve(t)
	s.server.h2.bodyTimeout = 50 * time.Millisecond
	body, w := io.Pipe()
	defer w.Close()
	resp, err := http2Caller(t, nil).Post("http://"+s.addr+"/p", "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 408 {
		t.Error(resp.Status)
	}
}

// endedStream is what net/http gives a handler, and tells whether it is asked for a
// deadline after the handler has returned, which crashes net/http.
type endedStream struct {
	http.ResponseWriter
	over, late atomic.Bool
}

func (s *endedStream) SetReadDeadline(time.Time) error {
	if s.over.Load() {
		s.late.Store(true)
	}
	return nil
}

// slowRead is a body whose next byte takes its time.
type slowRead struct{ takes time.Duration }

func (b slowRead) Read(p []byte) (int, error) { time.Sleep(b.takes); p[0] = 'x'; return 1, nil }
func (b slowRead) Close() error               { return nil }

// TestHTTP2BodyEndsWhenItIsLate: a byte that comes at the moment when it is too late
// for it, and ends the request, does not have the timer reach for the stream.
func TestHTTP2BodyEndsWhenItIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &h2Server{bodyTimeout: time.Second}
		for range 1000 { // whether the byte or the timer is first is left to chance
			stream := &endedStream{}
			body := h.timed(slowRead{h.bodyTimeout}, stream)
			_, _ = body.Read(make([]byte, 1))
			body.end()
			stream.over.Store(true)
			synctest.Wait()
			if stream.late.Load() {
				t.Fatal("a deadline for a stream that has ended")
			}
		}
	})
}

// TestRefusedBeforeAnyProxy: broken messages have Apigee's faults.
func TestRefusedBeforeAnyProxy(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute)}}.serve(t)
	for request, want := range map[string]string{
		"GET /p?" + strings.Repeat("x", 7200) + " HTTP/1.1":               "414 protocol.http.TooBigLine",
		"GET /p HTTP/1.1\nX-A: " + strings.Repeat("x", 26000):             "431 protocol.http.TooBigHeaders",
		"GET /p HTTP/1.1\nX-Ä: 1":                                         "400 protocol.http.HeaderNameWithNonAsciiChar",
		"GET /p HTTP/1.1\nX-A: a\x01b":                                    "400 protocol.http.HeaderWithInvalidChar",
		"GET /p HTTP/1.1\nHost: a\nHost: b":                               "400 protocol.http.DuplicateHeader",
		"POST /p HTTP/1.1\nContent-Length: 1\nTransfer-Encoding: chunked": "400 protocol.http.InvalidMessage",
		"POST /p HTTP/1.1\nTransfer-Encoding: gzip, chunked\n\n0\r\n\r\n": "501 protocol.http.UnsupportedEncoding",
		"GET /p HTTP/3.0":                  "505 protocol.http.InvalidMessage",
		"NO REQUEST":                       "400 protocol.http.InvalidMessage",
		"GET /p HTTP/1.1\nX-A: a\n folded": "400 protocol.http.InvalidMessage",
	} {
		status, code, _ := strings.Cut(want, " ")
		a := s.ask(request)
		if !strings.HasPrefix(a.status, "HTTP/1.1 "+status) || !strings.Contains(a.text(), `"errorcode":"`+code+`"`) {
			t.Errorf("%.60q: %s %s, want %s", request, a.status, a.text(), want)
		}
	}
}
