package xpath

// Kind tells what the node is.
func (n *Node) Kind() NodeKind { return n.kind }

// Prefix is that of the name, "" if it has none.
func (n *Node) Prefix() string { return n.prefix }

// Local is the name without its prefix, or the target of a processing instruction.
func (n *Node) Local() string { return n.local }

// Space is the URI of the name's namespace, "" for none.
func (n *Node) Space() string { return n.space }

// Parent is nil for the root of a tree.
func (n *Node) Parent() *Node { return n.parent }

// Children in their order; nobody may change them.
func (n *Node) Children() []*Node { return n.children }

// Attributes without declarations of namespaces; nobody may change them.
func (n *Node) Attributes() []*Node { return n.attrs }

// Line is where the node begins in its source, from 1; 0 for one that was made.
func (n *Node) Line() int { return int(n.line) }

// Order is the node's place: greater than that of every node before it. Nodes made with the same Work come after those of a
// parsed document.
func (n *Node) Order() int { return n.order }

// Raw tells of a text that is to be written as it is, without escapes.
func (n *Node) Raw() bool { return n.raw }

// Root is the root of the node's tree.
func (n *Node) Root() *Node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// Attribute is the value of an attribute in no namespace.
func (n *Node) Attribute(local string) (value string, ok bool) {
	for _, a := range n.attrs {
		if a.local == local && a.space == "" {
			return a.text, true
		}
	}
	return "", false
}

// Declared calls visit for each namespace that the element itself declares; a URI "" takes the default away.
func (n *Node) Declared(visit func(prefix, space string)) {
	for _, d := range n.declares {
		visit(d.prefix, d.space)
	}
}

// InScope calls visit for each namespace in scope at the node, the innermost first, without xml.
func (n *Node) InScope(visit func(prefix, space string)) {
	seen := map[string]bool{}
	for ; n != nil; n = n.parent {
		for _, d := range n.declares {
			if seen[d.prefix] {
				continue
			}
			seen[d.prefix] = true
			if d.space != "" {
				visit(d.prefix, d.space)
			}
		}
	}
}

// scope measures what a walk over the namespaces in scope at n looks at.
func (n *Node) scope() int {
	size := 0
	for ; n != nil; n = n.parent {
		size += 1 + len(n.declares)
	}
	return size
}

// Lookup is the URI that prefix stands for at the node.
func (n *Node) Lookup(prefix string) (space string, ok bool) {
	space, ok, _ = n.lookup(prefix)
	return space, ok
}

// lookup is Lookup that tells besides how many nodes and declarations it looked at.
func (n *Node) lookup(prefix string) (space string, ok bool, steps int) {
	if prefix == "xml" {
		return xmlSpace, true, 0
	}
	for ; n != nil; n = n.parent {
		steps++
		for i, d := range n.declares {
			if d.prefix == prefix {
				return d.space, d.space != "" || prefix == "", steps + i
			}
		}
		steps += len(n.declares)
	}
	return "", prefix == "", steps
}
