package adminpage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	page := guard([]string{"admin.example", ""}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:9090": true, "LOCALHOST.:9090": true, "sluice.localhost:1": true,
		"127.0.0.1": true, "127.0.0.1:9090": true, "10.1.2.3:80": true, "[::1]:9090": true, "[::1]": true, "::1": true, "[fe80::1%eth0]:1": true,
		"admin.example": true, "Admin.Example:9090": true, "admin.example.": true,
		"evil.example": false, "evil.example:9090": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "notlocalhost": false,
		"admin.example.evil.example": false, "": false, ":9090": false, "0x7f.1": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		if got := w.Code == http.StatusNoContent; got != ok {
			t.Errorf("host %q: %d", host, w.Code)
		}
		if w.Header().Get("X-Frame-Options") != "DENY" {
			t.Errorf("host %q: headers are missing", host)
		}
	}
}

func TestHeaders(t *testing.T) {
	o := newOperator(t, nil)
	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/nothing": "text/html; charset=utf-8", "/style.css": "text/css; charset=utf-8"} {
		resp, err := http.Get(o.url + path)
		check(t, err)
		check(t, resp.Body.Close())
		http.DefaultClient.CloseIdleConnections()
		for name, want := range map[string]string{
			"Content-Type": kind, "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if stored := resp.Header.Get("Cache-Control"); kind[:9] == "text/html" && stored != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, stored)
		}
	}
}

// TestReadsOnly tries to change something.
func TestReadsOnly(t *testing.T) {
	o := newOperator(t, nil)
	for _, path := range []string{"/", "/integrations", "/executions", "/executions/x", "/queues", "/queues/" + orders} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			r := httptest.NewRequest(method, "http://localhost"+path, nil)
			w := httptest.NewRecorder()
			if New(o.sources).ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s answers %d", method, path, w.Code)
			}
		}
	}
}
