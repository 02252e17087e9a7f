package xpath

import (
	"slices"
	"strings"
)

// Pattern is one alternative of an XSLT pattern (XSLT 1.0, section 5.2). It is immutable and safe for concurrent use.
type Pattern struct {
	path     path
	priority float64
}

// CompilePattern reads a pattern and returns its alternatives. The only error is a *SyntaxError.
func CompilePattern(text string, s *Scope) ([]*Pattern, error) {
	p, err := newParser(text, s)
	if err != nil {
		return nil, err
	}
	var all []*Pattern
	for {
		all = append(all, p.pattern())
		if !p.accept("|") {
			break
		}
	}
	if p.err == nil && p.peek().kind != endToken {
		p.fail("unexpected %q", p.peek().text)
	}
	return all, p.err
}

func (p *parser) pattern() *Pattern {
	start := p.peek()
	whole := p.path()
	keyed := start.kind == nameToken && start.text == "key"
	e, ok := whole.(path)
	if found, isCall := whole.(hostCall); isCall && keyed {
		e, ok = path{from: found}, true
	}
	if _, isCall := e.from.(hostCall); !ok || e.from != nil && !(isCall && keyed) {
		p.fail("a pattern is a path of names, which begins with /, a name or key()")
	}
	if p.err != nil {
		return nil
	}
	for _, s := range e.steps {
		if !s.child && !s.axis.attributes && !s.anywhere {
			p.fail("a pattern has steps on the axes child and attribute only")
		}
	}
	return &Pattern{path: e, priority: e.priority()}
}

// priority is the default priority (XSLT 1.0, section 5.5).
func (e path) priority() float64 {
	if e.absolute || e.from != nil || len(e.steps) != 1 || len(e.steps[0].predicates) > 0 {
		return 0.5
	}
	t := e.steps[0].test
	switch {
	case !t.anyLocal && !t.any:
		return 0
	case !t.anySpace && !t.any:
		return -0.25
	}
	return -0.5
}

// Priority is the default priority.
func (p *Pattern) Priority() float64 { return p.priority }

// Key tells which nodes can match, for an index: of that kind, and of that local name if it is not "". ok is false if they may be
// of several kinds.
func (p *Pattern) Key() (kind NodeKind, local string, ok bool) {
	if len(p.path.steps) == 0 {
		return RootNode, "", p.path.from == nil
	}
	t := p.path.steps[len(p.path.steps)-1].test
	if t.anyLocal {
		return t.kind, "", !t.any
	}
	return t.kind, t.local, true
}

// String names the kind and the names of the last step.
func (p *Pattern) String() string {
	_, local, _ := p.Key()
	return strings.TrimSpace(local)
}

// Matches tells whether c.Node matches. The errors are those of Expr.EvalIn.
func (p *Pattern) Matches(c *Context) (matches bool, err error) {
	defer catch(&err)
	inner := context{Work: c.Work, node: c.Node, position: 1, size: 1, env: c.Env}
	return p.path.matches(&inner, c.Node, len(p.path.steps)), nil
}

// matches tells whether the first so many steps of the path lead to n.
func (e path) matches(c *context, n *Node, steps int) bool {
	c.spend(1)
	if steps == 0 {
		return e.begins(c, n)
	}
	s := e.steps[steps-1]
	if !s.matches(c, n) {
		return false
	}
	if s.child && s.axis.deep {
		return e.matchesAbove(c, n.parent, steps-1)
	}
	if steps > 1 && e.steps[steps-2].anywhere {
		return e.matchesAbove(c, n.parent, steps-2)
	}
	if steps == 1 && !e.absolute && e.from == nil {
		return true
	}
	return n.parent != nil && e.matches(c, n.parent, steps-1)
}

// begins tells whether the path can begin at n.
func (e path) begins(c *context, n *Node) bool {
	if e.from == nil {
		return !e.absolute || n.kind == RootNode
	}
	inner := *c
	inner.node = n
	found := c.nodes(e.from.eval(&inner))
	c.spend(len(found))
	return slices.Contains(found, n)
}

// matchesAbove tells whether the steps lead to n or to a node above it.
func (e path) matchesAbove(c *context, n *Node, steps int) bool {
	for ; n != nil; n = n.parent {
		if e.matches(c, n, steps) {
			return true
		}
	}
	return false
}

// matches tells whether the step leads to n, from its parent.
func (s step) matches(c *context, n *Node) bool {
	if s.axis.attributes != (n.kind == AttributeNode) || n.parent == nil || !s.test.accepts(n) {
		return false
	}
	if !s.positional() {
		return !slices.ContainsFunc(s.predicates, func(p predicate) bool { return !p.about(c, n) })
	}
	set := s.candidates(c, n)
	for _, p := range s.predicates {
		set = p.filter(c, set)
	}
	return slices.Contains(set, n)
}

// about tells whether a predicate holds for n, whatever its position.
func (p predicate) about(c *context, n *Node) bool {
	inner := *c
	inner.node = n
	return p.holds(&inner)
}

// candidates are the nodes beside n that pass the test.
func (s step) candidates(c *context, n *Node) nodes {
	all := n.parent.children
	if n.kind == AttributeNode {
		all = n.parent.attrs
	}
	var set nodes
	for _, other := range all {
		c.spend(1)
		if s.test.accepts(other) {
			set = append(set, other)
		}
	}
	return set
}
