package flow

import (
	"fmt"
	"strconv"
	"strings"
)

// Explain returns the condition as a tree, one line for each part, with its
// result and the values that were compared:
//
//	and: false
//	  request.verb = "POST": false (request.verb is "GET")
//	  request.header.x != null: not evaluated
//
// It reads the variables again, those that Eval reads and no others, and tells no
// tracer. The values of private variables are not shown.
func (c *Condition) Explain(x *Exchange) string {
	broken, trace := x.broken, x.trace
	x.trace = nil
	defer func() { x.broken, x.trace = broken, trace }()
	var e explanation
	e.node(x, c.root)
	return strings.TrimSuffix(e.text.String(), "\n")
}

// explanation collects the lines of a part of the tree.
type explanation struct {
	text  strings.Builder
	depth int
}

func (e *explanation) line(format string, args ...any) {
	e.text.WriteString(strings.Repeat("  ", e.depth))
	fmt.Fprintf(&e.text, format+"\n", args...)
}

// node explains n and returns its result.
func (e *explanation) node(x *Exchange, n *node) bool {
	if n.kind == compareNode {
		return e.comparison(x, n.comparison)
	}
	below := explanation{depth: e.depth + 1}
	result := below.kids(x, n)
	e.line("%s: %t", n.kind, result)
	e.text.WriteString(below.text.String())
	return result
}

// kids explains what is below n, as far as it decides n, and returns the result
// of n.
func (e *explanation) kids(x *Exchange, n *node) bool {
	if n.kind == notNode {
		return !e.node(x, n.kids[0])
	}
	decided := false
	for _, kid := range n.kids {
		if decided {
			e.line("%s: not evaluated", kid)
			continue
		}
		decided = e.node(x, kid) == (n.kind == orNode)
	}
	return decided == (n.kind == orNode)
}

func (e *explanation) comparison(x *Exchange, c *comparison) bool {
	var left, right Value
	l, r := c.left.get(x, &left), c.right.get(x, &right)
	result, err := c.holds(l, r)
	outcome := fmt.Sprint(result)
	if err != nil {
		outcome = err.Error()
	}
	e.line("%s: %s%s", c, outcome, c.describe(l, r))
	return result
}

// describe shows the values of the variables that were compared.
func (c *comparison) describe(l, r *Value) string {
	var shown []string
	if c.left.name != nil {
		shown = append(shown, describeVariable(c.left.name, l))
	}
	if c.right.name != nil {
		shown = append(shown, describeVariable(c.right.name, r))
	}
	if len(shown) == 0 {
		return ""
	}
	return " (" + strings.Join(shown, ", ") + ")"
}

// maxDescribed bounds how much of a value is shown, in bytes.
const maxDescribed = 120

func describeVariable(n *Name, v *Value) string {
	switch {
	case v.IsNull():
		return n.text + " is null"
	case n.Private():
		return n.text + " is hidden"
	case v.opaque():
		return n.text + " is a " + v.typ.String()
	}
	s, dots := v.String(), ""
	if len(s) > maxDescribed {
		s, dots = strings.ToValidUTF8(s[:maxDescribed], ""), "..."
	}
	if v.typ == String {
		s = strconv.Quote(s)
	}
	return n.text + " is " + s + dots
}
