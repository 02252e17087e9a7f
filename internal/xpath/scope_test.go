package xpath

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// host is a scope with the variables $set, $text, $number and $broken, and the functions twice() and p:env().
func host(extended bool) *Scope {
	values := map[string]Variable{
		"text":   func(any) (Result, error) { return OfString("a text"), nil },
		"number": func(any) (Result, error) { return OfNumber(2), nil },
		"set":    func(env any) (Result, error) { return OfNodes(env.(*Document).Root().Children()...), nil },
		"broken": func(any) (Result, error) { return Result{}, errBroken },
	}
	return &Scope{
		Namespaces: namespaces,
		Extended:   extended,
		Variable: func(space, local string) (Variable, bool) {
			v, ok := values[local]
			return v, ok && space == ""
		},
		Function: func(space, local string) (*Function, bool) {
			switch {
			case space == "" && local == "twice":
				return &Function{Result: Number, Least: 1, Most: 1, Call: func(_ *Context, args []Result) (Result, error) {
					return OfNumber(2 * args[0].Number()), nil
				}}, true
			case space == namespaces["p"] && local == "place":
				return &Function{Result: String, Positional: true, Call: func(c *Context, _ []Result) (Result, error) {
					return OfString(fmt.Sprintf("%s %d/%d", c.Node.Local(), c.Position, c.Size)), nil
				}}, true
			}
			return nil, false
		},
	}
}

var errBroken = errors.New("a broken variable")

func evalIn(t testing.TB, text string, extended bool, d *Document) string {
	t.Helper()
	e, err := CompileIn(text, host(extended))
	if err != nil {
		return "refused: " + err.Error()
	}
	r, err := e.EvalIn(&Context{Node: d.Root(), Position: 1, Size: 1, Env: d, Work: NewWork(1<<16, nil)})
	if err != nil {
		return "error: " + err.Error()
	}
	if e.Kind() != Any && e.Kind() != r.Kind() {
		t.Errorf("%s is a %v, and the result a %v", text, e.Kind(), r.Kind())
	}
	if r.Kind() != NodeSet {
		return r.Kind().String() + " " + r.String()
	}
	texts := make([]string, r.Len())
	for i, n := range r.Nodes() {
		texts[i] = n.Value()
	}
	return "nodes " + strings.Join(texts, ",")
}

const scopeSource = `<r><a k="1">x</a><a k="2">y</a><b>z</b></r>`

func TestScope(t *testing.T) {
	tests := []struct{ text, want string }{
		{"$number + 1", "number 3"},
		{"$text", "string a text"},
		{"$set/a[$number]", "nodes y"},
		{"$set/a[@k = $number]", "nodes y"},
		{"$set/a | $set/b", "nodes x,y,z"},
		{"$text | $set", "error: " + ErrNotNodes.Error()},
		{"$text/a", "error: " + ErrNotNodes.Error()},
		{"$text[1]", "error: " + ErrNotNodes.Error()},
		{"count($number)", "error: " + ErrNotNodes.Error()},
		{"$number < $set/a/@k", "boolean false"},
		{"$number <= $set/a/@k", "boolean true"},
		{"$set = true()", "boolean true"},
		{"1 + $broken", "error: a broken variable"},
		{"twice(4)", "number 8"},
		{"twice(4, 5)", `refused: XPath "twice(4, 5)": offset 10: twice() does not take 2 arguments`},
		{"//a[p:place() = 'a 2/2']", "nodes y"},
		{"$none", `refused: XPath "$none": offset 1: no variable is called $none`},
		{"x:f()", `refused: XPath "x:f()": offset 0: prefix of "x:f" is not declared`},
		{"upper-case('a')", `refused: XPath "upper-case('a')": offset 0: no function is called "upper-case"`},
	}
	d := mustParse(t, scopeSource)
	for _, tt := range tests {
		if got := evalIn(t, tt.text, false, d); got != tt.want {
			t.Errorf("%s\n  is   %s\n  want %s", tt.text, got, tt.want)
		}
	}
}

// TestExtended: what stylesheets print of these is compared with Saxon in package xslt.
func TestExtended(t *testing.T) {
	tests := []struct{ text, want string }{
		{"1 to 3", "nodes 1,2,3"},
		{"(//a, 'q', 7)", "nodes x,y,q,7"},
		{"for $i in //a, $j in (1, 2) return concat($i, $j)", "nodes x1,x2,y1,y2"},
		{"for $i in //a return for $j in //b return ($j, $i)", "nodes z,x,z,y"},
		{"some $i in //a satisfies $i/@k = 2", "boolean true"},
		{"every $i in //a satisfies $i/@k = 2", "boolean false"},
		{"if (//b) then 1 else 2", "number 1"},
		{"//a/name()", "nodes a,a"},
		{"//a/(@k | text())", "nodes 1,x,2,y"},
		{"/r/*:b", "nodes z"},
		{"//a intersect //a[1]", "nodes x"},
		{"//a is //a[1]", "boolean true"},
		{"if(//b) then 1", `refused: XPath "if(//b) then 1": offset 14: expected "else"`},
		{"for $i in //a return $j", `refused: XPath "for $i in //a return $j": offset 22: no variable is called $j`},
		{"matches('a', '(')", "error: error parsing regexp: missing closing ): `(`"},
		{"replace('a', 'x*', '')", `error: xpath: the regular expression "x*" of replace() matches the empty string`},
		{"1 to 1000000000", "error: " + ErrTooMuchWork.Error()},
		{"string-join(for $i in 1 to 1000, $j in 1 to 1000 return 'x')", "error: " + ErrTooMuchWork.Error()},
		{"for/return", "nodes "},
		{"if | then", "nodes "},
	}
	d := mustParse(t, scopeSource)
	for _, tt := range tests {
		if got := evalIn(t, tt.text, true, d); got != tt.want {
			t.Errorf("%s\n  is   %s\n  want %s", tt.text, got, tt.want)
		}
	}
}

func TestPattern(t *testing.T) {
	tests := []struct {
		text, matched string // the values of the nodes
		priority      float64
	}{
		{"a", "x,y", 0},
		{"*", "xyz,x,y,z", -0.5},
		{"p:*", "", -0.25},
		{"@k", "1,2", 0},
		{"@*", "1,2", -0.5},
		{"text()", "x,y,z", -0.5},
		{"node()", "xyz,x,x,y,y,z,z", -0.5},
		{"/", "xyz", 0.5},
		{"/r", "xyz", 0.5},
		{"/a", "", 0.5},
		{"r/a", "x,y", 0.5},
		{"//a", "x,y", 0.5},
		{"r//text()", "x,y,z", 0.5},
		{"a[2]", "y", 0.5},
		{"a[last()]", "y", 0.5},
		{"a[@k = $number]", "y", 0.5},
		{"*[3]", "z", 0.5},
		{"a/@k[. = 1]", "1", 0.5},
		{"//a[1]", "x", 0.5},
	}
	d := mustParse(t, scopeSource)
	all := mustCompile(t, "/ | //node() | //@*")
	nodes, err := all.Eval(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		patterns, err := CompilePattern(tt.text, host(false))
		if err != nil {
			t.Error(err)
			continue
		}
		var matched []string
		for _, n := range nodes.Nodes() {
			ok, err := patterns[0].Matches(&Context{Node: n, Env: d, Work: NewWork(1<<16, nil)})
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				matched = append(matched, n.Value())
			}
		}
		if got := strings.Join(matched, ","); got != tt.matched || patterns[0].Priority() != tt.priority {
			t.Errorf("%s matches %s with priority %v, want %s, %v", tt.text, got, patterns[0].Priority(), tt.matched, tt.priority)
		}
	}
	for _, text := range []string{"", "a/..", "ancestor::a", "a | ", "1", "$set", "f()", "a)", ".", "descendant::a"} {
		if _, err := CompilePattern(text, host(false)); err == nil {
			t.Errorf("the pattern %q is accepted", text)
		}
	}
}

// TestWork: the work of several evaluations counts together, and the check ends them.
func TestWork(t *testing.T) {
	d := mustParse(t, "<r>"+strings.Repeat("<a/>", 1000)+"</r>")
	e := mustCompile(t, "count(//a)")
	w := NewWork(5000, nil)
	evaluations := 0
	for ; evaluations < 10; evaluations++ {
		if _, err := e.EvalIn(&Context{Node: d.Root(), Position: 1, Size: 1, Work: w}); err == ErrTooMuchWork {
			break
		}
	}
	if evaluations != 4 {
		t.Errorf("the work is enough for %d evaluations", evaluations)
	}
	if _, err := e.EvalIn(&Context{Node: d.Root(), Work: NewWork(1<<20, func() error { return errBroken })}); err != errBroken {
		t.Errorf("a check that fails: %v", err)
	}
}

// FuzzExtended: with everything allowed no expression panics, and each ends.
func FuzzExtended(f *testing.F) {
	for _, text := range []string{
		"for $i in (1 to 3), $j in //a return ($i, $j)", "if ($text) then //a/name() else ()", "some $x in //* satisfies $x is //a",
		"replace($text, '(t)(e)', '$2$1', 'i')", "tokenize('a b', ' ')[2]", "//a[matches(., 'x')]/(@k, text())", "max((1, 'b'))",
	} {
		f.Add(text)
	}
	d := mustParse(f, scopeSource)
	f.Fuzz(func(t *testing.T, text string) {
		evalIn(t, text, true, d)
		patterns, err := CompilePattern(text, host(true))
		if err != nil {
			return
		}
		for _, p := range patterns {
			if _, err := p.Matches(&Context{Node: d.Root().Children()[0], Env: d, Work: NewWork(1<<16, nil)}); err != nil {
				t.Log(err)
			}
		}
	})
}
