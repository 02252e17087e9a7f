package xpath

// axis walks from a node to others and calls visit for each, in the axis' own order: away from the node.
type axis struct {
	walk func(n *Node, visit func(*Node))
	// attributes tells that a name test means attributes here, not elements.
	attributes bool
	// namespaces tells that a name test means prefixes here.
	namespaces bool
	// deep tells that it goes further than to children and attributes.
	deep bool
}

var axes = map[string]axis{
	"child":              {walk: child},
	"descendant":         {walk: descendant, deep: true},
	"descendant-or-self": {walk: descendantOrSelf},
	"parent":             {walk: parent},
	"ancestor":           {walk: ancestor},
	"ancestor-or-self":   {walk: ancestorOrSelf},
	"self":               {walk: self},
	"attribute":          {walk: attribute, attributes: true},
	"following":          {walk: following},
	"following-sibling":  {walk: followingSibling},
	"preceding":          {walk: preceding},
	"preceding-sibling":  {walk: precedingSibling},
	"namespace":          {walk: namespace, namespaces: true},
}

func self(n *Node, visit func(*Node)) { visit(n) }

func child(n *Node, visit func(*Node)) {
	for _, c := range n.children {
		visit(c)
	}
}

func descendant(n *Node, visit func(*Node)) {
	for _, c := range n.children {
		descendantOrSelf(c, visit)
	}
}

func descendantOrSelf(n *Node, visit func(*Node)) {
	visit(n)
	descendant(n, visit)
}

func parent(n *Node, visit func(*Node)) {
	if n.parent != nil {
		visit(n.parent)
	}
}

func ancestor(n *Node, visit func(*Node)) {
	for p := n.parent; p != nil; p = p.parent {
		visit(p)
	}
}

func ancestorOrSelf(n *Node, visit func(*Node)) {
	visit(n)
	ancestor(n, visit)
}

func attribute(n *Node, visit func(*Node)) {
	for _, a := range n.attrs {
		visit(a)
	}
}

// namespace makes its nodes anew each time: two walks give different nodes for the same namespace.
func namespace(n *Node, visit func(*Node)) {
	if n.kind != ElementNode {
		return
	}
	visitSpace := func(prefix, space string) {
		visit(&Node{kind: NamespaceNode, order: n.order, local: prefix, text: space, parent: n})
	}
	n.InScope(visitSpace)
	visitSpace("xml", xmlSpace)
}

// siblings are the children of n's parent; an attribute has no siblings.
func siblings(n *Node) []*Node {
	if n.parent == nil || n.beside() {
		return nil
	}
	return n.parent.children
}

// beside tells of a node that has a parent whose child it is not.
func (n *Node) beside() bool { return n.kind == AttributeNode || n.kind == NamespaceNode }

func followingSibling(n *Node, visit func(*Node)) {
	if all := siblings(n); all != nil {
		for _, s := range all[n.sibling+1:] {
			visit(s)
		}
	}
}

func precedingSibling(n *Node, visit func(*Node)) {
	if all := siblings(n); all != nil {
		for i := n.sibling - 1; i >= 0; i-- {
			visit(all[i])
		}
	}
}

// following begins with the content of the element where n is an attribute: that comes after it in the document.
func following(n *Node, visit func(*Node)) {
	if n.beside() {
		n = n.parent
		descendant(n, visit)
	}
	for ; n != nil; n = n.parent {
		followingSibling(n, func(s *Node) { descendantOrSelf(s, visit) })
	}
}

func preceding(n *Node, visit func(*Node)) {
	if n.beside() {
		n = n.parent
	}
	for ; n != nil; n = n.parent {
		precedingSibling(n, func(s *Node) { backwards(s, visit) })
	}
}

// backwards visits n and all below it, the last first.
func backwards(n *Node, visit func(*Node)) {
	for i := len(n.children) - 1; i >= 0; i-- {
		backwards(n.children[i], visit)
	}
	visit(n)
}

// nodeTest is what stands behind the axis.
type nodeTest struct {
	any          bool     // node()
	kind         NodeKind // text(), comment(), processing-instruction() or, for a name test, the axis' principal kind
	anySpace     bool     // *
	anyLocal     bool     // * and prefix:*; also the other kinds
	space, local string
}

func (t nodeTest) accepts(n *Node) bool {
	return t.any || n.kind == t.kind && (t.anyLocal || n.local == t.local) && (t.anySpace || n.space == t.space)
}
