package xslt

import (
	"strings"

	"sluice/internal/xpath"
)

// valueTemplate is an attribute value template (XSLT 1.0, section 7.6.2).
type valueTemplate struct{ parts []valuePart }

// valuePart is text, or an expression.
type valuePart struct {
	text     string
	value    *expression
	sequence bool // all items count, not the first only
}

func (c *compiler) valueTemplate(el *xpath.Node, text string) *valueTemplate {
	t := &valueTemplate{}
	var fixed strings.Builder
	flush := func() {
		if fixed.Len() > 0 {
			t.parts = append(t.parts, valuePart{text: fixed.String()})
			fixed.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		double := i+1 < len(text) && text[i+1] == text[i]
		switch b := text[i]; {
		case (b == '{' || b == '}') && double:
			fixed.WriteByte(b)
			i++
		case b == '{':
			length := expressionLength(text[i+1:])
			if length < 0 {
				c.fail(el, "write {{ for a brace that is text", "the brace in %q is not closed", text)
				return t
			}
			flush()
			t.parts = append(t.parts, valuePart{value: c.expression(el, text[i+1:i+1+length]), sequence: version(el) >= 2})
			i += length + 1
		case b == '}':
			c.fail(el, "write }} for a brace that is text", "a '}' in %q closes nothing", text)
			return t
		default:
			fixed.WriteByte(b)
		}
	}
	flush()
	return t
}

// expressionLength is the length of the expression up to the brace that closes it, which no string hides; -1 if there is none.
func expressionLength(text string) int {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '}':
			return i
		}
	}
	return -1
}

func (t *valueTemplate) text(f *frame) (string, error) {
	switch len(t.parts) {
	case 0:
		return "", nil
	case 1:
		return t.parts[0].eval(f)
	}
	var all strings.Builder
	for i := range t.parts {
		s, err := t.parts[i].eval(f)
		if err != nil {
			return "", err
		}
		all.WriteString(s)
	}
	return all.String(), f.run.work.Spend(all.Len() / 4)
}

func (p *valuePart) eval(f *frame) (string, error) {
	if p.value == nil {
		return p.text, nil
	}
	r, err := p.value.eval(f)
	if err != nil {
		return "", err
	}
	list := r.Nodes()
	if !p.sequence || len(list) < 2 {
		return f.run.work.Text(r)
	}
	texts := make([]string, len(list))
	for i, n := range list {
		if texts[i], err = f.run.work.Text(xpath.OfNodes(n)); err != nil {
			return "", err
		}
	}
	return strings.Join(texts, " "), nil
}
