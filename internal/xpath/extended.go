package xpath

import "slices"

// The parts of XPath 2.0 that stylesheets use: if, for, some and every, sequences, to, functions as steps, and the functions of
// functions_extended.go. There is no type of sequences: one is a node-set that may be in any order, whose items that are no
// nodes have become text nodes without a parent. So a number in a sequence compares as untyped text does.

// binding is a variable of for, some or every with its value.
type binding struct {
	value any
	next  *binding
}

// rangeVariable is a variable of for, some or every: so many bindings away.
type rangeVariable int

func (rangeVariable) kind() Kind { return Any }

func (v rangeVariable) eval(c *context) any {
	b := c.ranges
	for range v {
		b = b.next
	}
	return b.value
}

// sequence is what parentheses and a whole expression may hold: expressions separated by commas.
func (p *parser) sequence() expr {
	first := p.expr()
	if !p.scope.Extended || !p.at(",") {
		return first
	}
	all := sequence{first}
	for p.accept(",") {
		all = append(all, p.expr())
	}
	return all
}

func (p *parser) parenthesized() expr {
	if p.scope.Extended && p.accept(")") {
		return sequence{}
	}
	e := p.sequence()
	p.expect(")")
	return e
}

// extended reads if, for, some and every; ok is false where there is none.
func (p *parser) extended() (e expr, ok bool) {
	word := p.peek()
	if !p.scope.Extended || word.kind != nameToken || p.tokens[1].kind != symbolToken {
		return nil, false
	}
	switch after := p.tokens[1].text; {
	case word.text == "if" && after == "(":
		p.tokens = p.tokens[2:]
		test := p.sequence()
		p.expect(")")
		p.expect("then")
		then := p.expr()
		p.expect("else")
		return choice{test, then, p.expr()}, true
	case after == "$" && (word.text == "for" || word.text == "some" || word.text == "every"):
		p.take()
		return p.iteration(word.text), true
	}
	return nil, false
}

// iteration reads "$x in expr", more of them after commas, and what is done for each.
func (p *parser) iteration(word string) expr {
	p.expect("$")
	name := p.take()
	if name.kind != nameToken {
		return p.fail("expected the name of a variable")
	}
	p.expect("in")
	over := p.expr()
	p.ranges = append(p.ranges, name.text)
	defer func() { p.ranges = p.ranges[:len(p.ranges)-1] }()
	var body expr
	switch {
	case p.accept(","):
		if p.nesting++; p.nesting > maxNesting {
			return p.fail("nested deeper than %d levels", maxNesting)
		}
		defer func() { p.nesting-- }()
		body = p.iteration(word)
	case word == "for":
		p.expect("return")
		body = p.expr()
	default:
		p.expect("satisfies")
		body = p.expr()
	}
	if word == "for" {
		return loop{over, body}
	}
	return quantified{over, body, word == "every"}
}

type (
	sequence []expr
	choice   struct{ test, then, otherwise expr }
	// loop is for $x in over return body.
	loop struct{ over, body expr }
	// quantified is some or every.
	quantified struct {
		over, body expr
		every      bool
	}
	// span is from to to.
	span struct{ from, to expr }
	// same is is.
	same struct{ left, right expr }
	// selection is intersect and except.
	selection struct {
		union
		both bool
	}
)

func (sequence) kind() Kind   { return NodeSet }
func (choice) kind() Kind     { return Any }
func (loop) kind() Kind       { return NodeSet }
func (quantified) kind() Kind { return Boolean }
func (span) kind() Kind       { return NodeSet }
func (same) kind() Kind       { return Boolean }

func (s sequence) eval(c *context) any {
	var all nodes
	for _, e := range s {
		all = c.append(all, e.eval(c))
	}
	return all
}

func (h choice) eval(c *context) any {
	if toBoolean(h.test.eval(c)) {
		return h.then.eval(c)
	}
	return h.otherwise.eval(c)
}

func (l loop) eval(c *context) any {
	var all nodes
	for _, item := range c.items(l.over.eval(c)) {
		all = c.append(all, l.body.eval(c.bind(item)))
	}
	return all
}

func (q quantified) eval(c *context) any {
	for _, item := range c.items(q.over.eval(c)) {
		if toBoolean(q.body.eval(c.bind(item))) != q.every {
			return !q.every
		}
	}
	return q.every
}

func (s span) eval(c *context) any {
	from, to := c.number(s.from.eval(c)), c.number(s.to.eval(c))
	var all nodes
	for f := from; f <= to; f++ {
		all = c.append(all, f)
	}
	return all
}

func (s same) eval(c *context) any {
	left, right := c.nodes(s.left.eval(c)), c.nodes(s.right.eval(c))
	return len(left) > 0 && len(right) > 0 && left[0] == right[0]
}

func (s selection) eval(c *context) any {
	right := map[*Node]bool{}
	for _, n := range c.nodes(s.right.eval(c)) {
		right[n] = true
	}
	kept := slices.Clone(c.nodes(s.left.eval(c)))
	return ordered(slices.DeleteFunc(kept, func(n *Node) bool { return right[n] != s.both }))
}

// bind is the context with one variable more.
func (c *context) bind(n *Node) *context {
	c.spend(1)
	inner := *c
	inner.ranges = &binding{nodes{n}, c.ranges}
	return &inner
}

// items is v as a sequence.
func (c *context) items(v any) nodes {
	if set, ok := v.(nodes); ok {
		return set
	}
	return nodes{c.item(v)}
}

// item is a value that is no node, as one.
func (c *context) item(v any) *Node {
	c.spend(4)
	return &Node{kind: TextNode, text: c.string(v), order: c.nextOrder()}
}

func (c *context) append(to nodes, v any) nodes {
	if set, ok := v.(nodes); ok {
		c.spend(len(set))
		return append(to, set...)
	}
	return append(to, c.item(v))
}

// mapped is a step that is no step of XPath 1.0: an expression, such as a function, evaluated for each node before it.
type mapped struct {
	from path
	body expr
}

func (mapped) kind() Kind { return NodeSet }

func (m mapped) eval(c *context) any {
	from := m.from.eval(c).(nodes)
	inner := *c
	inner.size = len(from)
	var all nodes
	onlyNodes := true
	for i, n := range from {
		c.spend(1)
		inner.node, inner.position = n, i+1
		v := m.body.eval(&inner)
		_, isSet := v.(nodes)
		onlyNodes = onlyNodes && isSet
		all = c.append(all, v)
	}
	if onlyNodes {
		return ordered(all)
	}
	return all
}
