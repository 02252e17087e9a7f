package features

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	"github.com/cucumber/messages/go/v21"

	"sluice/internal/cases"
)

// Scenario is one scenario of a feature file, or one row of the Examples of a
// scenario outline, with the steps of the Backgrounds above it.
type Scenario struct {
	File    string
	Line    int // of its keyword, or of the row
	Feature string
	Name    string
	Tags    []string // with "@", those of the feature and of the Examples too
	Steps   []Step

	broken error // what is wrong with the file; then nothing follows but File
}

// Step is one step of a scenario.
type Step struct {
	Line    int
	Keyword string // "Given", "*"
	Text    string
	Table   [][]string // nil if it has none
	Doc     string
	HasDoc  bool
}

func (s *Step) String() string { return s.Keyword + " " + s.Text }

// maxFile bounds a feature file; the largest of public ones has 20 KB.
const maxFile = 1 << 20

// Parse makes scenarios of a feature file, in any language that Gherkin knows.
// The error joins *cases.Mistake values.
//
// The grammar is the Cucumber project's own parser's. Its scanner and its pickles
// are not used: the scanner panics on long lines, the pickles may grow without
// bound and keep no lines.
func Parse(file string, data []byte) ([]*Scenario, error) {
	if len(data) > maxFile {
		return nil, &cases.Mistake{File: file, Line: 1, Text: fmt.Sprintf("the file is larger than %d KiB; split it", maxFile>>10)}
	}
	serial := 0
	id := func() string { serial++; return strconv.Itoa(serial) }
	builder := gherkin.NewAstBuilder(id)
	parser := gherkin.NewParser(builder)
	if err := parser.Parse(scan(data), gherkin.NewMatcher(gherkin.DialectsBuiltin())); err != nil {
		return nil, mistakes(file, err)
	}
	e := expansion{file: file}
	if doc := builder.GetGherkinDocument(); doc != nil && doc.Feature != nil {
		e.feature(doc.Feature)
	}
	return e.scenarios, e.err
}

// scanner is a gherkin.Scanner for lines of any length.
type scanner struct {
	lines [][]byte
	next  int
}

func scan(data []byte) *scanner {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	data = bytes.TrimSuffix(data, []byte("\n"))
	return &scanner{lines: bytes.Split(data, []byte("\n"))}
}

// Scan returns the next line.
func (s *scanner) Scan() (*gherkin.Line, bool, error) {
	s.next++
	if s.next > len(s.lines) {
		return &gherkin.Line{LineNumber: s.next, AtEof: true}, true, nil
	}
	text := string(bytes.TrimSuffix(s.lines[s.next-1], []byte("\r")))
	return &gherkin.Line{LineText: text, LineNumber: s.next, TrimmedLineText: strings.TrimLeft(text, " \t")}, false, nil
}

// located is how the parser writes each of its errors.
var located = regexp.MustCompile(`^\((\d+):\d+\): (.*)$`)

// mistakes makes one mistake of each line of the parser's error.
func mistakes(file string, err error) error {
	var list []error
	for line := range strings.Lines(err.Error()) {
		if m := located.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits
			list = append(list, &cases.Mistake{File: file, Line: n, Text: plain.Replace(m[2])})
		}
	}
	if list == nil {
		return &cases.Mistake{File: file, Line: 1, Text: err.Error()}
	}
	return errors.Join(list...)
}

// plain names what the parser expects as users write it.
var plain = strings.NewReplacer(
	"expected: ", "expected ", "#EOF", "the end of the file", "#TableRow", "a table row", "#DocStringSeparator", `"""`, "#StepLine", "a step",
	"#TagLine", "a tag", "#ExamplesLine", "Examples:", "#ScenarioLine", "Scenario:", "#RuleLine", "Rule:", "#BackgroundLine", "Background:",
	"#FeatureLine", "Feature:", "#Comment", "a comment", "#Empty", "an empty line", "#Language", "# language:", "#Other", "text",
)

func tableOf(t *messages.DataTable) [][]string {
	if t == nil {
		return nil
	}
	rows := make([][]string, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = cells(r)
	}
	return rows
}

func cells(r *messages.TableRow) []string {
	list := make([]string, len(r.Cells))
	for i, c := range r.Cells {
		list[i] = c.Value
	}
	return list
}
