package flow

import (
	"math/rand"
	"regexp"
	"strings"
	"testing"
)

// randomTruth is a condition made at random and what it must give. Its parts are
// written with as few parentheses as the precedence allows, or with more.
type randomTruth struct {
	text  string
	holds bool
	binds int // 0 looser connective, 1 tighter one, 2 neither
}

// randomCondition makes conditions. The leaves are comparisons of variables whose
// values setRandomLeaves knows.
type randomCondition struct {
	*rand.Rand
	loose, tight string // "and", "or", the one that binds less first
}

var randomSpelling = map[string][]string{
	"and": {" and ", " AND ", " && ", "&&", "\nAnd\t"},
	"or":  {" or ", " OR ", " || ", "||", " Or "},
}

var randomLeaves = []randomTruth{
	{`t`, true, 2}, {`f`, false, 2}, {`absent`, false, 2}, {`n > 4`, true, 2}, {`n>"5"`, false, 2},
	{`s = "a b"`, true, 2}, {`s="a or b"`, false, 2}, {`absent != null`, false, 2}, {`absent is null`, true, 2},
	{`s ~ "a*"`, true, 2}, {`s !~ "a*"`, false, 2}, {`s not ~~ "b.*"`, true, 2}, {`n > absent`, false, 2}, {`absent>n`, true, 2},
	{`true`, true, 2}, {`FALSE`, false, 2},
}

func (r randomCondition) make(depth int) randomTruth {
	if depth == 0 {
		return randomLeaves[r.Intn(len(randomLeaves))]
	}
	switch r.Intn(5) {
	case 0:
		return r.negate(r.make(depth - 1))
	case 1, 2:
		return r.join(r.loose, 0, depth)
	case 3:
		return r.join(r.tight, 1, depth)
	}
	return r.make(depth - 1)
}

func (r randomCondition) negate(t randomTruth) randomTruth {
	not := []string{"!", "not ", "NOT ", "! "}[r.Intn(4)]
	return randomTruth{not + r.within(t, 2), !t.holds, 2}
}

func (r randomCondition) join(connective string, binds, depth int) randomTruth {
	joined := randomTruth{binds: binds, holds: connective == "and"}
	var parts []string
	for range 2 + r.Intn(3) {
		t := r.make(depth - 1)
		if connective == "and" {
			joined.holds = joined.holds && t.holds
		} else {
			joined.holds = joined.holds || t.holds
		}
		parts = append(parts, r.within(t, binds+1))
	}
	words := randomSpelling[connective]
	joined.text = parts[0]
	for _, part := range parts[1:] {
		joined.text += words[r.Intn(len(words))] + part
	}
	return joined
}

// within writes t where at least binds is needed, and sometimes puts parentheses
// where they are not.
func (r randomCondition) within(t randomTruth, binds int) string {
	if t.binds < binds || r.Intn(6) == 0 {
		return "(" + t.text + ")"
	}
	return t.text
}

func setRandomLeaves(x *Exchange) {
	x.store("t", Bool(true))
	x.store("f", Text("false"))
	x.store("n", Int(5))
	x.store("s", Text("a b"))
}

// reference evaluates a node without expr.
func reference(x *Exchange, n *node) bool {
	switch n.kind {
	case compareNode:
		var l, r Value
		ok, _ := n.comparison.holds(n.comparison.left.get(x, &l), n.comparison.right.get(x, &r))
		return ok
	case notNode:
		return !reference(x, n.kids[0])
	}
	for _, kid := range n.kids {
		if reference(x, kid) == (n.kind == orNode) {
			return n.kind == orNode
		}
	}
	return n.kind == andNode
}

// TestConditionRandom checks precedence and the connectives: a condition that was
// written from a tree must give what the tree gives, also when it is written
// back with all parentheses.
func TestConditionRandom(t *testing.T) {
	x := newConditionExchange()
	setRandomLeaves(x)
	for seed := range int64(2000) {
		r := randomCondition{rand.New(rand.NewSource(seed)), "and", "or"}
		options := ConditionOptions{JavaPrecedence: seed%2 == 1}
		if options.JavaPrecedence {
			r.loose, r.tight = "or", "and"
		}
		want := r.make(1 + r.Intn(5))
		c, _, err := CompileCondition(want.text, options)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, want.text, err)
		}
		checkCondition(t, "random", x, want.text, options, want.holds)
		checkCondition(t, "written back", x, c.root.String(), ConditionOptions{JavaPrecedence: !options.JavaPrecedence}, want.holds)
		if reference(x, c.root) != want.holds {
			t.Fatalf("seed %d: the reference differs: %s", seed, want.text)
		}
		if t.Failed() {
			t.Fatal("seed ", seed)
		}
	}
}

// globReference and pathReference translate patterns into regular expressions.
func globReference(pattern string) *regexp.Regexp {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '%' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case pattern[i] == '*':
			b.WriteString(".*")
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return regexp.MustCompile(`(?s)\A(?:` + b.String() + `)\z`)
}

var pathParts = regexp.MustCompile(`(?s)%.|\*+|\{[^/}]*\}|.`)

func pathReference(pattern string) *regexp.Regexp {
	var b strings.Builder
	for _, at := range pathParts.FindAllStringIndex(pattern, -1) {
		part := pattern[at[0]:at[1]]
		edge := at[0] == 0 || pattern[at[0]-1] == '/' || at[1] == len(pattern) || pattern[at[1]] == '/'
		switch {
		case part[0] == '%' && len(part) == 2:
			b.WriteString(regexp.QuoteMeta(part[1:]))
		case len(part) > 1 && part[0] == '*' && edge:
			b.WriteString(".*")
		case part[0] == '*' || part[0] == '{' && len(part) > 1:
			b.WriteString("[^/]*")
		default:
			b.WriteString(regexp.QuoteMeta(part))
		}
	}
	return regexp.MustCompile(`(?s)\A(?:` + b.String() + `)\z`)
}

func randomText(r *rand.Rand, alphabet string, most int) string {
	b := make([]byte, r.Intn(most+1))
	for i := range b {
		b[i] = alphabet[r.Intn(len(alphabet))]
	}
	return string(b)
}

func TestConditionRandomPatterns(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	matched := 0
	for range 20000 {
		pattern, value := randomText(r, "ab/**{}%", 9), randomText(r, "ab//{}*%", 9)
		g, _ := compileGlob(pattern)
		p, _ := compilePath(pattern)
		if got, _ := g.match(value); got != globReference(pattern).MatchString(value) {
			t.Fatalf("%q Matches %q: %t", value, pattern, got)
		}
		got, _ := p.match(value)
		if got != pathReference(pattern).MatchString(value) {
			t.Fatalf("%q MatchesPath %q: %t, %q", value, pattern, got, p)
		}
		if got {
			matched++
		}
	}
	if matched < 500 {
		t.Errorf("only %d patterns matched", matched)
	}
}

// FuzzCondition: nothing panics, errors have a place, and a condition written
// back with all parentheses is the same condition under either precedence.
func FuzzCondition(f *testing.F) {
	for _, leaf := range randomLeaves {
		f.Add(leaf.text+" and (not "+leaf.text+" or b := 'x')", false)
	}
	for _, text := range []string{
		`a ~~ "(x|y)+\1" || b ~/ "/{a}/**"`, `(a = -1.5f and !b`, `a not Matches c && d != null`, `{a}`, `a = "`, "é =\n“x”",
	} {
		f.Add(text, true)
	}
	x := newConditionExchange()
	setRandomLeaves(x)
	f.Fuzz(func(t *testing.T, text string, java bool) {
		c, _, err := CompileCondition(text, ConditionOptions{JavaPrecedence: java})
		if err != nil {
			failure := err.(*ConditionError)
			if failure.Offset < 0 || failure.Offset > len(text) || failure.Message == "" || failure.Error() == "" {
				t.Fatalf("%#v", failure)
			}
			failure.excerpt()
			return
		}
		got, err := c.Eval(x)
		if err == nil && got != reference(x, c.root) {
			t.Fatalf("Eval says %t", got)
		}
		c.Explain(x)
		back, _, err := CompileCondition(c.root.String(), ConditionOptions{JavaPrecedence: !java})
		switch {
		case err != nil && strings.Contains(err.Error(), "more than"): // written back it may be too deep or too long
		case err != nil:
			t.Fatalf("%s: %v", c.root, err)
		case back.root.String() != c.root.String():
			t.Fatalf("%s became %s", c.root, back.root)
		}
	})
}

func FuzzConditionPattern(f *testing.F) {
	f.Add("/a/**/b*/{x}", "/a/b/c/bd/")
	f.Add("**%**", "a*b")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if len(pattern) > 200 || len(value) > 2000 || !isPrintableASCII(pattern+value) {
			return
		}
		g, _ := compileGlob(pattern)
		p, _ := compilePath(pattern)
		if got, _ := g.match(value); got != globReference(pattern).MatchString(value) {
			t.Errorf("%q Matches %q: %t", value, pattern, got)
		}
		if got, _ := p.match(value); got != pathReference(pattern).MatchString(value) {
			t.Errorf("%q MatchesPath %q: %t", value, pattern, got)
		}
	})
}

func isPrintableASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
