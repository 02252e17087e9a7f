package jsonpath

import (
	"regexp"
	"strings"
)

// The grammar of a filter, after [?:
//
//	filter     = "(" or ")" "]"
//	or         = and { "||" and }
//	and        = term { "&&" term }
//	term       = "!" term | "(" or ")" | operand [ operator operand ]
//	operand    = path | string | number | true | false | null | list | object | /regular expression/flags
func (p *parser) filter() (step, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.expect("("); err != nil {
		return nil, err
	}
	c, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	return filter{condition: c}, p.expect("]")
}

func (p *parser) or() (condition, error) {
	first, err := p.and()
	if err != nil {
		return nil, err
	}
	either := or{first}
	for p.accept("||") {
		next, err := p.and()
		if err != nil {
			return nil, err
		}
		either = append(either, next)
	}
	return either, nil
}

func (p *parser) and() (condition, error) {
	first, err := p.term()
	if err != nil {
		return nil, err
	}
	all := and{first}
	for p.accept("&&") {
		next, err := p.term()
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	return all, nil
}

func (p *parser) term() (condition, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	switch {
	case p.accept("!"):
		c, err := p.term()
		return not{c}, err
	case p.accept("("):
		c, err := p.or()
		if err != nil {
			return nil, err
		}
		return c, p.expect(")")
	}
	return p.comparison()
}

func (p *parser) comparison() (condition, error) {
	start := p.pos
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	test, err := p.operator()
	if err != nil {
		return nil, err
	}
	if test != nil {
		right, err := p.operand()
		return comparison{left: left, test: test, right: right}, err
	}
	if path, ok := left.(*Path); ok {
		return exists{path}, nil
	}
	return nil, p.fail(start, "a literal alone is not a condition")
}

// operator reads an operator, and returns nil where there is none. Names of operators are not case-sensitive.
func (p *parser) operator() (operator, error) {
	p.space()
	start := p.pos
	isPart := isLetter
	if !isLetter(p.peek()) {
		isPart = func(c byte) bool { return strings.IndexByte("<>=~!", c) >= 0 }
	}
	for p.pos < len(p.text) && isPart(p.text[p.pos]) {
		p.pos++
	}
	name := p.text[start:p.pos]
	test, ok := operators[strings.ToLower(name)]
	if name != "" && !ok {
		return nil, p.fail(start, "unknown operator %q", name)
	}
	return test, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (p *parser) operand() (operand, error) {
	p.space()
	switch p.peek() {
	case '$', '@':
		return p.nested(inFilter)
	case '/':
		return p.pattern()
	}
	n, err := p.literal()
	return literal{node: n}, err
}

// pattern reads /expression/flags. Java's matches() asks for the whole text, hence the anchors. Flags: i, m, s as in Java; u,
// U and d change nothing in Go; x (comments) does not exist there.
func (p *parser) pattern() (operand, error) {
	start := p.pos
	end, ok := p.closing('/')
	if !ok {
		return nil, p.fail(start, "the regular expression is not closed")
	}
	expression := p.text[start+1 : end]
	p.pos = end + 1
	flags := ""
	for p.pos < len(p.text) && isLetter(p.text[p.pos]) {
		switch c := p.text[p.pos]; c {
		case 'i', 'm', 's':
			flags += string(c)
		case 'u', 'U', 'd':
		default:
			return nil, p.fail(p.pos, "unknown or unsupported flag %q", c)
		}
		p.pos++
	}
	if flags != "" {
		flags = "(?" + flags + ")"
	}
	re, err := regexp.Compile(flags + `\A(?:` + expression + `)\z`)
	if err != nil {
		return nil, p.fail(start, "regular expression: %v", err)
	}
	return literal{pattern: re}, nil
}

// closing finds the next byte c that no backslash precedes.
func (p *parser) closing(c byte) (at int, ok bool) {
	for i := p.pos + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case c:
			return i, true
		}
	}
	return 0, false
}
