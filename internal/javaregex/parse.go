package javaregex

import (
	"fmt"
	"math"
	"strings"
)

// Bounds on a pattern, so that reading and compiling one stays cheap whatever a
// bundle brings. Java has none; real patterns stay far below.
const (
	maxPattern    = 16 << 10 // bytes
	maxDepth      = 100      // nested groups and classes
	maxLinearSize = 4000     // instructions; above, the exact engine loops instead
	maxProgram    = 1 << 20  // bytes of translated pattern
)

// A SyntaxError is a pattern that Java (or a bound of this package) refuses.
type SyntaxError struct {
	Pattern string
	Offset  int // of the first byte that is wrong, at most len(Pattern)
	Msg     string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("regular expression %q: %s at offset %d", e.Pattern, e.Msg, e.Offset)
}

// flags are the match flags in force at a place of the pattern.
type flags struct {
	ignoreCase, unicodeCase, multiline, dotAll, unixLines, comments, unicodeClass bool
}

type parser struct {
	pattern string
	chars   []char
	pos     int
	flags   flags
	depth   int
	groups  int // capturing groups opened so far
	names   map[string]int
}

// eof is what peek returns at the end of the pattern; quoted is what it returns
// for a quoted character, which is never syntax.
const (
	eof    rune = -1
	quoted rune = -2
)

// parse reads a Java pattern. Every error is a *SyntaxError.
func parse(pattern string, opts Options) (*node, *parser, error) {
	p := &parser{pattern: pattern, names: map[string]int{}}
	p.flags.ignoreCase = opts.IgnoreCase
	if len(pattern) > maxPattern {
		return nil, nil, &SyntaxError{Pattern: pattern[:maxPattern], Offset: maxPattern, Msg: fmt.Sprintf("longer than %d bytes", maxPattern)}
	}
	p.chars = lex(pattern)
	n, err := p.alternation()
	if err != nil {
		return nil, nil, err
	}
	if p.pos < len(p.chars) {
		return nil, nil, p.errorf("unmatched closing ')'")
	}
	return n, p, nil
}

func (p *parser) errorf(format string, args ...any) error { return p.errorAt(p.pos, format, args...) }

func (p *parser) errorAt(pos int, format string, args ...any) error {
	offset := len(p.pattern)
	if pos < len(p.chars) {
		offset = p.chars[pos].offset
	}
	return &SyntaxError{Pattern: p.pattern, Offset: offset, Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) peek() rune { return p.peekAt(0) }

func (p *parser) peekAt(ahead int) rune {
	if p.pos+ahead >= len(p.chars) {
		return eof
	}
	if c := p.chars[p.pos+ahead]; !c.quoted {
		return c.r
	}
	return quoted
}

// accept moves past s if it stands next, unquoted.
func (p *parser) accept(s string) bool {
	for i, r := range []rune(s) {
		if p.peekAt(i) != r {
			return false
		}
	}
	p.pos += len([]rune(s))
	return true
}

// skipComments moves past what (?x) ignores: white space and # to the end of the
// line, also inside classes.
func (p *parser) skipComments() {
	for p.flags.comments {
		switch r := p.peek(); {
		case r >= 0 && strings.ContainsRune(" \t\n\v\f\r", r):
			p.pos++
		case r == '#':
			for r := p.peek(); r != eof && !p.isTerminator(r); r = p.peek() {
				p.pos++
			}
		default:
			return
		}
	}
}

func (p *parser) isTerminator(r rune) bool {
	if p.flags.unixLines {
		return r == '\n'
	}
	return terminators.contains(r)
}

// enter bounds nesting; each call is paired with leave.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return p.errorf("nested more than %d deep", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// alternation reads branches up to a closing parenthesis or the end.
func (p *parser) alternation() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var branches []*node
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		branches = append(branches, n)
		if !p.accept("|") {
			break
		}
	}
	if len(branches) == 1 {
		return branches[0], nil
	}
	return &node{op: opAlternate, subs: branches}, nil
}

func (p *parser) sequence() (*node, error) {
	var parts []*node
	for {
		p.skipComments()
		if r := p.peek(); r == eof || r == '|' || r == ')' {
			return concat(parts), nil
		}
		n, err := p.atom()
		if err != nil {
			return nil, err
		}
		if n == nil { // inline flags
			continue
		}
		if n, err = p.quantified(n); err != nil {
			return nil, err
		}
		parts = append(parts, n)
	}
}

// atom reads what a quantifier may follow; nil for inline flags such as (?i).
func (p *parser) atom() (*node, error) {
	switch r := p.peek(); r {
	case '(':
		return p.group()
	case '[':
		p.pos++
		s, err := p.class(p.pos - 1)
		return setNode(s), err
	case '\\':
		return p.escape()
	case '*', '+', '?':
		return nil, p.errorf("dangling meta character '%c'", r)
	case '{':
		return &node{op: opEmpty}, nil // as Java: {2} alone repeats nothing
	case '^', '$', '.':
		p.pos++
		return p.meta(r), nil
	}
	p.pos++
	return setNode(p.folded(p.chars[p.pos-1].r)), nil
}

func (p *parser) meta(r rune) *node {
	f := p.flags
	switch {
	case r == '.' && f.dotAll:
		return setNode(anyRune)
	case r == '.' && f.unixLines:
		return setNode(runes('\n').negate())
	case r == '.':
		return setNode(terminators.negate())
	case r == '^' && f.multiline:
		return &node{op: opLineBegin, unix: f.unixLines}
	case r == '^':
		return &node{op: opBegin}
	case f.multiline:
		return &node{op: opLineEnd, unix: f.unixLines}
	}
	return &node{op: opFinalEnd, unix: f.unixLines}
}

// folded returns what the literal r matches under the flags in force.
func (p *parser) folded(r rune) set {
	switch {
	case p.flags.ignoreCase && p.flags.unicodeCase:
		return foldRune(r)
	case p.flags.ignoreCase:
		return runes(r).foldASCII()
	}
	return runes(r)
}

// quantified reads the quantifier after n, if there is one.
func (p *parser) quantified(n *node) (*node, error) {
	p.skipComments()
	rep := &node{op: opRepeat, subs: []*node{n}, max: infinite}
	switch r := p.peek(); r {
	case '?':
		rep.max = 1
		p.pos++
	case '*':
		p.pos++
	case '+':
		rep.min = 1
		p.pos++
	case '{':
		if err := p.counts(rep); err != nil {
			return nil, err
		}
	default:
		return n, nil
	}
	p.skipComments()
	switch {
	case p.accept("?"):
		rep.greed = lazy
	case p.accept("+"):
		rep.greed = possessive
	}
	return rep, nil
}

// counts reads {n}, {n,} or {n,m}.
func (p *parser) counts(rep *node) error {
	start := p.pos
	p.pos++
	least, ok := p.decimal()
	if !ok {
		return p.errorAt(start, "illegal repetition")
	}
	rep.min, rep.max = least, least
	if p.accept(",") {
		if rep.max, ok = p.decimal(); !ok {
			rep.max = infinite
		}
	}
	if !p.accept("}") {
		return p.errorf("unclosed counted closure")
	}
	if rep.min > math.MaxInt32 || rep.max > math.MaxInt32 || rep.max != infinite && rep.max < rep.min {
		return p.errorAt(start, "illegal repetition range")
	}
	return nil
}

// decimal reads digits; what is above an int32 comes back as some larger number.
func (p *parser) decimal() (value int, ok bool) {
	for r := p.peek(); r >= '0' && r <= '9'; r = p.peek() {
		value = min(value*10+int(r-'0'), math.MaxInt32+1)
		ok = true
		p.pos++
	}
	return value, ok
}
