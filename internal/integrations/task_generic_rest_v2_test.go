package integrations

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// callREST runs an integration of testdata against handler, over loopback.
func callREST(t *testing.T, name string, handler http.HandlerFunc) (int, string) {
	t.Helper()
	s := httptest.NewServer(handler)
	defer s.Close()
	e := newEngine(t, Options{Client: s.Client()}, name)
	return execute(t, e, name, fmt.Sprintf(`{"triggerId":"api_trigger/rest_API_1","inputParameters":{"base":{"stringValue":%q}}}`, s.URL))
}

func TestRESTRequest(t *testing.T) {
	status, body := callREST(t, "rest", func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		for _, c := range []struct{ what, got, want string }{
			{"method", r.Method, "POST"},
			{"URL", r.URL.String(), "/orders/7?a=1&q=x+y%26z"},
			{"body", string(sent), `{"items":[{"sku":"a"}],"name":"7","price":"5 $"}`},
			{"content type", r.Header.Get("Content-Type"), "application/json"},
			{"authorization", r.Header.Get("Authorization"), "Bearer t"},
			{"header of the JSON object", r.Header.Get("X-Json"), "7"},
		} {
			if c.got != c.want {
				t.Errorf("%s is %q, want %q", c.what, c.got, c.want)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id": 12345678901234567, "ok": true}`)
	})
	want := `"outputParameters":{"status":"201 Created","body":{"id":12345678901234567,"ok":true},"kind":"application/json"}`
	if status != 200 || !strings.Contains(body, want) {
		t.Errorf("%d %s\nwant %s", status, body, want)
	}
}

func TestRESTErrors(t *testing.T) {
	missing := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "nope", http.StatusNotFound) }
	status, body := callREST(t, "rest", missing)
	if status != 500 || !strings.Contains(body, `task 1 \"Call orders\" failed: POST `) || !strings.Contains(body, "answered 404 Not Found") {
		t.Errorf("throwError: %d %s", status, body)
	}
	status, body = callREST(t, "rest-lenient", missing)
	if status != 200 || !strings.Contains(body, `{"status":"404 Not Found","body":"nope\n"}`) {
		t.Errorf("no throwError: %d %s", status, body)
	}
	for _, base := range []string{"", "/relative", "ftp://127.0.0.1", "http://127.0.0.1:1", "http://["} {
		e := newEngine(t, Options{}, "rest-lenient")
		status, body := execute(t, e, "rest-lenient", fmt.Sprintf(`{"triggerId":"api_trigger/rest_API_1","inputParameters":{"base":{"stringValue":%q}}}`, base))
		if status != 500 || !strings.Contains(body, "Call orders") {
			t.Errorf("%q always fails, but: %d %s", base, status, body)
		}
	}
}

func TestRESTRedirects(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.Redirect(w, r, "/there", http.StatusSeeOther)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"agent":%q}`, r.UserAgent())
	}
	if status, body := callREST(t, "rest-lenient", handler); status != 200 || !strings.Contains(body, `"status":"303 See Other"`) {
		t.Errorf("followRedirects false: %d %s", status, body)
	}
	if status, body := callREST(t, "rest", handler); status != 200 || !strings.Contains(body, `"status":"200 OK"`) {
		t.Errorf("followRedirects true: %d %s", status, body)
	}
}

func TestRESTWithoutCertificateCheck(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.UserAgent())
	}))
	defer s.Close()
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it would report the refused handshake
	s.StartTLS()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	e := newEngine(t, Options{Client: &http.Client{Transport: transport}}, "rest-lenient", "rest")
	body := fmt.Sprintf(`{"triggerId":"api_trigger/rest_API_1","inputParameters":{"base":{"stringValue":%q}}}`, s.URL)
	if status, got := execute(t, e, "rest-lenient", body); status != 200 || !strings.Contains(got, `"body":"tester"`) {
		t.Errorf("disableSSLValidation and userAgent: %d %s", status, got)
	}
	if status, got := execute(t, e, "rest", body); status != 500 || !strings.Contains(got, "certificate") {
		t.Errorf("certificates are checked otherwise, but: %d %s", status, got)
	}
}

// endless is a body without an end.
type endless struct{ read int }

func (b *endless) Read(p []byte) (int, error) {
	b.read += len(p)
	return len(p), nil
}

func (b *endless) Close() error { return nil }

func TestRESTResponseLimit(t *testing.T) {
	body := &endless{}
	e := newEngine(t, Options{Client: clientOf(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: body, Header: http.Header{}, Request: r}, nil
	})}, "rest")
	status, got := execute(t, e, "rest", `{"triggerId":"api_trigger/rest_API_1","inputParameters":{"base":{"stringValue":"http://x"}}}`)
	if status != 409 || !strings.Contains(got, "exceeds 50 MB") || !strings.Contains(got, `"ABORTED"`) {
		t.Errorf("%d %s", status, got)
	}
	if body.read > maxResponse+(1<<20) {
		t.Errorf("%d bytes were read", body.read)
	}
}
