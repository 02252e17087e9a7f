package xslt

import (
	"fmt"
	"slices"
	"strings"

	"sluice/internal/xpath"
)

// literal is a literal result element.
type literal struct {
	name       name
	prefix     string
	spaces     []binding // namespaces that it declares
	sets       []*attributeSet
	attributes []literalAttribute
	body       body
	line       int
}

type literalAttribute struct {
	name   name
	prefix string
	value  *valueTemplate
}

// binding is a namespace with a prefix.
type binding struct{ prefix, space string }

// alias is what a namespace of the stylesheet becomes in the result.
type alias binding

func (c *compiler) namespaceAlias(el *xpath.Node) {
	c.knows(el, "stylesheet-prefix", "result-prefix")
	from, fromOK := c.aliased(el, "stylesheet-prefix")
	to, toOK := c.aliased(el, "result-prefix")
	if fromOK && toOK {
		c.sheet.aliases[from.space] = alias(to)
	}
}

func (c *compiler) aliased(el *xpath.Node, attr string) (binding, bool) {
	prefix := c.need(el, attr)
	if prefix == "#default" {
		prefix = ""
	}
	space, ok := el.Lookup(prefix)
	if !ok {
		c.fail(el, "", "prefix %s is not declared", prefix)
	}
	return binding{prefix, space}, ok
}

// literal reads an element that belongs to the result.
func (c *compiler) literal(el *xpath.Node) instruction {
	if c.isExtension(el) {
		return c.unknown(el)
	}
	l := &literal{line: el.Line()}
	l.name, l.prefix = c.resultName(el)
	l.spaces = c.resultSpaces(el)
	for _, a := range el.Attributes() {
		if a.Space() != Space {
			n, prefix := c.resultName(a)
			l.attributes = append(l.attributes, literalAttribute{n, prefix, c.valueTemplate(el, a.Value())})
		} else if a.Local() == "use-attribute-sets" {
			l.sets = c.attributeSets(el, a.Value())
		}
	}
	l.body = c.body(el)
	return l
}

func (c *compiler) resultName(n *xpath.Node) (name, string) {
	if to, ok := c.sheet.aliases[n.Space()]; ok && (n.Kind() == xpath.ElementNode || n.Space() != "") {
		return name{to.space, n.Local()}, to.prefix
	}
	return name{n.Space(), n.Local()}, n.Prefix()
}

// resultSpaces are the namespaces in scope at el but XSLT's and those that are excluded.
func (c *compiler) resultSpaces(el *xpath.Node) []binding {
	excluded := excludedSpaces(el)
	var list []binding
	el.InScope(func(prefix, space string) {
		if to, ok := c.sheet.aliases[space]; ok {
			prefix, space = to.prefix, to.space
		} else if space == Space || slices.Contains(excluded, space) {
			return
		}
		if space != "" {
			list = append(list, binding{prefix, space})
		}
	})
	slices.SortFunc(list, func(a, b binding) int { return strings.Compare(a.prefix, b.prefix) })
	return slices.Compact(list)
}

// excludedSpaces are those that exclude-result-prefixes and extension-element-prefixes name, here and around.
func excludedSpaces(el *xpath.Node) []string {
	return prefixedSpaces(el, "exclude-result-prefixes", "extension-element-prefixes")
}

func prefixedSpaces(el *xpath.Node, attrs ...string) []string {
	var list []string
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attributes() {
			own := a.Space() == Space || a.Space() == "" && el.Space() == Space
			if own && slices.Contains(attrs, a.Local()) {
				list = append(list, spacesOf(el, a.Value())...)
			}
		}
	}
	return list
}

func spacesOf(el *xpath.Node, prefixes string) []string {
	var list []string
	for _, prefix := range strings.Fields(prefixes) {
		switch prefix {
		case "#all":
			el.InScope(func(_, space string) { list = append(list, space) })
			continue
		case "#default":
			prefix = ""
		}
		if space, ok := el.Lookup(prefix); ok {
			list = append(list, space)
		}
	}
	return list
}

func (c *compiler) isExtension(el *xpath.Node) bool {
	return el.Space() != "" && slices.Contains(prefixedSpaces(el, "extension-element-prefixes"), el.Space())
}

func (l *literal) run(f *frame) error {
	if err := at(l.line, l.open(f)); err != nil {
		return err
	}
	if err := l.body.run(f); err != nil {
		return err
	}
	return f.out.Close()
}

func (l *literal) open(f *frame) error {
	if err := f.out.open(l.prefix, l.name); err != nil {
		return err
	}
	for _, s := range l.spaces {
		if err := f.out.namespace(s.prefix, s.space); err != nil {
			return err
		}
	}
	if err := f.useSets(l.sets); err != nil {
		return err
	}
	for _, a := range l.attributes {
		text, err := a.value.text(f)
		if err == nil {
			err = f.out.attribute(a.prefix, a.name, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

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

// attributeSet is xsl:attribute-set.
type attributeSet struct {
	uses  []*attributeSet
	body  body
	slots int
	read  bool
}

func (c *compiler) attributeSet(el *xpath.Node) {
	c.knows(el, "name", "use-attribute-sets")
	var set *attributeSet
	for _, s := range c.sheet.sets[c.nameAttr(el, "name")] {
		if set = s; !s.read {
			break
		}
	}
	if set == nil || set.read {
		return // its name has been refused
	}
	set.read = true
	text, _ := el.Attribute("use-attribute-sets")
	set.uses = c.attributeSets(el, text)
	for _, child := range el.Children() {
		if child.Kind() == xpath.ElementNode && !isXSL(child, "attribute") {
			c.fail(child, "", "xsl:attribute-set contains xsl:attribute only")
		}
	}
	set.body = c.body(el)
	set.slots = c.slots
}

// attributeSets are those that the text names.
func (c *compiler) attributeSets(el *xpath.Node, text string) []*attributeSet {
	var list []*attributeSet
	for _, word := range strings.Fields(text) {
		n := c.name(el, word)
		if c.sheet.sets[n] == nil {
			c.fail(el, "", "no attribute set is called %v", n)
		}
		list = append(list, c.sheet.sets[n]...)
	}
	return list
}

// useSets adds the attributes of sets, which see no variables but those at the top.
func (f *frame) useSets(sets []*attributeSet) error {
	for _, s := range sets {
		if err := f.useSet(s); err != nil {
			return err
		}
	}
	return nil
}

func (f *frame) useSet(s *attributeSet) error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	if err := f.useSets(s.uses); err != nil {
		return err
	}
	inner := f.inner()
	inner.locals = make([]xpath.Result, s.slots)
	return s.body.run(inner)
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
