package jsonpath

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"sluice/internal/ordjson"
)

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
