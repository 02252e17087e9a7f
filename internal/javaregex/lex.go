package javaregex

import "unicode/utf8"

// A char is one code point of a pattern.
type char struct {
	r      rune
	quoted bool // between \Q and \E: never syntax
	offset int  // byte offset in the pattern
}

// lex splits a pattern into code points and resolves \Q..\E, which Java does
// before it parses, so that \Q works inside a class and a quantifier after \E
// belongs to the last quoted character.
func lex(pattern string) []char {
	chars := make([]char, 0, len(pattern))
	quoted := false
	for i := 0; i < len(pattern); {
		r, size := utf8.DecodeRuneInString(pattern[i:])
		switch next := byteAt(pattern, i+1); {
		case quoted && r == '\\' && next == 'E':
			quoted = false
			i += 2
		case quoted:
			chars = append(chars, char{r, true, i})
			i += size
		case r == '\\' && next == 'Q':
			quoted = true
			i += 2
		case r == '\\' && next == '\\':
			chars = append(chars, char{r, false, i}, char{r, false, i + 1})
			i += 2
		default:
			chars = append(chars, char{r, false, i})
			i += size
		}
	}
	return chars
}

// byteAt returns 0 past the end.
func byteAt(s string, i int) byte {
	if i >= len(s) {
		return 0
	}
	return s[i]
}
