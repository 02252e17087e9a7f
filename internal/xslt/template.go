package xslt

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/xpath"
)

// template is a body with room for its variables.
type template struct {
	body   body
	slots  int
	params map[name]bool
	line   int
}

// rule is a template for the nodes that match a pattern.
type rule struct {
	*template
	pattern  *xpath.Pattern
	priority float64
	order    int // in the stylesheet: of two that fit alike the last one counts
}

// mode holds the rules of a mode. After arrange the lists are in the order in which they are tried.
type mode struct {
	rules    []*rule
	elements map[string][]*rule // for elements, by local names that patterns spell
	others   map[xpath.NodeKind][]*rule
}

func (m *mode) arrange() {
	slices.SortStableFunc(m.rules, func(a, b *rule) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(b.order, a.order))
	})
	m.elements = map[string][]*rule{}
	m.others = map[xpath.NodeKind][]*rule{}
	for _, kind := range []xpath.NodeKind{xpath.RootNode, xpath.ElementNode, xpath.AttributeNode, xpath.TextNode, xpath.CommentNode, xpath.InstructionNode} {
		m.others[kind] = m.fitting(kind, "")
	}
	for _, r := range m.rules {
		if kind, local, ok := r.pattern.Key(); ok && kind == xpath.ElementNode && local != "" && m.elements[local] == nil {
			m.elements[local] = m.fitting(kind, local)
		}
	}
}

// fitting are the rules that may match elements of that name, or nodes of that kind; elements of no such name have "".
func (m *mode) fitting(kind xpath.NodeKind, local string) []*rule {
	var list []*rule
	for _, r := range m.rules {
		k, l, ok := r.pattern.Key()
		if !ok || k == kind && (l == "" || l == local || kind != xpath.ElementNode) {
			list = append(list, r)
		}
	}
	return list
}

// candidates are the rules that may match n, in the order in which they are tried.
func (m *mode) candidates(n *xpath.Node) []*rule {
	if m == nil {
		return nil
	}
	if n.Kind() == xpath.ElementNode {
		if list, ok := m.elements[n.Local()]; ok {
			return list
		}
	}
	return m.others[n.Kind()]
}

// find returns the rule for the frame's node, nil if none matches; with after the one that comes after that.
func (m *mode) find(f *frame, after *rule) (*rule, error) {
	for _, r := range m.candidates(f.Node) {
		if after != nil {
			if r == after {
				after = nil
			}
			continue
		}
		matches, err := r.pattern.Matches(&f.Context)
		if err != nil {
			return nil, at(r.line, err)
		}
		if matches {
			return r, nil
		}
	}
	return nil, nil
}

// apply has the rules of a mode process nodes.
func (f *frame) apply(list []*xpath.Node, m *mode, args []argument) error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	for i, n := range list {
		if err := f.run.work.Spend(workOfCall); err != nil {
			return err
		}
		probe := f.run.frame(n, 0)
		probe.Position, probe.Size, probe.mode = i+1, len(list), m
		if err := probe.applyNext(nil, args); err != nil {
			return err
		}
	}
	return nil
}

// applyNext has the rule that comes after another one process the frame's node; after nil the first.
func (f *frame) applyNext(after *rule, args []argument) error {
	r, err := f.mode.find(f, after)
	if err != nil {
		return err
	}
	if r == nil {
		return f.builtIn(args)
	}
	f.rule, f.args = r, args
	f.locals = make([]xpath.Result, r.slots)
	return r.body.run(f)
}

// builtIn is what happens to a node without a rule (XSLT 1.0, section 5.8).
func (f *frame) builtIn(args []argument) error {
	switch n := f.Node; n.Kind() {
	case xpath.RootNode, xpath.ElementNode:
		return f.apply(n.Children(), f.mode, args)
	case xpath.TextNode, xpath.AttributeNode:
		return f.out.Text(n.Value(), false)
	}
	return nil
}

// template reads xsl:template.
func (c *compiler) template(el *xpath.Node) {
	c.knows(el, "match", "name", "priority", "mode", "as", "visibility")
	match, matches := el.Attribute("match")
	t := &template{line: el.Line(), params: map[name]bool{}}
	if _, ok := el.Attribute("name"); ok {
		if named := c.sheet.named[c.nameAttr(el, "name")]; named != nil {
			t = named
		}
	} else if !matches {
		c.fail(el, `add match="..." or name="..."`, "%s has neither match nor name", el.Name())
	}
	t.body = c.body(el)
	t.slots = c.slots
	if matches {
		c.rules(el, t, match, c.modes(el), c.priority(el))
	}
}

func (c *compiler) rules(el *xpath.Node, t *template, match string, modes []name, priority *float64) {
	c.locals = nil
	patterns := c.patterns(el, match)
	c.order++
	for _, m := range modes {
		for _, p := range patterns {
			r := &rule{template: t, pattern: p, priority: p.Priority(), order: c.order}
			if priority != nil {
				r.priority = *priority
			}
			c.addRule(m, r)
		}
	}
}

// allModes stands for #all of XSLT 2.0.
var allModes = name{local: "#all"}

func (c *compiler) addRule(m name, r *rule) {
	if m == allModes {
		c.everywhere = append(c.everywhere, r)
		c.modeOf(name{}) // which nothing else may name
		return
	}
	list := &c.modeOf(m).rules
	*list = append(*list, r)
}

// modeOf is the mode of that name.
func (c *compiler) modeOf(m name) *mode {
	if c.sheet.modes[m] == nil {
		c.sheet.modes[m] = &mode{}
	}
	return c.sheet.modes[m]
}

// patterns are the alternatives of a pattern.
func (c *compiler) patterns(el *xpath.Node, text string) []*xpath.Pattern {
	list, err := xpath.CompilePattern(strings.TrimSpace(text), c.scope(el))
	if err != nil {
		c.fail(el, "", "%s: %v", el.Name(), err)
		return nil
	}
	return list
}

// modes are those of a template; XSLT 2.0 allows several.
func (c *compiler) modes(el *xpath.Node) []name {
	text, ok := el.Attribute("mode")
	if !ok {
		return []name{{}}
	}
	var list []name
	for _, word := range strings.Fields(text) {
		switch word {
		case "#default":
			list = append(list, name{})
		case "#all":
			list = append(list, allModes)
		default:
			list = append(list, c.name(el, word))
		}
	}
	return list
}

func (c *compiler) priority(el *xpath.Node) *float64 {
	text, ok := el.Attribute("priority")
	if !ok {
		return nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		c.fail(el, "write a number", "priority=%q is no number", text)
	}
	return &f
}
