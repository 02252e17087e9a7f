package xpath

import "strings"

// path reads a location path, or a primary expression with what may follow it.
func (p *parser) path() expr {
	if p.atPrimary() {
		return p.filterPath()
	}
	var e path
	switch {
	case p.accept("//"):
		e.absolute = true
		e.steps = []step{anywhere}
	case p.accept("/"):
		e.absolute = true
		if !p.atStep() {
			return e
		}
	}
	return p.relative(e)
}

// anywhere is the step that // stands for.
var anywhere = step{axis: axes["descendant-or-self"], test: nodeTest{any: true}, anywhere: true}

func (p *parser) filterPath() expr {
	e := p.filter()
	var steps []step
	switch {
	case p.accept("//"):
		steps = []step{anywhere}
	case p.accept("/"):
	default:
		return e
	}
	if !mayBeNodes(e) {
		return p.fail("a path needs a node-set")
	}
	return p.relative(path{from: e, steps: steps})
}

// filter reads a primary expression with its predicates.
func (p *parser) filter() expr {
	e := p.primary()
	if predicates := p.predicates(); predicates != nil {
		if !mayBeNodes(e) {
			return p.fail("a predicate needs a node-set")
		}
		e = filtered{e, predicates}
	}
	return e
}

func (p *parser) relative(e path) expr {
	for {
		if p.scope.Extended && p.atPrimary() {
			e = path{from: mapped{e, p.filter()}}
		} else {
			e.steps = appendStep(e.steps, p.step())
		}
		switch {
		case p.accept("//"):
			e.steps = append(e.steps, anywhere)
		case p.accept("/"):
		default:
			return e
		}
	}
}

// appendStep makes one step of .//name, where positions do not matter: else a list of all nodes would be gathered between.
func appendStep(steps []step, s step) []step {
	last := len(steps) - 1
	if last < 0 || !steps[last].anywhere || !s.child || s.positional() {
		return append(steps, s)
	}
	s.axis = axes["descendant"]
	steps[last] = s
	return steps
}

func (s step) positional() bool {
	for _, p := range s.predicates {
		if p.positional {
			return true
		}
	}
	return false
}

func (p *parser) atStep() bool {
	t := p.peek()
	return t.kind == nameToken || t.kind == wildcardToken || p.at(".") || p.at("..") || p.at("@")
}

func (p *parser) step() step {
	switch {
	case p.accept("."):
		return step{axis: axes["self"], test: nodeTest{any: true}}
	case p.accept(".."):
		return step{axis: axes["parent"], test: nodeTest{any: true}}
	}
	name := "child"
	switch t := p.peek(); {
	case p.accept("@"):
		name = "attribute"
	case t.kind == nameToken && p.tokens[1].kind == symbolToken && p.tokens[1].text == "::":
		name = t.text
		p.tokens = p.tokens[2:]
	}
	a, ok := axes[name]
	if !ok {
		p.fail("no axis is called %q", name)
	}
	s := step{axis: a, test: p.nodeTest(a), child: name == "child"}
	s.predicates = p.predicates()
	return s
}

func (p *parser) nodeTest(a axis) nodeTest {
	principal := ElementNode
	if a.attributes {
		principal = AttributeNode
	}
	if a.namespaces {
		principal = NamespaceNode
	}
	t := p.take()
	switch {
	case t.kind == wildcardToken:
		return nodeTest{kind: principal, anySpace: true, anyLocal: true}
	case t.kind == nameToken && strings.HasPrefix(t.text, "*:"):
		return nodeTest{kind: principal, anySpace: true, local: t.text[2:]}
	case t.kind != nameToken:
		p.fail("expected a name or *")
		return nodeTest{}
	case p.accept("("):
		return p.kindTest(t.text)
	}
	if principal == ElementNode && !strings.Contains(t.text, ":") {
		return nodeTest{kind: principal, space: p.scope.ElementSpace, local: t.text}
	}
	space, local, ok := p.qualified(t.text)
	if !ok {
		prefix, _, _ := strings.Cut(t.text, ":")
		p.fail("prefix %q is not declared", prefix)
	}
	return nodeTest{kind: principal, space: space, local: local, anyLocal: local == "*"}
}

func (p *parser) kindTest(name string) nodeTest {
	test := nodeTest{anySpace: true, anyLocal: true}
	switch name {
	case "node":
		test.any = true
	case "text":
		test.kind = TextNode
	case "comment":
		test.kind = CommentNode
	case "processing-instruction":
		test.kind = InstructionNode
		if p.peek().kind == literalToken {
			test.local, test.anyLocal = p.take().text, false
		}
	case "element":
		test.kind = ElementNode
	case "document-node":
		test.kind = RootNode
	default:
		p.fail("%s() does not select nodes", name)
	}
	p.expect(")")
	return test
}

func (p *parser) predicates() []predicate {
	var all []predicate
	for p.accept("[") {
		before := p.positional
		p.positional = false
		e := p.expr()
		p.expect("]")
		all = append(all, predicate{e, p.positional || e.kind() == Number || e.kind() == Any})
		p.positional = before
	}
	return all
}
