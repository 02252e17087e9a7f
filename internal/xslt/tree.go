package xslt

import (
	"cmp"
	"errors"
	"fmt"

	"sluice/internal/xpath"
)

// tree is a result tree in the making: a Maker that has every element declare the namespaces that it needs.
type tree struct {
	*xpath.Maker
	work      *xpath.Work
	generated int // prefixes
}

func newTree(w *xpath.Work) *tree { return &tree{Maker: xpath.NewMaker(w), work: w} }

const xmlSpace = "http://www.w3.org/XML/1998/namespace"

// open begins an element.
func (t *tree) open(prefix string, n name) error {
	if err := t.Open(prefix, n.local, n.space); err != nil {
		return err
	}
	return t.declare(prefix, n.space)
}

// declare has the open element declare a namespace, unless it is in scope already.
func (t *tree) declare(prefix, space string) error {
	bound, ok, err := t.work.Lookup(t.Current(), prefix)
	if err != nil || ok && bound == space || prefix == "xml" {
		return err
	}
	return t.Declare(prefix, space)
}

// namespace is declare for a namespace that the element's name does not need: the name wins where they differ.
func (t *tree) namespace(prefix, space string) error {
	e := t.Current()
	if e.Kind() != xpath.ElementNode || e.Prefix() == prefix {
		return nil
	}
	if _, own := declaredHere(e, prefix); own {
		return nil
	}
	return t.declare(prefix, space)
}

func declaredHere(e *xpath.Node, prefix string) (space string, ok bool) {
	e.Declared(func(p, s string) {
		if p == prefix {
			space, ok = s, true
		}
	})
	return space, ok
}

var (
	errLateAttribute = errors.New("an attribute cannot be added after the content of its element")
	errNoElement     = errors.New("an attribute can be added to an element only")
)

// attribute adds an attribute. Where its prefix means another namespace it gets a new one.
func (t *tree) attribute(prefix string, n name, value string) error {
	e := t.Current()
	switch {
	case e.Kind() != xpath.ElementNode:
		return errNoElement
	case t.Started():
		return errLateAttribute
	case n.space == "":
		return t.Attribute("", n.local, "", value)
	case n.space == xmlSpace:
		return t.Attribute("xml", n.local, n.space, value)
	}
	prefix, err := t.attributePrefix(e, prefix, n.space)
	if err == nil {
		err = t.declare(prefix, n.space)
	}
	if err != nil {
		return err
	}
	return t.Attribute(prefix, n.local, n.space, value)
}

func (t *tree) attributePrefix(e *xpath.Node, prefix, space string) (_ string, err error) {
	if prefix == "" {
		prefix, err = t.prefixOf(e, space)
	}
	taken := func() bool {
		if bound, own := declaredHere(e, prefix); own {
			return bound != space
		}
		return prefix == e.Prefix() && e.Space() != space
	}
	given := prefix
	for prefix == "" || prefix == "xml" || prefix == "xmlns" || taken() {
		if prefix = fmt.Sprintf("%s_%d", given, t.generated+1); given == "" {
			prefix = fmt.Sprintf("ns%d", t.generated)
		}
		t.generated++
	}
	return prefix, err
}

// prefixOf is a prefix that stands for a namespace at e, "" if there is none.
func (t *tree) prefixOf(e *xpath.Node, space string) (found string, err error) {
	err = t.work.InScope(e, func(p, s string) {
		if s == space && found == "" {
			found = p
		}
	})
	return found, err
}

// copy appends a node with all that it contains.
func (t *tree) copy(n *xpath.Node) error {
	switch n.Kind() {
	case xpath.RootNode:
		return t.copyAll(n.Children())
	case xpath.ElementNode:
		return t.copyElement(n)
	}
	return t.copyLeaf(n)
}

func (t *tree) copyAll(list []*xpath.Node) error {
	for _, n := range list {
		if err := t.copy(n); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) copyElement(n *xpath.Node) error {
	if err := t.copyShallow(n); err != nil {
		return err
	}
	for _, a := range n.Attributes() {
		if err := t.copyLeaf(a); err != nil {
			return err
		}
	}
	if err := t.copyAll(n.Children()); err != nil {
		return err
	}
	return t.Close()
}

// copyShallow begins an element like n, with the namespaces in scope there.
func (t *tree) copyShallow(n *xpath.Node) error {
	err := t.Open(n.Prefix(), n.Local(), n.Space())
	if err != nil {
		return err
	}
	failed := t.work.InScope(n, func(prefix, space string) {
		if err == nil {
			err = t.declare(prefix, space)
		}
	})
	if err = cmp.Or(err, failed); err != nil {
		return err
	}
	return t.declare(n.Prefix(), n.Space())
}

// copyLeaf appends an attribute, text, comment or processing instruction.
func (t *tree) copyLeaf(n *xpath.Node) error {
	switch n.Kind() {
	case xpath.AttributeNode:
		return t.attribute(n.Prefix(), name{n.Space(), n.Local()}, n.Value())
	case xpath.NamespaceNode:
		return t.namespace(n.Local(), n.Value())
	case xpath.TextNode:
		return t.Text(n.Value(), n.Raw())
	case xpath.CommentNode:
		return t.Comment(n.Value())
	}
	return t.Instruction(n.Local(), n.Value())
}
