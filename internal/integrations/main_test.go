package integrations

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newEngine returns an engine that the test closes, with the files of testdata loaded under
// their base names.
func newEngine(t *testing.T, o Options, files ...string) *Engine {
	t.Helper()
	e := New(o)
	t.Cleanup(e.Close)
	for _, f := range files {
		load(t, e, f)
	}
	return e
}

// execute calls Execute and returns status and body; an error ends the test.
func execute(t *testing.T, e *Engine, name, body string) (int, string) {
	t.Helper()
	a, err := e.Execute(t.Context(), Call{Project: "p", Region: "europe-west1", Name: name, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(a.Body) {
		t.Fatalf("answer is not JSON: %s", a.Body)
	}
	return a.Status, string(a.Body)
}

func load(tb testing.TB, e *Engine, name string) {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	if bad := e.Load(name, text); bad != nil {
		tb.Fatal(bad)
	}
}

// clientOf is a client without network: answer decides. nil refuses every request.
func clientOf(answer func(*http.Request) (*http.Response, error)) *http.Client {
	if answer == nil {
		answer = func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }
	}
	return &http.Client{Transport: roundTripper(answer)}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
