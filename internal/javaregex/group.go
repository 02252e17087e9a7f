package javaregex

import "strings"

// group reads a parenthesis of any kind; nil for inline flags.
func (p *parser) group() (*node, error) {
	start := p.pos
	saved := p.flags
	p.pos++
	p.skipComments()
	wrap, err := p.groupKind()
	if err != nil {
		return nil, err
	}
	if wrap == nil { // (?flags): in force to the end of the enclosing group
		return nil, nil
	}
	inner, err := p.alternation()
	if err != nil {
		return nil, err
	}
	if !p.accept(")") {
		return nil, p.errorAt(start, "unclosed group")
	}
	p.flags = saved
	if wrap.op == opConcat {
		return inner, nil
	}
	wrap.subs = []*node{inner}
	return wrap, nil
}

// groupKind reads what follows a parenthesis and returns the node to wrap the
// content in: an opConcat for none, nil for inline flags.
func (p *parser) groupKind() (*node, error) {
	switch {
	case !p.accept("?"):
		return p.capture(), nil
	case p.accept(":"):
		return &node{op: opConcat}, nil
	case p.accept(">"):
		return &node{op: opAtomic}, nil
	case p.accept("="):
		return &node{op: opLook, ahead: true}, nil
	case p.accept("!"):
		return &node{op: opLook, ahead: true, negated: true}, nil
	case p.accept("<="):
		return &node{op: opLook}, nil
	case p.accept("<!"):
		return &node{op: opLook, negated: true}, nil
	case p.accept("<"):
		return p.namedCapture()
	}
	return p.inlineFlags()
}

func (p *parser) capture() *node {
	p.groups++
	return &node{op: opCapture, n: p.groups}
}

func (p *parser) namedCapture() (*node, error) {
	start := p.pos
	name, err := p.groupName()
	if err != nil {
		return nil, err
	}
	if _, taken := p.names[name]; taken {
		return nil, p.errorAt(start, "group <%s> is already defined", name)
	}
	n := p.capture()
	p.names[name] = n.n
	return n, nil
}

// groupName reads letters and digits and the closing '>'.
func (p *parser) groupName() (string, error) {
	var b strings.Builder
	for r := p.peek(); isASCIILetter(r) || b.Len() > 0 && r >= '0' && r <= '9'; r = p.peek() {
		b.WriteRune(r)
		p.pos++
	}
	if b.Len() == 0 {
		return "", p.errorf("group name does not start with a Latin letter")
	}
	if !p.accept(">") {
		return "", p.errorf("group name is missing the closing '>'")
	}
	return b.String(), nil
}

func isASCIILetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// inlineFlags reads "im-s)" or "im-s:".
func (p *parser) inlineFlags() (*node, error) {
	on := true
	for {
		r := p.peek()
		if r == eof || r == quoted {
			return nil, p.errorf("unknown inline modifier")
		}
		p.pos++
		switch r {
		case ')':
			return nil, nil
		case ':':
			return &node{op: opConcat}, nil
		case '-':
			if !on {
				return nil, p.errorAt(p.pos-1, "unknown inline modifier")
			}
			on = false
		default:
			if !p.flags.set(r, on) {
				return nil, p.errorAt(p.pos-1, "unknown inline modifier")
			}
		}
	}
}

// set turns the flag named by r on or off; false if there is none.
func (f *flags) set(r rune, on bool) bool {
	switch r {
	case 'i':
		f.ignoreCase = on
	case 'm':
		f.multiline = on
	case 's':
		f.dotAll = on
	case 'd':
		f.unixLines = on
	case 'u':
		f.unicodeCase = on
	case 'x':
		f.comments = on
	case 'U': // implies u
		f.unicodeClass, f.unicodeCase = on, on
	default:
		return false
	}
	return true
}
