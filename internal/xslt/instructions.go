package xslt

import (
	"strings"

	"sluice/internal/xpath"
)

type (
	valueOf struct {
		value     content
		separator *valueTemplate // nil: only the first node counts
		raw       bool
	}
	condition struct {
		test *expression // nil: otherwise
		body body
	}
	choose  []condition
	forEach struct {
		selected *expression
		sorts    []sortKey
		body     body
	}
	copyOf struct {
		selected *expression
		atoms    bool // items that are no nodes are separated by spaces
	}
	copyNode struct {
		sets []*attributeSet
		body body
		line int
	}
	message struct {
		body      body
		selected  *expression
		terminate *valueTemplate
		line      int
	}
)

func (c *compiler) valueOf(el *xpath.Node) instruction {
	c.knows(el, "select", "separator", "disable-output-escaping")
	i := &valueOf{raw: c.yes(el, "disable-output-escaping")}
	separator, separates := el.Attribute("separator")
	_, selects := el.Attribute("select")
	switch {
	case separates:
		i.separator = c.valueTemplate(el, separator)
	case version(el) >= 2 && selects:
		i.separator = &valueTemplate{parts: []valuePart{{text: " "}}}
	}
	if selects || version(el) < 2 {
		i.value.selected = c.selected(el, "select")
	} else {
		i.value.body = c.body(el)
	}
	return i
}

func (i *valueOf) run(f *frame) error {
	v, err := i.value.eval(f)
	if err != nil {
		return err
	}
	if list := v.Nodes(); i.separator != nil && len(list) > 1 {
		return i.all(f, list)
	}
	s, err := f.run.work.Text(v)
	if err != nil {
		return err
	}
	return f.out.Text(s, i.raw)
}

func (i *valueOf) all(f *frame, list []*xpath.Node) error {
	separator, err := i.separator.text(f)
	if err != nil {
		return err
	}
	for n, item := range list {
		if n > 0 {
			err = f.out.Text(separator, i.raw)
		}
		var text string
		if err == nil {
			text, err = f.run.work.Text(xpath.OfNodes(item))
		}
		if err == nil {
			err = f.out.Text(text, i.raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) when(el *xpath.Node) instruction {
	c.knows(el, "test")
	return choose{{c.selected(el, "test"), c.body(el)}}
}

func (c *compiler) choose(el *xpath.Node) instruction {
	c.knows(el)
	var all choose
	for _, child := range el.Children() {
		switch {
		case isXSL(child, "when"):
			c.knows(child, "test")
			all = append(all, condition{c.selected(child, "test"), c.body(child)})
		case isXSL(child, "otherwise"):
			all = append(all, condition{nil, c.body(child)})
		case child.Kind() == xpath.ElementNode:
			c.fail(child, "use xsl:when", "xsl:choose contains xsl:when and xsl:otherwise only")
		}
	}
	if len(all) == 0 || all[0].test == nil {
		c.fail(el, "", "xsl:choose has no xsl:when")
	}
	return all
}

func (c choose) run(f *frame) error {
	b, err := c.chosen(f)
	if err != nil {
		return err
	}
	return b.run(f)
}

// chosen is the body of the first condition that holds.
func (c choose) chosen(f *frame) (body, error) {
	for _, when := range c {
		if when.test == nil {
			return when.body, nil
		}
		v, err := when.test.eval(f)
		if err != nil || v.Bool() {
			return when.body, err
		}
	}
	return nil, nil
}

func (c *compiler) forEach(el *xpath.Node) instruction {
	c.knows(el, "select")
	return &forEach{c.selected(el, "select"), c.sorts(el), c.body(el)}
}

func (i *forEach) run(f *frame) error {
	list, err := i.selected.nodes(f)
	if err != nil {
		return err
	}
	if list, err = f.sorted(list, i.sorts); err != nil {
		return err
	}
	inner := f.inner()
	inner.Size = len(list)
	for at, n := range list {
		if err := f.run.work.Spend(1); err != nil {
			return err
		}
		inner.Node, inner.Position = n, at+1
		if err := i.body.run(inner); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) copyOf(el *xpath.Node) instruction {
	c.knows(el, "select", "copy-namespaces", "type", "validation")
	return &copyOf{c.selected(el, "select"), version(el) >= 2}
}

// sequence is xsl:sequence: where it adds to a tree it does what xsl:copy-of does.
func (c *compiler) sequence(el *xpath.Node) instruction {
	return &copyOf{c.selected(el, "select"), true}
}

func (i *copyOf) run(f *frame) error {
	v, err := i.selected.eval(f)
	if err != nil {
		return err
	}
	if v.Kind() != xpath.NodeSet {
		return f.out.Text(v.String(), false)
	}
	atom := false
	for _, n := range v.Nodes() {
		if n.Parent() == nil && n.Kind() == xpath.TextNode {
			if atom && i.atoms {
				err = f.out.Text(" ", false)
			}
			atom = true
		}
		if err == nil {
			err = f.out.copy(n)
		}
		if err != nil {
			return at(i.selected.line, err)
		}
	}
	return nil
}

func (c *compiler) copy(el *xpath.Node) instruction {
	c.knows(el, "use-attribute-sets", "copy-namespaces", "inherit-namespaces", "type", "validation")
	text, _ := el.Attribute("use-attribute-sets")
	return &copyNode{c.attributeSets(el, text), c.body(el), el.Line()}
}

func (i *copyNode) run(f *frame) error {
	switch f.Node.Kind() {
	case xpath.RootNode:
		return i.body.run(f)
	case xpath.ElementNode:
	default:
		return at(i.line, f.out.copyLeaf(f.Node))
	}
	if err := f.out.copyShallow(f.Node); err != nil {
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

func (c *compiler) message(el *xpath.Node) instruction {
	c.knows(el, "terminate")
	i := &message{line: el.Line()}
	if text, ok := el.Attribute("select"); ok {
		i.selected = c.expression(el, text)
	}
	text, ok := el.Attribute("terminate")
	if !ok {
		text = "no"
	}
	i.terminate = c.valueTemplate(el, text)
	i.body = c.body(el)
	return i
}

// TerminatedError is an xsl:message that ends the transformation.
type TerminatedError struct{ Message string }

func (e *TerminatedError) Error() string { return "terminated by xsl:message: " + e.Message }

func (i *message) run(f *frame) error {
	text, err := f.text(i.body)
	if err == nil && i.selected != nil {
		var selected string
		selected, err = i.selected.text(f)
		text = selected + text
	}
	if err != nil {
		return err
	}
	if f.options.Message != nil {
		f.options.Message(text)
	}
	switch end, err := i.terminate.text(f); {
	case err != nil:
		return err
	case strings.TrimSpace(end) == "yes":
		return at(i.line, &TerminatedError{text})
	}
	return nil
}
