package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/internal/loopback"
	"sluice/proxy"
)

// adminGet asks the admin listener by a name.
func adminGet(t *testing.T, address, host, path string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	w, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, read(t, req)
}

// TestAdminPage opens every page of a process, as a browser and as a page that rebinds its name.
func TestAdminPage(t *testing.T) {
	t.Parallel()
	admin, queues := loopback.Address(t), loopback.Address(t)
	serving(t, bundle(t, "/admin-page", `<RouteRule name="r"/>`, ""), "--admin", admin, "--tasks-listen", queues)
	for path, want := range map[string]string{
		"/": "/admin-page", "/integrations": "0 integrations", "/executions": "No execution", "/queues": "queue", "/style.css": "color-scheme",
	} {
		if status, body := adminGet(t, admin, "localhost", path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s answers %d without %q:\n%s", path, status, want, body)
		}
		if status, body := adminGet(t, admin, "evil.example", path); status != http.StatusMisdirectedRequest || strings.Contains(body, want) {
			t.Errorf("%s answers a strange name with %d:\n%s", path, status, body)
		}
	}
	_, body := adminGet(t, admin, admin, "/")
	for _, want := range []string{"http://" + queues, "in memory", "test of local"} {
		if !strings.Contains(body, want) {
			t.Errorf("the overview lacks %q:\n%s", want, body)
		}
	}
	if status, body := adminGet(t, admin, "prometheus.example", "/metrics"); status != 200 || !strings.Contains(body, "sluice_proxies 1") {
		t.Errorf("/metrics answers %d to a name of a cluster:\n%s", status, body)
	}
}

// TestAdminPageShowsRefusedIntegrations: what serve prints of an integration at its start is
// long gone when somebody looks at the page.
func TestAdminPageShowsRefusedIntegrations(t *testing.T) {
	t.Parallel()
	admin := loopback.Address(t)
	serving(t, callingProxy(t, "ask", "api_trigger/ask_API_1", map[string]string{"cut": "{"}), "--admin", admin)
	_, body := adminGet(t, admin, admin, "/")
	for _, want := range []string{"integration cut", "the file is not JSON", "cut.json:1:", "1 warning"} {
		if !strings.Contains(body, want) {
			t.Errorf("the overview lacks %q:\n%s", want, body)
		}
	}
}

// TestAdminPageOnGoogle is a process whose integrations run elsewhere.
func TestAdminPageOnGoogle(t *testing.T) {
	t.Parallel()
	admin := loopback.Address(t)
	serving(t, bundle(t, "/admin-google", `<RouteRule name="r"/>`, ""), "--admin", admin, "--integrations", "google")
	for path, want := range map[string]string{"/executions": "--integrations local", "/queues": "--tasks-listen"} {
		if status, body := adminGet(t, admin, admin, path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s answers %d without %q:\n%s", path, status, want, body)
		}
	}
}

// TestAdminPageBefore asks before the process is ready: what the page shows may not be there yet.
func TestAdminPageBefore(t *testing.T) {
	r := &runtime{settings: &settings{}, metrics: newMetrics(), table: proxy.NewTable()}
	w := httptest.NewRecorder()
	r.adminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "/readyz") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestLastLoad looks at what the page is told of the bundles.
func TestLastLoad(t *testing.T) {
	r := &runtime{settings: &settings{Admin: "admin.example:9090"}, metrics: newMetrics(), table: proxy.NewTable()}
	r.table.Swap(&proxy.Snapshot{Environment: &proxy.Environment{}})
	if load := r.adminSources().Load(); load != nil {
		t.Errorf("before the first load there is %v", load)
	}
	r.metrics.loaded(&proxy.Load{Snapshot: &proxy.Snapshot{}, Refused: []string{"broken"}})
	sources := r.adminSources()
	if load := sources.Load(); load == nil || len(load.Refused) != 1 {
		t.Errorf("after it there is %v", load)
	}
	if len(sources.Hosts) != 1 || sources.Hosts[0] != "admin.example" {
		t.Errorf("hosts are %v", sources.Hosts)
	}
}
