package policies

import (
	"cmp"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jsonpath"
	"sluice/internal/xpath"
)

// dataCaptureCompiler is what compiling the elements of one policy shares.
type dataCaptureCompiler struct {
	*flow.Build
	collectors map[string]bool
}

// capture compiles a Capture; ok is false for one that captures nothing. Files that
// check linters have such ones, so they refuse nothing.
func (c *dataCaptureCompiler) capture(el *etree.Element) (one dataCaptureOne, ok bool) {
	c.Known(el, "DataCollector", "Collect")
	one.collector = c.collector(el)
	collect := flow.Child(el, "Collect")
	if collect == nil {
		c.Warn(el, "MissingElement", "Capture has no Collect, and is ignored", `add <Collect ref="variable" default="none"/>`)
		return one, false
	}
	if def := collect.SelectAttr("default"); def != nil {
		one.def, one.hasDef = def.Value, true
	}
	one.from = c.collect(collect)
	return one, one.collector != "" && one.from != nil
}

// collector reads DataCollector. On Apigee one that does not exist in the organization
// refuses the deployment (DeploymentAssertionError); here they need not be declared.
func (c *dataCaptureCompiler) collector(el *etree.Element) string {
	name := c.Text(el, "DataCollector")
	at := cmp.Or(flow.Child(el, "DataCollector"), el)
	switch {
	case name == "":
		c.Warn(at, "MissingElement", "Capture names no DataCollector, and is ignored", "add <DataCollector>dc_name</DataCollector>")
	case c.collectors[name]:
		c.RefuseText(at, "DuplicateElement", "two Captures of a policy cannot have one data collector", "drop one of them, or capture it in a second policy")
	case !strings.HasPrefix(name, "dc_"):
		c.Warn(at, "InvalidValue", "no data collector can be called "+name, "names begin with dc_")
	}
	c.collectors[name] = true
	return name
}

// dataElements are the children of Collect that say how to find a value.
var dataElements = []string{"URIPath", "QueryParam", "Header", "FormParam", "JSONPayload", "XMLPayload"}

func (c *dataCaptureCompiler) collect(el *etree.Element) dataSource {
	c.Known(el, append([]string{"Source"}, dataElements...)...)
	var ways []*etree.Element
	for _, tag := range dataElements {
		ways = append(ways, flow.Children(el, tag)...)
	}
	ref := c.Ref(el, "ref")
	if ref != nil && len(ways) > 0 || len(ways) > 1 {
		c.Warn(el, "InvalidValue", "Collect says in several ways where the value is; ref counts, else the first element", "keep ref, or one of "+strings.Join(dataElements, ", "))
	}
	switch {
	case ref != nil:
		return c.variable(el, ref)
	case len(ways) == 0:
		c.Warn(el, "MissingElement", "Collect does not say where the value is: the Capture is ignored", `add ref="variable", or one of `+strings.Join(dataElements, ", "))
		return nil
	}
	source := cmp.Or(c.Text(el, "Source"), "message")
	return c.element(ways[0], source)
}

func (c *dataCaptureCompiler) variable(el *etree.Element, name *flow.Name) dataSource {
	if name.Private() {
		c.Warn(el, "PrivateVariable", "private variables are not captured: the policy will fail", "capture another variable")
	}
	return &dataVariable{name}
}

// element compiles an element that finds a value in the message source.
func (c *dataCaptureCompiler) element(el *etree.Element, source string) dataSource {
	from := c.Name(source)
	switch el.Tag {
	case "URIPath":
		return &dataPart{source: from, value: c.Name("proxy.pathsuffix"), requestOnly: true, patterns: c.patterns(el, true)}
	case "QueryParam":
		return &dataPart{source: from, value: c.part(el, source+".queryparam."), requestOnly: true, patterns: c.patterns(el, false)}
	case "Header":
		return &dataPart{source: from, value: c.part(el, source+".header."), patterns: c.patterns(el, false)}
	case "FormParam":
		return &dataPart{source: from, value: c.part(el, source+".formparam."), patterns: c.patterns(el, false)}
	case "JSONPayload":
		c.ReadsContent(source)
		return c.json(el, from)
	}
	c.ReadsContent(source)
	return c.xml(el, from)
}

// part is the variable that an element with the attribute name reads.
func (c *dataCaptureCompiler) part(el *etree.Element, stem string) *flow.Name {
	name := c.Attr(el, "name")
	if name == "" {
		c.RefuseText(el, "MissingElement", el.Tag+" has no name", `write <`+el.Tag+` name="...">`)
	}
	if el.Tag == "Header" && strings.HasSuffix(name, ".values") {
		name += ".string" // all values as one text; its form is not documented
	}
	return c.Name(stem + name)
}

func (c *dataCaptureCompiler) json(el *etree.Element, source *flow.Name) dataSource {
	c.Known(el, "JSONPath")
	child := flow.Child(el, "JSONPath")
	j := &dataJSON{source: source, text: c.Template(child, c.Need(el, "JSONPath"))}
	text, ok := j.text.Static()
	if !ok || text == "" {
		return j
	}
	path, err := jsonpath.Compile(text)
	if err != nil {
		c.RefuseText(child, "JsonPathCompilationFailed", "JSONPath "+text+" does not compile: "+err.Error(), "write a path such as $.results[0].currency")
	}
	j.path = path
	return j
}

func (c *dataCaptureCompiler) xml(el *etree.Element, source *flow.Name) dataSource {
	c.Known(el, "Namespaces", "XPath")
	ns := map[string]string{}
	for _, child := range flow.Children(flow.Child(el, "Namespaces"), "Namespace") {
		if prefix := c.Attr(child, "prefix"); prefix != "" {
			ns[prefix] = flow.TextOf(child)
		}
	}
	text := c.Need(el, "XPath")
	if text == "" {
		return nil
	}
	path, err := xpath.Compile(text, ns)
	if err != nil {
		c.RefuseText(flow.Child(el, "XPath"), "XPathCompilationFailed", "XPath "+text+" does not compile: "+err.Error(), "declare its prefixes in Namespaces")
	}
	return &dataXML{source, path}
}
