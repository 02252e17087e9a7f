package xslt

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the outputs of testdata/*.txtar as they are now")

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// TestOutputs transforms the documents of testdata/*.txtar. Each archive holds stylesheets NAME.xsl with what they make of the
// source.xml before them, in NAME.out, or of NAME.xml if there is one. Its comment tells which processor printed the outputs
// that are compared.
func TestOutputs(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range archive.Files {
				if name, ok := strings.CutSuffix(f.Name, ".xsl"); ok {
					t.Run(name, func(t *testing.T) { testOutput(t, archive, name, i) })
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func testOutput(t *testing.T, archive *txtar.Archive, name string, at int) {
	find := func(name string) *txtar.File {
		for i := range archive.Files {
			if archive.Files[i].Name == name {
				return &archive.Files[i]
			}
		}
		return nil
	}
	source, want := find(name+".xml"), find(name+".out")
	if source == nil {
		source = find("source.xml")
	}
	if source == nil || want == nil {
		t.Fatalf("%s has no source or no output", name)
	}
	got := outcome(t, string(archive.Files[at].Data), string(source.Data))
	if *update {
		want.Data = []byte(got)
	}
	if got != string(want.Data) {
		t.Errorf("is\n%s\nwant\n%s", got, want.Data)
	}
}

// outcome is the output of a transformation, or its error, with one line end behind it.
func outcome(t testing.TB, stylesheet, source string) string {
	t.Helper()
	s, err := Compile([]byte(stylesheet))
	if err != nil {
		return "refused: " + err.Error() + "\n"
	}
	o, err := s.Transform(t.Context(), []byte(source), Options{Now: testTime, Parameters: map[string]string{"given": "a parameter"}})
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return strings.TrimRight(o.Text, "\n") + "\n"
}
