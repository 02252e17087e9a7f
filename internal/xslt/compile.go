package xslt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/xpath"
)

// Compile reads a stylesheet. The only error is an *Error, which tells all that is wrong with it.
func Compile(src []byte) (*Stylesheet, error) {
	doc, err := xpath.ParseWith(src, xpath.ParseOptions{Second: true})
	if err != nil {
		return nil, &Error{[]Problem{notXML(err)}}
	}
	c := &compiler{sheet: &Stylesheet{
		modes:   map[name]*mode{},
		named:   map[name]*template{},
		keys:    map[name][]*key{},
		formats: map[name]*decimalFormat{{}: newDecimalFormat()},
		sets:    map[name][]*attributeSet{},
		aliases: map[string]alias{},
		tree:    doc.Root(),
	}}
	c.stylesheet(rootElement(doc.Root()))
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, &Error{c.problems}
	}
	c.sheet.warnings = c.warnings
	return c.sheet, nil
}

// notXML takes the line out of the parser's message.
func notXML(err error) Problem {
	text := strings.TrimPrefix(err.Error(), "xml: ")
	rest, ok := strings.CutPrefix(text, "line ")
	at, message, found := strings.Cut(rest, ": ")
	line, _, _ := strings.Cut(at, ":")
	n, atoi := strconv.Atoi(line)
	if !ok || !found || atoi != nil {
		return Problem{Line: 1, Message: "no well-formed XML: " + text}
	}
	return Problem{Line: n, Message: "no well-formed XML: " + message}
}

func rootElement(root *xpath.Node) *xpath.Node {
	for _, n := range root.Children() {
		if n.Kind() == xpath.ElementNode {
			return n
		}
	}
	return nil
}

// compiler makes a Stylesheet. What is wrong it remembers, and goes on.
type compiler struct {
	sheet    *Stylesheet
	problems []Problem
	warnings []Problem
	// locals are the variables in sight, innermost last; slots is how many the template has had until now.
	locals []local
	slots  int
	order  int // of the templates
	// functions are those of the stylesheet; everywhere are the rules for all modes.
	functions  []*declared
	everywhere []*rule
}

// local is a variable of a template.
type local struct {
	name name
	slot int
}

func (c *compiler) fail(el *xpath.Node, hint, format string, args ...any) {
	c.problems = append(c.problems, Problem{el.Line(), fmt.Sprintf(format, args...), hint})
}

// stylesheet reads the root element.
func (c *compiler) stylesheet(root *xpath.Node) {
	switch {
	case isXSL(root, "stylesheet", "transform"):
	case root.Space() == Space:
		c.fail(root, "write <xsl:stylesheet version=\"1.0\">", "%s is no stylesheet", root.Name())
		return
	default:
		c.simplified(root)
		return
	}
	if _, ok := root.Attribute("version"); !ok {
		c.fail(root, `add version="1.0"`, "%s has no version", root.Name())
	}
	c.knows(root, "version", "id", "extension-element-prefixes", "exclude-result-prefixes", "xpath-default-namespace", "default-mode", "input-type-annotations", "default-validation", "default-collation")
	c.declareNames(root)
	for _, el := range root.Children() {
		if el.Kind() == xpath.ElementNode && el.Space() == Space {
			c.topLevel(el)
		}
		if el.Kind() == xpath.TextNode && !isBlank(el.Value()) {
			c.fail(el, "", "text stands outside of templates")
		}
	}
	c.finish()
}

// simplified is a stylesheet that is a single literal result element (XSLT 1.0, section 2.3).
func (c *compiler) simplified(root *xpath.Node) {
	if !slices.ContainsFunc(root.Attributes(), func(a *xpath.Node) bool { return a.Space() == Space && a.Local() == "version" }) {
		c.fail(root, `write <xsl:stylesheet version="1.0" xmlns:xsl="`+Space+`">`, "%s is no stylesheet: it has no xsl:version", root.Name())
		return
	}
	t := &template{line: root.Line()}
	t.body = body{c.literal(root)}
	t.slots = c.slots
	c.rules(root, t, "/", []name{{}}, nil)
	c.finish()
}

// declareNames finds what expressions may name before it is read: variables at the top, keys and decimal formats.
func (c *compiler) declareNames(root *xpath.Node) {
	for _, el := range root.Children() {
		switch {
		case isXSL(el, "variable", "param"):
			c.declareGlobal(el)
		case isXSL(el, "key"):
			n := c.nameAttr(el, "name")
			c.sheet.keys[n] = append(c.sheet.keys[n], &key{})
		case isXSL(el, "decimal-format"):
			c.decimalFormat(el)
		case isXSL(el, "namespace-alias"):
			c.namespaceAlias(el)
		case isXSL(el, "attribute-set"):
			n := c.nameAttr(el, "name")
			c.sheet.sets[n] = append(c.sheet.sets[n], &attributeSet{})
		case isXSL(el, "template"):
			c.declareTemplate(el)
		case isXSL(el, "function") && version(el) > 1:
			c.declareFunction(el)
		}
	}
}

func (c *compiler) declareGlobal(el *xpath.Node) {
	n := c.nameAttr(el, "name")
	if c.globalIndex(n) >= 0 {
		c.fail(el, "", "the variable $%v is declared twice", n)
		return
	}
	c.sheet.globals = append(c.sheet.globals, &global{name: n, param: el.Local() == "param", line: el.Line()})
}

func (c *compiler) globalIndex(n name) int {
	return slices.IndexFunc(c.sheet.globals, func(g *global) bool { return g.name == n })
}

func (c *compiler) declareTemplate(el *xpath.Node) {
	if _, ok := el.Attribute("name"); !ok {
		return
	}
	n := c.nameAttr(el, "name")
	if c.sheet.named[n] != nil {
		c.fail(el, "", "a template called %v exists already", n)
	}
	c.sheet.named[n] = &template{line: el.Line(), params: map[name]bool{}}
}

// topLevel reads an element below the root.
func (c *compiler) topLevel(el *xpath.Node) {
	c.locals, c.slots = nil, 0
	switch el.Local() {
	case "template":
		c.template(el)
	case "variable", "param":
		c.global(el)
	case "output":
		c.output(el)
	case "strip-space", "preserve-space":
		c.whiteSpace(el)
	case "key":
		c.key(el)
	case "attribute-set":
		c.attributeSet(el)
	case "decimal-format", "namespace-alias":
	case "include", "import":
		c.fail(el, "put the templates into this file", "xsl:%s is not supported, as on Apigee", el.Local())
	default:
		if el.Local() == "function" && version(el) > 1 {
			c.functionBody(el)
			return
		}
		c.unknownTopLevel(el)
	}
}

// unknownTopLevel: an element of a later version is passed over (XSLT 1.0, section 2.5).
func (c *compiler) unknownTopLevel(el *xpath.Node) {
	if version(el) <= 1 {
		c.fail(el, "", "%s is no element of XSLT 1.0", el.Name())
		return
	}
	c.warn(el, "%s is not supported and is passed over", el.Name())
}

func (c *compiler) warn(el *xpath.Node, format string, args ...any) {
	c.warnings = append(c.warnings, Problem{el.Line(), fmt.Sprintf(format, args...), "write it with what is supported: see the documentation of the policy XSL"})
}

func (c *compiler) global(el *xpath.Node) {
	c.knows(el, "name", "select", "as", "required", "tunnel", "static", "visibility")
	i := c.globalIndex(c.nameAttr(el, "name"))
	if i < 0 {
		return
	}
	g := c.sheet.globals[i]
	g.value = c.content(el)
	g.slots = c.slots
}

// content reads what a variable or the like is set to.
func (c *compiler) content(el *xpath.Node) content {
	if text, ok := el.Attribute("select"); ok {
		if hasContent(el) {
			c.fail(el, "", "%s has both select and content", el.Name())
		}
		return content{selected: c.expression(el, text)}
	}
	_, typed := el.Attribute("as")
	return content{body: c.body(el), typed: typed}
}

func hasContent(el *xpath.Node) bool {
	return slices.ContainsFunc(el.Children(), func(n *xpath.Node) bool {
		return n.Kind() == xpath.ElementNode || n.Kind() == xpath.TextNode && !isBlank(n.Value())
	})
}

// finish puts the rules in order.
func (c *compiler) finish() {
	for _, m := range c.sheet.modes {
		m.rules = append(m.rules, c.everywhere...)
		m.arrange()
	}
}
