package xpath

// axis walks from a node to others and calls visit for each, in the axis' own order: away from the node.
type axis struct {
	walk func(n *node, visit func(*node))
	// attributes tells that a name test means attributes here, not elements.
	attributes bool
}

var axes = map[string]axis{
	"child":              {walk: child},
	"descendant":         {walk: descendant},
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
	"namespace":          {walk: func(*node, func(*node)) {}, attributes: true},
}

func self(n *node, visit func(*node)) { visit(n) }

func child(n *node, visit func(*node)) {
	for _, c := range n.children {
		visit(c)
	}
}

func descendant(n *node, visit func(*node)) {
	for _, c := range n.children {
		descendantOrSelf(c, visit)
	}
}

func descendantOrSelf(n *node, visit func(*node)) {
	visit(n)
	descendant(n, visit)
}

func parent(n *node, visit func(*node)) {
	if n.parent != nil {
		visit(n.parent)
	}
}

func ancestor(n *node, visit func(*node)) {
	for p := n.parent; p != nil; p = p.parent {
		visit(p)
	}
}

func ancestorOrSelf(n *node, visit func(*node)) {
	visit(n)
	ancestor(n, visit)
}

func attribute(n *node, visit func(*node)) {
	for _, a := range n.attrs {
		visit(a)
	}
}

// siblings are the children of n's parent; an attribute has no siblings.
func siblings(n *node) []*node {
	if n.parent == nil || n.kind == attributeNode {
		return nil
	}
	return n.parent.children
}

func followingSibling(n *node, visit func(*node)) {
	if all := siblings(n); all != nil {
		for _, s := range all[n.sibling+1:] {
			visit(s)
		}
	}
}

func precedingSibling(n *node, visit func(*node)) {
	if all := siblings(n); all != nil {
		for i := n.sibling - 1; i >= 0; i-- {
			visit(all[i])
		}
	}
}

// following begins with the content of the element where n is an attribute: that comes after it in the document.
func following(n *node, visit func(*node)) {
	if n.kind == attributeNode {
		n = n.parent
		descendant(n, visit)
	}
	for ; n != nil; n = n.parent {
		followingSibling(n, func(s *node) { descendantOrSelf(s, visit) })
	}
}

func preceding(n *node, visit func(*node)) {
	if n.kind == attributeNode {
		n = n.parent
	}
	for ; n != nil; n = n.parent {
		precedingSibling(n, func(s *node) { backwards(s, visit) })
	}
}

// backwards visits n and all below it, the last first.
func backwards(n *node, visit func(*node)) {
	for i := len(n.children) - 1; i >= 0; i-- {
		backwards(n.children[i], visit)
	}
	visit(n)
}

// nodeTest is what stands behind the axis.
type nodeTest struct {
	any          bool     // node()
	kind         nodeKind // text(), comment(), processing-instruction() or, for a name test, the axis' principal kind
	anySpace     bool     // *
	anyLocal     bool     // * and prefix:*; also the other kinds
	space, local string
}

func (t nodeTest) accepts(n *node) bool {
	return t.any || n.kind == t.kind && (t.anyLocal || n.local == t.local) && (t.anySpace || n.space == t.space)
}
