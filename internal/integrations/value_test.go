package integrations

import (
	"strings"
	"testing"
)

func TestLenientJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{` {"a": [1, -2.5, 1e3, true, null, "x\u00e9\n\ud83d\ude00"]} `, `{"a":[1,-2.5,1000,true,null,"xé\n😀"]}`},
		{`{ 'a' : '{ \'b\' : "c" }' }`, `{"a":"{ 'b' : \"c\" }"}`},
		{`{product: cake, id: 21}`, `{"product":"cake","id":21}`},
		{"{\u00a0\"a\"\u00a0:\u00a01}", `{"a":1}`},
		{`{"z":1,"a":2,"z":3}`, `{"z":3,"a":2}`},
		{`9007199254740993`, `9007199254740993`},
		{`[1.0, 1e400, 007, -]`, `[1,"1e400","007","-"]`},
		{`"\ud83d x"`, "\"\ufffd x\""},
	} {
		v, err := parseJSON(c.in)
		if got := string(appendJSON(nil, v)); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{``, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[1 2]`, `"a`, `'a"`, `"\x"`, `"\u12"`, `1 2`, `{} x`, `}`, strings.Repeat("[", 100_000)} {
		if v, err := parseJSON(in); err == nil {
			t.Errorf("%.20q is read as %v", in, v)
		}
	}
}

func TestReferences(t *testing.T) {
	for in, want := range map[string]string{
		"$a$": "a|0", "$a.b.c$": "a|2", "$a-b$": "a-b|0", "$`Task_1_x`$": "`Task_1_x`|0", "$`Task_4_x`.order_id$": "`Task_4_x`|1",
		"$`ErrorInfo.code`$": "`ErrorInfo`|1", "$a[0].b$": "a|2", "$x$y$": "", "$$": "", "$a b$": "", "a$": "", "$`x$": "", "$``$": "",
	} {
		r, ok := parseReference(in)
		got := ""
		if ok {
			got = r.name + "|" + string(rune('0'+len(r.path)))
		}
		if got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestTemplates(t *testing.T) {
	s := fakeRun(t, `{"a":"A","n":5,"o":{"x":[1,{"y":"deep"}]},"null":null,"`+"`T`"+`":"tick","a.b":"dotted"}`).scope
	for in, want := range map[string]string{
		"plain":                    `"plain"`,
		"$n$":                      `5`,
		"$o$":                      `{"x":[1,{"y":"deep"}]}`,
		"$o.x[1].y$":               `"deep"`,
		"$a.b$":                    `"dotted"`,
		"<$a$|$n$|$o.x$|$`T`$>":    `"<A|5|[1,{\"y\":\"deep\"}]|tick>"`,
		"it costs $5, $a$ and $ 7": `"it costs $5, A and $ 7"`,
		"$missing$":                `null`,
		"x $missing$ $a$":          `"x $missing$ A"`,
		"x$null$y":                 `"xy"`,
		"$a$$a$":                   `"AA"`,
		"$":                        `"$"`,
	} {
		v, err := parseTemplate(in).value(s)
		if got := string(appendJSON(nil, v)); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
	}
}

func TestAssignment(t *testing.T) {
	in := &integration{types: map[string]dataType{"i": intValue, "s": stringValue, "j": jsonValue, "l": stringArray}}
	for _, c := range []struct {
		ref   string
		v     value
		want  string // of the whole variable
		fails bool
	}{
		{"$i$", "42", `42`, false},
		{"$i$", "x", `null`, true},
		{"$s$", []any{"a"}, `"[\"a\"]"`, false}, // exports assign JSON to strings
		{"$j$", `{"a":1}`, `{"a":1}`, false},    // and text to JSON
		{"$j$", `5`, `"5"`, false},
		{"$j.a.b$", int64(1), `{"a":{"b":1}}`, false},
		{"$s.a$", int64(1), `"{\"a\":1}"`, false},
		{"$l$", []any{int64(1), true}, `["1","true"]`, false},
		{"$l$", "a", `null`, true},
		{"$l[0]$", "a", `null`, true},
		{"$new.x$", true, `{"x":true}`, false},
	} {
		s := newScope(in)
		r, _ := parseReference(c.ref)
		err := s.set(r, c.v)
		if got := string(appendJSON(nil, s.vars[r.name])); got != c.want || (err != nil) != c.fails {
			t.Errorf("%s = %v: %s, %v; want %s", c.ref, c.v, got, err, c.want)
		}
	}
}

// TestValuesAreImmutable changes a part of a value that another variable shares.
func TestValuesAreImmutable(t *testing.T) {
	s := fakeRun(t, `{"a":{"x":{"y":1},"l":[1,2]}}`).scope
	s.vars["b"] = s.vars["a"]
	for _, ref := range []string{"$b.x.y$", "$b.l[0]$", "$b.new$"} {
		r, _ := parseReference(ref)
		if err := s.set(r, "changed"); err != nil {
			t.Fatal(err)
		}
	}
	if got := text(s.vars["a"]); got != `{"x":{"y":1},"l":[1,2]}` {
		t.Errorf("a became %s", got)
	}
	if got := text(s.vars["b"]); got != `{"x":{"y":"changed"},"l":["changed",2],"new":"changed"}` {
		t.Errorf("b is %s", got)
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x"]}`, `{'a':'\''}`, `{a:b}`, "[\u00a0]", `"\ud800\udc00"`, `-0.0`, `1e308`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseJSON(text)
		if err != nil {
			return
		}
		written := appendJSON(nil, v)
		again, err := parseJSON(string(written))
		if err != nil || string(appendJSON(nil, again)) != string(written) {
			t.Errorf("%q became %s and then %v, %v", text, written, again, err)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"$a$", "x $a.b[0]$ $`T`$ $5", "$`E.c`$"} {
		f.Add(s)
	}
	s := newScope(&integration{})
	f.Fuzz(func(t *testing.T, in string) {
		out, err := parseTemplate(in).text(s)
		if _, whole := parseReference(in); err != nil || !whole && out != in {
			t.Errorf("%q became %q, %v: nothing is declared", in, out, err)
		}
		r, ok := parseReference(in)
		if ok {
			_ = s.set(r, "x")
			clear(s.vars)
			s.total = 0
			clear(s.bytes)
		}
	})
}
