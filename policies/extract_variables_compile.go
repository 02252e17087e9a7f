package policies

import (
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// extractCompiler is what compiling the elements of one policy shares.
type extractCompiler struct {
	*flow.Build
	source string
	prefix string // VariablePrefix
	first  bool   // match="first"
	reads  bool   // some element reads the source
	seen   bool   // some element extracts
}

// compile compiles the elements that extract, in the order of the file. A policy
// with nothing but Variable is accepted, although the text of NothingToExtract
// does not list that element.
func (c *extractCompiler) compile(el *etree.Element) []extraction {
	var parts []extraction
	for _, child := range el.ChildElements() {
		parts = c.element(parts, child)
	}
	if !c.seen {
		c.Refuse(el, "NothingToExtract")
	}
	return parts
}

func (c *extractCompiler) element(parts []extraction, el *etree.Element) []extraction {
	switch el.Tag {
	case "URIPath":
		return c.uriPath(parts, el)
	case "QueryParam":
		return c.parameter(parts, el, c.source+".queryparam.", true)
	case "Header":
		return c.parameter(parts, el, c.source+".header.", false)
	case "FormParam":
		return c.parameter(parts, el, c.source+".formparam.", false)
	case "Variable":
		return c.parameter(parts, el, "", false)
	case "JSONPayload":
		c.payload()
		return append(parts, c.json(el))
	case "XMLPayload":
		c.payload()
		return append(parts, c.xml(el))
	}
	return parts
}

// payload remembers that the payload of the source is read. Of a source such as
// request.content the name alone tells it.
func (c *extractCompiler) payload() {
	c.seen, c.reads = true, true
	if c.Name(c.source).Message() == "" {
		c.ReadsContent(c.source)
	}
}

// uriPath compiles URIPath. Generated bundles give it a name, or put further
// URIPath elements inside; each of those counts as an element of its own.
func (c *extractCompiler) uriPath(parts []extraction, el *etree.Element) []extraction {
	c.seen, c.reads = true, true
	if el.SelectAttr("name") != nil {
		c.Warn(el, "UnknownAttribute", "URIPath has no attribute name; it is ignored", "drop it")
	}
	for _, inner := range flow.Children(el, "URIPath") {
		c.Warn(inner, "UnknownElement", "URIPath inside URIPath counts as one beside it", "move it out")
		parts = append(parts, c.path(inner))
	}
	return append(parts, c.path(el))
}

func (c *extractCompiler) path(el *etree.Element) *extractPart {
	c.Known(el, "Pattern", "URIPath")
	part := &extractPart{
		element: el.Tag, from: c.Name("proxy.pathsuffix"), reads: true, requestOnly: true, first: true,
		patterns: c.patterns(el, true),
	}
	part.sortBySegments()
	return part
}

// parameter compiles an element whose attribute name completes the name of a
// variable that begins with stem.
func (c *extractCompiler) parameter(parts []extraction, el *etree.Element, stem string, requestOnly bool) []extraction {
	c.seen = true
	c.reads = c.reads || stem != ""
	c.Known(el, "Pattern")
	name := c.Attr(el, "name")
	if name == "" {
		c.Refuse(el, "MissingName", "element", el.Tag)
		return parts
	}
	if el.Tag == "Header" && strings.HasSuffix(name, ".values") {
		name += ".string" // all values as one text; its form is not documented
	}
	return append(parts, &extractPart{
		element: el.Tag, from: c.Name(stem + name), reads: stem != "", requestOnly: requestOnly, first: c.first,
		patterns: c.patterns(el, false),
	})
}

func (c *extractCompiler) patterns(el *etree.Element, path bool) []extractTarget {
	var list []extractTarget
	for _, child := range flow.Children(el, "Pattern") {
		text := flow.TextOf(child)
		pattern, err := compileExtractPattern(text, path, c.BoolAttr(child, "ignoreCase", false))
		switch {
		case err != nil:
			c.Refuse(child, "InvalidPattern", "pattern", text)
			c.hint(err.Error())
			continue
		case len(pattern.captures) == 0:
			c.Refuse(child, "PatternWithoutVariable", "pattern", text)
			continue
		}
		if path && text[0] != '/' && !strings.HasPrefix(text, "**") {
			c.Warn(child, "InvalidPattern", "a path begins with a slash; the pattern is read as /"+text, "write /"+text)
		}
		list = append(list, extractTarget{pattern, c.names(pattern.captures)})
	}
	return list
}

func (c *extractCompiler) names(captures []string) []*flow.Name {
	names := make([]*flow.Name, len(captures))
	for i, name := range captures {
		names[i] = c.variable(name)
	}
	return names
}

// variable is the variable that the policy sets for a name in its file.
func (c *extractCompiler) variable(name string) *flow.Name {
	if c.prefix != "" {
		name = c.prefix + "." + name
	}
	return c.Name(name)
}

// payloadVariable reads name and type of a Variable below JSONPayload or
// XMLPayload. ok is false if there is no name.
func (c *extractCompiler) payloadVariable(el *etree.Element) (name *flow.Name, typ extractType, ok bool) {
	typ, known := extractTypeNamed(c.Attr(el, "type"))
	if !known {
		// Apigee does not tell when it reports InstantiationFailed; this is the
		// one mistake that no other catalogued error is for.
		c.Refuse(el, "InstantiationFailed", "type", c.Attr(el, "type"))
		c.hint("type is string, boolean, integer, long, float, double or nodeset")
	}
	text := c.Attr(el, "name")
	if text == "" {
		c.Refuse(el, "MissingName", "element", el.Tag)
		return nil, typ, false
	}
	return c.variable(text), typ, true
}

// hint adds to the problem told last why it is one: the documented text has no
// room for it.
func (c *extractCompiler) hint(why string) { c.Problems[len(c.Problems)-1].Hint = why }
