package policies

import (
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/xpath"
)

// extractXML is XMLPayload.
type extractXML struct {
	variables []extractXMLVariable
	stop      bool // stopPayloadProcessing: after the first variable that is set
}

// extractXMLVariable is set from the first of its paths that has a result.
type extractXMLVariable struct {
	name  *flow.Name
	typ   extractType
	paths []*xpath.Expr
}

func (c *extractCompiler) xml(el *etree.Element) *extractXML {
	c.Known(el, "Namespaces", "Variable")
	e := &extractXML{stop: c.BoolAttr(el, "stopPayloadProcessing", false)}
	ns := xpathNamespaces(c.Build, flow.Child(el, "Namespaces"))
	for _, child := range flow.Children(el, "Variable") {
		c.Known(child, "XPath")
		name, typ, ok := c.payloadVariable(child)
		if paths := c.xPaths(child, typ, ns); ok {
			e.variables = append(e.variables, extractXMLVariable{name, typ, paths})
		}
	}
	return e
}

func (c *extractCompiler) xPaths(el *etree.Element, typ extractType, ns map[string]string) []*xpath.Expr {
	children := flow.Children(el, "XPath")
	if len(children) == 0 {
		c.Refuse(el, "NoXPathsToEvaluate")
	}
	var list []*xpath.Expr
	for _, child := range children {
		if expr := c.xPath(child, typ, ns); expr != nil {
			list = append(list, expr)
		}
	}
	return list
}

// xPath compiles one expression.
func (c *extractCompiler) xPath(el *etree.Element, typ extractType, ns map[string]string) *xpath.Expr {
	text := flow.TextOf(el)
	if text == "" {
		c.Refuse(el, "EmptyXPathExpression")
		return nil
	}
	expr, err := xpath.Compile(text, ns)
	switch {
	case err != nil:
		c.Refuse(el, "XPathCompilationFailed", "xpath", text)
		c.hint(err.Error())
		return nil
	case typ == extractNodeset && !expr.IsNodeSet():
		c.Refuse(el, "CannotBeConvertedToNodeset", "xpath", text)
	}
	return expr
}

func isExtractXML(mediaType string) bool {
	return mediaType == "text/xml" || mediaType == "application/xml" ||
		strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+xml")
}

func (e *extractXML) extract(p *extractVariables, x *flow.Exchange, in extractInput) error {
	data, ok, err := in.payload(isExtractXML)
	if !ok {
		return err
	}
	doc, err := xpath.ParseDocument(data)
	if err != nil {
		return p.failed.Wrap(err)
	}
	for i := range e.variables {
		set, err := e.variables[i].extract(p, x, doc)
		if err != nil {
			return err
		}
		if set && e.stop {
			break
		}
	}
	return nil
}

// extract reports whether the variable was set. A node-set without nodes is no
// result; every string, number and boolean is one.
func (v *extractXMLVariable) extract(p *extractVariables, x *flow.Exchange, doc *xpath.Document) (set bool, err error) {
	for _, expr := range v.paths {
		r, err := expr.Eval(doc)
		if err != nil {
			return false, p.failed.Wrap(err)
		}
		if r.Kind() == xpath.NodeSet && r.Len() == 0 {
			continue
		}
		return true, v.set(p, x, r)
	}
	return false, nil
}

func (v *extractXMLVariable) set(p *extractVariables, x *flow.Exchange, r xpath.Result) error {
	if v.typ != extractNodeset {
		return p.cast(x, v.name, v.typ, r.String())
	}
	text, err := r.XML()
	if err != nil {
		return p.failed.Wrap(err)
	}
	return p.set(x, v.name, flow.Text(text))
}
