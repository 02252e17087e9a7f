package features

import (
	"context"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/internal/cases"
	"sluice/internal/mock"
)

// blind is a Witness of a server that no proxy is in.
type blind struct{}

func (blind) Begin(string)          {}
func (blind) Expect(int, string)    {}
func (blind) Await(context.Context) {}
func (blind) Finish(*cases.Result)  {}

// serveHTTPBin is a Deploy of httpbin's stand-in.
func serveHTTPBin(context.Context) (*Deployed, error) {
	server := httptest.NewServer(mock.Httpbin())
	return &Deployed{
		Addr: server.Listener.Addr().String(), BasePaths: []string{"/"}, Witness: blind{},
		Close: func() error { server.Close(); return nil },
	}, nil
}

// runFile runs a feature file against httpbin's stand-in.
func runFile(t *testing.T, file string) ([]*cases.Result, string, Totals) {
	t.Helper()
	list, err := Find(file)
	if err != nil {
		t.Fatal(err)
	}
	config, err := ReadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &Suite{Scenarios: list, Config: config, Folder: "testdata/steps", Deploy: serveHTTPBin}
	var text strings.Builder
	keep := &keeper{}
	totals, err := s.Run(t.Context(), &cases.TextReport{W: &text}, keep)
	if err != nil {
		t.Fatal(err)
	}
	return keep.results, text.String(), totals
}

// keeper is a report that keeps what it is told.
type keeper struct{ results []*cases.Result }

func (k *keeper) Case(r *cases.Result) error { k.results = append(k.results, r); return nil }
func (k *keeper) End(cases.Totals) error     { return nil }

// unsupported are the definitions that no step may pass with.
const unsupported = `client TLS`

// TestStepsPass runs scenarios that must pass and that use every step.
func TestStepsPass(t *testing.T) {
	results, text, totals := runFile(t, "testdata/steps/passes.feature")
	if totals.Failed > 0 || totals.Passed != len(results) {
		t.Error(text)
	}
	used := usedBy(t, "testdata/steps/passes.feature")
	for _, d := range definitions {
		if used[d.pattern] == regexp.MustCompile(unsupported).MatchString(d.pattern) {
			t.Errorf("%s: used is %v", d.pattern, used[d.pattern])
		}
	}
	if len(definitions) != 38 {
		t.Errorf("%d definitions; apickli has 38", len(definitions))
	}
}

// TestStepsFail compares what scenarios report that must all fail, each step of
// apickli in one of them.
func TestStepsFail(t *testing.T) {
	const file = "testdata/steps/fails.txt"
	results, text, totals := runFile(t, "testdata/steps/fails.feature")
	if totals.Passed > 0 || totals.Undefined != 2 {
		t.Errorf("%d passed, %d undefined steps", totals.Passed, totals.Undefined)
	}
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "ADDR")
	if *golden {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	failed := failedSteps(t, results)
	for _, d := range definitions {
		if !failed[d.pattern] {
			t.Errorf("no scenario fails because of %s", d.pattern)
		}
	}
}

// usedBy are the patterns that the steps of a file call.
func usedBy(t *testing.T, file string) map[string]bool {
	t.Helper()
	list, err := Find(file)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, sc := range list {
		for i := range sc.Steps {
			if c, err := find(&sc.Steps[i]); err == nil {
				used[c.definition.pattern] = true
			}
		}
	}
	return used
}

// failedSteps are the patterns of the steps that failed.
func failedSteps(t *testing.T, results []*cases.Result) map[string]bool {
	t.Helper()
	failed := map[string]bool{}
	for _, r := range results {
		for _, f := range r.Failures {
			_, text, _ := strings.Cut(f.Section, " ")
			i := slices.IndexFunc(definitions, func(d definition) bool {
				ok, err := d.expr.MatchString(text)
				return ok && err == nil
			})
			if i >= 0 {
				failed[definitions[i].pattern] = true
			}
		}
	}
	return failed
}
