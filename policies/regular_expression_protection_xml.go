package policies

import (
	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/javaregex"
	"sluice/internal/xpath"
)

// regexProtectionXML is XMLPayload.
type regexProtectionXML struct{ paths []regexProtectionXPath }

// regexProtectionXPath is an XPath with its patterns.
type regexProtectionXPath struct {
	expr     *xpath.Expr
	nodeset  bool // Type
	patterns []*javaregex.Regexp
}

func (c *regexProtectionCompiler) xml(el *etree.Element) regexProtectionCheck {
	c.Known(el, "Namespaces", "XPath")
	c.ReadsContent(c.source)
	e := &regexProtectionXML{}
	ns := xpathNamespaces(c.Build, flow.Child(el, "Namespaces"))
	children := flow.Children(el, "XPath")
	if len(children) == 0 {
		c.Refuse(el, "NoPatternsToEnforce", "element", el.Tag)
	}
	for _, child := range children {
		c.Known(child, "Expression", "Type", "Pattern")
		nodeset := c.Enum(child, "Type", "string", "boolean", "integer", "int", "long", "float", "double", "nodeset") == "nodeset"
		patterns := c.patterns(child)
		if expr := c.xPath(child, nodeset, ns); expr != nil && patterns != nil {
			e.paths = append(e.paths, regexProtectionXPath{expr, nodeset, patterns})
		}
	}
	return e
}

func (c *regexProtectionCompiler) xPath(el *etree.Element, nodeset bool, ns map[string]string) *xpath.Expr {
	text := c.Text(el, "Expression")
	if text == "" {
		c.Refuse(el, "EmptyXPathExpression")
		return nil
	}
	expr, err := xpath.Compile(text, ns)
	switch {
	case err != nil:
		c.Refuse(flow.Child(el, "Expression"), "XPathCompilationFailed", "xpath", text)
		c.hint(err.Error())
		return nil
	case nodeset && !expr.IsNodeSet():
		c.Refuse(flow.Child(el, "Expression"), "CannotBeConvertedToNodeset", "xpath", text)
	}
	return expr
}

func (e *regexProtectionXML) check(r *regexProtectionRun) error {
	if !r.message.IsXML() {
		return nil
	}
	data, ok, err := threatPayload(r.message)
	if !ok || len(data) == 0 {
		return err
	}
	doc, err := xpath.ParseDocument(data)
	if err != nil {
		return r.p.failed.Wrap(err)
	}
	for i := range e.paths {
		if err := e.paths[i].check(r, doc); err != nil {
			return err
		}
	}
	return nil
}

// check looks at every node, whatever Type is: to look at the first alone, as XPath's string() would, lets a threat pass
// that stands in the second. Numbers and Booleans are looked at as they stand in the document.
func (e *regexProtectionXPath) check(r *regexProtectionRun, doc *xpath.Document) error {
	result, err := e.expr.Eval(doc)
	if err != nil {
		return r.p.failed.Wrap(err)
	}
	for text := range result.Texts() {
		if err := r.look(e.patterns, text); err != nil {
			return err
		}
	}
	if !e.nodeset {
		return nil
	}
	markup, err := result.Elements().XML()
	if err != nil {
		return r.p.failed.Wrap(err)
	}
	if markup == "" {
		return nil
	}
	return r.look(e.patterns, markup)
}
