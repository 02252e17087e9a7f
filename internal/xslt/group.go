package xslt

import (
	"sluice/internal/xpath"
)

// forEachGroup is xsl:for-each-group of XSLT 2.0, of which group-by, group-adjacent and group-starting-with are here.
type forEachGroup struct {
	selected *expression
	by       *expression      // of group-by or group-adjacent
	adjacent bool             // only neighbours are of one group
	starting []*xpath.Pattern // group-starting-with
	sorts    []sortKey
	body     body
	line     int
}

// group is the current group.
type group struct {
	key   string
	nodes []*xpath.Node
}

func (c *compiler) forEachGroup(el *xpath.Node) instruction {
	i := &forEachGroup{selected: c.selected(el, "select"), sorts: c.sorts(el), line: el.Line()}
	if text, ok := el.Attribute("group-by"); ok {
		i.by = c.expression(el, text)
	} else if text, ok := el.Attribute("group-adjacent"); ok {
		i.by, i.adjacent = c.expression(el, text), true
	} else if text, ok := el.Attribute("group-starting-with"); ok {
		i.starting = c.patterns(el, text)
	} else {
		c.fail(el, "use group-by, group-adjacent or group-starting-with", "xsl:for-each-group has no criterion that is supported")
	}
	i.body = c.body(el)
	return i
}

func (i *forEachGroup) run(f *frame) error {
	groups, err := i.groups(f)
	if err != nil {
		return at(i.line, err)
	}
	firsts := make([]*xpath.Node, len(groups))
	byFirst := map[*xpath.Node][]*group{} // a node may begin several groups
	for n, g := range groups {
		firsts[n] = g.nodes[0]
		byFirst[g.nodes[0]] = append(byFirst[g.nodes[0]], g)
	}
	if firsts, err = f.sorted(firsts, i.sorts); err != nil {
		return err
	}
	inner := f.inner()
	inner.Size = len(firsts)
	for at, n := range firsts {
		inner.Node, inner.Position = n, at+1
		inner.group, byFirst[n] = byFirst[n][0], byFirst[n][1:]
		if err := i.body.run(inner); err != nil {
			return err
		}
	}
	return nil
}

func (i *forEachGroup) groups(f *frame) ([]*group, error) {
	list, err := i.selected.nodes(f)
	if err != nil {
		return nil, err
	}
	var groups []*group
	byKey := map[string]*group{}
	inner := f.inner()
	inner.Size = len(list)
	for at, n := range list {
		inner.Node, inner.Position = n, at+1
		keys, err := i.groupKeys(inner, len(groups))
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			g := byKey[k]
			if g == nil || i.adjacent && g != groups[len(groups)-1] {
				g = &group{key: k}
				groups = append(groups, g)
				byKey[k] = g
			}
			if len(g.nodes) == 0 || g.nodes[len(g.nodes)-1] != n {
				g.nodes = append(g.nodes, n)
			}
		}
	}
	return groups, nil
}

// groupKeys are the keys of the groups that the frame's node belongs to; so many groups there are.
func (i *forEachGroup) groupKeys(f *frame, groups int) ([]string, error) {
	if i.by != nil {
		return i.by.values(f)
	}
	starts, err := fits(f, i.starting, f.Node)
	if starts || groups == 0 {
		groups++
	}
	return []string{xpath.OfNumber(float64(groups)).String()}, err
}

func currentGroup(c *xpath.Context, _ []xpath.Result) (xpath.Result, error) {
	g := c.Env.(*frame).group
	if g == nil {
		return xpath.OfNodes(), nil
	}
	return xpath.OfNodes(g.nodes...), nil
}

func currentGroupingKey(c *xpath.Context, _ []xpath.Result) (xpath.Result, error) {
	g := c.Env.(*frame).group
	if g == nil {
		return xpath.OfNodes(), nil
	}
	return xpath.OfString(g.key), nil
}
