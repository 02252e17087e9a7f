package jsonlimits

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// none is no limit at all.
var none = Limits{-1, -1, -1, -1, -1}

func with(change func(*Limits)) Limits {
	l := none
	change(&l)
	return l
}

func TestLimits(t *testing.T) {
	depth := with(func(l *Limits) { l.ContainerDepth = 2 })
	elements := with(func(l *Limits) { l.ArrayElementCount = 2 })
	entries := with(func(l *Limits) { l.ObjectEntryCount = 2 })
	names := with(func(l *Limits) { l.ObjectEntryNameLength = 3 })
	values := with(func(l *Limits) { l.StringValueLength = 3 })
	tests := []struct {
		limits   Limits
		in, want string
	}{
		{depth, `{"a":[1],"b":[{}]}`, "ContainerDepth exceeded at line 1"},
		{depth, "{\"a\":[1],\n\"b\":[\n[]]}", "ContainerDepth exceeded at line 3"},
		{depth, `{"a":[1],"b":[],"c":{}}`, ""},
		{with(func(l *Limits) { l.ContainerDepth = 0 }), `1`, ""},
		{with(func(l *Limits) { l.ContainerDepth = 0 }), `[]`, "ContainerDepth exceeded at line 1"},
		{elements, `[1,[2,2],{}]`, "ArrayElementCount exceeded at line 1"},
		{elements, "[1,\n[2,\n2,\n2]]", "ArrayElementCount exceeded at line 2"}, // where the array begins
		{elements, `[[1,2],[3,4]]`, ""},
		{elements, `{"a":1,"b":2,"c":3}`, ""},
		{entries, "{\"a\":1,\"b\":2,\n\"c\":3}", "ObjectEntryCount exceeded at line 2"},
		{entries, `{"a":1,"a":2,"a":3}`, "ObjectEntryCount exceeded at line 1"},
		{entries, `[1,2,3,{"a":{"b":1,"c":2},"d":1}]`, ""},
		{names, "{\n\"abcd\":1}", "ObjectEntryNameLength exceeded at line 2"},
		{names, `{"abc":"abcd"}`, ""},
		{names, `{"\u0061b\n":1,"` + "\u00e9\u20ac" + `x":2}`, ""},
		{values, `"abcd"`, "StringValueLength exceeded at line 1"},
		{values, `{"abcd":"abc","e":["abc",12345]}`, ""},
		{values, `"` + "\u20ac\u20ac\u20ac" + `"`, ""},
		{values, `"\u20ac\u20ac\"\\"`, "StringValueLength exceeded at line 1"},
		{values, `"a😀"`, ""},
		{values, `"ab😀"`, "StringValueLength exceeded at line 1"}, // a pair in Java
		{values, `"ab\ud83d\ude00"`, "StringValueLength exceeded at line 1"},
		{values, "\"\xff\xff\xff\"", ""},
		{elements, `[1,2,3`, "ArrayElementCount exceeded at line 1"}, // before the end, which is missing
		{none, strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), ""},
		{none, strings.Repeat("[", MaxDepth+1), "ContainerDepth exceeded at line 1"},
		{none, strings.Repeat(`{"a":`, MaxDepth+1), "ContainerDepth exceeded at line 1"},
	}
	for _, tt := range tests {
		if got := text(Check([]byte(tt.in), tt.limits)); got != tt.want {
			t.Errorf("Check(%.60q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSyntax(t *testing.T) {
	tests := []struct{ in, want string }{
		{"{\n\n\"a\" 1}", "expecting : at line 3"},
		{"", "expecting a value at line 1"},
		{" \n", "expecting a value at line 2"},
		{"x", "expecting a value at line 1"},
		{"]", "expecting a value at line 1"},
		{",", "expecting a value at line 1"},
		{"{}\n{}", "expecting the end at line 2"},
		{"1\n,", "expecting the end at line 2"},
		{"{", `expecting " or } at line 1`},
		{"{]", `expecting " or } at line 1`},
		{"{1:1}", `expecting " or } at line 1`},
		{"{'a':1}", `expecting " or } at line 1`},
		{"{,", `expecting " or } at line 1`},
		{`{"a"`, "expecting : at line 1"},
		{`{"a",1}`, "expecting : at line 1"},
		{"{\"a\":\n}", "expecting a value at line 2"},
		{`{"a":1`, "expecting , or } at line 1"},
		{`{"a":1 "b"`, "expecting , or } at line 1"},
		{`{"a":1]`, "expecting , or } at line 1"},
		{`{"a":1,}`, `expecting " at line 1`},
		{`{"a":1,2}`, `expecting " at line 1`},
		{"[", "expecting a value or ] at line 1"},
		{"[,1]", "expecting a value or ] at line 1"},
		{"[1,\n]", "expecting a value at line 2"},
		{"[1:2]", "expecting , or ] at line 1"},
		{"[1}", "expecting , or ] at line 1"},
		{"[01]", "expecting , or ] at line 1"},
		{"[tru]", "expecting a value or ] at line 1"},
		{"[\n\"a", "expecting a valid string at line 2"},
		{`"\x"`, "expecting a valid string at line 1"},
		{"\"\n\"", "expecting a valid string at line 1"},
		{`{"a\u12":1}`, "expecting a valid string at line 1"},
		{"\uFEFF[]", ""},
		{" [1.5e3, -0, true, false, null] \r\n\t", ""},
	}
	for _, tt := range tests {
		if got := text(Check([]byte(tt.in), none)); got != tt.want {
			t.Errorf("Check(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// FuzzCheck compares the scan with a walk through encoding/json's tree: what it accepts is JSON there too, and keeps the
// limits; what it says is exceeded is, unless the tree has lost it.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"bcd":"efgh"}],"a":null}`, `[[[[]]]]`, `"\ud83d\ude00\n"`, "{\"a\" 1}", "\"\xff\"", `[1,2,3,4]`, "\uFEFF1"} {
		f.Add([]byte(seed), 2, 2, 2, 3, 3)
	}
	f.Fuzz(func(t *testing.T, src []byte, depth, elements, entries, name, value int) {
		l := Limits{depth, elements, entries, name, value}
		err := Check(src, l)
		var tree any
		plain := strings.TrimPrefix(string(src), "\uFEFF")
		bad := json.Unmarshal([]byte(plain), &tree)
		var syntax *SyntaxError
		var exceeded *ExceededError
		switch {
		case err == nil && bad != nil:
			t.Fatalf("%q is accepted, and is no JSON: %v", src, bad)
		case errors.As(err, &syntax) && bad == nil:
			t.Fatalf("%q: %v, and is JSON", src, err)
		case err == nil:
			if over := measure(tree, 0, l); len(over) > 0 {
				t.Fatalf("%q is accepted with %v exceeded", src, over)
			}
		case errors.As(err, &exceeded):
			// Without duplicate names the tree has it all.
			if bad == nil && strings.Count(plain, ":") < 2 && !measure(tree, 0, l)[exceeded.Limit] && exceeded.Line > 0 {
				t.Fatalf("%q: %v, and the tree keeps that limit", src, err)
			}
		}
	})
}

// measure tells which limits a tree exceeds.
func measure(v any, depth int, l Limits) map[Limit]bool {
	over := map[Limit]bool{}
	set := func(limit Limit, n, most int) {
		if exceeds(n, most) {
			over[limit] = true
		}
	}
	inner := func(v any) {
		for limit := range measure(v, depth+1, l) {
			over[limit] = true
		}
	}
	switch v := v.(type) {
	case string:
		set(StringValueLength, len(utf16.Encode([]rune(v))), l.StringValueLength)
	case []any:
		set(ContainerDepth, depth+1, l.ContainerDepth)
		set(ArrayElementCount, len(v), l.ArrayElementCount)
		for _, item := range v {
			inner(item)
		}
	case map[string]any:
		set(ContainerDepth, depth+1, l.ContainerDepth)
		set(ObjectEntryCount, len(v), l.ObjectEntryCount)
		for name, item := range v {
			set(ObjectEntryNameLength, len(utf16.Encode([]rune(name))), l.ObjectEntryNameLength)
			inner(item)
		}
	}
	return over
}

// TestScannerAllocates nothing while it reads.
func TestScannerAllocates(t *testing.T) {
	src, s := sample(1<<10), newScanner()
	n := testing.AllocsPerRun(100, func() {
		if err := s.check(src, Limits{10, 2000, 20, 50, 500}); err != nil {
			t.Fatal(err)
		}
		s.forget()
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func sample(size int) []byte {
	const item = `{"id":12345,"name":"Überall \"quoted\"","price":19.990,"tags":["a","b","c"],"nested":{"x":null,"y":true}}`
	n := size/len(item) + 1
	return []byte("[" + strings.Repeat(item+",", n-1) + item + "]")
}

func BenchmarkCheck(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		src := sample(size)
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Check(src, Limits{10, -1, 20, 50, 500}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
