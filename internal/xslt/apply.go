package xslt

import (
	"fmt"

	"sluice/internal/xpath"
)

type (
	applyTemplates struct {
		selected *expression // nil: the children
		mode     *mode
		current  bool // #current: the mode is the frame's
		sorts    []sortKey
		params   []withParam
		line     int
	}
	applyNext struct {
		params []withParam
		line   int
	}
	callTemplate struct {
		name     name
		template *template
		params   []withParam
		line     int
	}
	withParam struct {
		name  name
		value content
	}
)

func (c *compiler) applyTemplates(el *xpath.Node) instruction {
	c.knows(el, "select", "mode")
	i := &applyTemplates{sorts: c.sorts(el), params: c.withParams(el, "sort"), line: el.Line()}
	if text, ok := el.Attribute("select"); ok {
		i.selected = c.expression(el, text)
	}
	text, _ := el.Attribute("mode")
	switch text {
	case "#current":
		i.current = true
		return i
	case "#default":
		text = ""
	}
	i.mode = c.modeOf(c.name(el, text))
	return i
}

func (i *applyTemplates) run(f *frame) error {
	list := f.Node.Children()
	var err error
	if i.selected != nil {
		if list, err = i.selected.nodes(f); err != nil {
			return err
		}
	}
	if list, err = f.sorted(list, i.sorts); err != nil {
		return err
	}
	args, err := f.arguments(i.params)
	if err != nil {
		return err
	}
	m := i.mode
	if i.current {
		m = f.mode
	}
	return at(i.line, f.apply(list, m, args))
}

// applyNext is xsl:apply-imports, which finds built-in rules only because nothing is imported, and xsl:next-match.
func (c *compiler) applyImports(el *xpath.Node) instruction {
	return &applyNext{params: c.withParams(el, "fallback"), line: el.Line()}
}

func (i *applyNext) run(f *frame) error {
	if f.rule == nil {
		return at(i.line, fmt.Errorf("no rule applies here"))
	}
	args, err := f.arguments(i.params)
	if err != nil {
		return err
	}
	if err := f.enter(); err != nil {
		return at(i.line, err)
	}
	defer f.leave()
	next := f.inner()
	return at(i.line, next.applyNext(f.rule, args))
}

func (c *compiler) callTemplate(el *xpath.Node) instruction {
	c.knows(el, "name")
	n := c.nameAttr(el, "name")
	t := c.sheet.named[n]
	if t == nil {
		c.fail(el, "", "no template is called %v", n)
	}
	return &callTemplate{n, t, c.withParams(el, ""), el.Line()}
}

func (i *callTemplate) run(f *frame) error {
	args, err := f.arguments(i.params)
	if err != nil {
		return err
	}
	if err := f.enter(); err != nil {
		return at(i.line, err)
	}
	defer f.leave()
	called := *f
	called.Env = &called
	called.args, called.group = args, nil
	called.locals = make([]xpath.Result, i.template.slots)
	return i.template.body.run(&called)
}

// withParams reads the xsl:with-param of an element that may contain besides only what other says.
func (c *compiler) withParams(el *xpath.Node, other string) []withParam {
	var list []withParam
	for _, child := range el.Children() {
		switch {
		case isXSL(child, "with-param"):
			c.knows(child, "name", "select", "as", "tunnel")
			list = append(list, withParam{c.nameAttr(child, "name"), c.content(child)})
			if text, _ := child.Attribute("tunnel"); text == "yes" {
				c.warn(child, "a tunnel parameter reaches only the next template")
			}
		case child.Kind() == xpath.ElementNode && !isXSL(child, other),
			child.Kind() == xpath.TextNode && !isBlank(child.Value()):
			c.fail(child, "", "%s cannot contain this", el.Name())
		}
	}
	return list
}

func (f *frame) arguments(params []withParam) ([]argument, error) {
	if len(params) == 0 {
		return nil, nil
	}
	args := make([]argument, len(params))
	for i := range params {
		v, err := params[i].value.eval(f)
		if err != nil {
			return nil, err
		}
		args[i] = argument{params[i].name, v}
	}
	return args, nil
}
