package javaregex

// class reads a bracket class up to and including its ']'; start is the position
// of its '['. Java's classes are an intersection (&&) of unions; a leading ^
// negates the whole; a class within a class is a member of the union; ']' is a
// literal where it comes first.
func (p *parser) class(start int) (set, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	negated := p.accept("^")
	result, any, err := p.members(start, true)
	if err != nil {
		return nil, err
	}
	for p.accept("&&") {
		// Java reads &&& as a && without right operand, then a literal &.
		lone := p.peek() == '&' && p.peekAt(1) != '&'
		right, some, err := p.members(start, false)
		if err != nil {
			return nil, err
		}
		switch {
		case any && lone:
			result = union(result, right)
		case !any && !some:
			return nil, p.errorf("bad class syntax")
		case !any:
			result, any = right, true
		case some: // a missing operand of && changes nothing
			result = intersect(result, right)
		}
	}
	p.pos++ // the ']' at which members stopped
	if negated {
		result = result.negate()
	}
	return result, nil
}

// members reads the union up to ']' or '&&'; any is false if there was no member.
// start is the position of the enclosing '['.
func (p *parser) members(start int, first bool) (s set, any bool, err error) {
	var spans []span
	for {
		p.skipComments()
		r := p.peek()
		switch {
		case r == eof:
			return nil, false, p.errorAt(start, "unclosed character class")
		case r == ']' && (any || !first), r == '&' && p.peekAt(1) == '&':
			return normal(spans), any, nil
		}
		member, err := p.member()
		if err != nil {
			return nil, false, err
		}
		any = true
		if spans = append(spans, member...); len(spans) > compactAbove {
			spans = normal(spans)
		}
	}
}

// compactAbove bounds the memory that a class of many overlapping members takes.
const compactAbove = 16 << 10

// member reads one nested class, escape, range or character.
func (p *parser) member() (set, error) {
	if p.peek() == '[' {
		p.pos++
		return p.class(p.pos - 1)
	}
	if p.peek() == '\\' {
		if s, ok, err := p.escapedSet(); ok || err != nil {
			return s, err
		}
	}
	start := p.pos
	lo, err := p.classRune()
	if err != nil {
		return nil, err
	}
	p.skipComments()
	if next := p.peekAt(1); p.peek() != '-' || next == ']' || next == '[' || next == eof {
		return p.folded(lo), nil
	}
	p.pos++
	p.skipComments()
	return p.rangeFrom(start, lo)
}

func (p *parser) rangeFrom(start int, lo rune) (set, error) {
	hi, err := p.classRune()
	if err != nil {
		return nil, err
	}
	if hi < lo {
		return nil, p.errorAt(start, "illegal character range")
	}
	s := set{{lo, hi}}
	switch {
	case p.flags.ignoreCase && p.flags.unicodeCase:
		return s.foldUnicode(), nil
	case p.flags.ignoreCase:
		return s.foldASCII(), nil
	}
	return s, nil
}

// classRune reads one character of a class, escaped or not.
func (p *parser) classRune() (rune, error) {
	switch p.peek() {
	case eof:
		return 0, p.errorf("unclosed character class")
	case '\\':
		return p.escapedRune()
	}
	p.pos++
	return p.chars[p.pos-1].r, nil
}
