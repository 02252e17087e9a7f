package jsonlimits

import "github.com/go-json-experiment/json/jsontext"

// unexpected says what JSON expects after the last token that could be read. Of Apigee's texts one is known, "Expecting :";
// the others are made after it. It looks at the text itself, and not at jsontext's errors: their words may change.
func (s *scanner) unexpected() error {
	around, before := s.dec.StackIndex(s.dec.StackDepth())
	at := s.skipSpace(s.offset())
	if delimiter := delimiter(around, before); delimiter != 0 {
		if !s.has(at, delimiter) {
			return &SyntaxError{orEnd(string(delimiter), around, delimiter == ','), s.line(at)}
		}
		at = s.skipSpace(at + 1)
	}
	switch name := around == '{' && before%2 == 0; {
	case s.has(at, '"'):
		return &SyntaxError{"a valid string", s.line(at)}
	case name:
		return &SyntaxError{orEnd(`"`, around, before == 0), s.line(at)}
	}
	return &SyntaxError{orEnd("a value", around, before == 0), s.line(at)}
}

// delimiter stands between what is open and its next name or value, after before of them; 0 for none.
func delimiter(around jsontext.Kind, before int64) byte {
	switch {
	case around == '{' && before%2 == 1:
		return ':'
	case around != 0 && before > 0:
		return ','
	}
	return 0
}

// orEnd adds what ends the container, where that may stand too.
func orEnd(expecting string, around jsontext.Kind, may bool) string {
	switch {
	case may && around == '{':
		return expecting + " or }"
	case may && around == '[':
		return expecting + " or ]"
	}
	return expecting
}

func (s *scanner) has(at int, c byte) bool { return at < len(s.src) && s.src[at] == c }

func (s *scanner) skipSpace(at int) int {
	for at < len(s.src) && (s.src[at] == ' ' || s.src[at] == '\t' || s.src[at] == '\n' || s.src[at] == '\r') {
		at++
	}
	return at
}
