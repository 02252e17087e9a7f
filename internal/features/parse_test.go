package features

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/tools/txtar"

	"sluice/internal/cases"
)

// The clock of the regexp2 engine runs on for a second after its last use.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

var golden = flag.Bool("golden", false, "rewrite what the tests expect")

// TestParse compares what Parse makes of the section "feature" of each file with
// its section "want".
func TestParse(t *testing.T) {
	files, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil || len(archive.Files) != 2 {
			t.Fatal(file, err)
		}
		list, err := Parse("x.feature", archive.Files[0].Data)
		got := dump(list, err)
		if *golden {
			archive.Files[1].Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := string(archive.Files[1].Data); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}

func dump(list []*Scenario, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	for _, s := range list {
		fmt.Fprintf(&b, "%d %q of %q %v\n", s.Line, s.Name, s.Feature, s.Tags)
		for _, step := range s.Steps {
			fmt.Fprintf(&b, "  %d %s %q\n", step.Line, step.Keyword, step.Text)
			for _, row := range step.Table {
				fmt.Fprintf(&b, "    %q\n", row)
			}
			if step.HasDoc {
				fmt.Fprintf(&b, "    doc %q\n", step.Doc)
			}
		}
	}
	return b.String()
}

// TestParseIsBounded reads what would grow without bound, or what the parser's own
// scanner cannot read.
func TestParseIsBounded(t *testing.T) {
	columns, row := "|", "|"
	for i := range 40 {
		columns += fmt.Sprintf(" c%d |", i)
		row += fmt.Sprintf(" <c%d><c%d> |", i+1, i+1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"growing":        {"Feature: x\nScenario Outline: y\nGiven <c0>\nExamples:\n" + columns + "\n" + row, "x.feature:3: with the values of the Examples the text is longer than 64 KiB"},
		"many scenarios": {"Feature: x\nScenario Outline: y\nGiven <a>\nExamples:\n|a|\n" + strings.Repeat("|1|\n", maxScenarios+1), "x.feature:10006: there are more than 10000 scenarios; split the file"},
		"many texts": {
			"Feature: x\nScenario Outline: y\nGiven " + strings.Repeat("a", 60_000) + "\nExamples:\n|a|\n" + strings.Repeat("|1|\n", 1000),
			"x.feature:3: with the values of the Examples the file is larger than 32 MiB; split it",
		},
		"large":     {strings.Repeat("\n", maxFile+1), "x.feature:1: the file is larger than 1024 KiB; split it"},
		"long line": {"Feature: x\nScenario: y\nGiven " + strings.Repeat("a", 500_000), ""},
		"empty":     {"", ""},
		"BOM, CRLF": {"\uFEFFFeature: x\r\nScenario: y\r\nGiven z\r\n", ""},
	} {
		_, err := Parse("x.feature", []byte(c.text))
		if got := fmt.Sprint(err); got != c.want && (err != nil || c.want != "") {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// FuzzParse holds that whatever is read gives scenarios within the bounds, or
// mistakes with their lines.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Parse("x.feature", data)
		if err != nil && errorLine(err) < 1 {
			t.Fatalf("an error without a line: %v", err)
		}
		for _, s := range list {
			if s.Line < 1 {
				t.Fatalf("scenario %q has no line", s.Name)
			}
			for i := range s.Steps {
				if _, err := find(&s.Steps[i]); err == nil && len(s.Steps[i].Text) > maxText {
					t.Fatal("a text is longer than allowed")
				}
			}
		}
	})
}

func errorLine(err error) int {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		err = joined.Unwrap()[0]
	}
	if m, ok := errors.AsType[*cases.Mistake](err); ok {
		return m.Line
	}
	return 0
}

func BenchmarkParse(b *testing.B) {
	archive, err := txtar.ParseFile("testdata/parse/all.txtar")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("x.feature", archive.Files[0].Data); err != nil {
			b.Fatal(err)
		}
	}
}
