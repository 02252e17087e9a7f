package jsonpath

import "sluice/internal/ordjson"

// scan is .. with the step behind it: the step is applied to the node and everything below it, parents first, wherever it
// fits: a property to the objects that have it, an index to arrays, a wildcard to both. A filter is asked about each object
// and array as a whole.
type scan struct{ step step }

func (s scan) definite() bool { return false }

func (s scan) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if n.Kind() < ordjson.Array {
		return dst, nil
	}
	if err := ev.visit(1 + n.Len()); err != nil {
		return nil, err
	}
	fits, err := s.fits(ev, n)
	if err != nil {
		return nil, err
	}
	if fits {
		if dst, err = s.step.apply(ev, n, dst); err != nil {
			return nil, err
		}
	}
	// The depth of the recursion is that of the document, which ordjson bounds.
	for _, child := range n.Items() {
		if dst, err = s.apply(ev, child, dst); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func (s scan) fits(ev *evaluation, n *ordjson.Node) (bool, error) {
	switch s := s.step.(type) {
	case property:
		return n.Get(s.name) != nil, nil
	case properties:
		return n.Kind() == ordjson.Object && (!s.merge || s.hasAll(n)), ev.visit(len(s.names) * n.Len())
	case indexes, slice:
		return n.Kind() == ordjson.Array, nil
	case filter:
		return s.accepts(ev, n)
	}
	return true, nil
}

func (s properties) hasAll(n *ordjson.Node) bool {
	for _, name := range s.names {
		if n.Get(name) == nil {
			return false
		}
	}
	return true
}
