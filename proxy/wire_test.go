package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestRequestArrivesAsSent checks what a target gets, byte for byte: the case and
// order of header lines, repeats, a query that does not parse.
func TestRequestArrivesAsSent(t *testing.T) {
	got := make(chan arrived, 1)
	url := rawTarget(t, func(r arrived) string { got <- r; return "HTTP/1.1 204 No Content\n\n" })
	s := rig{files: []string{proxyAt("/p"), targetAt(url + "/base")}}.serve(t)
	s.wants("POST /p/a%2Fb//c?x=1;y=2&%zz&x=3 HTTP/1.1\nsoapACTION: \"a\"\nX-B: 1\nx-a: 2\nX-b: 3\nTE: trailers\n\nbody", 204, "")
	r := <-got
	if want := "POST /base/a%2Fb//c?x=1;y=2&%zz&x=3 HTTP/1.1"; r.line != want {
		t.Errorf("request line %q, want %q", r.line, want)
	}
	host := strings.TrimPrefix(url, "http://")
	want := "Host: " + host + "\nsoapACTION: \"a\"\nX-B: 1\nx-a: 2\nX-b: 3\nTE: trailers\nX-Forwarded-For: 127.0.0.1\nX-Forwarded-Proto: http\nContent-Length: 4\n"
	if r.head != want || r.body != "body" {
		t.Errorf("got\n%s%q\nwant\n%s", r.head, r.body, want)
	}
}

// TestOneHost: whichever way a policy asks for the host of a request with an
// absolute-form target, it is the target's.
func TestOneHost(t *testing.T) {
	s := rig{files: []string{proxyAt("/h", nullRoute, postFlow(onResponse("Tell"))),
		`<Assign name="Tell"><V name="response.header.Tell">{request.header.host} {proxy.url} {client.scheme}</V></Assign>`}}.serve(t)
	a := s.ask("GET http://good.example/h?a=1 HTTP/1.1\nHost: evil.example")
	if got := a.header("Tell"); got != "good.example http://good.example/h?a=1 http" {
		t.Errorf("policies see %q", got)
	}
}

// TestAnswerArrivesAsSent is the way back: reason phrase, case, order, repeats.
func TestAnswerArrivesAsSent(t *testing.T) {
	url := rawTarget(t, func(arrived) string {
		return "HTTP/1.1 203 Fine By Me\nx-B: 1\nSet-Cookie: a=1\nsET-cookie: b=2\nX-A: 3\nConnection: close, X-Gone\nX-Gone: 1\nDate: today\nContent-Length: 2\n\nok"
	})
	s := rig{files: []string{proxyAt("/p"), targetAt(url)}}.serve(t)
	a := s.wants("GET /p HTTP/1.1", 203, "ok")
	if a.status != "HTTP/1.1 203 Fine By Me" {
		t.Error(a.status)
	}
	if want := "x-B: 1\nSet-Cookie: a=1\nsET-cookie: b=2\nX-A: 3\nDate: today\nContent-Length: 2\nConnection: close\n"; a.head != want {
		t.Errorf("got\n%s\nwant\n%s", a.head, want)
	}
}

// TestReasonPhrase shows that flows read and set the phrase.
func TestReasonPhrase(t *testing.T) {
	url := rawTarget(t, func(arrived) string { return "HTTP/1.1 200 Strange\nContent-Length: 0\n\n" })
	s := rig{files: []string{proxyAt("/p", postFlow(onResponse("Set"))), targetAt(url),
		`<Assign name="Set"><V name="response.header.Was">{response.reason.phrase}</V><V name="response.reason.phrase">Stranger</V></Assign>`}}.serve(t)
	if a := s.ask("GET /p HTTP/1.1"); a.status != "HTTP/1.1 200 Stranger" || a.header("Was") != "Strange" {
		t.Error(a.raw)
	}
}

// TestConnectionHeaderCannotRemoveWhatPoliciesSet: a client that names a header
// in Connection drops its own line, not the one that a policy or the ingress
// adds for the target.
func TestConnectionHeaderCannotRemoveWhatPoliciesSet(t *testing.T) {
	got := make(chan arrived, 1)
	url := rawTarget(t, func(r arrived) string { got <- r; return "HTTP/1.1 204 No Content\n\n" })
	s := rig{files: []string{proxyAt("/p", preFlow(onRequest("Set"))), targetAt(url), `<Assign name="Set"><V name="request.header.X-User">checked</V></Assign>`}}.serve(t)
	s.wants("GET /p HTTP/1.1\nConnection: close, x-user, Host\nConnection: x-own, X-Forwarded-For\nX-User: forged\nX-Own: 1", 204, "")
	r := <-got
	if r.header("X-User") != "checked" || r.header("X-Own") != "" || r.header("X-Forwarded-For") != "127.0.0.1" || r.header("Host") == "" {
		t.Error(r.head)
	}
}

func TestTrailersBothWays(t *testing.T) {
	got := make(chan arrived, 1)
	url := rawTarget(t, func(r arrived) string {
		got <- r
		return "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n2\r\nok\r\n0\r\nX-Sum: out\r\n\r\n"
	})
	const read = `<Assign name="Read"><V name="seen">{message.content}</V></Assign>`
	for name, flows := range map[string]string{"streaming": "", "read by a policy": preFlow(onRequest("Read") + onResponse("Read"))} {
		t.Run(name, func(t *testing.T) {
			s := rig{files: []string{proxyAt("/p", flows), targetAt(url), read}}.serve(t)
			a := s.wants("POST /p HTTP/1.1\nTransfer-Encoding: chunked\n\n4\r\nbody\r\n0\r\nX-Sum: in\r\n\r\n", 200, "ok")
			if !strings.HasSuffix(a.body, "0\r\nX-Sum: out\r\n\r\n") {
				t.Errorf("the answer's trailer: %q", a.body)
			}
			if r := <-got; r.body != "body" || r.trailer != "X-Sum: in" {
				t.Errorf("the request: %q, trailer %q", r.body, r.trailer)
			}
		})
	}
}

// TestBodilessAnswers: HEAD, 204 and 304 have no body, but keep their header.
func TestBodilessAnswers(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		switch {
		case strings.HasPrefix(r.line, "HEAD "):
			return "HTTP/1.1 200 OK\nContent-Length: 500\nX-A: 1\n\n"
		case strings.Contains(r.line, "/304"):
			return "HTTP/1.1 304 Not Modified\nContent-Length: 500\nETag: \"a\"\n\n"
		}
		return "HTTP/1.1 204 No Content\nX-A: 1\n\n"
	})
	s := rig{files: []string{proxyAt("/p"), targetAt(url)}}.serve(t)
	for _, c := range []struct {
		request string
		status  int
		length  string
	}{{"HEAD /p HTTP/1.1", 200, "500"}, {"GET /p/304 HTTP/1.1", 304, "500"}, {"GET /p HTTP/1.1", 204, ""}} {
		if a := s.ask(c.request); a.code() != c.status || a.body != "" || a.header("Content-Length") != c.length {
			t.Errorf("%s: %q", c.request, a.raw)
		}
	}
}

// TestUnsendableAnswers: a final status below 200, and lines that would end early, which
// policies may make of what clients send, become faults. The connection goes on.
func TestUnsendableAnswers(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute, postFlow(onResponse("Status if request.queryparam.status != null", "Line if request.queryparam.line != null"))),
		`<Assign name="Status"><V name="response.status.code">{request.queryparam.status}</V></Assign>`,
		`<Assign name="Line"><V name="response.header.X-Line">{request.queryparam.line}</V></Assign>`}}.serve(t)
	clients := map[string]*http.Client{"HTTP/1": {Transport: &http.Transport{}}, "HTTP/2": http2Caller(t, nil)}
	for name, client := range clients {
		t.Cleanup(client.CloseIdleConnections)
		for query, code := range map[string]string{
			"status=100": "protocol.http.InvalidMessage", "status=101": "protocol.http.InvalidMessage", "status=103": "protocol.http.InvalidMessage",
			"line=a%0D%0AX-Own:b": "protocol.http.HeaderWithInvalidChar",
		} {
			if status, body := get(t, client, "http://"+s.addr+"/p?"+query); status != 500 || !strings.Contains(body, code) {
				t.Errorf("%s, %s: %d %s", name, query, status, body)
			}
			if status, _ := get(t, client, "http://"+s.addr+"/p"); status != 200 {
				t.Errorf("%s: %d after %s", name, status, query)
			}
		}
	}
	if len(s.failed) > 0 {
		t.Error("reported as a defect of ours:", <-s.failed)
	}
}

func get(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(data)
}

// TestStatusWithoutBody: the payload of a 204 or 304 is dropped, also over HTTP/2.
func TestStatusWithoutBody(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute, postFlow(onResponse("A"))),
		`<Assign name="A"><V name="response.status.code">{request.queryparam.status}</V><V name="response.content">payload</V></Assign>`}}.serve(t)
	client := http2Caller(t, nil)
	for _, status := range []int{204, 304} {
		url := fmt.Sprintf("/p?status=%d", status)
		if got, body := get(t, client, "http://"+s.addr+url); got != status || body != "" {
			t.Errorf("HTTP/2: %d %q", got, body)
		}
		s.wants("GET "+url+" HTTP/1.1", status, "")
	}
}

// TestPanicWhileSending: the client sees that the answer is not whole, what the exchange
// holds is released, an operator hears of it, and others are served.
func TestPanicWhileSending(t *testing.T) {
	core, logged := observer.New(zap.ErrorLevel)
	s := rig{files: []string{proxyAt("/p", nullRoute, postFlow(onResponse("P if request.header.panic != null"))), `<Panic name="P" late="true"/>`}, log: zap.New(core)}.serve(t)
	if a := s.ask("GET /p HTTP/1.1\nPanic: 1"); strings.HasSuffix(a.raw, "0\r\n\r\n") {
		t.Errorf("the answer looks whole: %q", a.raw)
	}
	if n := s.note(); n != "the end" {
		t.Error(n)
	}
	s.wants("GET /p HTTP/1.1", 200, "")
	if all := logged.All(); len(all) != 1 || !strings.Contains(all[0].Message, "panic") {
		t.Error(all)
	}
}

func TestHTTP10(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		if strings.Contains(r.line, "/until-close") {
			return "HTTP/1.0 200 OK\nContent-Type: text/plain\n\nuntil the end"
		}
		return "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\nok\r\n0\r\n\r\n"
	})
	s := rig{files: []string{proxyAt("/p"), targetAt(url)}}.serve(t)
	if a := s.ask("GET /p HTTP/1.0\nHost: x"); a.code() != 200 || a.body != "ok" || a.header("Transfer-Encoding") != "" {
		t.Errorf("HTTP/1.0 client, chunked target: %q", a.raw)
	}
	s.wants("GET /p/until-close HTTP/1.1", 200, "until the end")
}

func TestExpectContinue(t *testing.T) {
	url := echoTarget(t)
	s := rig{files: []string{proxyAt("/p"), targetAt(url), proxyAt("/refuse", preFlow(onRequest("F")), nullRoute), `<Fault name="F" code="BadFormData"/>`}}.serve(t)
	c := s.dial()
	_, _ = io.WriteString(c, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
	br := bufio.NewReader(c)
	if line, err := br.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = io.WriteString(c, "body")
	if rest, err := io.ReadAll(br); err != nil || !strings.HasSuffix(string(rest), "\r\n\r\nbody") {
		t.Errorf("%q, %v", rest, err)
	}
	// A request that is refused before its body is read gets no 100.
	a := s.ask("POST /refuse HTTP/1.1\nContent-Length: 4\nExpect: 100-continue\n\n")
	if strings.Contains(a.raw, "100 Continue") || a.code() != 500 {
		t.Errorf("%q", a.raw)
	}
}

func TestInterimAnswers(t *testing.T) {
	url := rawTarget(t, func(arrived) string {
		return "HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	})
	s := rig{files: []string{proxyAt("/p"), targetAt(url)}}.serve(t)
	a := s.wants("GET /p HTTP/1.1", 200, "ok")
	if !strings.HasPrefix(a.raw, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n") {
		t.Errorf("%q", a.raw)
	}
}

// TestUpgrade splices a connection that changes protocol: bytes pass both ways as
// they come, and the end of one side ends the other.
func TestUpgrade(t *testing.T) {
	ended := make(chan error, 1)
	url := "http://" + bareTarget(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		r, err := readArrived(br)
		if err != nil || r.header("Upgrade") != "websocket" || r.header("Connection") != "Upgrade" {
			ended <- fmt.Errorf("%v, header %s", err, r.head)
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: 1\r\n\r\nhello ")
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				ended <- nil
				return
			}
			_, _ = io.WriteString(c, strings.ToUpper(line))
		}
	})
	s := rig{files: []string{proxyAt("/p", postClient("N")), targetAt(url), `<Note name="N">{response.status.code}</Note>`}}.serve(t)
	c := s.dial()
	_, _ = io.WriteString(c, "GET /p HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nfirst\n")
	br := bufio.NewReader(c)
	a, err := readArrived(br)
	if err != nil || a.line != "HTTP/1.1 101 Switching Protocols" || a.header("Upgrade") != "websocket" || a.header("X-A") != "1" {
		t.Fatal(err, a)
	}
	for _, want := range []string{"hello FIRST\n", "SECOND\n"} {
		if got, err := br.ReadString('\n'); got != want {
			t.Fatalf("%q, %v", got, err)
		}
		_, _ = io.WriteString(c, "second\n")
	}
	c.Close()
	if err := next(t, ended, "the target's end"); err != nil {
		t.Error(err)
	}
	if n := s.note(); n != "101" {
		t.Error("PostClientFlow after the splice:", n)
	}
}

// TestOtherUpgrades: what asks for anything but WebSocket goes on as an ordinary
// request, so that nobody gets a way to the target past the policies.
func TestOtherUpgrades(t *testing.T) {
	got := make(chan arrived, 1)
	url := rawTarget(t, func(r arrived) string { got <- r; return "HTTP/1.1 200 OK\nContent-Length: 2\n\nok" })
	s := rig{files: []string{proxyAt("/p"), targetAt(url)}}.serve(t)
	for _, request := range []string{
		"GET /p HTTP/1.1\nConnection: close, Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk",
		"GET /p HTTP/1.1\nConnection: close, Upgrade\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk",
		"OPTIONS /p HTTP/1.1\nConnection: close, Upgrade\nUpgrade: TLS/1.0",
		"GET /p HTTP/1.1\nConnection: close, Upgrade\nUpgrade: websocket, h2c",
		"GET /p HTTP/1.1\nConnection: close, Upgrade\nUpgrade: websocket\nUpgrade: h2c",
		"GET /p HTTP/1.1\nConnection: close, Upgrade\nUpgrade: websocket/13",
		"GET /p HTTP/1.1\nConnection: close\nUpgrade: websocket",
		"GET /p HTTP/1.0\nHost: x\nConnection: Upgrade\nUpgrade: websocket",
		"POST /p HTTP/1.1\nConnection: close, Upgrade\nUpgrade: websocket\nContent-Length: 0",
	} {
		s.wants(request, 200, "ok")
		if r := <-got; r.header("Upgrade") != "" || r.header("Connection") != "" || r.header("HTTP2-Settings") != "" {
			t.Errorf("%s\narrived with\n%s", request, r.head)
		}
	}
}

// TestSwitchToSomethingElse: a 101 counts only for what was asked.
func TestSwitchToSomethingElse(t *testing.T) {
	const ask = "\nConnection: Upgrade, close\nUpgrade: websocket"
	for name, c := range map[string]struct{ ask, answer string }{
		"not asked":       {"\nConnection: Upgrade, close\nUpgrade: h2c", "Upgrade: h2c\n"},
		"another":         {ask, "Upgrade: h2c\n"},
		"none":            {ask, ""},
		"one and another": {ask, "Upgrade: websocket\nUpgrade: h2c\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := rig{files: []string{proxyAt("/p"), answering(t, "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\n"+c.answer+"\nraw bytes")}}.serve(t)
			a := s.faults("GET /p HTTP/1.1"+c.ask, 502, "protocol.http.InvalidMessage")
			if strings.Contains(a.raw, "raw bytes") {
				t.Errorf("%q", a.raw)
			}
		})
	}
}

// TestUpgradeThatFaults: a fault in the response flow takes the place of the 101.
func TestUpgradeThatFaults(t *testing.T) {
	url := rawTarget(t, func(arrived) string {
		return "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n\nraw bytes"
	})
	s := rig{files: []string{proxyAt("/p", preFlow(onResponse("F"))), targetAt(url), `<Fault name="F" code="BadFormData"/>`}}.serve(t)
	a := s.faults("GET /p HTTP/1.1\nConnection: Upgrade, close\nUpgrade: websocket", 500, "protocol.http.BadFormData")
	if strings.Contains(a.raw, "raw bytes") {
		t.Errorf("%q", a.raw)
	}
}

// TestTargetConnectionIsFreed: an answer that a fault or a policy replaces must
// not keep its connection.
func TestTargetConnectionIsFreed(t *testing.T) {
	freed := make(chan string, 10)
	url := "http://" + bareTarget(t, func(c net.Conn) {
		r, err := readArrived(bufio.NewReader(c))
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nonly the beginning")
		_, _ = c.Read(make([]byte, 1)) // ends when the runtime lets go
		freed <- r.line
	})
	s := rig{files: []string{proxyAt("/fault", preFlow(onResponse("F"))), proxyAt("/strict", `<RouteRule name="s"><TargetEndpoint>strict</TargetEndpoint></RouteRule>`),
		targetAt(url), targetNamed("strict", url, "success.codes=404", faultRules(faultRule("r", "", "R"))),
		`<Fault name="F" code="BadFormData"/>`, `<Raise name="R" status="500">raised</Raise>`}}.serve(t)
	c := s.dial() // stays open: it is not the client's end that frees the target
	br := bufio.NewReader(c)
	for _, path := range []string{"/fault", "/strict"} {
		_, _ = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		next(t, freed, "the target's connection to close after "+path)
	}
}

// http2Caller speaks HTTP/2 only: over TLS, or in clear text with prior knowledge.
func http2Caller(t *testing.T, config *tls.Config) *http.Client {
	p := new(http.Protocols)
	p.SetHTTP2(config != nil)
	p.SetUnencryptedHTTP2(config == nil)
	tr := &http.Transport{Protocols: p, TLSClientConfig: config, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

const tellClient = `<Assign name="T"><V name="response.header.Told">{client.scheme} {client.ssl.enabled} {tls.protocol} {request.version} {client.ip} {request.verb} {request.path}?{request.querystring}</V></Assign>`

func TestHTTP2InClearText(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		return "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n" + fmt.Sprintf("%x", len(r.body)) + "\r\n" + r.body + "\r\n0\r\nX-Sum: " + r.trailer + "\r\n\r\n"
	})
	s := rig{files: []string{proxyAt("/p", postFlow(onResponse("T"))), targetAt(url), tellClient}}.serve(t)
	body, w := io.Pipe()
	req, _ := http.NewRequest("POST", "http://"+s.addr+"/p/a%2Fb?x=1;y&%zz", body)
	req.Trailer = http.Header{"X-In": nil}
	go func() {
		_, _ = io.WriteString(w, "body")
		req.Trailer.Set("X-In", "in")
		w.Close()
	}()
	resp, err := http2Caller(t, nil).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || string(data) != "body" || resp.ProtoMajor != 2 {
		t.Errorf("%q, %v, %s", data, err, resp.Proto)
	}
	if got := resp.Trailer.Get("X-Sum"); got != "X-In: in" {
		t.Errorf("trailers went as %q", got)
	}
	if got, want := resp.Header.Get("Told"), "http false  2.0 127.0.0.1 POST /a%2Fb?x=1;y&%zz"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if got, ok := resp.Header["Content-Type"]; ok {
		t.Errorf("Content-Type %q was made up", got)
	}
}

// TestHTTP2AddsNothing: no length is asked for, no type is guessed.
func TestHTTP2AddsNothing(t *testing.T) {
	url := rawTarget(t, func(r arrived) string { return "HTTP/1.1 200 OK\nContent-Length: 6\n\n<html>" })
	s := rig{files: []string{proxyAt("/p"), targetAt(url)}}.serve(t)
	resp, err := http2Caller(t, nil).Post("http://"+s.addr+"/p", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body) // a loss shows in the text
	resp.Header.Del("Date")
	if want := (http.Header{"Content-Length": {"6"}}); resp.StatusCode != 200 || string(data) != "<html>" || !reflect.DeepEqual(resp.Header, want) {
		t.Errorf("%s %v %q", resp.Status, resp.Header, data)
	}
}

// TestTLSFront speaks what ALPN agrees on.
func TestTLSFront(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", postFlow(onResponse("T")), nullRoute), tellClient}}.compiled(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	authority := newAuthority(t)
	pool := authority.pool
	ended := make(chan error, 1)
	go func() { ended <- s.server.ServeTLS(l, authority.server(t, "front.test")) }()
	t.Cleanup(func() { s.shutdown(); <-ended })
	h1 := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "front.test"}}
	t.Cleanup(h1.CloseIdleConnections)
	for _, c := range []struct {
		client *http.Client
		told   string
	}{
		{http2Caller(t, &tls.Config{RootCAs: pool, ServerName: "front.test"}), "https true TLSv1.3 2.0 127.0.0.1 GET /p?"},
		{&http.Client{Transport: h1}, "https true TLSv1.3 1.1 127.0.0.1 GET /p?"},
	} {
		resp, err := c.client.Get("https://" + l.Addr().String() + "/p")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Told"); got != c.told {
			t.Errorf("told %q, want %q", got, c.told)
		}
	}
}

// TestHTTP2Abort: an answer that breaks off ends the stream with an error, not
// the connection.
func TestHTTP2Abort(t *testing.T) {
	url := rawTarget(t, func(r arrived) string {
		if strings.Contains(r.line, "/broken") {
			return "HTTP/1.1 200 OK\nContent-Length: 100\n\ntoo short"
		}
		return "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"
	})
	s := rig{files: []string{proxyAt("/p"), targetAt(url)}}.serve(t)
	client := http2Caller(t, nil)
	for range 2 {
		resp, err := client.Get("http://" + s.addr + "/p/broken")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Error("a truncated answer was taken for the whole")
		}
		resp, err = client.Get("http://" + s.addr + "/p")
		if err != nil {
			t.Fatal(err)
		}
		if data, _ := io.ReadAll(resp.Body); string(data) != "ok" {
			t.Errorf("%q", data)
		}
		resp.Body.Close()
	}
}

// TestAnswerOvertakesUpload: a target that answers and closes before it has read the
// request harms nobody, on either version of HTTP: the upload under way ends with its
// request, and reads nothing of the next one.
func TestAnswerOvertakesUpload(t *testing.T) {
	addr := bareTarget(t, func(c net.Conn) {
		if _, err := bufio.NewReader(c).ReadSlice('\n'); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
		}
	})
	s := rig{files: []string{proxyAt("/p"), targetAt("http://" + addr)}}.serve(t)
	http1Caller := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	t.Cleanup(http1Caller.CloseIdleConnections)
	for _, client := range []*http.Client{http1Caller, http2Caller(t, nil)} {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 25 {
					upload(t, client, "http://"+s.addr+"/p")
				}
			})
		}
		all.Wait()
	}
	s.wants("POST /p HTTP/1.1\n\nsmall", 413, "no")
}

// upload sends a body of unknown size, which takes longer than the answer.
func upload(t *testing.T, client *http.Client, url string) {
	body := io.MultiReader(io.LimitReader(zeros{}, 300<<10), strings.NewReader("end"))
	resp, err := client.Post(url, "text/plain", io.NopCloser(body))
	if err != nil {
		return // the connection broke before the client had read the answer
	}
	defer resp.Body.Close()
	if data, err := io.ReadAll(resp.Body); err == nil && (resp.StatusCode != 413 || string(data) != "no") {
		t.Errorf("%d %q", resp.StatusCode, data)
	}
}

// TestPostClientFlowDelaysNobody: while a PostClientFlow waits, the client has its whole
// answer, and its connection the next one; and the end of the server waits for the flow.
func TestPostClientFlowDelaysNobody(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute, postClient("G if request.header.wait != null", "N if request.header.wait != null")),
		`<Gate name="G"/>`, `<Note name="N">{request.content}</Note>`}}.serve(t)
	clients := map[string]*http.Client{"HTTP/1": {Transport: &http.Transport{}, Timeout: patience}, "HTTP/2": http2Caller(t, nil)}
	for name, client := range clients {
		t.Cleanup(client.CloseIdleConnections)
		req, err := http.NewRequest("POST", "http://"+s.addr+"/p", strings.NewReader(name))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Wait", "1")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(resp.Body); string(data) != name || err != nil {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		resp.Body.Close()
		next(t, s.entered, "PostClientFlow to begin")
		if status, _ := get(t, client, "http://"+s.addr+"/p"); status != 200 {
			t.Errorf("%s: then %d", name, status)
		}
		s.gate <- struct{}{}
		if n := s.note(); n != name {
			t.Errorf("PostClientFlow read %q", n)
		}
	}
	s.wants("GET /p HTTP/1.1\nWait: 1", 200, "")
	next(t, s.entered, "PostClientFlow to begin")
	down := make(chan struct{})
	go func() { s.shutdown(); close(down) }()
	select {
	case <-down:
		t.Error("the server ended before PostClientFlow had")
	case <-time.After(20 * time.Millisecond):
	}
	s.gate <- struct{}{}
	<-down
}

// TestManyPostClientFlows: above the bound, the flow runs before the connection goes on.
func TestManyPostClientFlows(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute, postClient("N")), `<Note name="N">seen</Note>`}}.serve(t)
	s.core.after.count.Store(maxAfterwards)
	s.wants("GET /p HTTP/1.1", 200, "")
	if n := s.note(); n != "seen" {
		t.Error(n)
	}
	if n := s.core.after.count.Load(); n != maxAfterwards {
		t.Errorf("%d flows are counted, %d run", n, maxAfterwards)
	}
}

// TestShutdownDrains: an idle HTTP/2 connection does not hold up the end, a
// request under way is finished.
func TestShutdownDrains(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", nullRoute), proxyAt("/gate", preFlow(onRequest("G")), nullRoute), `<Gate name="G"/>`}}.serve(t)
	client := http2Caller(t, nil)
	resp, err := client.Get("http://" + s.addr + "/p")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	got := make(chan string, 1)
	go func() { got <- s.ask("GET /gate HTTP/1.1\nConnection: keep-alive").status }()
	next(t, s.entered, "the request")
	stopped := make(chan bool)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	go func() { defer close(stopped); s.shutdownIn(ctx) }()
	time.Sleep(50 * time.Millisecond) // the server has begun to close
	s.gate <- struct{}{}
	if status := next(t, got, "the answer"); status != "HTTP/1.1 200 OK" {
		t.Error(status)
	}
	next(t, stopped, "the end")
}
