package policies

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestExtractPatterns runs testdata/ExtractVariables/patterns.txt, whose head
// tells its form.
func TestExtractPatterns(t *testing.T) {
	content, err := os.ReadFile("testdata/ExtractVariables/patterns.txt")
	if err != nil {
		t.Fatal(err)
	}
	tests := 0
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		tests++
		kind, rest, _ := strings.Cut(line, " ")
		parts := strings.Split(rest, " => ")
		kind, fold := strings.CutSuffix(kind, "/i")
		text, want := "", parts[len(parts)-1]
		if len(parts) == 3 {
			text = parts[1]
		}
		if got := extractPatternResult(parts[0], kind == "path", fold, text); got != want {
			t.Errorf("%s\n got %s", line, got)
		}
	}
	if tests < 60 {
		t.Errorf("only %d lines", tests)
	}
}

func extractPatternResult(source string, path, fold bool, text string) string {
	p, err := compileExtractPattern(source, path, fold)
	if err != nil {
		return "!"
	}
	if len(p.captures) == 0 {
		return "0"
	}
	found := make([]string, len(p.captures))
	if !p.match(text, found) {
		return "-"
	}
	for i, name := range p.captures {
		found[i] = name + "=" + found[i]
	}
	return strings.Join(found, " & ")
}

// FuzzExtractPattern compares the matcher with the non-greedy regular expression
// that a pattern stands for.
func FuzzExtractPattern(f *testing.F) {
	f.Add("/a/{x}/**/b-{y}", "/a/1/2/3/b-4", true, false)
	f.Add("*;charset={e}", "text/xml;CHARSET=x", false, true)
	f.Add("%{a%}{b}{c}*d", "{a}123d4d", false, false)
	f.Add("/**/x/{a}/**/x/{b}/**", "/x/x/x/x/x/x/x", true, false)
	f.Fuzz(func(t *testing.T, pattern, text string, path, fold bool) {
		p, err := compileExtractPattern(pattern, path, fold)
		if err != nil || len(pattern) > 100 || strings.ContainsRune(pattern, utf8.RuneError) {
			return // XML cannot hold invalid UTF-8, and a regexp takes it for U+FFFD
		}
		re, err := regexp.Compile(p.regexp())
		if err != nil {
			return // too large for a regexp
		}
		found := make([]string, len(p.captures))
		matched := p.match(text, found)
		want := re.FindStringSubmatch(text)
		if matched != (want != nil) {
			t.Fatalf("%q on %q: %v, regexp %s: %q", pattern, text, matched, re, want)
		}
		for i := range found {
			if matched && found[i] != want[i+1] {
				t.Fatalf("%q on %q: %q, regexp %s: %q", pattern, text, found, re, want[1:])
			}
		}
	})
}

// regexp translates the pattern as it was parsed.
func (p *extractPattern) regexp() string {
	char, deep := `(?s:.`, `[^/]*(?:/[^/]*)*?`
	if p.path {
		char = `(?:[^/]`
	}
	list := make([]string, len(p.elements))
	for i, e := range p.elements {
		if e.deep {
			list[i] = deep
			continue
		}
		list[i] = foldRegexp(e.lead, p.fold)
		for _, w := range e.wilds {
			wild := char + `*?)`
			if w.capture >= 0 {
				wild = `(` + char + `+?))`
			}
			list[i] += wild + foldRegexp(w.literal, p.fold)
		}
	}
	return `\A` + strings.Join(list, "/") + `\z`
}

// foldRegexp quotes a literal; folded is ASCII only, as the matcher is.
func foldRegexp(literal string, fold bool) string {
	var b strings.Builder
	for _, r := range literal {
		s := regexp.QuoteMeta(string(r))
		if fold && 'a' <= r && r <= 'z' {
			s = "[" + s + strings.ToUpper(s) + "]"
		}
		b.WriteString(s)
	}
	return b.String()
}

func BenchmarkExtractPattern(b *testing.B) {
	p, err := compileExtractPattern("/v1/projects/{project}/locations/{region}/publishers/*/models/{model}:generateContent", true, true)
	if err != nil {
		b.Fatal(err)
	}
	var found [3]string
	b.ReportAllocs()
	for b.Loop() {
		if !p.match("/v1/projects/acme/locations/us-central1/publishers/google/models/gemini:generateContent", found[:]) {
			b.Fatal("no match")
		}
	}
}
