package jsonpath

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"sluice/internal/ordjson"
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

// literal reads JSON as leniently as json-smart does: either kind of quotes, and names without any.
func (p *parser) literal() (*ordjson.Node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.space()
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		s, err := p.quoted()
		return ordjson.NewString(s), err
	case c == '[':
		return p.list()
	case c == '{':
		return p.object()
	case isLetter(c):
		return p.word()
	}
	return p.number()
}

func (p *parser) list() (*ordjson.Node, error) {
	p.pos++
	n := ordjson.NewArray()
	for !p.accept("]") {
		if n.Len() > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		item, err := p.literal()
		if err != nil {
			return nil, err
		}
		n.Push(item)
	}
	return n, nil
}

func (p *parser) object() (*ordjson.Node, error) {
	p.pos++
	n := ordjson.NewObject()
	for !p.accept("}") {
		if n.Len() > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		name, err := p.memberName()
		if err != nil {
			return nil, err
		}
		value, err := p.literal()
		if err != nil {
			return nil, err
		}
		n.Add(name, value)
	}
	return n, nil
}

func (p *parser) memberName() (name string, err error) {
	p.space()
	if c := p.peek(); c == '\'' || c == '"' {
		name, err = p.quoted()
	} else {
		name = p.letters()
	}
	if err != nil {
		return "", err
	}
	return name, p.expect(":")
}

func (p *parser) letters() string {
	start := p.pos
	for p.pos < len(p.text) && (isLetter(p.text[p.pos]) || p.text[p.pos] == '_' || p.pos > start && isDigit(p.text[p.pos])) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (p *parser) word() (*ordjson.Node, error) {
	start := p.pos
	switch word := p.letters(); word {
	case "true", "false":
		return ordjson.NewBool(word == "true"), nil
	case "null":
		return ordjson.NewNull(), nil
	default:
		return nil, p.fail(start, "unexpected %q: a string needs quotes", word)
	}
}

func (p *parser) number() (*ordjson.Node, error) {
	start := p.pos
	for p.pos < len(p.text) && strings.IndexByte("0123456789.-+eE", p.text[p.pos]) >= 0 {
		p.pos++
	}
	text := p.text[start:p.pos]
	if _, ok := parseDecimal(text); !ok {
		return nil, p.fail(start, "expected a path or a value")
	}
	return ordjson.NewNumber(jsonNumber(text)), nil
}

// quoted reads a string in the quotes that begin it, with the escapes of Java; any other escaped character is itself.
func (p *parser) quoted() (string, error) {
	start := p.pos
	end, ok := p.closing(p.peek())
	if !ok {
		return "", p.fail(start, "the string is not closed")
	}
	raw := p.text[start+1 : end]
	p.pos = end + 1
	if strings.IndexByte(raw, '\\') < 0 {
		return raw, nil
	}
	s, ok := unescape(raw)
	if !ok {
		return "", p.fail(start, `\u needs four hexadecimal digits`)
	}
	return s, nil
}

func unescape(raw string) (s string, ok bool) {
	var units []uint16 // pending \u escapes: two may form one character
	out := make([]byte, 0, len(raw))
	flush := func() {
		for _, r := range utf16.Decode(units) {
			out = utf8.AppendRune(out, r)
		}
		units = units[:0]
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			flush()
			out = append(out, raw[i])
			continue
		}
		if i++; raw[i] != 'u' {
			flush()
			out = append(out, unescaped(raw[i]))
			continue
		}
		if len(raw) < i+5 {
			return "", false
		}
		unit, err := strconv.ParseUint(raw[i+1:i+5], 16, 16)
		if err != nil {
			return "", false
		}
		units = append(units, uint16(unit))
		i += 4
	}
	flush()
	return string(out), true
}

func unescaped(c byte) byte {
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		return "\b\f\n\r\t"[i]
	}
	return c
}
