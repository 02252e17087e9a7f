package ordjson

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseKeepsOrderAndText(t *testing.T) {
	tests := []struct{ in, want string }{
		{`null`, `null`},
		{" true\n", `true`},
		{`false`, `false`},
		{`1.10`, `1.10`},
		{`-0`, `-0`},
		{`1E400`, `1E400`},
		{`12345678901234567890123`, `12345678901234567890123`},
		{`{"b":1, "a":[2 ,{"c":null}], "":""}`, `{"b":1,"a":[2,{"c":null}],"":""}`},
		{`{"a":1,"a":2}`, `{"a":1,"a":2}`},
		{`"<a href='x'>&/\/"`, `"<a href='x'>&//"`},
		{`"\"\\\b\f\n\r\t\u0001\u001f\u007f"`, `"\"\\\b\f\n\r\t\u0001\u001F` + "\x7f" + `"`},
		{`"\u00e9\ud83d\ude00"`, `"é😀"`},
		{`"\ud800"`, "\"\uFFFD\""},
		{"\"a\xffb\"", "\"a\uFFFDb\""},
		{"\uFEFF{}", `{}`},
		{`[]`, `[]`},
	}
	for _, tt := range tests {
		n, err := Parse([]byte(tt.in))
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if got := string(Append(nil, n)); got != tt.want {
			t.Errorf("Parse(%q) is written %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		in   string
		want string // Error() begins with this
	}{
		{"", "line 1:1: no value"},
		{"{\n  \"a\": x\n}", "line 2:8: invalid character 'x'"},
		{"{\"a\":1", "line 1:7: the text ends within a value"},
		{"[1,]", "line 1:3: "},
		{"{'a':1}", "line 1:2: "},
		{"{1:1}", "line 1:2: "},
		{"{} {}", "line 1:3: text after the value"},
		{"{}\n}", "line 1:3: text after"},
		{"{}\nx", "line 2:1: "},
		{"01", "line 1:2: "},
		{"\"\n\"", "line 1:2: "},
		{strings.Repeat("[", MaxDepth+1), "line 1:1001: nested deeper than 1000 levels"},
		{"[" + strings.Repeat("0,", MaxNodes) + "0]", "line 1:2097153: more than 1048576 values"},
	}
	for _, tt := range tests {
		_, err := Parse([]byte(tt.in))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("Parse(%.20q): %v, want %s", tt.in, err, tt.want)
		}
	}
}

func TestAccessors(t *testing.T) {
	n, err := Parse([]byte(`{"a":1,"s":"x","f":true,"list":[1.5,"y"],"a":2}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := n.Get("a").Text(); got != "2" {
		t.Errorf("a is %s: the last of two must win", got)
	}
	if n.Get("none") != nil || n.Get("list").Get("a") != nil {
		t.Error("a missing member is not nil")
	}
	if f, ok := n.Get("list").At(0).Float(); f != 1.5 || !ok {
		t.Errorf("Float() = %v, %v", f, ok)
	}
	if _, ok := n.Get("s").Float(); ok {
		t.Error("a string has a Float")
	}
	if !n.Get("f").Bool() || n.Get("s").Text() != "x" || n.Get("list").Text() != `[1.5,"y"]` {
		t.Error("wrong scalar")
	}
	var members []string
	for name, value := range n.Members() {
		members = append(members, fmt.Sprintf("%s %s", name, value.Kind()))
	}
	if got := strings.Join(members, ", "); got != "a number, s string, f boolean, list array, a number" {
		t.Errorf("members: %s", got)
	}
}

func TestRepeated(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{`1`, "", false},
		{`{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4,"A":5}]}`, "", false},
		{`{"a":1,"b":2,"a":3}`, "a", true},
		{`[0,[{"x":[{"b":1,"\u0062":{}}]}]]`, "b", true},
		{`{"":1,"":2}`, "", true},
	}
	for _, tt := range tests {
		n, err := Parse([]byte(tt.in))
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := n.Repeated(); name != tt.want || ok != tt.ok {
			t.Errorf("Repeated of %s: %q, %v", tt.in, name, ok)
		}
	}
}

func TestBuilders(t *testing.T) {
	n := NewObject().Add("z", NewInt(-3)).Set("y", NewString("a\"b")).Set("z", NewArray(NewNull()).Push(NewBool(true)))
	if got, want := n.Text(), `{"z":[null,true],"y":"a\"b"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := NewString("\xff\x00").Text(); got != "\xff\x00" {
		t.Errorf("Text of a string is %q: it must not be escaped", got)
	}
	if got := string(Append(nil, NewString("a\xff\x00"))); got != "\"a\uFFFD\\u0000\"" {
		t.Errorf("got %s", got)
	}
}

// FuzzParse: what Parse accepts is written as JSON that parses to the same text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1.10,null,true,"\ud83d\ude00"],"a":{}}`, "\"\xff\"", `[[[`, `{"a":1 "b"}`, "\uFEFF1", `"\u12"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		n, err := Parse(src)
		if err != nil {
			return
		}
		once := Append(nil, n)
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("%q is written %q: %v", src, once, err)
		}
		if twice := Append(nil, again); string(twice) != string(once) {
			t.Fatalf("%q is written %q, then %q", src, once, twice)
		}
	})
}

func sample() []byte {
	item := `{"id":12345,"name":"Überall \"quoted\"","price":19.990,"tags":["a","b","c"],"nested":{"x":null,"y":true}}`
	return []byte("[" + strings.Repeat(item+",", 49) + item + "]")
}

func BenchmarkParse(b *testing.B) {
	src := sample()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	n, err := Parse(sample())
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = Append(dst[:0], n)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkRepeated(b *testing.B) {
	n, err := Parse(sample())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := n.Repeated(); ok {
			b.Fatal("a name is there twice")
		}
	}
}
