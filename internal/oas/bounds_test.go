package oas

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// quickly fails a test whose work is not bounded, long before it would end.
func quickly(t *testing.T, limit time.Duration, work func()) {
	t.Helper()
	began := time.Now()
	work()
	if took := time.Since(began); took > limit {
		t.Errorf("it took %v", took)
	}
}

// tree is a schema each of whose alternatives looks into the children, so that the
// work doubles with each level.
const tree = `
openapi: 3.0.3
info: {title: a, version: b}
paths:
  /:
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Node"}}}}
      responses: {default: {description: any}}
components:
  schemas:
    Node:
      oneOf:
        - {type: object, required: [or], properties: {and: {type: array, items: {$ref: "#/components/schemas/Node"}}}}
        - {type: object, required: [and], properties: {and: {type: array, items: {$ref: "#/components/schemas/Node"}}}}
        - {type: integer}
`

func post(t *testing.T, s *Spec, body string) string {
	t.Helper()
	ps, err := validate(s, "POST /\nContent-Type: application/json\n\n"+body, Options{Body: true})
	if err != nil {
		t.Fatal(err)
	}
	return ps.String()
}

func TestRecursiveSchemaIsBounded(t *testing.T) {
	s := described(t, tree)
	if got := post(t, s, `{"and": [1, {"and": [2]}]}`); got != "[]" {
		t.Error(got)
	}
	deep := strings.Repeat(`{"and": [`, 100) + "1" + strings.Repeat("]}", 100)
	quickly(t, 30*time.Second, func() {
		if got := post(t, s, deep); !strings.Contains(got, errCostly.Error()) {
			t.Error(shorten(got))
		}
	})
	if got := post(t, s, `{"and": [1]}`); got != "[]" { // the meter begins anew
		t.Error(got)
	}
}

func TestSchemaThatIsItselfIsRefused(t *testing.T) {
	s := described(t, strings.Replace(tree, "      oneOf:", "      allOf: [{$ref: '#/components/schemas/Node'}]\n      oneOf:", 1))
	if got := post(t, s, `1`); got == "[]" {
		t.Error("a schema that never ends takes a value")
	}
}

// TestManyAlternativesAreBounded: without recursion too, schemas multiply.
func TestManyAlternativesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(strings.Replace(tree[:strings.Index(tree, "    Node:")], "Node", "A0", 1))
	for i := range 30 {
		fmt.Fprintf(&b, "    A%d: {allOf: [{$ref: '#/components/schemas/A%d'}, {$ref: '#/components/schemas/A%d'}]}\n", i, i+1, i+1)
	}
	b.WriteString("    A30: {type: integer}\n")
	quickly(t, 30*time.Second, func() {
		if got := post(t, described(t, b.String()), `1`); !strings.Contains(got, errCostly.Error()) {
			t.Error(shorten(got))
		}
	})
}

func TestBacktrackingPatternIsBounded(t *testing.T) {
	s := described(t, schema30(`{type: array, items: {type: string, pattern: '^(?=a)(a+)+$'}}`))
	if got := post(t, s, `["aaa"]`); got != "[]" {
		t.Error(got)
	}
	evil := `"` + strings.Repeat("a", 40) + `!"`
	quickly(t, 30*time.Second, func() {
		if got := post(t, s, "["+strings.Repeat(evil+",", 1000)+evil+"]"); !strings.Contains(got, errCostly.Error()) {
			t.Error(shorten(got))
		}
	})
}

// TestPatternThatTimesOutNegated: that a match was given up says nothing of the value.
func TestPatternThatTimesOutNegated(t *testing.T) {
	const pattern = `{pattern: '^(?=a)(a+)+$'}`
	evil := `"` + strings.Repeat("a", 40) + `!"`
	for _, schema := range []string{
		"{not: " + pattern + "}",
		"{if: " + pattern + ", then: false}",
		"{oneOf: [" + pattern + ", {type: string}]}",
	} {
		if got := post(t, described(t, schema31(schema)), evil); !strings.Contains(got, errCostly.Error()) {
			t.Errorf("%s: %s", schema, shorten(got))
		}
	}
}

// TestRegexOfAClientIsBounded: format regex compiles what a client wrote.
func TestRegexOfAClientIsBounded(t *testing.T) {
	s := described(t, schema30(`{type: array, items: {type: string, format: regex}}`))
	if got := post(t, s, `["^a+$", "(?=a)(b)\\1", ""]`); got != "[]" {
		t.Error(got)
	}
	if got := post(t, s, `["(a", 1]`); !strings.Contains(got, `[Path '/0'] String "(a" is not a valid regex`) || strings.Count(got, "ERROR") != 2 {
		t.Error(got)
	}
	nested := func(open string, times int) string {
		return `"` + strings.Repeat(open, times) + strings.Repeat(")", times*strings.Count(open, "(")) + `"`
	}
	for _, body := range []string{
		"[" + nested("(?=", 20_000) + "]",
		"[" + nested("(", maxRegexGroups+1) + "]",
		`["` + strings.Repeat("a", maxRegex+1) + `"]`,
		"[" + strings.Repeat(`"`+strings.Repeat("a|", maxRegex/2)+`",`, 3000) + `""]`, // each within the bounds
	} {
		quickly(t, 30*time.Second, func() {
			if got := post(t, s, body); !strings.Contains(got, errCostly.Error()) {
				t.Errorf("%s: %s", shorten(body), shorten(got))
			}
		})
	}
	if got := post(t, s, "["+nested("(", maxRegexGroups)+`, "`+strings.Repeat("a", maxRegex)+`"]`); got != "[]" {
		t.Error(shorten(got))
	}
	s = described(t, schema30(`{not: {format: regex}}`))
	if got := post(t, s, nested("(", maxRegexGroups+1)); got == "[]" {
		t.Error("what is too long to compile counts as no regular expression")
	}
}

// TestUniqueItemsAreBounded: the items are all different, and have one hash in the
// library, which leaves lengths out.
func TestUniqueItemsAreBounded(t *testing.T) {
	s := described(t, schema30(`{type: array, uniqueItems: true}`))
	items := make([]string, 40_000)
	for i := range items {
		text := `["a`
		for bit := range 16 { // a byte of 4 begins a text in the hash
			text += [...]string{`\u0004a`, `","a`}[i>>bit&1]
		}
		items[i] = text + `"]`
	}
	quickly(t, 30*time.Second, func() {
		if got := post(t, s, "["+strings.Join(items, ",")+"]"); got != "[]" {
			t.Error(shorten(got))
		}
		if got := post(t, s, "["+strings.Join(items, ",")+","+items[100]+"]"); !strings.Contains(got, errBrief.Error()) {
			t.Error(shorten(got))
		}
	})
}

func TestLongNumbersAreRefused(t *testing.T) {
	s := described(t, schema30(`{type: array, items: {type: number, multipleOf: 3}}`))
	for _, n := range []string{"1e999999999", "1e-999999999", "-1E+500", strings.Repeat("3", 1000000)} {
		quickly(t, 30*time.Second, func() {
			if got := post(t, s, "["+n+"]"); !strings.Contains(got, errNumber.Error()) {
				t.Errorf("%s: %s", shorten(n), shorten(got))
			}
		})
	}
	if got := post(t, described(t, schema30("{}")), `["1e999999999", 1e300]`); got != "[]" {
		t.Error(got) // text may look like one
	}
}

// TestManyProblemsAreBounded: what a client is told, and what it costs to find it.
func TestManyProblemsAreBounded(t *testing.T) {
	s := described(t, schema30(`{type: array, items: {type: string}}`))
	got := post(t, s, "["+strings.Repeat("1,", 999)+"1]")
	if n := strings.Count(got, "ERROR - "); n != maxProblems+1 || !strings.Contains(got, "950 problems more") {
		t.Errorf("%d problems told: %s", n, shorten(got))
	}
	if got := post(t, s, "["+strings.Repeat("1,", 100_000)+"1]"); got != "[ERROR - An error occurred during schema validation - "+errBrief.Error()+".: []]" {
		t.Error(shorten(got))
	}
	if got := post(t, s, "["+strings.Repeat(`"a",`, 50_000)+`"a"]`); got != "[]" {
		t.Error(shorten(got))
	}
}

// TestDeepProblemsAreBounded: each of many problems has a place with a long way to
// it, of which little is shown.
func TestDeepProblemsAreBounded(t *testing.T) {
	s := described(t, `
openapi: 3.0.3
info: {title: a, version: b}
paths:
  /:
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Node"}}}}
      responses: {default: {description: any}}
components:
  schemas:
    Node: {type: object, additionalProperties: {$ref: "#/components/schemas/Node"}}
`)
	body := func(levels, leaves int) string {
		var b strings.Builder
		for i := range leaves {
			fmt.Fprintf(&b, `"%d": 1, `, i)
		}
		key := `{"` + strings.Repeat("k", 100) + `": `
		return strings.Repeat(key, levels) + "{" + b.String() + `"x": 1}` + strings.Repeat("}", levels)
	}
	quickly(t, 30*time.Second, func() {
		got := post(t, s, body(1000, 500))
		if n := strings.Count(got, "ERROR - "); n != maxProblems+1 || len(got) > 2*maxShown*maxProblems || !strings.Contains(got, "451 problems more") {
			t.Errorf("%d problems in %d bytes: %s", n, len(got), shorten(got))
		}
	})
	if got := post(t, s, body(5000, 5000)); !strings.Contains(got, errBrief.Error()) && !strings.Contains(got, errCostly.Error()) {
		t.Error(shorten(got))
	}
}

// TestPlaces: what is shown of the place of a value, whole where it is short.
func TestPlaces(t *testing.T) {
	long := strings.Repeat("~", 1_000_000)
	for _, tt := range []struct {
		location []string
		want     string
	}{
		{nil, ""},
		{[]string{"a", "0", "b/c~"}, "[Path '/a/0/b~1c~0'] "},
		{[]string{long, long}, "[Path '/" + strings.Repeat("~0", maxShown/2-1) + "~...'] "},
		{[]string{strings.Repeat("k", maxShown-1)}, "[Path '/" + strings.Repeat("k", maxShown-1) + "'] "},
		{[]string{strings.Repeat("k", maxShown-1), "k"}, "[Path '/" + strings.Repeat("k", maxShown-1) + "...'] "},
	} {
		if got := at(tt.location); got != tt.want {
			t.Errorf("%s: %s", shorten(strings.Join(tt.location, " ")), got)
		}
	}
}

// TestConcurrentMessages: with -race, that a Spec is shared by requests, metered
// schemas included.
func TestConcurrentMessages(t *testing.T) {
	s := described(t, tree)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				if ps, err := validate(s, "POST /\nContent-Type: application/json\n\n"+fmt.Sprintf(`{"and": [%d, "x"]}`, i), Options{Body: true}); err != nil || len(ps) != 1 {
					t.Error(ps, err)
				}
			}
		})
	}
	all.Wait()
}

// TestBombsAreRefused: documents that grow when they are read.
func TestBombsAreRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.0.3\ninfo: {title: a, version: b}\npaths: {}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n")
	for i := range 20 {
		fmt.Fprintf(&b, "x%d: &x%d [*x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d]\n", i+1, i+1, i, i, i, i, i, i, i, i)
	}
	quickly(t, 30*time.Second, func() {
		if _, err := Parse([]byte(b.String()), nil); err == nil || !strings.Contains(err.Error(), "alias") {
			t.Error(err)
		}
	})
	// A document that refers to ever deeper copies of itself.
	self := "openapi: 3.0.3\ninfo: {title: a, version: b}\npaths:\n  /a:\n    get: {parameters: [{$ref: 'deeper/x.yaml'}]}\n"
	quickly(t, 30*time.Second, func() {
		_, _ = Parse([]byte(self), func(string) ([]byte, bool) {
			return []byte("{$ref: 'deeper/x.yaml', schema: {$ref: 'deeper/x.yaml'}}"), true
		})
	})
}

func TestDeepDocumentsAreRefused(t *testing.T) {
	for _, text := range []string{
		schema30(strings.Repeat(`{"allOf":[`, 3000) + "{}" + strings.Repeat("]}", 3000)),
		schema30(strings.Repeat(`{allOf: [`, 3000) + "{}" + strings.Repeat("]}", 3000)),
		"openapi: 3.0.3\nx: \n" + blocks(3000, "a:\n"),
		"openapi: 3.0.3\nx:\n" + strings.Repeat("- ", 3000) + "a",
	} {
		quickly(t, 30*time.Second, func() {
			if _, err := Parse([]byte(text), nil); err == nil || err.Error() != errDepth.Error() {
				t.Errorf("%s: %v", shorten(text), err)
			}
		})
	}
	described(t, schema30(strings.Repeat(`{allOf: [`, 30)+"{}"+strings.Repeat("]}", 30)))
	if tooDeep([]byte(strings.Repeat("  - a: \"{\\\"[\"\n    b: [{}]\n\n", 1000))) {
		t.Error("a long document counts as a deep one")
	}
}

// blocks are n lines, each further right.
func blocks(n int, line string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + line)
	}
	return b.String()
}
