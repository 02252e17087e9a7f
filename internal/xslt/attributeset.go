package xslt

import (
	"strings"

	"sluice/internal/xpath"
)

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
