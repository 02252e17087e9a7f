package xslt

import (
	"fmt"

	"sluice/internal/xpath"
)

// body reads the content of an element as instructions. Variables are in sight until its end.
func (c *compiler) body(el *xpath.Node) body {
	outer := len(c.locals)
	defer func() { c.locals = c.locals[:outer] }()
	var b body
	for _, child := range el.Children() {
		if i := c.instruction(child); i != nil {
			b = append(b, i)
		}
	}
	return b
}

// instruction reads a node of a body; nil if it does nothing.
func (c *compiler) instruction(n *xpath.Node) instruction {
	switch {
	case n.Kind() == xpath.TextNode:
		return c.literalText(n)
	case n.Kind() != xpath.ElementNode:
		return nil
	case n.Space() != Space:
		return c.literal(n)
	}
	switch n.Local() {
	case "sort", "with-param":
		return nil // belongs to the element around it
	case "param":
		if !c.paramPlace(n) {
			c.fail(n, "put it first in the template", "xsl:param stands in the wrong place")
		}
	}
	if compile := instructions(n.Local()); compile != nil {
		return compile(c, n)
	}
	return c.unknown(n)
}

// instructions knows the elements by their local names; it is a function because what it names calls it.
func instructions(local string) func(*compiler, *xpath.Node) instruction {
	switch local {
	case "apply-templates":
		return (*compiler).applyTemplates
	case "analyze-string":
		return (*compiler).analyzeString
	case "apply-imports", "next-match":
		return (*compiler).applyImports
	case "attribute":
		return (*compiler).attribute
	case "call-template":
		return (*compiler).callTemplate
	case "choose":
		return (*compiler).choose
	case "comment":
		return (*compiler).comment
	case "copy":
		return (*compiler).copy
	case "copy-of":
		return (*compiler).copyOf
	case "element":
		return (*compiler).element
	case "fallback":
		return func(*compiler, *xpath.Node) instruction { return nil }
	case "for-each":
		return (*compiler).forEach
	case "for-each-group":
		return (*compiler).forEachGroup
	case "if":
		return (*compiler).when
	case "message":
		return (*compiler).message
	case "number":
		return (*compiler).number
	case "processing-instruction":
		return (*compiler).instructionNode
	case "sequence":
		return (*compiler).sequence
	case "text":
		return (*compiler).text
	case "value-of":
		return (*compiler).valueOf
	case "variable", "param":
		return (*compiler).localVariable
	}
	return nil
}

// paramPlace tells whether a param stands before all else in its template.
func (c *compiler) paramPlace(n *xpath.Node) bool {
	if !isXSL(n.Parent(), "template", "function") {
		return false
	}
	for _, before := range n.Parent().Children() {
		switch {
		case before == n:
			return true
		case before.Kind() == xpath.ElementNode && !isXSL(before, "param"),
			before.Kind() == xpath.TextNode && !isBlank(before.Value()):
			return false
		}
	}
	return false
}

// unknown is an element that is not known: its xsl:fallback is carried out, or it fails (XSLT 1.0, sections 2.5 and 15).
func (c *compiler) unknown(el *xpath.Node) instruction {
	var b body
	found := false
	for _, child := range el.Children() {
		if isXSL(child, "fallback") {
			found = true
			b = append(b, c.body(child)...)
		}
	}
	switch {
	case found:
		return b
	case version(el) <= 1 && el.Space() == Space:
		c.fail(el, "", "%s is no instruction of XSLT 1.0", el.Name())
	default:
		c.warn(el, "%s is not supported: the transformation fails there", el.Name())
	}
	return &unsupported{el.Name(), el.Line()}
}

type unsupported struct {
	name string
	line int
}

func (u *unsupported) run(*frame) error { return at(u.line, fmt.Errorf("%s is not supported", u.name)) }

// fixedText is text of the stylesheet.
type fixedText struct {
	text string
	raw  bool
}

// literalText is text between elements; white space alone does not count, unless xml:space preserves it.
func (c *compiler) literalText(n *xpath.Node) instruction {
	if isBlank(n.Value()) && !preserved(n.Parent()) {
		return nil
	}
	return &fixedText{text: n.Value()}
}

func preserved(el *xpath.Node) bool {
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attributes() {
			if a.Space() == xmlSpace && a.Local() == "space" {
				return a.Value() == "preserve"
			}
		}
	}
	return false
}

func (c *compiler) text(el *xpath.Node) instruction {
	c.knows(el, "disable-output-escaping")
	for _, child := range el.Children() {
		if child.Kind() == xpath.ElementNode {
			c.fail(child, "use xsl:value-of beside it", "xsl:text can contain text only")
		}
	}
	return &fixedText{el.Value(), c.yes(el, "disable-output-escaping")}
}

func (t *fixedText) run(f *frame) error { return f.out.Text(t.text, t.raw) }
