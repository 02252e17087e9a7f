package jsonpath

import (
	"errors"
	"fmt"

	"sluice/internal/ordjson"
)

// ErrNotFound says that a definite path, or the definite beginning of a path, leads nowhere in this document (Jayway's
// PathNotFoundException). Apigee's policies decide by it, together with IgnoreUnresolvedVariables.
var ErrNotFound = errors.New("jsonpath: no result for the path")

// ErrTooMuchWork says that an evaluation was stopped because it visited more than MaxVisits nodes.
var ErrTooMuchWork = errors.New("jsonpath: the path visits too many nodes")

// MaxVisits bounds one Eval. Visits cost a few nanoseconds each, so this is some tens of milliseconds; every node of the
// largest document that ordjson reads may be visited four times.
const MaxVisits = 4 * ordjson.MaxNodes

// SyntaxError tells why a text is not a JSONPath.
type SyntaxError struct {
	Path   string
	Offset int // in bytes, from 0
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("JSONPath %q: offset %d: %s", e.Path, e.Offset, e.Reason)
}

// Path is a compiled JSONPath. It is immutable and safe for concurrent use.
type Path struct {
	text     string
	steps    []step
	definite bool
	item     bool // begins with @: only within a filter does that differ from $
}

// String is the text that was compiled.
func (p *Path) String() string { return p.text }

// Definite tells whether the path selects at most one node in every document.
func (p *Path) Definite() bool { return p.definite }

// Eval selects from the document root: exactly one node for a definite path, any number, in document order, for any other.
// The nodes belong to the document, except where a function or ['a','b'] makes new ones; callers must not change them.
// Errors are ErrNotFound, ErrTooMuchWork, and a function without anything to work on.
func (p *Path) Eval(root *ordjson.Node) ([]*ordjson.Node, error) {
	ev := &evaluation{root: root, left: MaxVisits}
	return p.eval(ev, root)
}

// Value is Eval's result as one node, as Jayway returns it: the node itself for a definite path, an array for any other.
func (p *Path) Value(root *ordjson.Node) (*ordjson.Node, error) {
	nodes, err := p.Eval(root)
	if err != nil {
		return nil, err
	}
	return p.result(nodes), nil
}

func (p *Path) result(nodes []*ordjson.Node) *ordjson.Node {
	if p.definite {
		return nodes[0]
	}
	return ordjson.NewArray(nodes...)
}

// evaluation is the state of one Eval.
type evaluation struct {
	root *ordjson.Node
	left int // visits that may still be made
	// require makes a missing property ErrNotFound even below an indefinite step, as ?(@.a[*].b) asks (Jayway's
	// REQUIRE_PROPERTIES).
	require bool
}

// visit charges n units of work: one for each node, or member name, looked at.
func (ev *evaluation) visit(n int) error {
	if ev.left -= n; ev.left < 0 {
		return ErrTooMuchWork
	}
	return nil
}

func (p *Path) eval(ev *evaluation, start *ordjson.Node) ([]*ordjson.Node, error) {
	nodes, spare := []*ordjson.Node{start}, []*ordjson.Node(nil)
	for _, s := range p.steps {
		next := spare[:0]
		for _, n := range nodes {
			var err error
			if next, err = s.apply(ev, n, next); err != nil {
				return nil, err
			}
		}
		nodes, spare = next, nodes
	}
	if p.definite && len(nodes) == 0 {
		return nil, ErrNotFound
	}
	return nodes, nil
}
