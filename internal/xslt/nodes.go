package xslt

import (
	"fmt"
	"strings"

	"sluice/internal/xpath"
)

// named is xsl:element or xsl:attribute.
type named struct {
	names   *valueTemplate
	space   *valueTemplate    // nil: the name's prefix tells
	inScope map[string]string // at the instruction
	sets    []*attributeSet
	value   *valueOf // what select says, which XSLT 2.0 allows; nil: the body counts
	body    body
	line    int
}

func (c *compiler) named(el *xpath.Node) *named {
	i := &named{names: c.valueTemplate(el, c.need(el, "name")), inScope: c.scope(el).Namespaces, line: el.Line()}
	if text, ok := el.Attribute("namespace"); ok {
		i.space = c.valueTemplate(el, text)
	}
	return i
}

// resolve finds the name. One without a prefix is in the default namespace if that counts.
func (i *named) resolve(f *frame, useDefault bool) (prefix string, n name, err error) {
	text, err := i.names.text(f)
	if err != nil {
		return "", name{}, err
	}
	text = strings.TrimSpace(text)
	prefix, local, ok := strings.Cut(text, ":")
	if !ok {
		prefix, local = "", text
	}
	if !xpath.IsName(local) || ok && !xpath.IsName(prefix) || prefix == "xmlns" {
		return "", name{}, fmt.Errorf("%q is no name", text)
	}
	if i.space != nil {
		space, err := i.space.text(f)
		if space == "" {
			prefix = ""
		}
		return prefix, name{space, local}, err
	}
	switch space, found := i.inScope[prefix]; {
	case prefix == "xml":
		return prefix, name{xmlSpace, local}, nil
	case prefix == "" && !useDefault:
		return "", name{"", local}, nil
	case !found && prefix != "":
		return "", name{}, fmt.Errorf("prefix %s is not declared", prefix)
	default:
		return prefix, name{space, local}, nil
	}
}

type element struct{ *named }

func (c *compiler) element(el *xpath.Node) instruction {
	c.knows(el, "name", "namespace", "use-attribute-sets", "inherit-namespaces", "type", "validation")
	i := c.named(el)
	text, _ := el.Attribute("use-attribute-sets")
	i.sets = c.attributeSets(el, text)
	i.body = c.body(el)
	return element{i}
}

func (i element) run(f *frame) error {
	prefix, n, err := i.resolve(f, true)
	if err == nil {
		err = f.out.open(prefix, n)
	}
	if err != nil {
		return at(i.line, err)
	}
	if err := f.useSets(i.sets); err != nil {
		return err
	}
	if err := i.body.run(f); err != nil {
		return err
	}
	return f.out.Close()
}

type attribute struct{ *named }

func (c *compiler) attribute(el *xpath.Node) instruction {
	c.knows(el, "name", "namespace", "select", "separator", "type", "validation")
	i := c.named(el)
	c.textContent(el, i)
	return attribute{i}
}

func (i attribute) run(f *frame) error {
	prefix, n, err := i.resolve(f, false)
	if err != nil {
		return at(i.line, err)
	}
	text, err := i.content(f)
	if err != nil {
		return err
	}
	return at(i.line, f.out.attribute(prefix, n, text))
}

// textContent reads what the text of a node is made of.
func (c *compiler) textContent(el *xpath.Node, i *named) {
	if text, ok := el.Attribute("select"); ok {
		separator, ok := el.Attribute("separator")
		if !ok {
			separator = " "
		}
		i.value = &valueOf{value: content{selected: c.expression(el, text)}, separator: c.valueTemplate(el, separator)}
	}
	i.body = c.body(el)
}

func (i *named) content(f *frame) (string, error) {
	if i.value != nil {
		return f.text(body{i.value})
	}
	return f.text(i.body)
}

type (
	comment    struct{ *named }
	processing struct{ *named }
)

func (c *compiler) comment(el *xpath.Node) instruction {
	c.knows(el, "select")
	i := &named{line: el.Line()}
	c.textContent(el, i)
	return comment{i}
}

// run parts hyphens that would end the comment.
func (i comment) run(f *frame) error {
	text, err := i.content(f)
	if err != nil {
		return err
	}
	for strings.Contains(text, "--") {
		text = strings.ReplaceAll(text, "--", "- -")
	}
	if strings.HasSuffix(text, "-") {
		text += " "
	}
	return at(i.line, f.out.Comment(text))
}

func (c *compiler) instructionNode(el *xpath.Node) instruction {
	c.knows(el, "name", "select")
	i := c.named(el)
	c.textContent(el, i)
	return processing{i}
}

func (i processing) run(f *frame) error {
	target, err := i.names.text(f)
	if err != nil {
		return err
	}
	if !xpath.IsName(target) || strings.EqualFold(target, "xml") {
		return at(i.line, fmt.Errorf("%q is no name of a processing instruction", target))
	}
	text, err := i.content(f)
	if err != nil {
		return err
	}
	text = strings.TrimLeft(strings.ReplaceAll(text, "?>", "? >"), " \t\r\n")
	return at(i.line, f.out.Instruction(target, text))
}
