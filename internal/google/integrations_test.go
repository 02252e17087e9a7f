package google

import (
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

func orders() flow.IntegrationCall {
	return flow.IntegrationCall{Account: account, Project: "shop-42", Region: "us-central1", Name: "Orders_v-1", Body: []byte(`{"triggerId":"api_trigger/x"}`)}
}

func TestRunCalls(t *testing.T) {
	tests := []struct {
		name             string
		edit             func(*flow.IntegrationCall)
		host, path, auth string
	}{
		{"execute", func(*flow.IntegrationCall) {}, "us-central1-integrations.googleapis.com",
			"/v1/projects/shop-42/locations/us-central1/integrations/Orders_v-1:execute", numbered(accountToken, 1)},
		{"schedule", func(c *flow.IntegrationCall) { c.Schedule = true }, "us-central1-integrations.googleapis.com",
			"/v1/projects/shop-42/locations/us-central1/integrations/Orders_v-1:schedule", numbered(accountToken, 1)},
		{"runtime's region and identity", func(c *flow.IntegrationCall) { c.Region, c.Account = "", "" }, "europe-west1-integrations.googleapis.com",
			"/v1/projects/shop-42/locations/europe-west1/integrations/Orders_v-1:execute", ownToken},
		{"project of a domain, any integration", func(c *flow.IntegrationCall) { c.Project, c.Name = "example.com:shop", "-" }, "us-central1-integrations.googleapis.com",
			"/v1/projects/example.com:shop/locations/us-central1/integrations/-:execute", numbered(accountToken, 1)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDouble(t)
			c := orders()
			test.edit(&c)
			m, err := New(d.options()).Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			body, held := m.Body.Held()
			if m.Kind != flow.Response || m.Status != 200 || !held || string(body) != "{\"executionId\":\"e1\"}\n" ||
				m.Header.Value("X-Google") != "yes" || m.MediaType() != "application/json" {
				t.Errorf("answer %+v %s", m, body)
			}
			calls := d.received("")
			got := calls[len(calls)-1]
			if got.host != test.host || got.path != test.path || got.body != string(c.Body) {
				t.Errorf("called %s%s with %s", got.host, got.path, got.body)
			}
			if got.header.Get("Authorization") != "Bearer "+test.auth || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("header %v", got.header)
			}
		})
	}
}

func TestRunReturnsEveryAnswer(t *testing.T) {
	for _, status := range []int{204, 302, 400, 403, 404, 500, 503} {
		d := newDouble(t)
		d.answering(func(w http.ResponseWriter, r *http.Request, _ string) bool {
			if !strings.HasSuffix(r.URL.Path, ":execute") {
				return false
			}
			w.Header().Set("Location", "https://evil.googleapis.com/:execute")
			w.WriteHeader(status)
			return true
		})
		m, err := New(d.options()).Run(t.Context(), orders())
		if err != nil || m.Status != status {
			t.Errorf("%d: %v %v", status, m, err)
		}
		if n := len(d.received(":execute")); n != 1 {
			t.Errorf("%d: %d calls, want 1", status, n)
		}
	}
}

// With a client that leaves the coding alone, the message decodes it when it is read.
func TestRunKeepsTheContentEncoding(t *testing.T) {
	d := newDouble(t)
	d.client.Transport.(*http.Transport).DisableCompression = true
	d.answering(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if !strings.HasSuffix(r.URL.Path, ":execute") {
			return false
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte("plain"))
		_ = z.Close()
		return true
	})
	m, err := New(d.options()).Run(t.Context(), orders())
	if err != nil {
		t.Fatal(err)
	}
	if content, err := m.Content(); string(content) != "plain" || err != nil {
		t.Errorf("content %q %v", content, err)
	}
}

func TestRunRefusesNames(t *testing.T) {
	tests := []struct {
		name string
		edit func(*flow.IntegrationCall)
		says string
	}{
		{"region is a host", func(c *flow.IntegrationCall) { c.Region = "evil.example/" }, "Invalid region"},
		{"region has a user", func(c *flow.IntegrationCall) { c.Region = "a@evil.example:443#" }, "Invalid region"},
		{"region has a fragment", func(c *flow.IntegrationCall) { c.Region = "a#" }, "Invalid region"},
		{"region has a line", func(c *flow.IntegrationCall) { c.Region = "a\n" }, "Invalid region"},
		{"region has capitals", func(c *flow.IntegrationCall) { c.Region = "EU" }, "Invalid region"},
		{"region is long", func(c *flow.IntegrationCall) { c.Region = strings.Repeat("a", 33) }, "Invalid region"},
		{"project climbs", func(c *flow.IntegrationCall) { c.Project = ".." }, "Invalid project"},
		{"project has a path", func(c *flow.IntegrationCall) { c.Project = "p/locations/x" }, "Invalid project"},
		{"project has an escape", func(c *flow.IntegrationCall) { c.Project = "p%2f" }, "Invalid project"},
		{"no project", func(c *flow.IntegrationCall) { c.Project = "" }, "Invalid project"},
		{"name has a path", func(c *flow.IntegrationCall) { c.Name = "x/versions/y" }, "Invalid integration"},
		{"name has a verb", func(c *flow.IntegrationCall) { c.Name = "x:delete" }, "Invalid integration"},
		{"name has a query", func(c *flow.IntegrationCall) { c.Name = "x?y" }, "Invalid integration"},
		{"no name", func(c *flow.IntegrationCall) { c.Name = "" }, "Invalid integration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDouble(t)
			c := orders()
			test.edit(&c)
			m, err := New(d.options()).Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := m.Body.Held()
			if m.Kind != flow.Response || m.Status != 400 || !strings.Contains(string(body), `"status": "INVALID_ARGUMENT"`) || !strings.Contains(string(body), test.says) {
				t.Errorf("answer %d %s", m.Status, body)
			}
			if calls := d.received(""); len(calls) != 0 {
				t.Errorf("called %+v", calls)
			}
		})
	}
	t.Run("no region at all", func(t *testing.T) {
		m, err := New(Options{}).Run(t.Context(), flow.IntegrationCall{Project: "p", Name: "n"})
		if err != nil || m.Status != 400 {
			t.Errorf("%v %v", m, err)
		}
	})
}

func TestRunWithoutAToken(t *testing.T) {
	d := newDouble(t)
	d.answering(func(w http.ResponseWriter, _ *http.Request, _ string) bool { w.WriteHeader(403); return true })
	_, err := New(d.options()).Run(t.Context(), orders())
	checkFailure(t, err, "roles/iam.serviceAccountTokenCreator")
	if n := len(d.received(":execute")); n != 0 {
		t.Errorf("%d calls without a token", n)
	}
}

func TestRunAnswerTooBig(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	g.answerLimit = 1000
	for size, want := range map[int]error{1000: nil, 1001: ErrAnswerTooBig} {
		d.answering(func(w http.ResponseWriter, r *http.Request, _ string) bool {
			if !strings.HasSuffix(r.URL.Path, ":execute") {
				return false
			}
			_, _ = w.Write(make([]byte, size))
			return true
		})
		if _, err := g.Run(t.Context(), orders()); err != want {
			t.Errorf("%d bytes: %v, want %v", size, err, want)
		}
	}
	if New(Options{}).answerLimit != 50<<20 {
		t.Error("the limit is not 50 MB")
	}
}

// hang makes executions hang, before the answer or within it, until the test ends.
func hang(t *testing.T, d *double, within bool) (arrived chan struct{}) {
	arrived, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	d.answering(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if !strings.HasSuffix(r.URL.Path, ":execute") {
			return false
		}
		if within {
			_, _ = w.Write([]byte("{"))
			w.(http.Flusher).Flush()
		}
		close(arrived)
		<-release
		return true
	})
	return arrived
}

func TestRunEndsWithItsContext(t *testing.T) {
	for _, within := range []bool{false, true} {
		d := newDouble(t)
		arrived := hang(t, d, within)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		if _, err := New(d.options()).Run(ctx, orders()); err != context.Canceled {
			t.Errorf("within %v: %v, want %v", within, err, context.Canceled)
		}
	}
}

func TestRunTimesOut(t *testing.T) {
	timed := func(err error) bool {
		var e interface{ Timeout() bool }
		return errors.As(err, &e) && e.Timeout()
	}
	t.Run("context", func(t *testing.T) {
		d := newDouble(t)
		hang(t, d, false)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := New(d.options()).Run(ctx, orders())
		if err != context.DeadlineExceeded || !timed(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("client", func(t *testing.T) {
		for _, within := range []bool{false, true} {
			d := newDouble(t)
			hang(t, d, within)
			g := New(d.options())
			g.client.Timeout = 200 * time.Millisecond
			_, err := g.Run(t.Context(), orders())
			if !timed(err) || strings.Contains(err.Error(), accountToken) {
				t.Errorf("within %v: got %v", within, err)
			}
		}
	})
}

// FuzzAddress: no names lead anywhere but to the host of a region.
func FuzzAddress(f *testing.F) {
	f.Add("shop-42", "us-central1", "Orders")
	f.Add("..", "evil.example/", "x:delete?")
	f.Add("a..b", "a-", "-")
	g := New(Options{})
	f.Fuzz(func(t *testing.T, project, region, name string) {
		c := flow.IntegrationCall{Project: project, Region: region, Name: name}
		if checkNames(&c) != "" {
			return
		}
		u, err := url.Parse(g.address(&c))
		if err != nil {
			t.Fatal(err)
		}
		path := "/v1/projects/" + project + "/locations/" + region + "/integrations/" + name + ":execute"
		if u.Host != region+"-integrations.googleapis.com" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.EscapedPath() != path || u.JoinPath().Path != path {
			t.Errorf("%q %q %q leads to %s", project, region, name, u)
		}
	})
}
