package policies

import (
	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/javaregex"
)

// regexProtectionCompiler is what compiling the elements of one policy shares.
type regexProtectionCompiler struct {
	*flow.Build
	source string
	reads  bool // some element reads the source
}

// regexProtectionElements are the elements that have patterns, in the order in which they are looked at. That order is
// inferred: it is that of Apigee's reference.
var regexProtectionElements = []struct {
	tag     string
	compile func(*regexProtectionCompiler, *etree.Element) regexProtectionCheck
}{
	{"URIPath", (*regexProtectionCompiler).path},
	{"QueryParam", (*regexProtectionCompiler).queryParam},
	{"Header", (*regexProtectionCompiler).header},
	{"FormParam", (*regexProtectionCompiler).formParam},
	{"Variable", (*regexProtectionCompiler).variable},
	{"XMLPayload", (*regexProtectionCompiler).xml},
	{"JSONPayload", (*regexProtectionCompiler).json},
}

// compile compiles the elements that have patterns. A policy with nothing but Variable is accepted, although the text of
// NothingToEnforce does not list that element: public bundles have one.
func (c *regexProtectionCompiler) compile(el *etree.Element) []regexProtectionCheck {
	var checks []regexProtectionCheck
	for _, element := range regexProtectionElements {
		for _, child := range flow.Children(el, element.tag) {
			c.reads = c.reads || element.tag != "Variable"
			checks = append(checks, element.compile(c, child))
		}
	}
	if checks == nil {
		c.Refuse(el, "NothingToEnforce")
	}
	return checks
}

// patterns reads the Pattern elements of el.
func (c *regexProtectionCompiler) patterns(el *etree.Element) []*javaregex.Regexp {
	var list []*javaregex.Regexp
	children := flow.Children(el, "Pattern")
	for _, child := range children {
		text := flow.TextOf(child)
		if text == "" {
			c.Warn(child, "EmptyPattern", "Pattern is empty, which would be found everywhere; it is ignored", "write a regular expression")
			continue
		}
		pattern, err := javaregex.Compile(text, javaregex.Options{IgnoreCase: c.BoolAttr(child, "ignoreCase", false)})
		if err != nil {
			c.Refuse(child, "InvalidRegularExpression", "regex", text)
			c.hint(err.Error())
			continue
		}
		list = append(list, pattern)
	}
	if len(children) == 0 {
		c.Refuse(el, "NoPatternsToEnforce", "element", el.Tag)
	}
	return list
}

// name reads the attribute name.
func (c *regexProtectionCompiler) name(el *etree.Element) string {
	name := c.Attr(el, "name")
	if name == "" {
		c.RefuseText(el, "MissingName", "attribute name is missing in "+el.Tag, `write <`+el.Tag+` name="NAME">`)
	}
	return name
}

// hint adds to the problem told last why it is one: the documented text has no room for it.
func (c *regexProtectionCompiler) hint(why string) { c.Problems[len(c.Problems)-1].Hint = why }
