package oas

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// pattern is a regular expression of a schema, in the dialect of ECMA 262. Most
// run on package regexp, in linear time. Those that it cannot express (lookaround,
// backreferences) backtrack, under a time limit and against the meter.
type pattern struct {
	source string
	linear *regexp.Regexp
	exact  *regexp2.Regexp
	meter  *meter
}

// matchTimeout bounds one match of a pattern that backtracks. All of a message
// together are bounded by the meter.
const matchTimeout = 100 * time.Millisecond

// compilePattern compiles one pattern. m pays for it if it backtracks.
func compilePattern(source string, m *meter) (*pattern, error) {
	if translated, ok := linear(source); ok {
		if expr, err := regexp.Compile(translated); err == nil {
			return &pattern{source: source, linear: expr}, nil
		}
	}
	expr, err := regexp2.Compile(source, regexp2.ECMAScript)
	if err != nil {
		return nil, err
	}
	expr.MatchTimeout = matchTimeout
	return &pattern{source: source, exact: expr, meter: m}, nil
}

// MatchString implements jsonschema.Regexp. A match that takes too long ends the
// meter: as no match it would let the value pass where the schema negates. Without
// a meter, in schemas of the user's own, it is none.
func (p *pattern) MatchString(s string) bool {
	if p.linear != nil {
		return p.linear.MatchString(s)
	}
	began := time.Now()
	ok, err := p.exact.MatchString(s)
	if p.meter != nil {
		p.meter.spend(time.Since(began))
		if err != nil {
			panic(exhausted{})
		}
	}
	return ok && err == nil
}

// String implements jsonschema.Regexp.
func (p *pattern) String() string { return p.source }

// What ECMA 262 means by . and \s, in classes of package regexp.
const (
	ecmaDot   = `[^\n\r\x{2028}\x{2029}]`
	ecmaSpace = `\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
)

// linear writes a pattern of ECMA 262 as one of package regexp that means the
// same; false where there may be none. There is no library that does: regexp2 with
// its RE2 option reads Go's dialect with the other engine, not the other way.
func linear(source string) (string, bool) {
	t := translation{rest: source}
	for t.rest != "" && !t.failed {
		t.next()
	}
	return t.out.String(), !t.failed
}

type translation struct {
	rest   string
	out    strings.Builder
	failed bool
}

func (t *translation) next() {
	c := t.rest[0]
	t.rest = t.rest[1:]
	switch {
	case c == '\\':
		t.escape(false)
	case c == '[':
		t.class()
	case c == '.':
		t.out.WriteString(ecmaDot)
	case c == '(' && strings.HasPrefix(t.rest, "?") && !strings.HasPrefix(t.rest, "?:"):
		t.failed = true // lookaround, names
	case c == '{':
		t.repeat()
	case c == ']', c == '}':
		t.failed = true // letters in some readings, errors in others
	case (c == '+' || c == '?' || c == '*') && strings.HasPrefix(t.rest, "+"):
		t.failed = true // an error in ECMA 262, but possessive elsewhere
	default:
		t.out.WriteByte(c)
	}
}

var repetition = regexp.MustCompile(`^(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}`) // package regexp takes 01 for letters

func (t *translation) repeat() {
	end := repetition.FindStringIndex(t.rest)
	if end == nil || strings.HasPrefix(t.rest[end[1]:], "+") {
		t.failed = true
		return
	}
	t.out.WriteString("{" + t.rest[:end[1]])
	t.rest = t.rest[end[1]:]
}

// escape translates what follows a backslash, within a class or outside.
func (t *translation) escape(inClass bool) {
	if t.rest == "" {
		t.failed = true
		return
	}
	c := t.rest[0]
	t.rest = t.rest[1:]
	switch {
	case strings.IndexByte(`dDwWtnvfr`, c) >= 0, c == 'b' && !inClass, c == 'B' && !inClass:
		t.out.WriteString(`\` + string(c))
	case c == 's' && inClass:
		t.out.WriteString(ecmaSpace)
	case c == 's':
		t.out.WriteString(`[` + ecmaSpace + `]`)
	case c == 'S' && !inClass:
		t.out.WriteString(`[^` + ecmaSpace + `]`)
	case c == 'x':
		t.code(2)
	case c == 'u':
		t.code(4)
	case c < utf8.RuneSelf && !alphanumeric(c):
		t.out.WriteString(`\` + string(c))
	default:
		t.failed = true // references, controls, and letters that ECMA 262 lets stand for themselves
	}
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// code translates a letter by its number, in n hexadecimal digits. Halves of
// pairs stay with the other engine.
func (t *translation) code(n int) {
	if len(t.rest) < n || strings.Trim(t.rest[:n], "0123456789abcdefABCDEF") != "" || n == 4 && strings.IndexByte("dD", t.rest[0]) >= 0 && t.rest[1] >= '8' {
		t.failed = true
		return
	}
	t.out.WriteString(`\x{` + t.rest[:n] + `}`)
	t.rest = t.rest[n:]
}

// class translates a class, up to its bracket.
func (t *translation) class() {
	t.out.WriteByte('[')
	if strings.HasPrefix(t.rest, "^") {
		t.out.WriteByte('^')
		t.rest = t.rest[1:]
	}
	if strings.HasPrefix(t.rest, "]") {
		t.failed = true // [] and [^]: nothing, and anything
		return
	}
	for t.rest != "" && !t.failed {
		c := t.rest[0]
		t.rest = t.rest[1:]
		switch c {
		case ']':
			t.out.WriteByte(']')
			return
		case '\\':
			t.escape(true)
		case '[':
			t.out.WriteString(`\[`)
		default:
			t.out.WriteByte(c)
		}
	}
	t.failed = true
}
