package javatime

import (
	"fmt"
	"strings"
	"time"
)

// maxPattern bounds a pattern, and with it what Format writes, in bytes.
const maxPattern = 1024

// letters are the pattern letters of SimpleDateFormat.
const letters = "GyYMLwWDdFEuaHkKhmsSzZX"

// A Format is a compiled pattern, safe for concurrent use.
type Format struct {
	pattern string
	fields  []field
	// centuryStart is where the hundred years begin in which Parse places a year
	// given as two digits: 80 years before Compile, as Java.
	centuryStart time.Time
}

// A field is literal text, or a letter and how often it stands.
type field struct {
	literal string
	letter  byte
	count   int
}

// A PatternError is a pattern that SimpleDateFormat refuses.
type PatternError struct {
	Pattern string
	Offset  int
	Msg     string
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("time pattern %q: %s at offset %d", e.Pattern, e.Msg, e.Offset)
}

// Compile reads a pattern. Letters stand for fields, everything else for itself;
// letters between single quotes are text, and two single quotes are one. The error,
// if any, is a *PatternError.
func Compile(pattern string) (*Format, error) {
	f := &Format{pattern: pattern, centuryStart: time.Now().AddDate(-80, 0, 0)}
	if len(pattern) > maxPattern {
		return nil, &PatternError{pattern[:maxPattern], maxPattern, fmt.Sprintf("longer than %d bytes", maxPattern)}
	}
	for i := 0; i < len(pattern); {
		switch c := pattern[i]; {
		case c == '\'':
			text, size, ok := quoted(pattern[i:])
			if !ok {
				return nil, &PatternError{pattern, i, "unterminated quote"}
			}
			f.addLiteral(text)
			i += size
		case !isLetter(c):
			f.addLiteral(pattern[i : i+1])
			i++
		default:
			count := run(pattern[i:])
			if err := f.addField(c, count, i); err != nil {
				return nil, err
			}
			i += count
		}
	}
	return f, nil
}

// String returns the pattern as given to Compile.
func (f *Format) String() string { return f.pattern }

func (f *Format) addField(letter byte, count, offset int) error {
	if strings.IndexByte(letters, letter) < 0 {
		return &PatternError{f.pattern, offset, fmt.Sprintf("illegal pattern character '%c'", letter)}
	}
	if letter == 'X' && count > 3 {
		return &PatternError{f.pattern, offset, "invalid ISO 8601 format: more than three X"}
	}
	f.fields = append(f.fields, field{letter: letter, count: count})
	return nil
}

func (f *Format) addLiteral(text string) {
	if n := len(f.fields); n > 0 && f.fields[n-1].letter == 0 {
		f.fields[n-1].literal += text
		return
	}
	f.fields = append(f.fields, field{literal: text})
}

// quoted reads quoted text, or two quotes, at the start of s; size counts the quotes.
func quoted(s string) (text string, size int, ok bool) {
	if strings.HasPrefix(s, "''") {
		return "'", 2, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			b.WriteByte(s[i])
		case strings.HasPrefix(s[i:], "''"):
			b.WriteByte('\'')
			i++
		default:
			return b.String(), i + 1, true
		}
	}
	return "", 0, false
}

// run counts how often the first byte of s stands in a row.
func run(s string) int { return len(s) - len(strings.TrimLeft(s, s[:1])) }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
