package jsonpath

import "sluice/internal/ordjson"

// step is one link of a path.
type step interface {
	// apply appends to dst what the step selects from n.
	apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error)
	// definite tells whether that is at most one node.
	definite() bool
}

// missing is what a step says that cannot be applied to a node: strict steps, those with nothing indefinite before them, make
// the whole path fail; others just select nothing.
func missing(strict bool, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if strict {
		return nil, ErrNotFound
	}
	return dst, nil
}

// property is .name and ['name'].
type property struct {
	name   string
	strict bool
}

func (s property) definite() bool { return true }

func (s property) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if n.Kind() != ordjson.Object {
		return missing(s.strict, dst)
	}
	if err := ev.visit(1 + n.Len()); err != nil {
		return nil, err
	}
	if value := n.Get(s.name); value != nil {
		return append(dst, value), nil
	}
	return missing(s.strict || ev.require, dst)
}

// properties is ['a','b']: as the last step one object with those of the members that exist, before other steps the values
// one by one.
type properties struct {
	names  []string
	merge  bool
	strict bool
}

func (s properties) definite() bool { return s.merge }

func (s properties) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if n.Kind() != ordjson.Object {
		return missing(s.strict, dst)
	}
	if err := ev.visit(len(s.names) * (1 + n.Len())); err != nil {
		return nil, err
	}
	merged := ordjson.NewObject()
	for _, name := range s.names {
		value := n.Get(name)
		switch {
		case value == nil && ev.require:
			return nil, ErrNotFound
		case value == nil:
		case s.merge:
			merged.Set(name, value)
		default:
			dst = append(dst, value)
		}
	}
	if s.merge {
		dst = append(dst, merged)
	}
	return dst, nil
}

// wildcard is [*] and .*: all items of an array, all member values of an object.
type wildcard struct{}

func (wildcard) definite() bool { return false }

func (wildcard) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if err := ev.visit(1 + n.Len()); err != nil {
		return nil, err
	}
	return append(dst, n.Items()...), nil
}

// indexes is [0], [-1] and [0,2]. An index outside of the array selects nothing.
type indexes struct {
	list   []int
	strict bool
}

func (s indexes) definite() bool { return len(s.list) == 1 }

func (s indexes) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if n.Kind() != ordjson.Array {
		return missing(s.strict, dst)
	}
	if err := ev.visit(len(s.list)); err != nil {
		return nil, err
	}
	for _, i := range s.list {
		if i < 0 {
			i += n.Len()
		}
		if i >= 0 && i < n.Len() {
			dst = append(dst, n.At(i))
		}
	}
	return dst, nil
}

// slice is [from:], [:to] and [from:to]. Negative bounds count from the end where only one is given. Where both are, Jayway
// counts through from..to as they stand: [-2:-1] is the second item from the end, [1:-1] is nothing.
type slice struct {
	from, to       int
	hasFrom, hasTo bool
	strict         bool
}

func (s slice) definite() bool { return false }

func (s slice) apply(ev *evaluation, n *ordjson.Node, dst []*ordjson.Node) ([]*ordjson.Node, error) {
	if n.Kind() != ordjson.Array {
		return missing(s.strict, dst)
	}
	from, to := s.bounds(n.Len())
	if err := ev.visit(1 + max(0, to-from)); err != nil {
		return nil, err
	}
	for i := from; i < to; i++ {
		at := i
		if at < 0 {
			at += n.Len()
		}
		if at >= 0 {
			dst = append(dst, n.At(at))
		}
	}
	return dst, nil
}

func (s slice) bounds(length int) (from, to int) {
	from, to = s.from, length
	switch {
	case s.hasFrom && s.hasTo:
		// An index below -length selects nothing.
		return max(from, -length), min(s.to, length)
	case s.hasFrom && from < 0:
		from = max(0, length+from)
	case s.hasTo && s.to < 0:
		to = length + s.to
	case s.hasTo:
		to = min(s.to, length)
	}
	return from, to
}
