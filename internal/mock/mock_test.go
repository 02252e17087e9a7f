package mock

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// exchange is one request and what its answer must be. Members of wantJSON must all be in the answer, with these
// values; wantHeader and header are lines "Name: value".
type exchange struct {
	request    string // METHOD URI
	header     []string
	body       string
	status     int // 0 means 200
	want       string
	contains   string
	wantJSON   string
	wantHeader []string
}

// check runs the exchanges against handler on loopback, each with the given Host and following no redirect.
func check(t *testing.T, handler http.Handler, host string, exchanges []exchange) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, e := range exchanges {
		t.Run(e.request, func(t *testing.T) {
			response, body := e.send(t, server.URL, host)
			e.compare(t, response, body)
		})
	}
}

func (e exchange) send(t *testing.T, base, host string) (*http.Response, string) {
	t.Helper()
	method, uri, _ := strings.Cut(e.request, " ")
	request, err := http.NewRequest(method, base+uri, strings.NewReader(e.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	for _, line := range e.header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func (e exchange) compare(t *testing.T, response *http.Response, body string) {
	t.Helper()
	status := e.status
	if status == 0 {
		status = http.StatusOK
	}
	if response.StatusCode != status {
		t.Errorf("status %d, want %d; body %s", response.StatusCode, status, body)
	}
	if e.want != "" && body != e.want {
		t.Errorf("body %q, want %q", body, e.want)
	}
	if !strings.Contains(body, e.contains) {
		t.Errorf("body %q does not contain %q", body, e.contains)
	}
	if e.wantJSON != "" {
		compareMembers(t, body, e.wantJSON)
	}
	for _, line := range e.wantHeader {
		name, value, _ := strings.Cut(line, ": ")
		if got := strings.Join(response.Header.Values(name), ", "); got != value {
			t.Errorf("header %s: %q, want %q", name, got, value)
		}
	}
}

func compareMembers(t *testing.T, body, wantJSON string) {
	t.Helper()
	var got, want map[string]any
	if err := json.Unmarshal([]byte(wantJSON), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	for name, value := range want {
		if member, ok := got[name]; !ok || !reflect.DeepEqual(member, value) {
			t.Errorf("member %s: %v, want %v; in %s", name, member, value, body)
		}
	}
}

func TestHandlerChoosesByHost(t *testing.T) {
	tests := []struct{ host, contains string }{
		{"mocktarget.apigee.net", "Hello, Guest!"},
		{"MockTarget.Apigee.net:443", "Hello, Guest!"},
		{"mocktarget.apigee.net.", "Hello, Guest!"},
		{"httpbin.org", "<title>httpbin.org"},
		{"www.httpbin.org:80", "<title>httpbin.org"},
		{"backend.example:8443", `"host": "backend.example:8443"`},
		{"[::1]:80", `"host": "[::1]:80"`},
		{"not-httpbin.org", `"host": "not-httpbin.org"`},
	}
	for _, test := range tests {
		t.Run(test.host, func(t *testing.T) {
			check(t, Handler(), test.host, []exchange{{request: "GET /", contains: test.contains}})
		})
	}
}

func TestEcho(t *testing.T) {
	jsonType := []string{"Content-Type: application/json"}
	check(t, Echo(), "backend.example", []exchange{
		{request: "GET /a%2Fb/c?x=1&y=2&x=3", wantHeader: jsonType,
			wantJSON: `{"method":"GET","host":"backend.example","path":"/a%2Fb/c","query":{"x":"1, 3","y":"2"},"body":""}`},
		{request: "POST /", header: []string{"Accept-Encoding: identity", "User-Agent: test", "X-A: 1", "X-A: 2"}, body: "hi <b>",
			wantJSON: `{"body":"hi <b>","headers":{"Accept-Encoding":"identity","Content-Length":"6","User-Agent":"test","X-A":"1, 2"}}`},
		{request: "PURGE /", body: "\xff\xfe", wantJSON: `{"method":"PURGE","body":"//4=","bodyEncoding":"base64"}`},
		{request: "GET /503", header: []string{"X-Mock-Status: 503"}, status: 503, wantJSON: `{"path":"/503"}`},
		{request: "GET /204", header: []string{"X-Mock-Status: 204"}, status: 204},
		{request: "GET /delayed", header: []string{"X-Mock-Delay: 1ms"}, wantJSON: `{"path":"/delayed"}`},
		{request: "GET /bad-status", header: []string{"X-Mock-Status: 100"}, status: 400, contains: "X-Mock-Status"},
		{request: "GET /bad-status2", header: []string{"X-Mock-Status: ok"}, status: 400, contains: "X-Mock-Status"},
		{request: "GET /bad-delay", header: []string{"X-Mock-Delay: -1s"}, status: 400, contains: "X-Mock-Delay"},
		{request: "POST /large", body: strings.Repeat("x", maxRequestBody+1), status: 413},
	})
}

func TestWaits(t *testing.T) {
	tests := []struct {
		name    string
		handler http.Handler
		uri     string
		delay   string
		want    time.Duration
	}{
		{"echo", Echo(), "/", "150ms", 150 * time.Millisecond},
		{"echo cap", Echo(), "/", "1h", maxWait},
		{"delay", Httpbin(), "/delay/0.1", "", 100 * time.Millisecond},
		{"delay cap", Httpbin(), "/delay/1e300", "", maxWait},
		{"delay infinite", Httpbin(), "/delay/inf", "", maxWait},
		{"delay negative", Httpbin(), "/delay/-3", "", 0},
		{"drip", Httpbin(), "/drip?delay=1&duration=2&numbytes=7", "", 3 * time.Second},
		{"drip cap", Httpbin(), "/drip?delay=60&duration=60&numbytes=3", "", 2 * maxWait},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				request := httptest.NewRequest("GET", test.uri, nil)
				request.Header.Set("X-Mock-Delay", test.delay)
				recorder, start := httptest.NewRecorder(), time.Now()
				test.handler.ServeHTTP(recorder, request)
				if got := time.Since(start); got != test.want || recorder.Code != 200 {
					t.Errorf("took %v with status %d, want %v", got, recorder.Code, test.want)
				}
			})
		})
	}
}

func TestWaitsEndWithTheRequest(t *testing.T) {
	for _, uri := range []string{"/delay/9", "/drip?delay=9", "/drip?duration=9&numbytes=1"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			request := httptest.NewRequestWithContext(ctx, "GET", uri, nil)
			start := time.Now()
			Httpbin().ServeHTTP(httptest.NewRecorder(), request)
			if got := time.Since(start); got != time.Second {
				t.Errorf("%s took %v after its client left at 1s", uri, got)
			}
		})
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestBrokenBody(t *testing.T) {
	recorder := httptest.NewRecorder()
	Echo().ServeHTTP(recorder, httptest.NewRequest("POST", "/", brokenBody{}))
	if recorder.Code != http.StatusBadRequest {
		t.Errorf("status %d, want 400", recorder.Code)
	}
}
