package integrations

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const corpus = "../../../shared/corpus/integrations"

func corpusFiles(t testing.TB) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(corpus, "*.json"))
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "index.json" })
	if len(files) == 0 {
		t.Skip("the corpus of exported integrations is not here: " + corpus)
	}
	return files
}

// TestCorpus publishes every real export. All of them are accepted where there are an SMTP
// server, profiles and doubles for connectors and services of Google.
func TestCorpus(t *testing.T) {
	files := corpusFiles(t)
	_, o := newWorld(t, nil)
	e := newEngine(t, o)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range e.Load(strings.TrimSuffix(filepath.Base(f), ".json"), text) {
			t.Errorf("%s: %v", filepath.Base(f), bad)
		}
	}
	if got := len(e.Names()); got != len(files) || got < 37 {
		t.Errorf("%d of %d exports load", got, len(files))
	}
}

// TestCorpusNeedsSettings loads the exports into an engine without anything outside: what is
// refused says which setting or profile is missing, and nothing is malformed.
func TestCorpusNeedsSettings(t *testing.T) {
	e := newEngine(t, Options{})
	for _, f := range corpusFiles(t) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range e.Load(filepath.Base(f), text) {
			if p := bad.(*Problem); p.Reason != Setting && p.Reason != AuthProfile {
				t.Errorf("%s: %v", filepath.Base(f), bad)
			}
		}
	}
}

// A corpusCase runs one export against doubles. What it must come to was worked out by hand from
// the export: its mappings, templates and scripts, and the answers of the doubles.
type corpusCase struct {
	name     string
	files    []string // file or file=name; the first one is run
	replace  []string // old, new: what the deploy scripts of the samples replace
	defaults string   // likewise: a JSON object, name of a variable to its ValueType
	trigger  string
	inputs   string
	config   map[string]json.RawMessage
	answer   func(r *http.Request, body string) (int, string)
	lift     string // "": not suspended; "lift" or "reject"
	status   int    // default 200
	outputs  string // a part of the answer
	vars     map[string]string
	tasks    string   // of the main execution, in order: "1 SUCCEED 2 SKIPPED"
	requests []string // all of them, sorted
	mails    []string // all of them, sorted
}

// TestCorpusRuns runs the exports, all but one: upload-download-gcs-sftp is published, and not
// run, because it only moves files between connections that a double could no more than echo.
func TestCorpusRuns(t *testing.T) {
	corpusFiles(t)
	for _, c := range corpusCases {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}

func (c corpusCase) run(t *testing.T) {
	answer := c.answer
	if answer == nil {
		answer = func(*http.Request, string) (int, string) { return 200, "{}" }
	}
	w, o := newWorld(t, answer)
	e := newEngine(t, o)
	main := c.publish(t, e)
	inputs := c.inputs
	if inputs == "" {
		inputs = "{}"
	}
	call := Call{
		Project: "my-project", Region: "us-west1", Name: main, AnyTrigger: true,
		Body: []byte(`{"triggerId":"` + c.trigger + `","inputParameters":` + inputs + `}`),
	}
	a, err := e.Execute(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if c.lift != "" {
		a = c.goOn(t, e, w)
	}
	c.check(t, e, w, a)
}

func (c corpusCase) publish(t *testing.T, e *Engine) string {
	main := ""
	for _, f := range c.files {
		file, name, named := strings.Cut(f, "=")
		if !named {
			name = file
		}
		if main == "" {
			main = name
		}
		text, err := os.ReadFile(filepath.Join(corpus, file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		export := strings.NewReplacer(c.replace...).Replace(string(text))
		if bad := e.Publish(name, "1", c.withDefaults(t, export), c.config); bad != nil {
			t.Fatal(bad)
		}
	}
	return main
}

func (c corpusCase) withDefaults(t *testing.T, export string) []byte {
	if c.defaults == "" {
		return []byte(export)
	}
	var w, defaults map[string]any
	if err := errors.Join(json.Unmarshal([]byte(export), &w), json.Unmarshal([]byte(c.defaults), &defaults)); err != nil {
		t.Fatal(err)
	}
	for _, p := range w["integrationParameters"].([]any) {
		v := p.(map[string]any)
		if d, ok := defaults[v["key"].(string)]; ok {
			v["defaultValue"] = d
		}
	}
	out, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// goOn lifts the only suspension in a new engine, as after a restart of the process.
func (c corpusCase) goOn(t *testing.T, e *Engine, w *world) Answer {
	rec := w.last["main"]
	if rec == nil || rec.State != Suspended || len(rec.Suspensions) != 1 {
		t.Fatalf("not suspended: %+v", rec)
	}
	if err := Lift(rec, rec.Suspensions[0].ID, "", c.lift == "reject", rec.Updated); err != nil {
		t.Fatal(err)
	}
	if err := e.Resume(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	return rec.Answer()
}

func (c corpusCase) check(t *testing.T, e *Engine, w *world, a Answer) {
	if c.status == 0 {
		c.status = 200
	}
	if a.Status != c.status || !strings.Contains(string(a.Body), c.outputs) {
		t.Errorf("%d %s\nwant %d %s", a.Status, a.Body, c.status, c.outputs)
	}
	for name, want := range c.vars {
		if got := w.variable(name); got != want {
			t.Errorf("variable %s is %s\nwant %s", name, got, want)
		}
	}
	if c.tasks != "" {
		if got := strings.Join(states(mainOf(e)), " "); got != c.tasks {
			t.Errorf("tasks %s\nwant %s", got, c.tasks)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	compareLists(t, "requests", w.requests, c.requests)
	compareLists(t, "mails", w.mails, c.mails)
}

// mainOf is the newest execution that is no sub-integration.
func mainOf(e *Engine) Record {
	for _, r := range e.Executions("") {
		if r.Parent == "" {
			return r
		}
	}
	return Record{}
}

func compareLists(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.EqualFunc(got, want, matches) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// matches lets want end in ... for the rest.
func matches(got, want string) bool {
	begin, open := strings.CutSuffix(want, "...")
	return got == want || open && strings.HasPrefix(got, begin)
}
