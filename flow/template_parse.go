package flow

import "strings"

// maxReference bounds one reference or call, in bytes, so that text full of
// opening delimiters costs no more than linear time. Longer is literal text.
const maxReference = 4 << 10

// CompileTemplate compiles a message template. Every text is one, since what is
// no legal reference is literal: the braces of a JSON payload, of a script, of a
// style sheet. The error, if any, is a *TemplateError: a call of a function that
// does not exist, has other arguments, or cannot use a quoted one.
func CompileTemplate(text string, o TemplateOptions) (*Template, error) {
	p := templateParser{source: text, text: text, end: len(text), name: o.Name, open: o.Prefix, close: o.Suffix, missing: o.Default}
	if p.name == nil {
		p.name = ParseName
	}
	if p.open == "" {
		p.open = "{"
	}
	if p.close == "" {
		p.close = "}"
	}
	p.unquote()
	if err := p.parse(); err != nil {
		return nil, err
	}
	return &Template{source: text, parts: p.parts}, nil
}

// templateParser reads text from start to end. A reference is (runtime.md 5.1)
//
//	open NAME close
//	open NAME ":" default close
//	open FUNCTION "(" [argument {"," argument}] ")" close
//
// where open and close are braces unless the element says otherwise. The
// recogniser is deliberately narrow, since payloads are full of braces that mean
// nothing here. Beyond the documented syntax it refuses white space before a
// name and at the beginning of a default, so that { a: b } of a script or a
// style sheet stays what it is.
type templateParser struct {
	source      string
	text        string // source up to the closing quote of a quoted template
	start, end  int
	name        func(string) *Name
	open, close string
	missing     string // stands for a variable without a default
	parts       []templatePart
}

// unquote drops quotes around the whole template: "Hello {x}" equals Hello {x}.
func (p *templateParser) unquote() {
	last := len(p.text) - 1
	if last > 0 && p.text[0] == '"' && strings.IndexByte(p.text[1:], '"') == last-1 {
		p.start, p.end, p.text = 1, last, p.text[:last]
	}
}

func (p *templateParser) parse() error {
	literal, at := p.start, p.start
	for {
		i := strings.Index(p.text[at:], p.open)
		if i < 0 {
			break
		}
		at += i
		part, end, err := p.reference(at + len(p.open))
		switch {
		case err != nil:
			return err
		case end < 0:
			at += len(p.open)
			continue
		}
		p.literal(literal, at)
		p.parts = append(p.parts, part)
		literal, at = end, end
	}
	p.literal(literal, p.end)
	return nil
}

func (p *templateParser) literal(from, to int) {
	if from < to {
		p.parts = append(p.parts, templatePart{text: p.text[from:to]})
	}
}

// reference reads what follows an opening delimiter. end is where the text goes
// on, -1 when there is no reference.
func (p *templateParser) reference(at int) (part templatePart, end int, err error) {
	limit := min(p.end, at+maxReference)
	i := at
	for i < limit && isTemplateNameByte(p.text[i], i == at) && !p.closes(i) {
		i++
	}
	switch {
	case i == at || i == limit:
		return part, -1, nil
	case p.closes(i):
		return templatePart{name: p.name(p.text[at:i]), text: p.missing, hasDefault: p.missing != ""}, i + len(p.close), nil
	case p.text[i] == ':':
		return p.withDefault(at, i, limit)
	case p.text[i] == '(':
		return p.call(at, i, limit)
	}
	return part, -1, nil
}

// withDefault reads the default of the variable at text[at:colon].
func (p *templateParser) withDefault(at, colon, limit int) (part templatePart, end int, err error) {
	from := colon + 1
	if from < limit && isTemplateSpace(p.text[from]) {
		return part, -1, nil
	}
	for i := from; i < limit; i++ {
		if p.closes(i) {
			part = templatePart{name: p.name(p.text[at:colon]), text: p.text[from:i], hasDefault: true}
			return part, i + len(p.close), nil
		}
		if strings.HasPrefix(p.text[i:], p.open) || isLineEnd(p.text[i]) {
			break
		}
	}
	return part, -1, nil
}

// closes reports whether the closing delimiter stands at i.
func (p *templateParser) closes(i int) bool { return strings.HasPrefix(p.text[i:], p.close) }

// isTemplateNameByte tells which bytes make the name of a variable. Names hold
// header names and policy names, hence more than letters, digits, dots.
func isTemplateNameByte(c byte, first bool) bool {
	switch {
	case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_':
		return true
	case first:
		return false
	}
	return '0' <= c && c <= '9' || c == '.' || c == '-' || c == '$' || c == '%'
}

// isTemplateName reports whether s as a whole can be the name of a variable.
func isTemplateName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isTemplateNameByte(s[i], i == 0) {
			return false
		}
	}
	return s != ""
}

func isTemplateSpace(c byte) bool { return c == ' ' || c == '\t' || isLineEnd(c) }
func isLineEnd(c byte) bool       { return c == '\n' || c == '\r' }
