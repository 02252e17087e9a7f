package xslt

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/ianaindex"

	"sluice/internal/xpath"
)

// output is what all xsl:output of a stylesheet say together: of an attribute that occurs several times the last one counts.
type output struct {
	method          string // xml, html or text; "" if the result decides
	encoding        string // "" for UTF-8
	omitDeclaration bool
	standalone      string // "" for nothing
	version         string
	indent          string // yes, no, "" for the method's own
	doctypePublic   string
	doctypeSystem   string
	cdata           []name
	mediaType       string
	noContentType   bool // HTML gets no meta element
	byteOrderMark   bool
}

func (c *compiler) output(el *xpath.Node) {
	c.knows(el, "method", "version", "encoding", "omit-xml-declaration", "standalone", "doctype-public", "doctype-system", "cdata-section-elements", "indent", "media-type")
	o := &c.sheet.output
	for _, a := range el.Attributes() {
		text := strings.TrimSpace(a.Value())
		switch a.Local() {
		case "method":
			o.method = c.method(el, text)
		case "encoding":
			o.encoding = c.encoding(el, text)
		case "omit-xml-declaration":
			o.omitDeclaration = c.yes(el, a.Local())
		case "standalone":
			o.standalone = text
		case "version":
			o.version = text
		case "indent":
			o.indent = "no"
			if c.yes(el, a.Local()) {
				o.indent = "yes"
			}
		case "doctype-public":
			o.doctypePublic = a.Value()
		case "doctype-system":
			o.doctypeSystem = a.Value()
		case "cdata-section-elements":
			o.cdata = append(o.cdata, c.elementNames(el, text)...)
		case "media-type":
			o.mediaType = text
		case "include-content-type":
			o.noContentType = !c.yes(el, a.Local())
		case "byte-order-mark":
			o.byteOrderMark = c.yes(el, a.Local())
		}
	}
}

func (c *compiler) method(el *xpath.Node, text string) string {
	switch text {
	case "xml", "html", "text":
		return text
	case "xhtml":
		return "xml"
	}
	c.fail(el, "write xml, html or text", "the output method %q is not supported", text)
	return ""
}

func (c *compiler) encoding(el *xpath.Node, text string) string {
	if enc, err := ianaindex.IANA.Encoding(text); enc == nil || err != nil {
		c.fail(el, `write encoding="UTF-8"`, "the encoding %q is not known", text)
	}
	return text
}

// elementNames are names of elements: those without a prefix are in the default namespace.
func (c *compiler) elementNames(el *xpath.Node, text string) []name {
	var list []name
	for _, word := range strings.Fields(text) {
		n := c.name(el, word)
		if !strings.Contains(word, ":") {
			n.space, _ = el.Lookup("")
		}
		list = append(list, n)
	}
	return list
}

// spaceRule is a name in xsl:strip-space or xsl:preserve-space.
type spaceRule struct {
	name     name
	anyLocal bool
	anySpace bool
	strip    bool
}

func (s spaceRule) fits(n name) bool {
	return (s.anyLocal || s.name.local == n.local) && (s.anySpace || s.name.space == n.space)
}

// priority is that of a pattern of the same form.
func (s spaceRule) priority() int {
	switch {
	case s.anyLocal && s.anySpace:
		return 0
	case s.anyLocal || s.anySpace:
		return 1
	}
	return 2
}

// whiteSpace says below which elements of the source text of white space is dropped.
type whiteSpace []spaceRule

func (c *compiler) whiteSpace(el *xpath.Node) {
	c.knows(el, "elements")
	for _, word := range strings.Fields(c.need(el, "elements")) {
		r := spaceRule{strip: el.Local() == "strip-space"}
		if prefix, ok := strings.CutSuffix(word, ":*"); ok {
			space, found := el.Lookup(prefix)
			if !found {
				c.fail(el, "", "prefix %s is not declared", prefix)
			}
			r.anyLocal, r.name.space = true, space
		} else if word == "*" {
			r.anyLocal, r.anySpace = true, true
		} else {
			r.name = c.name(el, word)
		}
		c.sheet.spaces = append(c.sheet.spaces, r)
	}
}

// stripper tells for an element what the rule of the highest priority says, the last one of several; nil if all is kept.
func (w whiteSpace) stripper() func(space, local string) bool {
	if !slices.ContainsFunc(w, func(r spaceRule) bool { return r.strip }) {
		return nil
	}
	sorted := slices.Clone(w)
	slices.Reverse(sorted)
	slices.SortStableFunc(sorted, func(a, b spaceRule) int { return cmp.Compare(b.priority(), a.priority()) })
	return func(space, local string) bool {
		for _, r := range sorted {
			if r.fits(name{space, local}) {
				return r.strip
			}
		}
		return false
	}
}
