package flow

import "strings"

type nodeKind uint8

const (
	compareNode nodeKind = iota
	notNode
	andNode
	orNode
)

func (k nodeKind) String() string { return [...]string{"comparison", "not", "and", "or"}[k] }

// node is a node of a parsed condition: a comparison, or a connective with one
// (not) or more (and, or) conditions below.
type node struct {
	kind       nodeKind
	comparison *comparison
	kids       []*node
	enclosed   bool // stood in parentheses
}

// String returns the condition with all parentheses, so that it means the same
// under either precedence.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	switch n.kind {
	case compareNode:
		b.WriteString(n.comparison.String())
	case notNode:
		b.WriteString("not (")
		n.kids[0].write(b)
		b.WriteByte(')')
	default:
		for i, kid := range n.kids {
			if i > 0 {
				b.WriteString(" " + n.kind.String() + " ")
			}
			kid.writeKid(b)
		}
	}
}

func (n *node) writeKid(b *strings.Builder) {
	if n.kind == compareNode || n.kind == notNode {
		n.write(b)
		return
	}
	b.WriteByte('(')
	n.write(b)
	b.WriteByte(')')
}

func (c *comparison) String() string {
	if c.op == &opTruth {
		return c.left.source
	}
	return c.left.source + " " + c.spelled + " " + c.right.source
}
