package cases_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/cases/casetest"
)

// The clock of the regexp2 engine runs on for a second after its last use.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

var golden = flag.Bool("golden", false, "rewrite the .want files")

func options(t testing.TB) cases.Options {
	t.Helper()
	r, err := flow.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	return cases.Options{Registry: r}
}

func TestGoodCasesPass(t *testing.T) { casetest.Test(t, "testdata/good", options(t)) }

// TestTargetServersOfTheFolder: as `sluice serve`, cases read targetservers.json.
func TestTargetServersOfTheFolder(t *testing.T) {
	casetest.Test(t, "testdata/servers", options(t))
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/servers")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "targetservers.json"), `[{"name":"backend","host":"h"}]`)
	c, err := cases.Read(filepath.Join(dir, "folder.case"))
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Run(t.Context(), options(t)); r.Passed || !strings.Contains(r.String(), `targetservers.json: target server "backend": port "" is not a number`) {
		t.Errorf("a file that cannot be read: %s", r)
	}
	if !c.Uses(filepath.Join(dir, "targetservers.json")) {
		t.Error("a change of the file is no reason to run again")
	}
}

// TestBadCasesFail compares what each case of a folder complains about.
func TestBadCasesFail(t *testing.T) {
	for _, dir := range []string{"testdata/bad", "testdata/refused"} {
		list, err := cases.Folder(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			t.Run(filepath.Base(c.File), func(t *testing.T) {
				t.Parallel()
				r := c.Run(t.Context(), options(t))
				if r.Passed {
					t.Error("the case passes")
				}
				compareGolden(t, c.File, r.String()+"\n")
			})
		}
	}
}

func TestUnreadableCases(t *testing.T) {
	files, err := filepath.Glob("testdata/unreadable/*.case")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		if _, err := cases.Read(file); err == nil {
			t.Errorf("%s: no error", file)
		} else {
			compareGolden(t, file, err.Error()+"\n")
		}
	}
	if list, err := cases.Folder("testdata/unreadable"); err == nil || len(list) != 0 {
		t.Errorf("Folder returns %d cases, error %v", len(list), err)
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	file = strings.TrimSuffix(file, ".case") + ".want"
	if *golden {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}
