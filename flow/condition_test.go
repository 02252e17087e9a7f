package flow

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func compileTest(t testing.TB, text string) *Condition {
	t.Helper()
	c, _, err := CompileCondition(text, ConditionOptions{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func newConditionExchange() *Exchange {
	return NewExchange(&ProxyInfo{}, nil, NewRequest())
}

// TestConditions runs testdata/conditions: see operators.txt for the format.
func TestConditions(t *testing.T) {
	for _, file := range []string{"operators", "precedence", "precedence-java", "types", "patterns", "variables"} {
		t.Run(file, func(t *testing.T) { runConditionFile(t, file) })
	}
}

func runConditionFile(t *testing.T, file string) {
	options := ConditionOptions{JavaPrecedence: file == "precedence-java"}
	data, err := os.ReadFile(filepath.Join("testdata", "conditions", file+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	x := newConditionExchange()
	for i, line := range strings.Split(string(data), "\n") {
		verb, rest, _ := strings.Cut(line, " ")
		rest = strings.ReplaceAll(strings.TrimSpace(rest), `\n`, "\n")
		place := fmt.Sprintf("%s.txt:%d", file, i+1)
		switch {
		case line == "", line[0] == '#':
		case verb == "reset":
			x = newConditionExchange()
		case verb == "set":
			setTestVariable(t, x, rest)
		case verb == "true", verb == "false":
			checkCondition(t, place, x, rest, options, verb == "true")
		default:
			t.Fatalf("%s: %q", place, line)
		}
	}
}

func checkCondition(t *testing.T, place string, x *Exchange, text string, o ConditionOptions, want bool) {
	t.Helper()
	c, _, err := CompileCondition(text, o)
	if err != nil {
		t.Errorf("%s: %s: %v", place, text, err)
		return
	}
	got, err := c.Eval(x)
	if err != nil || got != want {
		t.Errorf("%s: %s: got %t, %v\n%s", place, text, got, err, c.Explain(x))
	}
	if c.String() != text {
		t.Errorf("%s: String() = %q", place, c.String())
	}
}

func setTestVariable(t *testing.T, x *Exchange, assignment string) {
	t.Helper()
	name, text, _ := strings.Cut(assignment, " ")
	if err := x.Set(ParseName(name), testValue(text)); err != nil {
		t.Fatal(err)
	}
}

func testValue(s string) Value {
	if text, err := strconv.Unquote(s); err == nil {
		return Text(text)
	}
	switch s {
	case "", "null":
		return Value{}
	case "true", "false":
		return Bool(s == "true")
	case "message":
		return MessageValue(NewRequest())
	case "object":
		return ObjectValue(new(bytes.Buffer))
	}
	var items []string
	if json.Unmarshal([]byte(s), &items) == nil {
		return List(items)
	}
	if n, ok := parseNumberLiteral(s); ok {
		return n
	}
	return Text(s)
}

// TestConditionNulls holds the documented table of Apigee X cell by cell
// (runtime.md 4.5), for a null variable and for the literal.
func TestConditionNulls(t *testing.T) {
	table := []struct {
		op                string
		left, right, both bool
	}{
		{"=", false, false, true},
		{"==", false, false, true},
		{":=", false, false, true},
		{"=|", false, false, false},
		{"!=", true, true, false},
		{">", true, false, false},
		{">=", false, true, true},
		{"<", true, false, false},
		{"<=", true, false, true},
		{"~", false, false, false},
		{"~~", false, false, false},
		{"~/", false, false, false},
		{"!~", true, false, false},
		{"!~~", true, false, false},
		{"not Matches", true, false, false},
		{"not StartsWith", true, true, true},
	}
	x := newConditionExchange()
	for _, present := range []Value{Text("5"), Text(""), Int(5), Bool(true), MessageValue(NewRequest())} {
		x.store("v", present)
		for _, row := range table {
			for _, null := range []string{"absent", "null", "NULL", "request.header.absent", "response"} {
				checkCondition(t, "LHS null", x, null+" "+row.op+" v", ConditionOptions{}, row.left)
				checkCondition(t, "RHS null", x, "v "+row.op+" "+null, ConditionOptions{}, row.right)
				checkCondition(t, "both null", x, "absent "+row.op+" "+null, ConditionOptions{}, row.both)
				checkCondition(t, "both null", x, null+" "+row.op+" absent", ConditionOptions{}, row.both)
			}
		}
	}
}

// TestConditionErrors compares the errors with testdata/conditions/errors.txt,
// where a blank line stands between: the excerpt, the message, "hint: " and the
// hint. The condition is the excerpt's first line.
func TestConditionErrors(t *testing.T) {
	for _, want := range conditionBlocks(t, "errors.txt") {
		text, _, _ := strings.Cut(want, "\n")
		c, _, err := CompileCondition(text, ConditionOptions{})
		var failure *ConditionError
		if !errors.As(err, &failure) || c != nil {
			t.Errorf("%s: got %v, %v", text, c, err)
			continue
		}
		if got := explainError(failure); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func explainError(e *ConditionError) string {
	s := e.excerpt() + "\n" + e.Message
	if e.Hint != "" {
		s += "\nhint: " + e.Hint
	}
	return s
}

// TestConditionWarnings compares the warnings with
// testdata/conditions/warnings.txt: the condition, then for each warning its
// message and its hint.
func TestConditionWarnings(t *testing.T) {
	for _, want := range conditionBlocks(t, "warnings.txt") {
		text, _, _ := strings.Cut(want, "\n")
		_, warnings, err := CompileCondition(text, ConditionOptions{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		got := text
		for _, w := range warnings {
			got += "\n" + w.Message + "\nhint: " + w.Hint
		}
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func conditionBlocks(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "conditions", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n\n")
}

func TestConditionErrorPlace(t *testing.T) {
	long := strings.Repeat("a = 1 and ", 20)
	for _, test := range []struct{ text, err, excerpt string }{
		{"a = 1\n   and é = {b}\n or c",
			"braces have no meaning in a condition (line 2, column 12)",
			"and é = {b}\n        ^"},
		{"\t\ta = ;", "unexpected ';' (column 7)", "a = ;\n    ^"},
		{"a =\t;", "unexpected ';' (column 5)", "a = ;\n    ^"},
		{"a = ;\r\nand b", "unexpected ';' (line 1, column 5)", "a = ;\n    ^"},
		{long + "; and " + long, "unexpected ';' (column 201)",
			"..." + long[len(long)-60:] + "; and " + long[:34] + "...\n" + strings.Repeat(" ", 63) + "^"},
		{"a\u00a0= 1", `unexpected space character '\u00a0' (column 2)`, "a = 1\n ^"},
		{"a = ", "the condition ends where a variable or a value is missing (column 5)", "a =\n    ^"},
		{"", "the condition is empty (column 1)", "\n^"},
		{" \n ", "the condition is empty (line 1, column 1)", "\n^"},
	} {
		_, _, err := CompileCondition(test.text, ConditionOptions{})
		var failure *ConditionError
		if !errors.As(err, &failure) {
			t.Fatalf("%q: %v", test.text, err)
		}
		if failure.Error() != test.err || failure.excerpt() != test.excerpt {
			t.Errorf("%q: got %s\n%s\nwant\n%s", test.text, failure, failure.excerpt(), test.excerpt)
		}
	}
}

func TestConditionLimits(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
	}{
		{"text", `a = "` + strings.Repeat("x", maxConditionText) + `"`, "more than 65536"},
		{"parentheses", strings.Repeat("(", 101) + "a" + strings.Repeat(")", 101), "nested more than 100"},
		{"negations", strings.Repeat("!", 101) + "a", "nested more than 100"},
		{"comparisons", "a" + strings.Repeat("&&a", maxComparisons), "more than 1000 comparisons"},
	} {
		_, _, err := CompileCondition(test.text, ConditionOptions{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	x := newConditionExchange()
	x.store("a", Bool(true))
	deep := strings.Repeat("(!", 50) + "a" + strings.Repeat(")", 50)
	wide := "a" + strings.Repeat("&&a", maxComparisons-1)
	checkCondition(t, "deep", x, deep, ConditionOptions{}, true)
	checkCondition(t, "wide", x, wide, ConditionOptions{}, true)
}

// TestConditionCorpus: all conditions of public bundles compile, but for those
// in testdata/conditions/refused.txt (a JSON text and the reason on each line).
func TestConditionCorpus(t *testing.T) {
	data, err := os.ReadFile("../../shared/corpus/conditions.json")
	if err != nil {
		t.Skip("the corpus of conditions is not there: ", err)
	}
	var texts []string
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	refused := refusedConditions(t)
	for _, text := range texts {
		_, _, err := CompileCondition(text, ConditionOptions{})
		reason, listed := refused[text]
		delete(refused, text)
		switch {
		case err != nil && !listed:
			t.Errorf("%s: %s", err, err.(*ConditionError).excerpt())
		case err == nil && listed:
			t.Errorf("compiles although listed (%s): %s", reason, text)
		}
	}
	for text := range refused {
		t.Errorf("listed but not in the corpus: %q", text)
	}
}

func refusedConditions(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open("testdata/conditions/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	refused := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		text, reason, ok := strings.Cut(lines.Text(), "\t")
		if strings.HasPrefix(text, "#") {
			continue
		}
		condition, err := strconv.Unquote(text)
		if !ok || err != nil {
			t.Fatalf("refused.txt: %s", lines.Text())
		}
		refused[condition] = reason
	}
	return refused
}

// TestConditionProgram watches that expr calls comparisons without reflection:
// every instruction of a condition is one of a few.
func TestConditionProgram(t *testing.T) {
	allowed := map[string]bool{
		"OpLoadEnv": true, "OpPush": true, "OpCallTyped": true, "OpJumpIfTrue": true,
		"OpJumpIfFalse": true, "OpPop": true, "OpNot": true,
	}
	for _, text := range []string{
		`a`, `a = 1`, `a = 1 and b = 2`, `a or b and not (c or d != "x")`, `a ~~ b and (c ~/ "/x" or not d)`,
	} {
		for line := range strings.Lines(compileTest(t, text).program.Disassemble()) {
			if fields := strings.Fields(line); len(fields) > 1 && !allowed[fields[1]] {
				t.Errorf("%s: %s", text, line)
			}
		}
	}
}

func TestConditionNames(t *testing.T) {
	asked := 0
	c, _, err := CompileCondition(`b = a and (a.c or 'x y' = b) and "t" = 5 and not A`, ConditionOptions{
		Name: func(s string) *Name { asked++; return ParseName(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.Names()); got != "[b a a.c x y A]" || asked != 6 {
		t.Errorf("got %s, asked %d times", got, asked)
	}
}

// TestConditionRunErrors: a pattern from a variable may be invalid, and matching
// may take too long.
func TestConditionRunErrors(t *testing.T) {
	x := newConditionExchange()
	x.store("bad", Text("a("))
	x.store("worse", Text("b["))
	x.store("v", Text(strings.Repeat("a", 40)+"!"))
	for _, test := range []struct{ text, want string }{
		{`v ~~ bad`, ": v ~~ bad: "},
		{`!(v ~~ bad) or true`, ": v ~~ bad: "},
		{`(v ~~ bad or v = v) and v ~~ worse`, ": v ~~ bad: "},
		{`v ~~ "((a*)*)*\1b"`, "ran out"},
	} {
		ok, err := compileTest(t, test.text).Eval(x)
		if ok || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %t, %v", test.text, ok, err)
		}
	}
	// The error of one evaluation is not seen by the next.
	checkCondition(t, "after errors", x, "true", ConditionOptions{}, true)
}

// silence is a tracer that must hear nothing.
type silence struct{ *testing.T }

func (s silence) Event(_ *Exchange, e Event) { s.Errorf("traced: %v", e) }

func TestConditionExplain(t *testing.T) {
	x := newConditionExchange()
	x.store("list", List([]string{"a", "b"}))
	x.store("private.key", Text("secret"))
	x.store("long", Text(strings.Repeat("é", 100)))
	for _, test := range []struct{ text, want string }{
		{`request.verb = "POST"`, `request.verb = "POST": false (request.verb is "GET")`},
		{`1 = 1`, `1 = 1: true`},
		{`request.verb = "POST" and request.header.x != null and true`, `
and: false
  request.verb = "POST": false (request.verb is "GET")
  request.header.x != null: not evaluated
  true: not evaluated`},
		{`!(absent > list) and (private.key is null or request)`, `
and: false
  not: false
    absent > list: true (absent is null, list is [a, b])
  private.key is null or request: not evaluated`},
		{`private.key is null or request or private.absent = null`, `
or: true
  private.key is null: false (private.key is hidden)
  request: false (request is a Message)
  private.absent = null: true (private.absent is null)`},
		{`long`, `long: false (long is "` + strings.Repeat("é", 60) + `"...)`},
	} {
		c := compileTest(t, test.text)
		x.Observe(silence{t})
		if got := c.Explain(x); got != strings.TrimPrefix(test.want, "\n") {
			t.Errorf("got\n%s\nwant%s", got, test.want)
		}
		x.Observe(nil)
		result, _ := c.Eval(x)
		first, _, _ := strings.Cut(c.Explain(x), "\n")
		if !strings.Contains(first, fmt.Sprintf(": %t", result)) {
			t.Errorf("%s: Eval says %t", first, result)
		}
	}
}

// TestConditionRecentPattern: the pattern kept from a variable follows the
// variable.
func TestConditionRecentPattern(t *testing.T) {
	x := newConditionExchange()
	x.store("v", Text("ab"))
	c := compileTest(t, "v ~ pattern")
	for _, step := range []struct {
		pattern string
		want    bool
	}{{"a*", true}, {"a*", true}, {"b*", false}, {"*b", true}} {
		x.store("pattern", Text(step.pattern))
		if got, err := c.Eval(x); got != step.want || err != nil {
			t.Errorf("%s: %t, %v", step.pattern, got, err)
		}
	}
}

// TestConditionShared runs one condition from several goroutines, for the race
// detector.
func TestConditionShared(t *testing.T) {
	c := compileTest(t, "v ~ pattern and (v ~~ regex or v = null)")
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			x := newConditionExchange()
			x.store("v", Text(fmt.Sprint("a", i)))
			x.store("pattern", Text(fmt.Sprint("*", i)))
			x.store("regex", Text(fmt.Sprint("a[", i, "]")))
			for range 200 {
				if ok, err := c.Eval(x); !ok || err != nil {
					t.Error(ok, err)
				}
			}
		})
	}
	wait.Wait()
}
