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
	c.warnings = append(c.warnings, Problem{el.Line(), fmt.Sprintf(format, args...), "write it with XSLT 1.0"})
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

func isBlank(s string) bool { return strings.Trim(s, " \t\r\n") == "" }

func isXSL(n *xpath.Node, locals ...string) bool {
	return n.Kind() == xpath.ElementNode && n.Space() == Space && slices.Contains(locals, n.Local())
}

// version is that of the nearest element that tells one.
func version(el *xpath.Node) float64 {
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attributes() {
			if a.Local() != "version" || a.Space() != Space && (a.Space() != "" || el.Space() != Space) || isXSL(el, "output") {
				continue
			}
			if v, err := strconv.ParseFloat(strings.TrimSpace(a.Value()), 64); err == nil {
				return v
			}
		}
	}
	return 1
}

// knows refuses attributes that an element of XSLT does not have, but for those of other namespaces.
func (c *compiler) knows(el *xpath.Node, names ...string) {
	for _, a := range el.Attributes() {
		if a.Space() == "" && !slices.Contains(names, a.Local()) && version(el) <= 1 {
			c.fail(el, "it may have "+strings.Join(names, ", "), "%s has no attribute %s", el.Name(), a.Local())
		}
	}
}

// need is the value of an attribute that must be there.
func (c *compiler) need(el *xpath.Node, attr string) string { return c.needOr(el, attr, "") }

// needOr is need with a value to go on with when there is none.
func (c *compiler) needOr(el *xpath.Node, attr, missing string) string {
	text, ok := el.Attribute(attr)
	if !ok {
		c.fail(el, `add `+attr+`="..."`, "%s has no attribute %s", el.Name(), attr)
		return missing
	}
	return text
}

// nameAttr is the name in an attribute that must be there. A name without a prefix is in no namespace.
func (c *compiler) nameAttr(el *xpath.Node, attr string) name {
	return c.name(el, c.need(el, attr))
}

func (c *compiler) name(el *xpath.Node, text string) name {
	n, err := resolveName(el, strings.TrimSpace(text))
	if err != nil {
		c.fail(el, "", "%v", err)
	}
	return n
}

func resolveName(el *xpath.Node, text string) (name, error) {
	prefix, local, ok := strings.Cut(text, ":")
	if !ok {
		prefix, local = "", text
	}
	switch {
	case local == "" && !ok:
		return name{}, nil // it has been told that it is missing
	case !xpath.IsName(local) || ok && !xpath.IsName(prefix):
		return name{}, fmt.Errorf("%q is no name", text)
	case !ok:
		return name{"", local}, nil
	}
	space, found := el.Lookup(prefix)
	if !found {
		return name{}, fmt.Errorf("prefix %s is not declared", prefix)
	}
	return name{space, local}, nil
}

func (c *compiler) yes(el *xpath.Node, attr string) bool {
	text, _ := el.Attribute(attr)
	switch strings.TrimSpace(text) {
	case "yes", "true", "1":
		return true
	case "", "no", "false", "0":
		return false
	}
	c.fail(el, "write yes or no", "%s=%q is not yes or no", attr, text)
	return false
}

// scope is what expressions at el may name.
func (c *compiler) scope(el *xpath.Node) *xpath.Scope {
	spaces := map[string]string{}
	el.InScope(func(prefix, space string) { spaces[prefix] = space })
	return &xpath.Scope{
		Namespaces:   spaces,
		ElementSpace: elementSpace(el),
		Variable:     c.variable,
		Function:     func(space, local string) (*xpath.Function, bool) { return c.function(el, name{space, local}) },
		Extended:     true,
	}
}

// elementSpace is what the nearest xpath-default-namespace says, which XSLT 2.0 has.
func elementSpace(el *xpath.Node) string {
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attributes() {
			if a.Local() == "xpath-default-namespace" && (a.Space() == Space || a.Space() == "" && el.Space() == Space) {
				return a.Value()
			}
		}
	}
	return ""
}

// variable finds one in sight.
func (c *compiler) variable(space, local string) (xpath.Variable, bool) {
	n := name{space, local}
	for i := len(c.locals) - 1; i >= 0; i-- {
		if c.locals[i].name == n {
			return localVariable(c.locals[i].slot), true
		}
	}
	if i := c.globalIndex(n); i >= 0 {
		return globalVariable(i), true
	}
	return nil, false
}

func localVariable(slot int) xpath.Variable {
	return func(env any) (xpath.Result, error) { return env.(*frame).locals[slot], nil }
}

func globalVariable(i int) xpath.Variable {
	return func(env any) (xpath.Result, error) { return env.(*frame).global(i) }
}

// expression compiles an XPath. One that cannot be read is refused, or in a stylesheet of a later version fails where it is
// evaluated.
func (c *compiler) expression(el *xpath.Node, text string) *expression {
	e, err := xpath.CompileIn(strings.TrimSpace(text), c.scope(el))
	if err != nil {
		c.badExpression(el, err)
		e, _ = xpath.CompileIn("unsupported()", &xpath.Scope{Function: func(string, string) (*xpath.Function, bool) { return failing(err), true }})
	}
	return &expression{e, el.Line()}
}

func failing(err error) *xpath.Function {
	return &xpath.Function{Result: xpath.Any, Call: func(*xpath.Context, []xpath.Result) (xpath.Result, error) { return xpath.Result{}, err }}
}

func (c *compiler) badExpression(el *xpath.Node, err error) {
	if version(el) > 1 {
		c.warn(el, "%s: %v", el.Name(), err)
		return
	}
	c.fail(el, "", "%s: %v", el.Name(), err)
}

// selected compiles the expression of an attribute that must be there.
func (c *compiler) selected(el *xpath.Node, attr string) *expression {
	return c.expression(el, c.needOr(el, attr, "."))
}
