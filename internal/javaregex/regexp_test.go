package javaregex

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// A golden is one row of testdata/java17.tsv: a question and Java's answers.
type golden struct {
	pattern, input, replacement   string
	opts                          Options
	matches, find, replace, first string
}

func goldens(t testing.TB) []golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "java17.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []golden
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 8 {
			t.Fatalf("malformed row: %s", line)
		}
		rows = append(rows, golden{
			pattern: unquote(t, f[0]), input: unquote(t, f[1]), replacement: unquote(t, f[2]),
			opts:    Options{IgnoreCase: f[3] == "i"},
			matches: f[4], find: f[5], replace: unquote(t, f[6]), first: unquote(t, f[7]),
		})
	}
	return rows
}

// unquote reads a JSON string; "error" stands for itself.
func unquote(t testing.TB, s string) string {
	t.Helper()
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	var out string
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return out
}

// knownDifferences are rows on which this package and Java differ, see doc.go.
var knownDifferences = map[string]string{
	`(?c)x`:                  "CANON_EQ is refused",
	`(?<=(?:ab)+)c`:          "unbounded lookbehind is accepted",
	`\p{InGREEK_AND_COPTIC}`: "names of blocks are compared loosely",
	`\R{2}`:                  "a repeated \\R may split \\r\\n",
}

func TestJava17(t *testing.T) {
	for _, row := range goldens(t) {
		t.Run(row.pattern+" on "+row.input, func(t *testing.T) {
			if why, ok := knownDifferences[row.pattern]; ok {
				t.Skip(why)
			}
			r, err := Compile(row.pattern, row.opts)
			if err != nil {
				wantRefusal(t, row, err)
				return
			}
			if row.matches == "error" {
				t.Fatalf("%q compiles, Java refuses it", row.pattern)
			}
			bePatient(t, r)
			checkAnswers(t, r, row)
			if r.linear {
				r.linear = false // the exact engine must agree
				checkAnswers(t, r, row)
			}
		})
	}
}

// bePatient lets the exact engine take its time, so that a busy machine does not
// fail the test.
func bePatient(t testing.TB, r *Regexp) {
	t.Helper()
	for _, program := range []func() (*regexp2.Regexp, error){r.exactFind, r.exactWhole} {
		re, err := program()
		if err != nil {
			t.Fatal(err)
		}
		re.MatchTimeout = 10 * time.Second
	}
}

func wantRefusal(t *testing.T, row golden, err error) {
	t.Helper()
	if row.matches != "error" {
		t.Fatalf("Java accepts %q: %v", row.pattern, err)
	}
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(row.pattern) || syntax.Msg == "" {
		t.Errorf("not a usable SyntaxError: %#v", err)
	}
}

func checkAnswers(t *testing.T, r *Regexp, row golden) {
	t.Helper()
	matches, err := r.MatchString(row.input)
	wantAnswer(t, "matches", strconv.FormatBool(matches), row.matches, err)
	find, err := r.Find(row.input)
	wantAnswer(t, "find", strconv.FormatBool(find), row.find, err)
	replaced, err := r.ReplaceAll(row.input, row.replacement)
	wantAnswer(t, "replaceAll", replaced, row.replace, err)
	replaced, err = r.ReplaceFirst(row.input, row.replacement)
	wantAnswer(t, "replaceFirst", replaced, row.first, err)
}

func wantAnswer(t *testing.T, what, got, want string, err error) {
	t.Helper()
	if err != nil {
		if got = "error"; want != "error" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got != want {
		t.Errorf("%s: got %q, Java 17 says %q", what, got, want)
	}
}

func TestLinear(t *testing.T) {
	for pattern, want := range map[string]bool{
		`^(POST|GET)$`:                true,
		`.*\bid_token\b.*`:            true,
		`[a-z&&[^x]]\p{Alpha}\h(?i)x`: true,
		`\Qa*\E(?<n>x)+?`:             true,
		`a{1000}`:                     true,
		`a{1001}`:                     false,
		`(?:a{1000}){1000}`:           false,
		`(a)\1`:                       false,
		`a++`:                         false,
		`(?>a)`:                       false,
		`(?=a)`:                       false,
		`(?<!a)`:                      false,
		`(?m)^a`:                      false,
		`a$\n`:                        false,
		`\Ga`:                         false,
	} {
		r, err := Compile(pattern, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Linear() != want {
			t.Errorf("Linear(%q) = %v", pattern, !want)
		}
	}
}

// Patterns that would keep Java busy for years.
func TestBacktrackingIsBounded(t *testing.T) {
	input := strings.Repeat("a", 50) + "!"
	for _, pattern := range []string{`(a+)+\1$`, `(?=(a+)+$)a`, `(a|aa)+(?!b)$`, `((a*)*)*\1b`, `(?:(?:(?=a)){100000}){100000}x`} {
		r, err := Compile(pattern, Options{})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, matchErr := r.MatchString(input)
		_, replaceErr := r.ReplaceAll(input, "")
		for _, err := range []error{matchErr, replaceErr} {
			if err != nil && !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrTooComplex) {
				t.Errorf("%q: %v", pattern, err)
			}
		}
		if d := time.Since(start); d > 300*MatchTimeout {
			t.Errorf("%q took %v", pattern, d)
		}
	}
	r, err := Compile(`^(a+)+(?!b)$`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.MatchString(input); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
}

func TestBoundsOnPatterns(t *testing.T) {
	for name, pattern := range map[string]string{
		"length":        strings.Repeat("a", maxPattern+1),
		"group nesting": strings.Repeat("(", 200) + strings.Repeat(")", 200),
		"class nesting": strings.Repeat("[a", 200) + strings.Repeat("]", 200),
		"program":       strings.Repeat(`\p{L}`, maxPattern/5),
	} {
		_, err := Compile(pattern, Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got %v, want a SyntaxError", name, err)
		}
	}
	start := time.Now()
	for _, pattern := range []string{`a{1,1000000}`, `(?:(?:a{1000}){1000}){1000}`, `(((a{2147483647})*){2147483647})+`} {
		if _, err := Compile(pattern, Options{}); err != nil {
			t.Error(err)
		}
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("compiling large repetitions took %v", d)
	}
}

func TestBoundsOnText(t *testing.T) {
	r, err := Compile(`a+`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Find(strings.Repeat("a", MaxInput+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("input: got %v", err)
	}
	if _, err := r.ReplaceAll(strings.Repeat("a", MaxInput), "$0$0$0$0$0"); !errors.Is(err, ErrTooLong) {
		t.Errorf("output: got %v", err)
	}
}

func TestOffsetOfError(t *testing.T) {
	for pattern, want := range map[string]int{`ab(cd`: 2, `é[z-a]`: 3, `a)`: 1, `aé*+*`: 5, `x\i`: 1, `a{2,1}`: 1, `[a`: 0, `\p{Nope}`: 2} {
		_, err := Compile(pattern, Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != want {
			t.Errorf("%q: got %v, want offset %d", pattern, err, want)
		}
	}
}

// javaRegexOperand finds the patterns of the JavaRegex operator in a condition.
var javaRegexOperand = regexp.MustCompile(`(?:~~|(?i:JavaRegex))\s*"([^"]*)"`)

func TestCorpus(t *testing.T) {
	data, err := os.ReadFile("../../../shared/corpus/conditions.json")
	if err != nil {
		t.Skip("the corpus of conditions is not here: ", err)
	}
	var conditions []string
	if err := json.Unmarshal(data, &conditions); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, condition := range conditions {
		for _, m := range javaRegexOperand.FindAllStringSubmatch(condition, -1) {
			r, err := Compile(m[1], Options{})
			if err != nil {
				t.Error(err)
				continue
			}
			if count++; !r.Linear() {
				t.Logf("not linear: %s", r)
			}
		}
	}
	if count < 40 {
		t.Errorf("only %d patterns found", count)
	}
}
