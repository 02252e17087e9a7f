package integrations

import (
	"cmp"
	"strconv"
	"strings"
)

// A condition is compiled from the language of edges, retries and while loops.
// It never fails: what cannot be compared is false.
type condition interface{ holds(s *scope) bool }

type (
	and     struct{ left, right condition }
	or      struct{ left, right condition }
	not     struct{ of condition }
	truth   struct{ of operand } // a bare operand: true if it is true
	compare struct {
		left, right operand
		op          string
	}
	present struct { // exists, is_empty and their opposites
		of     operand
		want   bool
		filled bool // also not empty
	}
)

func (c and) holds(s *scope) bool   { return c.left.holds(s) && c.right.holds(s) }
func (c or) holds(s *scope) bool    { return c.left.holds(s) || c.right.holds(s) }
func (c not) holds(s *scope) bool   { return !c.of.holds(s) }
func (c truth) holds(s *scope) bool { b, err := toBool(c.of.value(s)); return err == nil && b }

func (c present) holds(s *scope) bool {
	v := c.of.value(s)
	found := v != nil
	if c.filled {
		found = !isEmpty(v)
	}
	return found == c.want
}

func (c compare) holds(s *scope) bool {
	l, r := c.left.value(s), c.right.value(s)
	switch c.op {
	case "=":
		return sameInCondition(l, r)
	case "!=":
		return !sameInCondition(l, r)
	case ":":
		return contains(l, r)
	}
	order, ok := ordered(l, r)
	if !ok {
		return false
	}
	switch c.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// An operand is a literal or a reference.
type operand struct {
	ref     reference
	isRef   bool
	literal value
}

func (o operand) value(s *scope) value {
	if !o.isRef {
		return o.literal
	}
	v, _ := s.lookup(o.ref)
	return v
}

// sameInCondition compares as real conditions expect: a boolean with the words true and TRUE,
// a number with its digits, everything else exactly.
func sameInCondition(l, r value) bool {
	if lb, rb, ok := both(l, r, isBool, toBool); ok {
		return lb == rb
	}
	if lf, rf, ok := both(l, r, isNumber, toDouble); ok {
		return lf == rf
	}
	return equal(l, r)
}

// both converts l and r if one of them is of the type and the other can be read as one.
func both[T any](l, r value, is func(value) bool, to func(value) (T, error)) (a, b T, ok bool) {
	if !is(l) && !is(r) {
		return a, b, false
	}
	a, err1 := to(l)
	b, err2 := to(r)
	return a, b, err1 == nil && err2 == nil
}

func isBool(v value) bool   { _, ok := v.(bool); return ok }
func isNumber(v value) bool { _, ok := number(v); return ok }

// ordered compares numbers, or texts of which both or none are numbers.
func ordered(l, r value) (int, bool) {
	lf, err1 := toDouble(l)
	rf, err2 := toDouble(r)
	if err1 == nil && err2 == nil {
		return cmp.Compare(lf, rf), true
	}
	ls, ok1 := l.(string)
	rs, ok2 := r.(string)
	return cmp.Compare(ls, rs), ok1 && ok2
}

// contains is the operator ":": a part of a text, or a primitive element of a list.
func contains(l, r value) bool {
	switch l := l.(type) {
	case string:
		return r != nil && strings.Contains(l, text(r))
	case []any:
		for _, e := range l {
			if sameInCondition(e, r) {
				return true
			}
		}
	}
	return false
}

func isEmpty(v value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case *object:
		return len(v.names) == 0
	}
	return false
}

// word is a bare word of a condition as a value: TRUE and false are booleans, digits are
// numbers, null is null, everything else (SYNC, undefined) is text.
func word(w string) value {
	if strings.EqualFold(w, "null") {
		return nil
	}
	if b, err := toBool(w); err == nil {
		return b
	}
	if i, err := strconv.ParseInt(w, 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(w, 64); err == nil && finite(f) {
		return f
	}
	return w
}
