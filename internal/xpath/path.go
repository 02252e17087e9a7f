package xpath

import (
	"cmp"
	"slices"
)

// path is a location path: steps from the context node, from the root, or from what an expression selects.
type path struct {
	from     expr // nil: the context node
	absolute bool
	steps    []step
}

type step struct {
	axis       axis
	test       nodeTest
	predicates []predicate
	// anywhere marks the step that // stands for; child, one on the child axis.
	anywhere, child bool
}

type predicate struct {
	expr
	// positional tells that the result depends on position() or last(), or is a number.
	positional bool
}

func (path) kind() Kind { return NodeSet }

func (p path) eval(c *context) any {
	set := nodes{c.node}
	switch {
	case p.from != nil:
		set = c.nodes(p.from.eval(c))
	case p.absolute:
		root := c.node
		for root.parent != nil {
			root = root.parent
		}
		set = nodes{root}
	}
	for _, s := range p.steps {
		set = s.apply(c, set)
	}
	return set
}

func (s step) apply(c *context, from nodes) nodes {
	var selected nodes
	for _, n := range from {
		start := len(selected)
		if s.axis.namespaces {
			c.spend(n.scope())
		}
		s.axis.walk(n, func(candidate *Node) {
			c.spend(1)
			if s.test.accepts(candidate) {
				selected = append(selected, candidate)
			}
		})
		kept := selected[start:]
		for _, p := range s.predicates {
			kept = p.filter(c, kept)
		}
		selected = selected[:start+len(kept)]
	}
	return ordered(selected)
}

// filter keeps the nodes for which the predicate holds, in place. Positions count along the axis.
func (p predicate) filter(c *context, set nodes) nodes {
	kept := set[:0]
	inner := *c
	inner.size = len(set)
	for i, n := range set {
		c.spend(1)
		inner.node, inner.position = n, i+1
		if p.holds(&inner) {
			kept = append(kept, n)
		}
	}
	return kept
}

func (p predicate) holds(c *context) bool {
	switch v := p.eval(c).(type) {
	case float64:
		return v == float64(c.position)
	default:
		return toBoolean(v)
	}
}

// ordered brings a set into document order and drops duplicates, in place. Most sets are in order as they come.
func ordered(set nodes) nodes {
	sorted := slices.IsSortedFunc(set, byOrder)
	if !sorted {
		slices.SortFunc(set, byOrder)
	}
	return slices.Compact(set)
}

func byOrder(a, b *Node) int { return cmp.Compare(a.order, b.order) }

// filtered is an expression with predicates, as in (//a)[1]. Positions count in document order.
type filtered struct {
	expr
	predicates []predicate
}

func (f filtered) eval(c *context) any {
	// A copy: the set may be shared with nobody, but that is the expression's business.
	set := slices.Clone(c.nodes(f.expr.eval(c)))
	for _, p := range f.predicates {
		set = p.filter(c, set)
	}
	return set
}

// union is left | right.
type union struct{ left, right expr }

func (union) kind() Kind { return NodeSet }

func (u union) eval(c *context) any {
	return ordered(slices.Concat(c.nodes(u.left.eval(c)), c.nodes(u.right.eval(c))))
}
