package xpath

import "iter"

// Texts yields the text of each node of a node-set, in document order, as by string(); of any other result its String. The
// text of an element is made when it is asked for; together they may be many times as long as the document, because that of an
// element has the texts of the elements within.
func (r Result) Texts() iter.Seq[string] {
	set, ok := r.value.(nodes)
	return func(yield func(string) bool) {
		if !ok {
			yield(r.String())
			return
		}
		for _, n := range set {
			if !yield(n.Value()) {
				return
			}
		}
	}
}

// Elements is the node-set without its attributes, texts, comments and processing instructions: what has markup in its XML.
// A result that is no node-set gives an empty one.
func (r Result) Elements() Result {
	set, _ := r.value.(nodes)
	var elements nodes
	for _, n := range set {
		if n.kind == ElementNode || n.kind == RootNode {
			elements = append(elements, n)
		}
	}
	return Result{elements}
}
