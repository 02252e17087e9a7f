package xslt

import (
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
