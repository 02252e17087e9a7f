package features

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestEvaluate holds values to what JavaScript makes of them: see String(value)
// and Boolean(value) in ECMAScript.
func TestEvaluate(t *testing.T) {
	for _, c := range []struct {
		path, body string
		want       found
	}{
		{"$.a", `{"a":"x"}`, found{"x", -1, true}},
		{"$.a", `{"a":""}`, found{"", -1, false}},
		{"$.a", `{"a":0}`, found{"0", -1, false}},
		{"$.a", `{"a":-0.0}`, found{"0", -1, false}},
		{"$.a", `{"a":false}`, found{"false", -1, false}},
		{"$.a", `{"a":1.50}`, found{"1.5", -1, true}},
		{"$.a", `{"a":123456789012345680000}`, found{"123456789012345680000", -1, true}},
		{"$.a", `{"a":1e21}`, found{"1e+21", -1, true}},
		{"$.a", `{"a":0.00000012}`, found{"1.2e-7", -1, true}},
		{"$.a", `{"a":1e999}`, found{"Infinity", -1, true}},
		{"$.a", `{"a":-1e999}`, found{"-Infinity", -1, true}},
		{"$.b", `{"a":1}`, null},
		{"$.a[1]", `{"a":[1]}`, null},
		{"$.a", `{"a":[]}`, found{"", 0, true}},
		{"$[*].a", `[{"a":1},{"a":2}]`, found{"1", -1, true}},
		{"$.[1].a", `[{"a":1},{"a":2}]`, found{"2", -1, true}},
		{"$", `[1,2]`, found{"1,2", 2, true}},
		{"/a/b", `<a><b>x</b></a>`, found{"x", -1, true}},
		{"/a/@b", `<a b="x"/>`, found{"x", -1, true}},
		{"count(//b)", `<a><b/><b/></a>`, found{"2", -1, true}},
		{"$.a", "neither", null},
		{"$.a", "", null},
	} {
		got, err := evaluate(c.path, c.body)
		if err != nil || got != c.want {
			t.Errorf("%s in %s: got %+v, %v", c.path, c.body, got, err)
		}
	}
	for _, c := range [][2]string{{"a[", `{}`}, {"a[", `<a/>`}, {"/b", `<a/>`}} {
		if got, err := evaluate(c[0], c[1]); err == nil {
			t.Errorf("%s in %s: got %+v and no error", c[0], c[1], got)
		}
	}
}

// TestMatches holds expressions to JavaScript's dialect.
func TestMatches(t *testing.T) {
	for _, c := range []struct {
		expression, text string
		want             bool
	}{
		{"", "anything", true},
		{`{"a":1}`, `x{"a":1}`, true}, // braces that are no quantifier
		{`^a$`, "a\n", false},         // $ is the very end
		{`^[^]$`, "\n", true},
		{`(?!x)y`, "y", true},
		{`\d`, "٣", false}, // ASCII digits only
		{`(?<year>\d{4})`, "2026", true},
		{`[[]`, "[", true},
	} {
		if got, err := matches(c.expression, c.text); err != nil || got != c.want {
			t.Errorf("%s on %q: got %v, %v", c.expression, c.text, got, err)
		}
	}
	if _, err := matches(`(a*)*b`, strings.Repeat("a", 40)); err == nil || !strings.Contains(err.Error(), "takes longer") {
		t.Errorf("endless: got %v", err)
	}
}

// TestLocate holds paths and queries to what the request library of apickli sends.
func TestLocate(t *testing.T) {
	p := []pair{{"a", "1"}, {"b c", "x&y"}}
	for _, c := range []struct {
		text       string
		parameters []pair
		want       string
	}{
		{"/v1/x", nil, "/v1/x?"},
		{"", nil, "/?"},
		{"?x", nil, "/?x="},
		{"/a b/ä\"<>`{}|^'%20%", nil, "/a%20b/%C3%A4%22%3C%3E%60%7B%7D%7C%5E%27%20%?"},
		{`/a\b`, nil, "/a/b?"},
		{"/a#b?c", nil, "/a?"},
		{"/a?b=c d+e%20f&&g", nil, "/a?b=c%20d%20e%20f&g="},
		{"/a?b=%zz", nil, "/a?b=%25zz"},
		{"/a?b=1&c=2&b=3", nil, "/a?b%5B0%5D=1&c=2&b%5B1%5D=3"},
		{"/x", p, "/x?a=1&b%20c=x%26y"},
		{"/x?a=0&d=!'()*", p, "/x?a=1&d=%21%27%28%29%2A&b%20c=x%26y"},
	} {
		path, query, err := locate(c.text, c.parameters)
		if got := path + "?" + query; err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"x", "//x", "-v1/x"} {
		if path, _, err := locate(text, nil); err == nil {
			t.Errorf("%s: got %s and no error", text, path)
		}
	}
}

// FuzzLocate holds that whatever a resource says, what is sent is a path and a
// query that Go's client can write on one line.
func FuzzLocate(f *testing.F) {
	f.Add("/a b?c=d e#f", "name", "value")
	f.Add("/%zz?a[]=1&a[]=2", "a[]", "\x00")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		path, query, err := locate(text, []pair{{name, value}})
		if err != nil {
			return
		}
		if strings.ContainsFunc(path+query, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			t.Fatalf("%q %q", path, query)
		}
		found := false
		for _, p := range parse(query) {
			found = found || p.name == name && p.value == value
		}
		if !found {
			t.Fatalf("%q does not have %q=%q", query, name, value)
		}
	})
}

// TestHeaderValue joins fields of one name as Node.js does.
func TestHeaderValue(t *testing.T) {
	a := &answer{header: http.Header{
		"X": {"1", "2"}, "Content-Type": {"a/b", "c/d"}, "Set-Cookie": {"a=1", "b=2"}, "Empty": {""},
	}}
	for name, want := range map[string]string{"x": "1, 2", "CONTENT-TYPE": "a/b", "set-cookie": "a=1,b=2", "empty": "", "none": undefined} {
		if got, ok := a.value(name); got != want || ok == (name == "none") {
			t.Errorf("%s: got %q, %v", name, got, ok)
		}
	}
}

func TestReplace(t *testing.T) {
	s := &session{variables: map[string]string{"a": "1", "b": "`a``g`", "empty": ""}, shared: &shared{variables: map[string]string{"a": "global", "g": "2"}}}
	for text, want := range map[string]string{
		"":             "",
		"`a`":          "1",
		"x`b`y":        "x12y",
		"`a":           "`a",
		"`a`b`":        "1b`",
		"[`empty`]":    "[]",
		"`no` `other`": "undefined undefined",
	} {
		if got, err := s.replace(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	if len(s.unset) != 2 {
		t.Errorf("unset are %v", s.unset)
	}
	s.variables["more"] = "`more``more`"
	if _, err := s.replace("`more`"); err == nil {
		t.Error("no error for a value that grows")
	}
}

func TestTags(t *testing.T) {
	all := []string{"@a", "@b", "@c-1", "@a(b)"}
	for text, want := range map[string]bool{
		"":                      true,
		"@a":                    true,
		"@d":                    false,
		"not @d":                true,
		"not not @a":            true,
		"@a and @d or @b":       true,
		"@d or @b and @d":       false,
		"@a and (@d or @c-1)":   true,
		"not (@a and @b)":       false,
		"not @d and @a":         true,
		`@a\(b\) and not(@d)`:   true,
		"((((@a))))":            true,
		"@a and not @b or @c-1": true,
	} {
		tags, err := ParseTags(text)
		if err != nil || tags.Match(all) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"a":            `"a" is no tag; write it with @, as in "@smoke and not @slow"`,
		"@a @b":        `"@b" follows a complete expression: is an "and" or "or" missing?`,
		"@a and":       "it ends where a tag is expected",
		"(@a":          `a ")" is missing`,
		"@a)":          `")" follows a complete expression: is an "and" or "or" missing?`,
		"not":          "it ends where a tag is expected",
		"@a and or @b": `"or" is no tag; write it with @, as in "@smoke and not @slow"`,
	} {
		_, err := ParseTags(text)
		if want = fmt.Sprintf("tag expression %q: %s", text, want); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := ParseTags(strings.Repeat("(", maxTags+1)); err == nil {
		t.Error("no error for a long expression")
	}
}

// FuzzTags holds that an expression either is refused or decides.
func FuzzTags(f *testing.F) {
	f.Add("@a and not (@b or @c)")
	f.Add(`not@a\ b)(`)
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := ParseTags(text)
		if err != nil {
			return
		}
		if negated, err := ParseTags("not (" + text + ")"); err == nil && negated.Match([]string{"@a"}) == tags.Match([]string{"@a"}) {
			t.Fatalf("%q and its negation agree", text)
		}
	})
}
