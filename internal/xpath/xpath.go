package xpath

import "fmt"

// SyntaxError tells why a text is not an XPath expression that this package can evaluate.
type SyntaxError struct {
	Expr   string
	Offset int // in bytes, from 0
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("XPath %q: offset %d: %s", e.Expr, e.Offset, e.Reason)
}

// Expr is a compiled expression. It is immutable and safe for concurrent use.
type Expr struct {
	text string
	root expr
}

// String is the text that was compiled.
func (e *Expr) String() string { return e.text }

// Kind is the kind of every result of the expression; Any if it depends on variables.
func (e *Expr) Kind() Kind { return e.root.kind() }

// IsNodeSet tells whether the expression selects nodes.
func (e *Expr) IsNodeSet() bool { return e.Kind() == NodeSet }

// Eval evaluates the expression with the document's root as context. The only error is ErrTooMuchWork.
func (e *Expr) Eval(d *Document) (Result, error) {
	return e.EvalIn(&Context{Node: d.root, Position: 1, Size: 1, Work: NewWork(MaxWork, nil)})
}

// expr is a node of an expression's syntax tree.
type expr interface {
	kind() Kind
	// eval returns nodes, a string, a float64 or a bool, as kind says.
	eval(c *context) any
}

// context is what an expression is evaluated in (XPath 1.0, section 1).
type context struct {
	*Work
	node           *Node
	position, size int
	env            any      // the host's
	ranges         *binding // variables of for, some and every, innermost first
}
