package oas

import (
	"strings"
	"testing"
	"time"

	"github.com/dlclark/regexp2/v2"
)

func TestPatterns(t *testing.T) {
	for _, tt := range []struct {
		source string
		linear bool
		yes    string // words that match
		no     string
	}{
		{`^[A-Z]{2}\d+$`, true, "AB1 XY99", "A1 AB ABC1 AB1x"},
		{`^a.c$`, true, "abc a-c", "a\nc ac"},
		{`\/\-\.\_`, true, "/-._", "/-"},
		{`^[\w.+\-[]+$`, true, "a.b+c-[", "a]"},
		{`^[^\s@]+@[^\s@]+$`, true, "a@b", "a@ @b"},
		{`^\u0041\x42$`, true, "AB", "A"},
		{`a{2,3}?$`, true, "aa", "a"},
		{`(?:a|b)+`, true, "ab", "c"},
		{`^(?!no)`, false, "yes", "no nope"},
		{`^(a)\1$`, false, "aa", "ab"},
		{`^[^]$`, false, "a", ""},
		{`^a{,2}$`, false, "a{,2}", "aa"},
		{`^\Z$`, false, "Z", ""},
		{`(?<year>\d{4})`, false, "2026", "x"},
	} {
		p, err := compilePattern(tt.source, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		if (p.linear != nil) != tt.linear {
			t.Errorf("%s runs in linear time: %t", tt.source, p.linear != nil)
		}
		for _, word := range strings.Split(tt.yes, " ") {
			if !p.MatchString(word) {
				t.Errorf("%s does not match %q", tt.source, word)
			}
		}
		for _, word := range strings.Split(tt.no, " ") {
			if p.MatchString(word) {
				t.Errorf("%s matches %q", tt.source, word)
			}
		}
	}
}

// FuzzPattern compares the linear engine with the one that has the dialect of ECMA
// 262 as an option. Text beyond ASCII is left out: there that engine folds and
// classes otherwise.
func FuzzPattern(f *testing.F) {
	for _, source := range []string{`^[A-Z]{2}\d+$`, `a.c`, `[\w\-.]+@\S+`, `[^\]a-c]*?`, `a|b{1,2}`, `\u0041`, `[[:alpha:]]`, `(?:a)(b)`, `]`, `}`, `{`, `a{1}{2}`} {
		f.Add(source, "AB12 a.c-b]")
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		translated, ok := linear(source)
		if !ok || len(source) > 50 || !ascii(source+text) {
			return
		}
		p, err := compilePattern(source, nil)
		if err != nil || p.linear == nil {
			return
		}
		other, err := regexp2.Compile(source, regexp2.ECMAScript)
		if err != nil {
			return // package regexp takes more
		}
		other.MatchTimeout = time.Second
		want, err := other.MatchString(text)
		if err == nil && p.MatchString(text) != want {
			t.Errorf("%q, here %q, on %q: %t, and should be %t", source, translated, text, !want, want)
		}
	})
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
