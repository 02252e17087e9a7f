package cases_test

import (
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/cases"
)

func TestUpdateKeepsWhatMatches(t *testing.T) {
	checkUpdate(t, "testdata/good", "testdata/update", options(t))
}

// TestUpdateOfLogs also shows that the sections log and captured can fail.
func TestUpdateOfLogs(t *testing.T) {
	checkUpdate(t, "testdata/logs", "testdata/logs", probeOptions(t))
}

// checkUpdate updates stale.txt of a folder, run with the bundle of another, to fresh.txt.
func checkUpdate(t *testing.T, bundle, texts string, o cases.Options) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "apiproxy"), os.DirFS(bundle+"/apiproxy")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "stale.case")
	stale := readFile(t, texts+"/stale.txt")
	if err := os.WriteFile(file, []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, file, o); r.Passed {
		t.Fatal("the stale case passes")
	}
	if got := readFile(t, file); got != stale {
		t.Fatalf("written without Update:\n%s", got)
	}
	o.Update = true
	if r := run(t, file, o); !r.Passed {
		t.Fatalf("update: %s", r)
	}
	if got, want := readFile(t, file), readFile(t, texts+"/fresh.txt"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	o.Update = false
	if r := run(t, file, o); !r.Passed {
		t.Errorf("the updated case fails: %s", r)
	}
}

func run(t *testing.T, file string, o cases.Options) *cases.Result {
	t.Helper()
	c, err := cases.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return c.Run(t.Context(), o)
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
