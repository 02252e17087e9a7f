package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/internal/loopback"

	cloudtasks "cloud.google.com/go/cloudtasks/apiv2"
	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	googleoption "google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestServeForGooglesClients serves the example that uses all of it: gRPC and REST on one
// address, the API of integrations, the proxy for Google's names, and queues from a file. An
// invoice goes through the queue and comes back to the proxy until its integration can work.
func TestServeForGooglesClients(t *testing.T) {
	t.Parallel()
	accounting := newAccounting(t)
	queues, api, proxy, dir := loopback.Address(t), loopback.Address(t), loopback.Address(t), t.TempDir()
	r := serving(t, "../../examples/task-queue", "--tasks-listen", queues, "--queues", "../../examples/task-queue/queues.json", "--google-tokens", "local",
		"--integrations-listen", api, "--google-proxy", proxy, "--google-proxy-ca", dir, "--map-host", "httpbin.org="+accounting.addr)
	r.await(t, "Cloud Tasks")

	const queue = "projects/local/locations/us-central1/queues/invoices"
	over := grpcClient(t, queues)
	q, err := over.GetQueue(t.Context(), &cloudtaskspb.GetQueueRequest{Name: queue})
	must(t, err)
	if q.GetRetryConfig().GetMaxAttempts() != 20 {
		t.Errorf("over gRPC: %v", q)
	}
	if text := body(t, http.DefaultClient, "http://"+queues+"/v2/"+queue); !strings.Contains(text, `"maxAttempts":20`) {
		t.Errorf("over REST: %s", text)
	}
	const location = "/v1/projects/local/locations/us-central1/integrations"
	if text := body(t, http.DefaultClient, "http://"+api+location); !strings.Contains(text, "send-invoice") {
		t.Errorf("the integrations: %s", text)
	}
	google := throughProxy(t, proxy, dir)
	if text := body(t, google, "https://cloudtasks.googleapis.com/v2/"+queue); !strings.Contains(text, `"maxAttempts":20`) {
		t.Errorf("through the proxy: %s", text)
	}
	if text := body(t, google, "https://us-central1-integrations.googleapis.com"+location); !strings.Contains(text, "send-invoice") {
		t.Errorf("through the proxy: %s", text)
	}
	if r, err := google.Get("https://storage.googleapis.com/"); err == nil {
		r.Body.Close()
		t.Error("the proxy answers for a name that nothing stands in for")
	}

	resp, err := http.Post("http://"+r.addr+"/v1/invoices", "application/json", strings.NewReader(`{"number": "2026-0815", "customer": "Ada", "total": 25.9}`))
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != 202 {
		t.Fatalf("the invoice is answered with %d:\n%s", resp.StatusCode, r.out)
	}
	accounting.await(t)
	if got := accounting.keys; len(got) < 2 || got[0] != "2026-0815" {
		t.Errorf("the accounting has seen %q", got)
	}
}

// accounting refuses the first call and takes the second.
type accounting struct {
	addr string
	keys []string // of all calls; to be read after await
	took chan struct{}
}

func newAccounting(t *testing.T) *accounting {
	a := &accounting{took: make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.keys = append(a.keys, r.Header.Get("Idempotency-Key")) // one at a time: the queue waits for each
		if len(a.keys) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "{}")
		close(a.took)
	}))
	t.Cleanup(s.Close)
	a.addr = strings.TrimPrefix(s.URL, "http://")
	return a
}

func (a *accounting) await(t *testing.T) {
	t.Helper()
	select {
	case <-a.took:
	case <-time.After(patience):
		t.Fatal("the accounting was not called twice")
	}
}

func grpcClient(t *testing.T, addr string) *cloudtasks.Client {
	t.Helper()
	c, err := cloudtasks.NewClient(t.Context(), googleoption.WithEndpoint(addr), googleoption.WithoutAuthentication(),
		googleoption.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

// throughProxy is a client as the variables of sluice env make it.
func throughProxy(t *testing.T, addr, dir string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: addr}),
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// body is the body of a GET that must succeed, on one line.
func body(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	r, err := c.Get(url)
	must(t, err)
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	must(t, err)
	if r.StatusCode != 200 {
		t.Fatalf("%s: %d %s", url, r.StatusCode, data)
	}
	var v any
	must(t, json.Unmarshal(data, &v))
	data, err = json.Marshal(v)
	must(t, err)
	return string(data)
}

// TestBadBackendSettings: what cannot work is said before anything is served.
func TestBadBackendSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--queues", write("name.json", `[{"name": "orders"}]`)}, `queue "orders": `},
		{[]string{"--queues", write("broken.json", `[{"name": 1}]`)}, "queue 1 of 1: "},
		{[]string{"--queues", filepath.Join(dir, "none.json")}, "no such file"},
		{[]string{"--auth-configs", write("auth.json", `{"credentialType": "USERNAME_AND_PASSWORD"}`)}, "profile 1 of 1: displayName is required"},
		{[]string{"--auth-configs", write("auth.txt", `user: ada`)}, "it is no JSON"},
		{[]string{"--smtp-from", "a@example.com"}, "need --smtp"},
		{[]string{"--smtp", "127.0.0.1:25"}, "needs --smtp-from"},
		{[]string{"--integrations-sync-limit", "0s"}, "0s is below 1ms"},
		{[]string{"--integrations-async-limit", "long"}, `"long" is not a duration such as 30s`},
		{[]string{"--google-tokens", "none"}, `"none"; it is google or local`},
		{[]string{"--integrations", "google", "--integrations-listen", loopback.Address(t)}, "--integrations-listen needs --integrations local"},
	} {
		out := &lockedBuffer{}
		err := command(t.Context(), out, append([]string{"serve", "../../examples/integration-sync", "--listen", loopback.Address(t)}, test.args...)...)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v\nwant %s\n%s", test.args, err, test.want, out)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
