package jsonpath

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf16"

	"sluice/internal/ordjson"
)

// operator compares two values.
type operator func(ev *evaluation, left, right value) (bool, error)

// errSenseless refuses an item: the operator does not apply to these values.
var errSenseless = errors.New("jsonpath: the operator does not apply")

// operators are the operators of Jayway's filters, in lower case.
var operators = map[string]operator{
	"==":       equals,
	"!=":       negation(equals),
	"===":      sameTypeEquals,
	"!==":      negation(sameTypeEquals),
	"<":        ordering(func(order int) bool { return order < 0 }),
	"<=":       ordering(func(order int) bool { return order <= 0 }),
	">":        ordering(func(order int) bool { return order > 0 }),
	">=":       ordering(func(order int) bool { return order >= 0 }),
	"=~":       matches,
	"in":       isIn,
	"nin":      negation(isIn),
	"contains": contains,
	"size":     hasSize,
	"empty":    isEmpty,
	"subsetof": func(ev *evaluation, left, right value) (bool, error) { return covers(ev, right, left) },
	"all":      covers,
	"anyof":    func(ev *evaluation, left, right value) (bool, error) { return shares(ev, left, right, true) },
	"noneof":   func(ev *evaluation, left, right value) (bool, error) { return shares(ev, left, right, false) },
}

func negation(test operator) operator {
	return func(ev *evaluation, left, right value) (bool, error) {
		ok, err := test(ev, left, right)
		return !ok, err
	}
}

// equals compares a string with a number as texts if the string stands left, as numbers if it stands right, as Jayway does.
func equals(ev *evaluation, left, right value) (bool, error) {
	if left.node == nil || right.node == nil {
		return false, nil
	}
	return nodesEqual(ev, left.node, right.node)
}

func sameTypeEquals(ev *evaluation, left, right value) (bool, error) {
	if left.node == nil || right.node == nil || left.node.Kind() != right.node.Kind() {
		return false, nil
	}
	return nodesEqual(ev, left.node, right.node)
}

func nodesEqual(ev *evaluation, a, b *ordjson.Node) (bool, error) {
	if err := ev.visit(1 + min(a.Len(), b.Len())); err != nil {
		return false, err
	}
	switch {
	case a.Kind() == ordjson.String && (b.Kind() == ordjson.String || b.Kind() == ordjson.Number):
		return a.Text() == b.Text(), nil
	case a.Kind() == ordjson.Number && (b.Kind() == ordjson.Number || b.Kind() == ordjson.String):
		order, ok := compareNumbers(a.Text(), b.Text())
		return ok && order == 0, nil
	case a.Kind() != b.Kind():
		return false, nil
	case a.Kind() == ordjson.Bool:
		return a.Bool() == b.Bool(), nil
	case a.Kind() == ordjson.Array:
		return arraysEqual(ev, a, b)
	case a.Kind() == ordjson.Object:
		return objectsEqual(ev, a, b)
	}
	return true, nil // two nulls
}

func arraysEqual(ev *evaluation, a, b *ordjson.Node) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	for i, item := range a.Items() {
		if ok, err := nodesEqual(ev, item, b.At(i)); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// objectsEqual ignores the order of members, as Java's maps do.
func objectsEqual(ev *evaluation, a, b *ordjson.Node) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	for name, item := range a.Members() {
		if err := ev.visit(b.Len()); err != nil {
			return false, err
		}
		other := b.Get(name)
		if other == nil {
			return false, nil
		}
		if ok, err := nodesEqual(ev, item, other); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// ordering compares two numbers or two strings; nothing else has an order.
func ordering(accept func(order int) bool) operator {
	return func(_ *evaluation, left, right value) (bool, error) {
		if left.node == nil || right.node == nil || left.node.Kind() != right.node.Kind() {
			return false, nil
		}
		switch left.node.Kind() {
		case ordjson.Number:
			order, ok := compareNumbers(left.node.Text(), right.node.Text())
			return ok && accept(order), nil
		case ordjson.String:
			return accept(strings.Compare(left.node.Text(), right.node.Text())), nil
		}
		return false, nil
	}
}

// matches asks whether the pattern, on either side, matches the whole of a text, or of any item of a list.
func matches(ev *evaluation, left, right value) (bool, error) {
	if (left.pattern == nil) == (right.pattern == nil) {
		return false, nil
	}
	if left.pattern == nil {
		left, right = right, left
	}
	if right.node == nil || right.node.Kind() != ordjson.Array {
		return matchText(ev, left.pattern, right.node)
	}
	for _, item := range right.node.Items() {
		if ok, err := matchText(ev, left.pattern, item); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// matchText takes what has no text, such as null, for an empty one.
func matchText(ev *evaluation, re *regexp.Regexp, n *ordjson.Node) (bool, error) {
	text := ""
	if n != nil && (n.Kind() == ordjson.String || n.Kind() == ordjson.Number || n.Kind() == ordjson.Bool) {
		text = n.Text()
	}
	if err := ev.visit(1 + len(text)); err != nil {
		return false, err
	}
	return re.MatchString(text), nil
}

// isIn asks for a list on the right.
func isIn(ev *evaluation, left, right value) (bool, error) {
	list, isList, err := items(right)
	if !isList || err != nil || left.node == nil {
		return false, err
	}
	return holdsNode(ev, list, left.node)
}

// items are those of a list. An object is no list, which is false of every operator on lists; anything else makes no sense.
func items(v value) (list []*ordjson.Node, isList bool, err error) {
	switch {
	case v.node != nil && v.node.Kind() == ordjson.Array:
		return v.node.Items(), true, nil
	case v.node != nil && v.node.Kind() == ordjson.Object:
		return nil, false, nil
	}
	return nil, false, errSenseless
}

func holdsNode(ev *evaluation, list []*ordjson.Node, wanted *ordjson.Node) (bool, error) {
	for _, item := range list {
		if ok, err := nodesEqual(ev, wanted, item); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// contains looks for a string in a string, or for a value in a list.
func contains(ev *evaluation, left, right value) (bool, error) {
	switch {
	case left.node == nil || right.node == nil:
		return false, nil
	case left.node.Kind() == ordjson.Array:
		return holdsNode(ev, left.node.Items(), right.node)
	case left.node.Kind() == ordjson.String && right.node.Kind() == ordjson.String:
		text := left.node.Text()
		if err := ev.visit(1 + len(text)/16); err != nil {
			return false, err
		}
		return strings.Contains(text, right.node.Text()), nil
	}
	return false, nil
}

// covers asks whether every item of part is in whole.
func covers(ev *evaluation, whole, part value) (bool, error) {
	in, wanted, areLists, err := bothItems(whole, part)
	if !areLists || err != nil {
		return false, err
	}
	for _, item := range wanted {
		if ok, err := holdsNode(ev, in, item); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// shares asks whether left and right have an item in common (want), or none (!want).
func shares(ev *evaluation, left, right value, want bool) (bool, error) {
	a, b, areLists, err := bothItems(left, right)
	if !areLists || err != nil {
		return false, err
	}
	for _, item := range a {
		if ok, err := holdsNode(ev, b, item); ok || err != nil {
			return ok == want, err
		}
	}
	return !want, nil
}

func bothItems(left, right value) (a, b []*ordjson.Node, areLists bool, err error) {
	b, areLists, err = items(right)
	if !areLists || err != nil {
		return nil, nil, false, err
	}
	a, areLists, err = items(left)
	return a, b, areLists, err
}

func hasSize(_ *evaluation, left, right value) (bool, error) {
	if left.node == nil || right.node == nil || right.node.Kind() != ordjson.Number {
		return false, nil
	}
	f, _ := right.node.Float()
	switch left.node.Kind() {
	case ordjson.Array:
		return left.node.Len() == int(f), nil
	case ordjson.String:
		return textLength(left.node.Text()) == int(f), nil
	}
	return false, nil
}

// textLength counts UTF-16 units, as Java does.
func textLength(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// isEmpty is written @.list empty true, or false.
func isEmpty(_ *evaluation, left, right value) (bool, error) {
	if right.node == nil || right.node.Kind() != ordjson.Bool {
		return false, errSenseless
	}
	if left.node == nil {
		return false, nil
	}
	switch left.node.Kind() {
	case ordjson.Array, ordjson.Object:
		return (left.node.Len() == 0) == right.node.Bool(), nil
	case ordjson.String:
		return (left.node.Text() == "") == right.node.Bool(), nil
	}
	return false, nil
}
