package xslt

import (
	"sluice/internal/xpath"
)

// key is xsl:key.
type key struct {
	patterns []*xpath.Pattern
	use      *expression
	line     int
}

// keyIndex names a key in a tree.
type keyIndex struct {
	name name
	root *xpath.Node
}

func (c *compiler) key(el *xpath.Node) {
	c.knows(el, "name", "match", "use", "collation")
	for _, k := range c.sheet.keys[c.nameAttr(el, "name")] {
		if k.line == 0 {
			k.line = el.Line()
			k.patterns = c.patterns(el, c.needOr(el, "match", "*"))
			k.use = c.selected(el, "use")
			return
		}
	}
}

// keyed are the nodes of root's tree that the key has for a value, in the order of the document.
func (r *run) keyed(n name, root *xpath.Node, value string) ([]*xpath.Node, error) {
	index := keyIndex{n, root}
	if found, ok := r.keys[index]; ok {
		return found[value], nil
	}
	r.keys[index] = map[string][]*xpath.Node{} // which a key that uses itself sees
	made := map[string][]*xpath.Node{}
	if err := r.indexNodes(r.Stylesheet.keys[n], root, made); err != nil {
		return nil, err
	}
	r.keys[index] = made
	return made[value], nil
}

func (r *run) indexNodes(keys []*key, n *xpath.Node, into map[string][]*xpath.Node) error {
	if err := r.indexNode(keys, n, into); err != nil {
		return err
	}
	for _, a := range n.Attributes() {
		if err := r.indexNode(keys, a, into); err != nil {
			return err
		}
	}
	for _, child := range n.Children() {
		if err := r.indexNodes(keys, child, into); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) indexNode(keys []*key, n *xpath.Node, into map[string][]*xpath.Node) error {
	for _, k := range keys {
		f := r.frame(n, 0)
		fits, err := k.fits(f)
		if err != nil {
			return at(k.line, err)
		}
		if !fits {
			continue
		}
		values, err := k.use.values(f)
		if err != nil {
			return err
		}
		for _, v := range values {
			if list := into[v]; len(list) == 0 || list[len(list)-1] != n {
				into[v] = append(list, n)
			}
		}
	}
	return nil
}

func (k *key) fits(f *frame) (bool, error) {
	for _, p := range k.patterns {
		if fits, err := p.Matches(&f.Context); fits || err != nil {
			return fits, err
		}
	}
	return false, nil
}
