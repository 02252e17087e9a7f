package xpath

import (
	"errors"
	"regexp"
)

// ErrTooMuchWork says that an evaluation was stopped because it did more than MaxWork.
var ErrTooMuchWork = errors.New("xpath: the expression takes too much work on this document")

// MaxWork bounds one Eval: visits of nodes, and sixteenths of characters compared.
const MaxWork = 8 * MaxNodes

// Work is what evaluations may still do, together. It belongs to one goroutine.
type Work struct {
	left    int // until check is asked
	reserve int
	check   func() error
	order   int // of the node that was made last
	regexps map[string]*regexp.Regexp
}

const (
	workBetweenChecks = 1 << 14
	// firstMade is above the order of every node of a parsed document.
	firstMade = 2*MaxNodes + 2
)

// NewWork allows so many units of work, asking check now and then whether to go on; its error ends the evaluation.
func NewWork(units int, check func() error) *Work {
	return &Work{reserve: units, check: check, order: firstMade}
}

// Spend takes n units away. The errors are ErrTooMuchWork and those of check.
func (w *Work) Spend(n int) error {
	if w.left -= n; w.left >= 0 {
		return nil
	}
	return w.refill()
}

func (w *Work) refill() error {
	if w.reserve+w.left < 0 {
		return ErrTooMuchWork
	}
	if w.check != nil {
		if err := w.check(); err != nil {
			return err
		}
	}
	chunk := min(w.reserve, workBetweenChecks-w.left)
	w.left, w.reserve = w.left+chunk, w.reserve-chunk
	return nil
}

func (w *Work) spend(n int) {
	if err := w.Spend(n); err != nil {
		panic(stop{err})
	}
}

// text is the value of a node, at the price of its length and of the nodes within.
func (w *Work) text(n *Node) string {
	w.spend(1 + max(0, n.last-n.order)/4)
	s := n.Value()
	w.spend(len(s) / 16)
	return s
}

// Text is the result as by string(), at its price.
func (w *Work) Text(r Result) (text string, err error) {
	defer catch(&err)
	c := context{Work: w}
	return c.string(r.value), nil
}

// Number is the result as by number(), at the price of its text.
func (w *Work) Number(r Result) (f float64, err error) {
	defer catch(&err)
	c := context{Work: w}
	return c.number(r.value), nil
}

// Item is a text as an item of a sequence: a text node without a parent.
func (w *Work) Item(text string) (*Node, error) {
	return &Node{kind: TextNode, text: text, order: w.nextOrder()}, w.Spend(4 + len(text)/4)
}

// nextOrder is the place of a node that is made now: after all others.
func (w *Work) nextOrder() int {
	w.order++
	return w.order
}

// lookupsPerUnit are the declarations that are looked at for a unit of work.
const lookupsPerUnit = 4

// InScope is the node's InScope, at the price of the namespaces that are declared there and above.
func (w *Work) InScope(n *Node, visit func(prefix, space string)) error {
	if err := w.Spend(n.scope()); err != nil {
		return err
	}
	n.InScope(visit)
	return nil
}

// Lookup is the node's Lookup, at the price of the declarations that it looks at.
func (w *Work) Lookup(n *Node, prefix string) (space string, ok bool, err error) {
	space, ok, steps := n.lookup(prefix)
	return space, ok, w.Spend(steps / lookupsPerUnit)
}
