package xpath

import (
	"errors"
	"fmt"
)

// SyntaxError tells why a text is not an XPath expression that this package can evaluate.
type SyntaxError struct {
	Expr   string
	Offset int // in bytes, from 0
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("XPath %q: offset %d: %s", e.Expr, e.Offset, e.Reason)
}

// ErrTooMuchWork says that an evaluation was stopped because it did more than MaxWork.
var ErrTooMuchWork = errors.New("xpath: the expression takes too much work on this document")

// MaxWork bounds one Eval: visits of nodes, and sixteenths of characters compared.
const MaxWork = 8 * MaxNodes

// Expr is a compiled expression. It is immutable and safe for concurrent use.
type Expr struct {
	text string
	root expr
}

// String is the text that was compiled.
func (e *Expr) String() string { return e.text }

// Kind is the kind of every result of the expression.
func (e *Expr) Kind() Kind { return e.root.kind() }

// IsNodeSet tells whether the expression selects nodes.
func (e *Expr) IsNodeSet() bool { return e.Kind() == NodeSet }

// Eval evaluates the expression with the document's root as context. The only error is ErrTooMuchWork.
func (e *Expr) Eval(d *Document) (r Result, err error) {
	// The work is counted in the innermost loops; a panic that never leaves Eval keeps the fifty functions between free of
	// error returns that they could do nothing about.
	defer func() {
		if p := recover(); p == any(ErrTooMuchWork) {
			r, err = Result{}, ErrTooMuchWork
		} else if p != nil {
			panic(p)
		}
	}()
	c := &context{work: &work{left: MaxWork}, node: d.root, position: 1, size: 1}
	return Result{kind: e.Kind(), value: e.root.eval(c)}, nil
}

// expr is a node of an expression's syntax tree.
type expr interface {
	kind() Kind
	// eval returns nodes, a string, a float64 or a bool, as kind says.
	eval(c *context) any
}

// context is what an expression is evaluated in (XPath 1.0, section 1).
type context struct {
	*work
	node           *node
	position, size int
}

// work is what an evaluation may still do.
type work struct{ left int }

func (w *work) spend(n int) {
	if w.left -= n; w.left < 0 {
		panic(ErrTooMuchWork)
	}
}

// text is the value of a node, at the price of its length and of the nodes within.
func (w *work) text(n *node) string {
	w.spend(1 + max(0, n.last-n.order)/4)
	s := n.value()
	w.spend(len(s) / 16)
	return s
}
