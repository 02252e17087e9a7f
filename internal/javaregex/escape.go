package javaregex

import (
	"unicode"
	"unicode/utf16"
)

// escape reads a backslash and what follows, outside a class.
func (p *parser) escape() (*node, error) {
	start := p.pos
	if s, ok, err := p.escapedSet(); ok || err != nil {
		return setNode(s), err
	}
	r := p.peekAt(1)
	if n := p.assertion(r); n != nil {
		p.pos += 2
		return n, nil
	}
	switch {
	case r >= '1' && r <= '9':
		p.pos++
		return p.numberedBackref(), nil
	case r == 'k':
		p.pos += 2
		return p.namedBackref(start)
	case r == 'R':
		p.pos += 2
		return lineEnding(), nil
	}
	lit, err := p.escapedRune()
	if err != nil {
		return nil, err
	}
	return setNode(p.folded(lit)), nil
}

// assertion returns the node of an escape that matches a place or a grapheme.
func (p *parser) assertion(r rune) *node {
	switch r {
	case 'A':
		return &node{op: opBegin}
	case 'z':
		return &node{op: opEnd}
	case 'Z':
		return &node{op: opFinalEnd, unix: p.flags.unixLines}
	case 'G':
		return &node{op: opLastMatch}
	case 'X':
		return &node{op: opGrapheme}
	case 'b', 'B':
		return &node{op: opBoundary, negated: r == 'B', unicode: p.flags.unicodeClass}
	}
	return nil
}

// lineEnding is \R. Java, unlike Perl, gives back the \n of a \r\n.
func lineEnding() *node {
	crlf := concat([]*node{{op: opLiteral, r: '\r'}, {op: opLiteral, r: '\n'}})
	return &node{op: opAlternate, subs: []*node{crlf, setNode(verticalSpace)}}
}

// numberedBackref reads digits for as long as they name a group opened so far. The
// first digit always counts; a group that does not exist never matches.
func (p *parser) numberedBackref() *node {
	n := int(p.peek() - '0')
	p.pos++
	for r := p.peek(); r >= '0' && r <= '9' && n*10+int(r-'0') <= p.groups; r = p.peek() {
		n = n*10 + int(r-'0')
		p.pos++
	}
	if n > p.groups {
		// Java compares with a group that may still come, which has not matched yet.
		n = 0
	}
	return p.backref(n)
}

func (p *parser) backref(n int) *node {
	return &node{op: opBackref, n: n, fold: p.flags.ignoreCase}
}

func (p *parser) namedBackref(start int) (*node, error) {
	if !p.accept("<") {
		return nil, p.errorf("\\k is not followed by '<' for a group name")
	}
	name, err := p.groupName()
	if err != nil {
		return nil, err
	}
	n, ok := p.names[name]
	if !ok {
		return nil, p.errorAt(start, "group <%s> does not exist", name)
	}
	return p.backref(n), nil
}

// escapedSet reads an escape that stands for a set, inside or outside a class; ok
// is false, and nothing is read, for every other escape.
func (p *parser) escapedSet() (s set, ok bool, err error) {
	r := p.peekAt(1)
	if r == 'p' || r == 'P' {
		p.pos += 2
		s, err = p.property()
		if r == 'P' {
			s = s.negate()
		}
		return s, true, err
	}
	if s, ok = p.predefined(unicode.ToLower(r)); !ok {
		return nil, false, nil
	}
	p.pos += 2
	if unicode.IsUpper(r) {
		s = s.negate()
	}
	return s, true, nil
}

func (p *parser) predefined(r rune) (set, bool) {
	switch {
	case r == 'h':
		return horizontalSpace, true
	case r == 'v':
		return verticalSpace, true
	case r != 'd' && r != 's' && r != 'w':
		return nil, false
	case p.flags.unicodeClass:
		return unicodeClasses[r](), true
	}
	return asciiClasses[r], true
}

// simpleEscapes are the escapes that name one control character.
var simpleEscapes = map[rune]rune{'a': 7, 'e': 27, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escapedRune reads an escape that stands for one code point.
func (p *parser) escapedRune() (rune, error) {
	start := p.pos
	p.pos++
	if p.pos >= len(p.chars) {
		return 0, p.errorAt(start, "backslash at the end")
	}
	c := p.chars[p.pos]
	p.pos++
	if control, ok := simpleEscapes[c.r]; ok {
		return control, nil
	}
	switch r := c.r; {
	case r == '0':
		return p.octal()
	case r == 'x':
		return p.hex()
	case r == 'u':
		return p.utf16Escape()
	case r == 'c':
		if p.pos >= len(p.chars) {
			return 0, p.errorf("illegal control escape sequence")
		}
		p.pos++
		return p.chars[p.pos-1].r ^ 64, nil
	case isASCIILetter(r) || r >= '1' && r <= '9':
		return 0, p.errorAt(start, "illegal or unsupported escape sequence \\%c", r)
	}
	return c.r, nil
}

// octal reads \0n, \0nn or \0mnn with m at most 3.
func (p *parser) octal() (rune, error) {
	start, value := p.pos, rune(0)
	for r := p.peek(); r >= '0' && r <= '7' && p.pos-start < 3 && value*8+r-'0' <= 0377; r = p.peek() {
		value = value*8 + r - '0'
		p.pos++
	}
	if p.pos == start {
		return 0, p.errorf("illegal octal escape sequence")
	}
	return value, nil
}

// hex reads \xhh or \x{h..h}.
func (p *parser) hex() (rune, error) {
	if !p.accept("{") {
		return p.hexDigits(2)
	}
	start, value := p.pos, rune(0)
	for d, ok := hexDigit(p.peek()); ok; d, ok = hexDigit(p.peek()) {
		if value = value*16 + d; value > unicode.MaxRune {
			return 0, p.errorf("hexadecimal code point is too big")
		}
		p.pos++
	}
	if p.pos == start || !p.accept("}") {
		return 0, p.errorf("unclosed hexadecimal escape sequence")
	}
	return value, nil
}

// utf16Escape reads \uhhhh, or two of them that form a surrogate pair.
func (p *parser) utf16Escape() (rune, error) {
	high, err := p.hexDigits(4)
	if err != nil || !utf16.IsSurrogate(high) {
		return high, err
	}
	back := p.pos
	if p.accept(`\u`) {
		low, err := p.hexDigits(4)
		if r := utf16.DecodeRune(high, low); err == nil && r != unicode.ReplacementChar {
			return r, nil
		}
	}
	p.pos = back
	return high, nil
}

func (p *parser) hexDigits(count int) (rune, error) {
	value := rune(0)
	for range count {
		d, ok := hexDigit(p.peek())
		if !ok {
			return 0, p.errorf("illegal hexadecimal escape sequence")
		}
		value = value*16 + d
		p.pos++
	}
	return value, nil
}

func hexDigit(r rune) (rune, bool) {
	switch {
	case r >= '0' && r <= '9':
		return r - '0', true
	case r >= 'a' && r <= 'f':
		return r - 'a' + 10, true
	case r >= 'A' && r <= 'F':
		return r - 'A' + 10, true
	}
	return 0, false
}
