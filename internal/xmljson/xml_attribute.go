package xmljson

import (
	"strings"

	"sluice/internal/ordjson"
)

// attributes writes those of an object, and tells what else it has. The last of one name wins.
func (w *xmlWriter) attributes(o *ordjson.Node) (texts, elements bool) {
	var list attributes
	for i, n := range o.Items() {
		switch name := o.Name(i); w.role(name, n) {
		case isElement:
			elements = elements || n.Kind() != ordjson.Array || n.Len() > 0
		case isText:
			texts = true
		case isAttribute:
			w.attribute(&list, name[len(w.o.AttributePrefix):], n)
		case isAttributes:
			for name, n := range n.Members() {
				w.attribute(&list, strings.TrimPrefix(name, w.o.AttributePrefix), n)
			}
		case isNamespaces:
			for prefix, n := range n.Members() {
				w.namespace(&list, prefix, n)
			}
		}
	}
	for i, name := range list.list {
		w.dst = append(append(append(w.dst, ' '), name...), `="`...)
		w.dst = append(appendText(w.dst, list.values[i], true), '"')
	}
	return texts, elements
}

// attributes are those of an element to be.
type attributes struct {
	names
	values []string
}

func (a *attributes) set(name, value string) {
	at, isNew := a.place(name)
	if isNew {
		a.values = append(a.values, value)
	}
	a.values[at] = value
}

func (w *xmlWriter) attribute(list *attributes, name string, n *ordjson.Node) {
	value := w.text(n)
	if name, ok := w.attributeName(name, value); ok {
		list.set(name, value)
	}
}

func (w *xmlWriter) namespace(list *attributes, prefix string, n *ordjson.Node) {
	name, uri := "xmlns", w.text(n)
	if prefix == w.o.DefaultNamespaceNodeName {
		prefix = ""
	}
	if prefix != "" {
		prefix = w.plainName(prefix)
		name = "xmlns:" + prefix
	}
	if declarable(prefix, uri) {
		list.set(name, uri)
	}
}
