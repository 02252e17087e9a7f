package flow

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ConditionError says why a condition does not compile, and where.
type ConditionError struct {
	Message string // what is wrong, in lower case, one line
	Hint    string // what to write instead, or ""
	Offset  int    // byte of the condition's text
	text    string
}

// ConditionWarning is something in a condition that compiles but hardly means
// what its author thinks.
type ConditionWarning struct {
	Message string
	Hint    string
	Offset  int // byte of the condition's text
}

// Error returns the message and the place, counted from 1 in characters.
func (e *ConditionError) Error() string {
	start, _ := lineAround(e.text, e.Offset)
	column := utf8.RuneCountInString(e.text[start:e.Offset]) + 1
	if !strings.Contains(e.text, "\n") {
		return fmt.Sprintf("%s (column %d)", e.Message, column)
	}
	line := strings.Count(e.text[:start], "\n") + 1
	return fmt.Sprintf("%s (line %d, column %d)", e.Message, line, column)
}

// excerptBefore and excerptAfter bound what Excerpt shows of a long line, in
// characters on each side of the place.
const (
	excerptBefore = 60
	excerptAfter  = 40
)

// excerpt returns the line of the condition that is wrong and, on a second line,
// a caret below the place.
func (e *ConditionError) excerpt() string {
	start, end := lineAround(e.text, e.Offset)
	before, after := []rune(e.text[start:e.Offset]), []rune(e.text[e.Offset:end])
	before = []rune(strings.TrimLeftFunc(string(before), unicode.IsSpace))
	lead, tail := "", ""
	if len(before) > excerptBefore {
		before, lead = before[len(before)-excerptBefore:], "..."
	}
	if len(after) > excerptAfter {
		after, tail = after[:excerptAfter], "..."
	}
	shown := lead + printable(before)
	line := strings.TrimRight(shown+printable(after)+tail, " ")
	return line + "\n" + strings.Repeat(" ", utf8.RuneCountInString(shown)) + "^"
}

// lineAround returns where the line that holds a byte starts and ends.
func lineAround(text string, offset int) (start, end int) {
	start = strings.LastIndexByte(text[:offset], '\n') + 1
	end = len(text)
	if i := strings.IndexByte(text[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	return start, end
}

// printable replaces what would move the caret from its place.
func printable(s []rune) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, string(s))
}
