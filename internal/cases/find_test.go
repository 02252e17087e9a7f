package cases_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/cases"
)

func TestFindIsOrderedAndTellsEachOnce(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	const text = "-- request --\nGET / HTTP/1.1\n"
	for _, file := range []string{"b/2.case", "b/10.case", "a/x.case", "b/apiproxy/no.case", "node_modules/no.case", ".git/no.case", "b/notes.txt"} {
		writeFile(t, file, text)
	}
	writeFile(t, "b/broken.case", "-- reply --\n")
	for _, test := range []struct {
		paths, want []string
	}{
		{[]string{"."}, []string{"a/x.case", "b/10.case", "b/2.case", "b/broken.case"}},
		{[]string{"b/2.case", "./b", "a"}, []string{"b/2.case", "b/10.case", "b/broken.case", "a/x.case"}},
	} {
		list, err := cases.Find(test.paths...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range list {
			got = append(got, c.File)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: got %v, want %v", test.paths, got, test.want)
		}
	}
	for _, path := range []string{"nowhere", "b/notes.txt"} {
		if _, err := cases.Find(path); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBrokenCaseFails holds that a file which is no case fails with each mistake
// and its line.
func TestBrokenCaseFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.case")
	writeFile(t, file, "-- request --\n-- reply --\n")
	list, err := cases.Find(file)
	if err != nil {
		t.Fatal(err)
	}
	r := list[0].Run(t.Context(), options(t))
	if r.Passed || len(r.Failures) != 2 || r.Failures[1].Line != 2 || !strings.Contains(r.Failures[1].Got, `"reply"`) {
		t.Errorf("got %+v", r)
	}
}

func TestUses(t *testing.T) {
	c, err := cases.Read("testdata/good/values.case")
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{
		"testdata/good/values.case":                   true,
		"testdata/good/apiproxy/proxies/default.xml":  true,
		"testdata/good/integrations/i.json":           true,
		"testdata/good/target.case":                   false,
		"testdata/bad/apiproxy/proxies/default.xml":   false,
		"testdata/good/sharedflows/a/sharedflow.xml~": true,
	} {
		if got := c.Uses(file); got != want {
			t.Errorf("%s: got %t", file, got)
		}
	}
}
