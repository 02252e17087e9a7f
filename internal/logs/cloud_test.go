package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/flow"
)

// tokens is an identity whose first token cannot be made.
type tokens struct {
	mu    sync.Mutex
	fails int
}

func (i *tokens) Token(_ context.Context, want flow.TokenRequest) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fails > 0 {
		i.fails--
		return "", &flow.TokenError{Err: errors.New("not yet")}
	}
	return "token-of-" + want.Account + " " + strings.Join(want.Scopes, " "), nil
}

// cloudCall is what Cloud Logging was sent.
type cloudCall struct {
	authorization string
	body          struct {
		PartialSuccess bool
		Entries        []map[string]any
	}
}

// cloud is a Cloud Logging that answers with the statuses, and then with 200.
func cloud(t *testing.T, statuses ...int) (url string, client *http.Client, calls <-chan cloudCall) {
	t.Helper()
	got := make(chan cloudCall, 10)
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if len(statuses) > 0 {
			w.WriteHeader(statuses[0])
			statuses = statuses[1:]
			return
		}
		c := cloudCall{authorization: r.Header.Get("Authorization")}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &c.body); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		got <- c
	}))
	t.Cleanup(server.Close)
	return server.URL, server.Client(), got
}

func entry(text string) *flow.CloudLogEntry {
	return &flow.CloudLogEntry{
		Account: "runner", Name: "projects/p/logs/l", ResourceType: "global", Severity: "WARNING",
		Time: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), Text: text, JSON: strings.HasPrefix(text, "{"), Labels: map[string]string{"k": "v"},
	}
}

func TestCloudLogging(t *testing.T) {
	url, client, calls := cloud(t, 503, 429)
	s := open(t, Options{Cloud: url, Client: client, Identity: &tokens{fails: 1}})
	if err := s.Cloud(entry("plain")); err != nil {
		t.Fatal(err)
	}
	c := <-calls
	if c.authorization != "Bearer token-of-runner https://www.googleapis.com/auth/logging.write" || !c.body.PartialSuccess {
		t.Errorf("%+v", c)
	}
	if err := s.Cloud(entry(`{"a": 1}`)); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal([]any{c.body.Entries, (<-calls).body.Entries})
	const rest = `"labels":{"k":"v"},"logName":"projects/p/logs/l","resource":{"type":"global"},"severity":"WARNING",`
	const at = `"timestamp":"2026-01-02T03:04:05.006Z"`
	want := `[[{` + rest + `"textPayload":"plain",` + at + `}],[{"jsonPayload":{"a":1},` + rest + at + `}]]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestCloudLoggingRefuses: what it will never take is not tried again, and told once.
func TestCloudLoggingRefuses(t *testing.T) {
	var told reports
	url, client, calls := cloud(t, 400, 403)
	s := open(t, Options{Cloud: url, Client: client, Identity: &tokens{}, Report: told.add})
	for {
		if err := s.Cloud(entry("m")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-calls:
		case <-time.After(10 * time.Millisecond):
			continue
		}
		break
	}
	if got := told.all(); len(got) != 1 || !strings.Contains(got[0], "status 400") || strings.Contains(got[0], "token") {
		t.Errorf("told %q", got)
	}
}

func TestCloudLoggingStaysHere(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	for range 2 {
		if err := s.Cloud(entry("two\nlines")); err != nil {
			t.Fatal(err)
		}
	}
	closeIn(s, patience)
	text, err := os.ReadFile(filepath.Join(dir, cloudFile))
	if err != nil || bytes.Count(text, []byte("\n")) != 2 || !bytes.Contains(text, []byte(`"textPayload":"two\nlines"`)) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestBatches(t *testing.T) {
	url, client, calls := cloud(t)
	c := &cloudSink{service: open(t, Options{Client: client, Identity: &tokens{}}), url: url}
	var batch [][]byte
	for range maxEntries + 1 {
		batch = append(batch, []byte(`{}`))
	}
	if n, err := c.write(t.Context(), batch); n != maxEntries || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := <-calls; len(got.body.Entries) != maxEntries {
		t.Errorf("%d entries", len(got.body.Entries))
	}
	long := []byte(`{"textPayload":"` + strings.Repeat("x", maxEntryBytes/2) + `"}`)
	if n, err := c.write(t.Context(), [][]byte{long, long, long}); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	<-calls
}

func TestCloudEndpoints(t *testing.T) {
	for _, tt := range []struct{ cloud, endpoint, want string }{
		{CloudLogging, "", "https://logging.googleapis.com/v2/entries:write"},
		{CloudLogging, "https://private.example", "https://private.example/v2/entries:write"},
		{CloudLogging, "https://private.example/", "https://private.example/v2/entries:write"},
		{CloudLogging, "https://private.example/v2/entries:write", "https://private.example/v2/entries:write"},
		{"http://127.0.0.1:1/", "https://private.example", "http://127.0.0.1:1/"},
	} {
		if got := (&Service{o: Options{Cloud: tt.cloud}}).cloudURL(tt.endpoint); got != tt.want {
			t.Errorf("%s, %s: %s", tt.cloud, tt.endpoint, got)
		}
	}
}
