package jsonpath

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sluice/internal/ordjson"
)

// store is the document of Goessner's article and of Jayway's README.
const store = `{"store":{"book":[
 {"category":"reference","author":"Nigel Rees","title":"Sayings of the Century","price":8.95},
 {"category":"fiction","author":"Evelyn Waugh","title":"Sword of Honour","price":12.99},
 {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8.99},
 {"category":"fiction","author":"J. R. R. Tolkien","title":"The Lord of the Rings","isbn":"0-395-19395-8","price":22.99}],
 "bicycle":{"color":"red","price":19.95}},"expensive":10}`

func parse(t testing.TB, src string) *ordjson.Node {
	t.Helper()
	n, err := ordjson.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// evaluate is the result in one line: definite and indefinite results as JSON, prefixed by D or I.
func evaluate(t testing.TB, path string, doc *ordjson.Node) string {
	t.Helper()
	p, err := Compile(path)
	if err != nil {
		return "refused"
	}
	kind := "I "
	if p.Definite() {
		kind = "D "
	}
	v, err := p.Value(doc)
	switch {
	case errors.Is(err, ErrNotFound):
		return kind + "not found"
	case err != nil:
		return kind + err.Error()
	}
	return kind + string(ordjson.Append(nil, v))
}

// TestJayway compares with the answers of the Java library.
func TestJayway(t *testing.T) {
	data, err := os.ReadFile("testdata/jayway.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		field := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(field) != 3 {
			t.Fatalf("not three fields: %q", line)
		}
		doc := strings.Replace(field[1], "STORE", store, 1)
		if got := evaluate(t, field[0], parse(t, doc)); got != field[2] {
			t.Errorf("%s on %s\n  is     %s\n  Jayway %s", field[0], field[1], got, field[2])
		}
		cases++
	}
	if cases < 300 {
		t.Errorf("only %d cases", cases)
	}
}

// TestBetterThanJayway holds the deliberate differences that doc.go lists.
func TestBetterThanJayway(t *testing.T) {
	tests := []struct{ path, doc, want string }{
		{"$.", `{"a":1}`, `D {"a":1}`},
		{"$..", `{"a":1}`, `D {"a":1}`},
		{" \n$.a\t", `{"a":1}`, `D 1`},
		{"$[?(@.a==1&&@.b==2||\n@.c)].d", `[{"a":1,"b":2,"d":1},{"c":1,"d":2},{"d":3}]`, `I [1,2]`},
		{"$..[*].a", `[{"a":1},{"b":[{"a":2}]}]`, `I [1,2]`},
		{"$..b[0].a", `{"b":[{"a":1},{"a":2}],"c":{"b":[{"a":3}]}}`, `I [1,3]`},
		{"$..entry..resource.meta['lastUpdated']", `{"entry":[{"resource":{"meta":{"lastUpdated":"x"}}}]}`, `I ["x"]`},
		{"$[?($.on)]", `{"on":1}`, `I [{"on":1}]`},
		{"$.list[?($.on)]", `{"on":1,"list":[1,2]}`, `I [1,2]`},
		{"$.list[?(!$.on)]", `{"on":1,"list":[1,2]}`, `I []`},
		{"$.a.max()", `{"a":[-3,-2.5]}`, `D -2.5`},
		{"$.a.last()", `{"a":[7]}`, `D 7`},
		{"$.a.first()", `{"a":[]}`, `D not found`},
		{"$.a.first()", `{"a":1}`, `D jsonpath: first(): no list`},
		{"$.a.index(1)", `{"a":[7]}`, `D not found`},
		{"$.a.index(1e99)", `{"a":[7]}`, `D not found`},
		{"$.a.index()", `{"a":[7]}`, `D jsonpath: index(): no numbers`},
		{"$.a.sum()", `{"a":["x"]}`, `D jsonpath: sum(): no numbers`},
		{"$.a.sum()", `{"a":[1e308,1e308]}`, `D jsonpath: sum(): the result is too large`},
		{"$.length($.a)", `{"a":[1,2,3]}`, `D 3`},
		{"$[?(@.a all ['x'])]", `[{"a":["x","y"]},{"a":["y"]},{"a":1}]`, `I [{"a":["x","y"]}]`},
		{"$.a[?(@.b)]", `{"a":"text"}`, `I not found`},
		{"$[?(@.a == 0.10)].a", `[{"a":0.1},{"a":1e-1},{"a":0.1000000000000000000000001}]`, `I [0.1,1e-1]`},
		{"$[?(@.a > 9007199254740992)].a", `[{"a":9007199254740992},{"a":9007199254740993}]`, `I [9007199254740993]`},
		{"$[?(@.a < 1e999999999)].a", `[{"a":1},{"a":1e9999999999999999999999}]`, `I [1]`},
		{"$[?(@.a == .5 || @.a == 007.)].a", `[{"a":0.5},{"a":7},{"a":5}]`, `I [0.5,7]`},
		{"$.a.append(.5, {k:'v'})", `{"a":[1.10]}`, `D [1.10,0.5,{"k":"v"}]`},
		{"$.a", `{"a":1,"a":2}`, `D 2`},
		{"$.foo()", `{}`, `refused`},
		{"$['a']b", `{}`, `refused`},
		{"$[?(@.a =~ /a/x)]", `[]`, `refused`},
		{"$[?(@.a == 'x)]", `[]`, `refused`},
		{`$['\u12']`, `{}`, `refused`},
		{`$['\ud83d\ude00']`, `{"😀":1}`, `D 1`},
		{"", `{}`, `refused`},
	}
	for _, tt := range tests {
		if got := evaluate(t, tt.path, parse(t, tt.doc)); got != tt.want {
			t.Errorf("%s on %s\n  is   %s\n  want %s", tt.path, tt.doc, got, tt.want)
		}
	}
}

func TestSyntaxErrorSaysWhere(t *testing.T) {
	tests := []struct{ path, want string }{
		{"$.a[x]", `JSONPath "$.a[x]": offset 3: expected a quoted name, a number, '*' or '?(' after '['`},
		{"$.a b", `JSONPath "$.a b": offset 3: a name with white space must be written ['like this']`},
		{"$.a[?(@.b ~~ 1)]", `JSONPath "$.a[?(@.b ~~ 1)]": offset 10: unknown operator "~~"`},
		{"$.a[1,x]", `JSONPath "$.a[1,x]": offset 4: "x" is not an array index`},
	}
	for _, tt := range tests {
		if _, err := Compile(tt.path); err == nil || err.Error() != tt.want {
			t.Errorf("Compile(%q)\n  is   %v\n  want %s", tt.path, err, tt.want)
		}
	}
}

// TestBounds: neither a hostile path nor a hostile document costs much.
func TestBounds(t *testing.T) {
	deep := strings.Repeat("[?(", maxNesting+1) + "@.a" + strings.Repeat(")]", maxNesting+1)
	for _, path := range []string{"$" + deep, "$.a" + strings.Repeat("x", maxLength), "$[?(" + strings.Repeat("!", 100) + "@.a)]"} {
		if _, err := Compile(path); err == nil {
			t.Errorf("Compile(%.20s...) is accepted", path)
		}
	}
	wide := parse(t, "["+strings.Repeat("[1,1,1,1,1,1,1,1,1,1],", 999)+"[1]]")
	long := parse(t, `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)
	tests := []struct {
		path string
		doc  *ordjson.Node
	}{
		{"$[?($..*)]", wide},
		{"$[?($ == $)]", wide},
		{"$.concat(" + strings.Repeat("$.a,", 1000) + "$.a)", long},
	}
	for _, tt := range tests {
		p, err := Compile(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Eval(tt.doc); !errors.Is(err, ErrTooMuchWork) {
			t.Errorf("%.40s: %v, want %v", tt.path, err, ErrTooMuchWork)
		}
	}
}

func TestJavaDouble(t *testing.T) {
	tests := map[float64]string{0: "0.0", 15: "15.0", -2.5: "-2.5", 1e7: "1.0E7", 12345678.9: "1.23456789E7", 0.001: "0.001", 0.00025: "2.5E-4", 1e100: "1.0E100"}
	for f, want := range tests {
		if got := javaDouble(f); got != want {
			t.Errorf("javaDouble(%v) = %s, want %s", f, got, want)
		}
	}
}

func FuzzCompileEval(f *testing.F) {
	for _, path := range []string{"$..a[?(@.b == 'x' && !@.c)]", "$['a','b'].c", "$[1:2]", "$.a.sum($.b, 2)", "$[?(@ =~ /x/i)]", "$[?(@.a in ['x',{y:[1]}])]"} {
		f.Add(path, `{"a":[{"b":"x"}],"b":2}`)
	}
	f.Fuzz(func(t *testing.T, path, doc string) {
		p, err := Compile(path)
		if err != nil {
			return
		}
		root, err := ordjson.Parse([]byte(doc))
		if err != nil {
			return
		}
		nodes, err := p.Eval(root)
		if err == nil && p.Definite() && len(nodes) != 1 {
			t.Fatalf("%q is definite and yields %d nodes", path, len(nodes))
		}
		for _, n := range nodes {
			if _, err := ordjson.Parse(ordjson.Append(nil, n)); err != nil {
				t.Fatalf("%q yields what is not JSON: %v", path, err)
			}
		}
	})
}

func BenchmarkEval(b *testing.B) {
	doc := parse(b, store)
	for _, path := range []string{"$.store.book[0].title", "$.store.book[?(@.category == 'fiction' && @.price < 10)].title", "$..price"} {
		b.Run(path, func(b *testing.B) {
			p, err := Compile(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile("$.store.book[?(@.category == 'fiction' && @.price < 10)].title"); err != nil {
			b.Fatal(err)
		}
	}
}
