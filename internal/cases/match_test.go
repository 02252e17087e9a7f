package cases

import (
	"strings"
	"testing"
)

func TestFits(t *testing.T) {
	for _, c := range []struct {
		pattern, line string
		want          bool
	}{
		{"abc", "abc", true}, {"abc", "abcd", false}, {"", "", true}, {"", "a", false},
		{"...", "", true}, {"...", "anything", true},
		{"a...", "a", true}, {"a...", "ba", false}, {"...a", "ba", true}, {"...a", "ab", false},
		{"a...c", "ac", true}, {"a...c", "abc", true}, {"ab...bc", "abc", false},
		{"a...b...c", "a-b-c", true}, {"a...b...c", "a-c", false}, {"a...b...b", "ab", false}, {"a...b...b", "abb", true},
		{"a......b", "ab", true}, {`{"id":...,"x":1}`, `{"id":17,"x":1}`, true},
	} {
		if got := fits(c.pattern, c.line); got != c.want {
			t.Errorf("fits(%q, %q) = %t", c.pattern, c.line, got)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		row           int // -1: no difference
		got           string
	}{
		{"", "", -1, ""}, {"a", "a\n", -1, ""}, {"a\n", "a", -1, ""}, {"a\nb", "a\r\nb", -1, ""},
		{"a\n\n", "a", 1, noMore}, {"a", "b", 0, "b"}, {"a", "a\nb", 1, "b"}, {"a\nb", "a", 1, noMore},
		{"", "a", 0, "a"}, {"a", "", 0, nothing},
		{"...", "", -1, ""}, {"...", "a\nb", -1, ""}, {"a\n...", "a", -1, ""}, {"a\n...", "a\nb\nc", -1, ""},
		{"...\nc", "a\nb\nc", -1, ""}, {"...\nc", "a\nb", 1, "b"}, {"a\n...\nb\n...\nc", "a\nx\nb\nb\nc", -1, ""},
		{"...\nb\nd", "a\nb\nc\nb\ne", 2, "c"}, {"...\nb\nd", "b\nc\nb\nd", -1, ""},
	} {
		d := compare(c.pattern, c.text)
		switch {
		case d == nil && c.row >= 0:
			t.Errorf("compare(%q, %q) finds no difference", c.pattern, c.text)
		case d != nil && (d.row != c.row || d.got != c.got):
			t.Errorf("compare(%q, %q): row %d, got %q; want row %d, %q", c.pattern, c.text, d.row, d.got, c.row, c.got)
		}
	}
}

// FuzzCompare checks that a text is equal to itself, that wildcards only widen,
// and that a difference points into both.
func FuzzCompare(f *testing.F) {
	f.Add("a\n...\nc", "a\nb\nc")
	f.Add("...\n...", "")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		d := compare(pattern, text)
		if !strings.Contains(pattern, wild) && d == nil && split(strings.ReplaceAll(text, "\r\n", "\n")) != nil &&
			strings.TrimSuffix(pattern, "\n") != strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
			t.Errorf("%q matches %q", pattern, text)
		}
		if d != nil && (d.row < 0 || d.row > len(split(pattern))) {
			t.Errorf("row %d of %q", d.row, pattern)
		}
		if d := compare(text, text); d != nil && !strings.Contains(text, "\r") {
			t.Errorf("%q differs from itself: %+v", text, d)
		}
		if compare(wild+"\n"+strings.TrimSuffix(text, "\n")+"\n"+wild, text) != nil && !strings.Contains(text, "\r") && split(text) != nil {
			t.Errorf("%q between wildcards does not match itself", text)
		}
	})
}

// FuzzParse checks that every text is a case or an error, and that what a case
// sends can be written.
func FuzzParse(f *testing.F) {
	f.Add("why\n-- config --\nnow: 2026-01-02T03:04:05Z\n-- request --\nGET / HTTP/1.1\n\nbody\n-- target --\nGET /\n-- answer --\ndelay 1ms\nHTTP/1.1 200 OK\n\nx\n-- response --\nHTTP/1.1 200 OK\n-- vars --\na = 1\nb ~ x\n-- clock --\n+1s\n-- request --\nGET /")
	f.Add("-- request --\n\n-- integration --\nexecute a b c\n\n{}\n-- answer --\ntimeout\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse("f.case", []byte(text), &folder{})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f.case:") {
				t.Errorf("no place in %v", err)
			}
			return
		}
		for _, x := range c.exchanges {
			_ = x.request.requestBytes()
			for _, k := range x.calls {
				_ = k.answer.held()
				_ = k.want.compareHead(nil)
			}
		}
	})
}
