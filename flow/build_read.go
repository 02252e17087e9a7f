package flow

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// Child returns the first child of el with that local name, or nil. Namespaces
// do not count: rebadged bundles carry one.
func (b *Build) Child(el *etree.Element, tag string) *etree.Element { return Child(el, tag) }

// Child returns the first child of el with that local name, or nil.
func Child(el *etree.Element, tag string) *etree.Element {
	if el == nil {
		return nil
	}
	for _, c := range el.ChildElements() {
		if c.Tag == tag {
			return c
		}
	}
	return nil
}

// Children returns the children of el with that local name.
func Children(el *etree.Element, tag string) []*etree.Element {
	if el == nil {
		return nil
	}
	var list []*etree.Element
	for _, c := range el.ChildElements() {
		if c.Tag == tag {
			list = append(list, c)
		}
	}
	return list
}

// RawText is all character data of el, with its white space.
func RawText(el *etree.Element) string {
	if el == nil {
		return ""
	}
	var s strings.Builder
	for _, t := range el.Child {
		if c, ok := t.(*etree.CharData); ok {
			s.WriteString(c.Data)
		}
	}
	return s.String()
}

// TextOf is the character data of el without the white space around it.
func TextOf(el *etree.Element) string { return strings.TrimSpace(RawText(el)) }

// innerXML is what el contains, text or elements, as it will be sent: the
// payload of AssignMessage and RaiseFault.
func innerXML(el *etree.Element) (string, error) {
	if len(el.ChildElements()) == 0 {
		return RawText(el), nil
	}
	doc := etree.NewDocument()
	doc.WriteSettings.CanonicalText = true
	for c := el.Copy(); len(c.Child) > 0; {
		doc.AddChild(c.Child[0]) // which takes it away from c
	}
	s, err := doc.WriteToString()
	return strings.TrimSpace(s), err
}

// Text is the trimmed text of the child of el called tag, "" if there is none.
func (b *Build) Text(el *etree.Element, tag string) string { return TextOf(Child(el, tag)) }

// Attr is the trimmed value of an attribute, "" if there is none.
func (b *Build) Attr(el *etree.Element, name string) string {
	if el == nil {
		return ""
	}
	return strings.TrimSpace(el.SelectAttrValue(name, ""))
}

// Need is Text for a child that must exist and hold text.
func (b *Build) Need(el *etree.Element, tag string) string {
	c := Child(el, tag)
	if s := TextOf(c); s != "" {
		return s
	}
	if c == nil {
		c = el
	}
	b.RefuseText(c, "MissingElement", "element "+tag+" is missing or empty", "add <"+tag+">...</"+tag+"> to <"+el.Tag+">")
	return ""
}

// Bool reads a Boolean child; blank and absent mean def.
func (b *Build) Bool(el *etree.Element, tag string, def bool) bool {
	c := Child(el, tag)
	return b.boolean(c, TextOf(c), def)
}

// BoolAttr reads a Boolean attribute; blank and absent mean def.
func (b *Build) BoolAttr(el *etree.Element, name string, def bool) bool {
	return b.boolean(el, b.Attr(el, name), def)
}

func (b *Build) boolean(el *etree.Element, text string, def bool) bool {
	switch strings.ToLower(text) {
	case "":
		return def
	case "true":
		return true
	case "false":
		return false
	}
	b.invalid(el, text, "true or false")
	return def
}

// Int reads a whole number of at least low; blank and absent mean def.
func (b *Build) Int(el *etree.Element, tag string, def, low int) int {
	c := Child(el, tag)
	text := TextOf(c)
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low {
		b.invalid(c, text, fmt.Sprintf("a whole number of at least %d", low))
		return def
	}
	return n
}

// Millis reads a duration in milliseconds; blank and absent mean def. What is
// too long for a time.Duration becomes the longest one.
func (b *Build) Millis(el *etree.Element, tag string, def time.Duration, low int) time.Duration {
	n := time.Duration(b.Int(el, tag, int(def/time.Millisecond), low))
	return min(n, math.MaxInt64/time.Millisecond) * time.Millisecond
}

// Enum reads one of the values, compared without case; blank and absent mean the
// first.
func (b *Build) Enum(el *etree.Element, tag string, values ...string) string {
	c := Child(el, tag)
	text := TextOf(c)
	if text == "" {
		return values[0]
	}
	for _, v := range values {
		if strings.EqualFold(v, text) {
			return v
		}
	}
	b.invalid(c, text, "one of "+strings.Join(values, ", "))
	return values[0]
}

func (b *Build) invalid(el *etree.Element, text, want string) {
	b.RefuseText(el, "InvalidValue", fmt.Sprintf("%q is not %s", text, want), "write "+want)
}

// common are the children that every policy may have and the runtime ignores.
var common = []string{"DisplayName", "Description", "Properties", "FaultRules"}

// Known warns of children of el that are not in tags, as Apigee ignores them.
func (b *Build) Known(el *etree.Element, tags ...string) {
	if el == nil {
		return
	}
next:
	for _, c := range el.ChildElements() {
		for _, t := range tags {
			if c.Tag == t {
				continue next
			}
		}
		for _, t := range common {
			if c.Tag == t && el.Parent() != nil && el.Parent().Tag == "" {
				continue next
			}
		}
		b.Warn(c, "UnknownElement", "element "+c.Tag+" is not known in "+el.Tag+" and is ignored", "known here: "+strings.Join(tags, ", "))
	}
}
