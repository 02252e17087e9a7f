package xmllimits

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// stops tells a run what each byte means.
type stops [256]byte

// What a byte means.
const (
	plain   = iota // a character
	stop           // the run ends
	feed           // \r: no character of its own before \n
	multi          // the first byte of a longer character
	illegal        // a control
)

func until(ends string) stops {
	var t stops
	for c := range t {
		switch {
		case c >= utf8.RuneSelf:
			t[c] = multi
		case c < ' ' && c != '\t' && c != '\n':
			t[c] = illegal
		}
	}
	t['\r'] = feed
	for _, c := range []byte(ends) {
		t[c] = stop
	}
	return t
}

var (
	untilMarkup     = until("<&]")
	untilBracket    = until("]")
	untilDash       = until("-")
	untilQuestion   = until("?")
	untilQuote      = until(`"<&`)
	untilApostrophe = until("'<&")
)

// run reads characters up to one of the stops, which it does not read, and tells their length. The end of the document is
// an error.
func (s *scanner) run(t *stops) (length int, err error) {
	src, at := s.src, s.at
	for at < len(src) {
		switch t[src[at]] {
		case plain:
			at++
			length++
			continue
		case stop:
			s.at = at
			return length, nil
		case feed:
			at++
			if at == len(src) || src[at] != '\n' {
				length++
			}
			continue
		case multi:
			r, size := utf8.DecodeRune(src[at:])
			if n := units(r, size); n > 0 {
				at += size
				length += n
				continue
			}
		}
		s.at = at
		return 0, s.wrong("A character that XML does not allow")
	}
	s.at = at
	return 0, s.wrong(premature)
}

// units is the length of a character beyond ASCII that was decoded, 0 if XML does not allow it.
func units(r rune, size int) int {
	switch {
	case r == utf8.RuneError && size == 1, r == 0xFFFE, r == 0xFFFF:
		return 0
	case r > 0xFFFF:
		return 2
	}
	return 1
}

// text reads a text node.
func (s *scanner) text() error {
	start, length, blank := s.at, 0, true
	for s.at < len(s.src) && (s.src[s.at] != '<' || s.starts(cdata)) {
		n, white, err := s.piece()
		if err != nil {
			return err
		}
		length += n
		blank = blank && white
	}
	if blank {
		return nil
	}
	if err := s.child(Texts, start); err != nil {
		return err
	}
	return s.keeps(Text, length, start)
}

// piece reads a part of a text node: a CDATA section, a reference, or characters. white tells that it is white space as it
// stands.
func (s *scanner) piece() (length int, white bool, err error) {
	switch {
	case s.accept(cdata):
		length, err = s.section()
		return length, false, err
	case s.src[s.at] == '&':
		length, err = s.reference()
		return length, false, err
	case s.starts("]]>"):
		return 0, false, s.wrong("Text holds ]]>")
	case s.src[s.at] == ']':
		s.at++
		return 1, false, nil
	}
	from := s.at
	if length, err = s.run(&untilMarkup); err != nil {
		return 0, false, err
	}
	return length, isBlank(s.src[from:s.at]), nil
}

func isBlank(text []byte) bool {
	for _, c := range text {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

// section reads the rest of a CDATA section.
func (s *scanner) section() (length int, err error) {
	for {
		n, err := s.run(&untilBracket)
		if err != nil {
			return 0, err
		}
		length += n
		if s.accept("]]>") {
			return length, nil
		}
		s.at++
		length++
	}
}

var entities = [...]string{"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"}

// reference reads a reference and tells the length of what it stands for.
func (s *scanner) reference() (length int, err error) {
	for _, entity := range entities {
		if s.accept(entity) {
			return 1, nil
		}
	}
	if !s.starts("&#") {
		return 0, s.badReference()
	}
	// &#x10FFFF; is the longest; leading zeros are allowed, but not without end.
	const longest = len("&#x10FFFF;") + 8
	semicolon := bytes.IndexByte(s.src[s.at:min(len(s.src), s.at+longest)], ';')
	if semicolon < 0 {
		return 0, s.badReference()
	}
	r, ok := codePoint(s.src[s.at+len("&#") : s.at+semicolon])
	if !ok {
		return 0, s.badReference()
	}
	s.at += semicolon + 1
	if r > 0xFFFF {
		return 2, nil
	}
	return 1, nil
}

func (s *scanner) badReference() error { return s.wrong("A reference to no known character or entity") }

// codePoint reads what stands between &# and the semicolon.
func codePoint(text []byte) (r rune, ok bool) {
	base := 10
	if len(text) > 0 && text[0] == 'x' {
		base, text = 16, text[1:]
	}
	if len(text) == 0 || text[0] == '+' || text[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(text), base, 32)
	r = rune(n)
	return r, err == nil && isCharacter(r)
}

// isCharacter follows production 2 of XML 1.0.
func isCharacter(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r < ' ', 0xD800 <= r && r < 0xE000, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= utf8.MaxRune
}
