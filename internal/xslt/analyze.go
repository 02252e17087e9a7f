package xslt

import (
	"regexp"

	"sluice/internal/xpath"
)

// analyzeString is xsl:analyze-string of XSLT 2.0.
type analyzeString struct {
	selected    *expression
	regex       *valueTemplate
	flags       *valueTemplate // may be nil
	matching    body
	nonMatching body
	line        int
}

func (c *compiler) analyzeString(el *xpath.Node) instruction {
	c.knows(el, "select", "regex", "flags")
	i := &analyzeString{
		selected: c.selected(el, "select"),
		regex:    c.valueTemplate(el, c.need(el, "regex")),
		flags:    c.optionalTemplate(el, "flags"),
		line:     el.Line(),
	}
	for _, child := range el.Children() {
		switch {
		case isXSL(child, "matching-substring"):
			i.matching = c.body(child)
		case isXSL(child, "non-matching-substring"):
			i.nonMatching = c.body(child)
		case child.Kind() == xpath.ElementNode && !isXSL(child, "fallback"):
			c.fail(child, "", "%s cannot contain this", el.Name())
		}
	}
	return i
}

func (i *analyzeString) run(f *frame) error {
	text, err := i.selected.text(f)
	if err != nil {
		return err
	}
	re, err := i.compile(f)
	if err != nil {
		return at(i.line, err)
	}
	found, err := f.run.work.Matches(re, text)
	if err != nil {
		return at(i.line, err)
	}
	inner := f.inner()
	inner.Size = 2*len(found) + 1
	inner.Position = 0
	last := 0
	for _, m := range found {
		if err := i.part(inner, i.nonMatching, text[last:m[0]], nil); err != nil {
			return err
		}
		if err := i.part(inner, i.matching, text[m[0]:m[1]], submatches(text, m)); err != nil {
			return err
		}
		last = m[1]
	}
	return i.part(inner, i.nonMatching, text[last:], nil)
}

func (i *analyzeString) compile(f *frame) (*regexp.Regexp, error) {
	pattern, err := i.regex.text(f)
	if err != nil {
		return nil, err
	}
	flags, err := i.flags.or(f, "")
	if err != nil {
		return nil, err
	}
	return f.run.work.Regexp(pattern, flags)
}

func submatches(text string, m []int) []string {
	groups := make([]string, len(m)/2)
	for n := range groups {
		if m[2*n] >= 0 {
			groups[n] = text[m[2*n]:m[2*n+1]]
		}
	}
	return groups
}

// part carries a body out on a piece of the text that is not empty. last() is too large where empty ones were left out.
func (i *analyzeString) part(f *frame, b body, text string, groups []string) error {
	if text == "" {
		return nil
	}
	item, err := f.run.work.Item(text)
	if err != nil {
		return at(i.line, err)
	}
	f.Node, f.groups = item, groups
	f.Position++
	return b.run(f)
}

// regexGroup is regex-group(), "" where there is none.
func regexGroup(c *xpath.Context, args []xpath.Result) (xpath.Result, error) {
	groups := c.Env.(*frame).groups
	if n := args[0].Number(); n >= 0 && n < float64(len(groups)) {
		return xpath.OfString(groups[int(n)]), nil
	}
	return xpath.OfString(""), nil
}
