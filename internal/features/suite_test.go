package features

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/internal/cases"
)

// parseText makes scenarios of a text.
func parseText(t *testing.T, text string) []*Scenario {
	t.Helper()
	list, err := Parse("x.feature", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// counting is a Deploy of a server that allows so many requests.
func counting(allowed int64, base ...string) Deploy {
	return func(context.Context) (*Deployed, error) {
		var n atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) > allowed {
				w.WriteHeader(http.StatusTooManyRequests)
			}
			_, _ = w.Write([]byte(r.URL.RequestURI())) // the test fails if it does not arrive
		}))
		return &Deployed{Addr: server.Listener.Addr().String(), BasePaths: base, Witness: blind{}, Close: func() error {
			server.Close()
			return errors.New("closed")
		}}, nil
	}
}

const quota = `Feature: Quota
  Scenario Outline: allowed <n>
    When I GET -x?n=<n>
    Then response code should be 200
    And response body should contain ^/v1-x\?n=<n>$
    Examples:
      | n |
      | 1 |
      | 2 |
  Scenario: refused
    When I GET /
    Then response code should be 429
  Scenario: refused again
    When I GET /
    Then response code should be 429
`

// TestScenariosRunInOrder holds that scenarios share one deployment, one after
// another, below the base path of its endpoint; and that its end is reported.
func TestScenariosRunInOrder(t *testing.T) {
	for _, c := range []struct {
		allowed  int64
		failFast bool
		want     cases.Totals
	}{
		{2, false, cases.Totals{Passed: 4}},
		{1, false, cases.Totals{Passed: 3, Failed: 1}},
		{1, true, cases.Totals{Passed: 1, Failed: 1, NotRun: 2}},
	} {
		s := &Suite{Scenarios: parseText(t, quota), Config: &Config{}, Deploy: counting(c.allowed, "/v1/"), FailFast: c.failFast}
		got, err := s.Run(t.Context())
		if err == nil || err.Error() != "closed" {
			t.Errorf("error %v", err)
		}
		got.Seconds = 0
		if got.Totals != c.want {
			t.Errorf("%d allowed: got %+v, want %+v", c.allowed, got.Totals, c.want)
		}
	}
}

func TestBasePath(t *testing.T) {
	for _, c := range []struct {
		given    string
		deployed []string
		want     string
	}{
		{"", []string{"/v1"}, "/v1"},
		{"", []string{"/"}, ""},
		{"/", []string{"/v1"}, ""},
		{"/a/", []string{"/v1", "/v2"}, "/a"},
		{"", []string{"/v1", "/v2"}, "The endpoints have /v1, /v2: choose with --base-path"},
		{"", []string{"/v1/*/x"}, "The endpoints have /v1/*/x: choose with --base-path"},
	} {
		s := &Suite{Config: &Config{BasePath: c.given}}
		got, err := s.basePath(c.deployed)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%q of %v: got %q", c.given, c.deployed, got)
		}
	}
}

// TestRunErrors ends runs that cannot go on.
func TestRunErrors(t *testing.T) {
	broken := errors.New("broken")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		suite  Suite
		report cases.Report
		want   string
	}{
		"deploy":    {t.Context(), Suite{Config: &Config{}, Deploy: func(context.Context) (*Deployed, error) { return nil, broken }}, &keeper{}, "broken"},
		"base path": {t.Context(), Suite{Config: &Config{}, Deploy: counting(1)}, &keeper{}, "which base path"},
		"report":    {t.Context(), Suite{Config: &Config{}, Deploy: counting(9, "/v1")}, failing{broken}, "broken"},
		"context":   {ctx, Suite{Config: &Config{}, Deploy: counting(9, "/v1")}, &keeper{}, "context canceled"},
	} {
		c.suite.Scenarios = parseText(t, quota)
		if _, err := c.suite.Run(c.ctx, c.report); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Case(*cases.Result) error { return f.err }
func (f failing) End(cases.Totals) error   { return f.err }

// TestNotes holds what a failure says about variables that are not set, and about
// resources that are whole paths.
func TestNotes(t *testing.T) {
	s := &Suite{Config: &Config{}, Deploy: counting(9, "/v1"), Scenarios: parseText(t, "Feature: x\nScenario: y\nWhen I GET /v1/a?`b`\nThen response code should be 404")}
	k := &keeper{}
	if _, err := s.Run(t.Context(), k); err == nil || err.Error() != "closed" {
		t.Fatal(err)
	}
	want := []string{"variable b is not set", "--base-path /"}
	for i, line := range k.results[0].Log {
		if i >= len(want) || !strings.Contains(line, want[i]) {
			t.Errorf("note %d is %q", i, line)
		}
	}
	if len(k.results[0].Log) != len(want) {
		t.Errorf("got %q", k.results[0].Log)
	}
}

// TestAnswersAreRead sends requests to servers that do not answer well.
func TestAnswersAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"closed": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "the connection was closed without an answer"},
		"no gzip": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("x"))
		}, "the body says that it is gzip: unexpected EOF"},
		"half a body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("x"))
		}, "the body ended after 1 bytes: unexpected EOF"},
		"unending": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxBody+1)) }, "the body is larger than 64 MiB"},
	} {
		server := httptest.NewServer(c.serve)
		s := &Suite{
			Config: &Config{}, Scenarios: parseText(t, "Feature: x\nScenario: y\nWhen I GET /"),
			Deploy: func(context.Context) (*Deployed, error) {
				return &Deployed{Addr: server.Listener.Addr().String(), BasePaths: []string{"/"}, Witness: blind{}, Close: func() error { server.Close(); return nil }}, nil
			},
		}
		k := &keeper{}
		if _, err := s.Run(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		if f := k.results[0].Failures; len(f) != 1 || f[0].Got != c.want || f[0].Exchange != 1 {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}

// write makes files below a temporary folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFindAndSelect finds features in their order, keeps broken ones, and passes
// over what no one looks into.
func TestFindAndSelect(t *testing.T) {
	dir := write(t, map[string]string{
		"b.feature":                "@t\nFeature: b\nScenario: one\nGiven x\nScenario: two\nGiven x",
		"a/a.feature":              "Feature: a\nScenario: two\nGiven x",
		"a/node_modules/n.feature": "Feature: n\nScenario: n\nGiven x",
		".git/n.feature":           "Feature: n\nScenario: n\nGiven x",
		"c.feature":                "no feature\nat all",
		"c.txt":                    "Feature: c",
	})
	list, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ tags, pattern, want string }{
		{"", "", "a.feature/two b.feature/one b.feature/two c.feature/"},
		{"@t", "", "b.feature/one b.feature/two c.feature/"},
		{"not @t", "", "a.feature/two c.feature/"},
		{"", "^two$", "a.feature/two b.feature/two c.feature/"},
		{"@t", `b\.feature`, "b.feature/one b.feature/two c.feature/"},
	} {
		tags, err := ParseTags(c.tags)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, sc := range Select(list, tags, regexp.MustCompile(c.pattern)) {
			got = append(got, filepath.Base(sc.File)+"/"+sc.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %s: got %v", c.tags, c.pattern, got)
		}
	}
	if one, err := Find(filepath.Join(dir, "b.feature")); err != nil || len(one) != 2 {
		t.Errorf("one file: %d scenarios, %v", len(one), err)
	}
	for _, name := range []string{"c.txt", "none"} {
		if _, err := Find(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s := &Suite{Scenarios: list[3:], Config: &Config{}, Deploy: counting(0, "/")}
	k := &keeper{}
	if _, err := s.Run(t.Context(), k); err == nil || err.Error() != "closed" {
		t.Fatal(err)
	}
	if f := k.results[0].Failures; k.results[0].Passed || len(f) < 2 || f[0].Line != 1 || f[1].Line != 2 {
		t.Errorf("a file that is no feature: %+v", f)
	}
}

func TestReadConfig(t *testing.T) {
	dir := write(t, map[string]string{"features.yaml": "host: api.example\nbase-path: /x\nfixtures: f\nvariables: {a: 1, b: x}\nheaders: {B: 2, A: 1}", "x.feature": ""})
	for _, path := range []string{dir, filepath.Join(dir, "x.feature")} {
		c, err := ReadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.Host != "api.example" || c.BasePath != "/x" || c.Fixtures != filepath.Join(dir, "f") || c.Variables["a"] != "1" {
			t.Errorf("got %+v", c)
		}
		if h := c.headers(); len(h) != 2 || h[0] != (pair{"A", "1"}) {
			t.Errorf("headers are %v", h)
		}
	}
	if c, err := ReadConfig(write(t, nil)); err != nil || c.Host != "example.com" || c.Variables == nil {
		t.Errorf("default: %+v, %v", c, err)
	}
	_, err := ReadConfig(write(t, map[string]string{"features.yaml": "variables: {}\nbasepath: /x"}))
	if err == nil || !strings.Contains(err.Error(), "[2:1]") || !strings.Contains(err.Error(), "known keys: host") {
		t.Errorf("an unknown key: %v", err)
	}
}
