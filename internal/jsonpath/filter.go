package jsonpath

import (
	"errors"
	"regexp"

	"sluice/internal/ordjson"
)

// filter is [?(condition)]: of an array the items for which the condition holds, of an object the object itself if it holds.
type filter struct {
	condition condition
	strict    bool
}

func (s filter) definite() bool { return false }

func (s filter) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	candidates := n.Items()
	switch n.Kind() {
	case ordjson.Object:
		candidates = []*ordjson.Node{n}
	case ordjson.Array:
	default:
		return missing(s.strict, dst)
	}
	for _, item := range candidates {
		ok, err := s.accepts(ev, item)
		if err != nil {
			return nil, err
		}
		if ok {
			dst = append(dst, item)
		}
	}
	return dst, nil
}

// accepts tells whether the condition holds for an item. A condition that makes no sense for it (a function without numbers,
// an operator that needs a list) refuses the item, even below "!".
func (s filter) accepts(ev *evaluation, item *ordjson.Node) (bool, error) {
	if err := ev.visit(1); err != nil {
		return false, err
	}
	ok, err := s.condition.holds(ev, item)
	if errors.Is(err, ErrTooMuchWork) {
		return false, err
	}
	return ok && err == nil, nil
}

// condition is a node of a filter's syntax tree that is true or false of an item.
type condition interface {
	holds(ev *evaluation, item *ordjson.Node) (bool, error)
}

type (
	or         []condition
	and        []condition
	not        struct{ condition }
	exists     struct{ path *Path }
	comparison struct {
		left, right operand
		test        operator
	}
)

func (c or) holds(ev *evaluation, item *ordjson.Node) (bool, error) {
	for _, one := range c {
		if ok, err := one.holds(ev, item); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (c and) holds(ev *evaluation, item *ordjson.Node) (bool, error) {
	for _, one := range c {
		if ok, err := one.holds(ev, item); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (c not) holds(ev *evaluation, item *ordjson.Node) (bool, error) {
	ok, err := c.condition.holds(ev, item)
	return !ok, err
}

// holds is true of an indefinite path even when it selects nothing, as in Jayway: an empty list is a result.
func (c exists) holds(ev *evaluation, item *ordjson.Node) (bool, error) {
	before := ev.require
	ev.require = true
	_, err := c.path.eval(ev, c.path.start(ev, item))
	ev.require = before
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (c comparison) holds(ev *evaluation, item *ordjson.Node) (bool, error) {
	left, err := c.left.value(ev, item)
	if err != nil {
		return false, err
	}
	right, err := c.right.value(ev, item)
	if err != nil {
		return false, err
	}
	return c.test(ev, left, right)
}

// operand is one side of a comparison.
type operand interface {
	value(ev *evaluation, item *ordjson.Node) (value, error)
}

// value is what an operand comes to: a node, or a pattern, or neither, where a path leads nowhere.
type value struct {
	node    *ordjson.Node
	pattern *regexp.Regexp
}

type literal value

func (l literal) value(*evaluation, *ordjson.Node) (value, error) { return value(l), nil }

// value of a path is nothing where the path leads nowhere, and a list where the path is indefinite.
func (p *Path) value(ev *evaluation, item *ordjson.Node) (value, error) {
	nodes, err := p.eval(ev, p.start(ev, item))
	switch {
	case errors.Is(err, ErrNotFound):
		return value{}, nil
	case err != nil:
		return value{}, err
	}
	return value{node: p.result(nodes)}, nil
}

func (p *Path) start(ev *evaluation, item *ordjson.Node) *ordjson.Node {
	if p.item {
		return item
	}
	return ev.root
}
