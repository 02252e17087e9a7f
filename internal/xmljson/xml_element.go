package xmljson

import (
	"strings"

	"sluice/internal/ordjson"
)

// xmlWriter is one conversion.
type xmlWriter struct {
	*ToXML
	dst []byte
}

// role is what becomes of a member of an object.
type role uint8

const (
	isElement role = iota
	isText
	isAttribute
	isAttributes
	isNamespaces
)

func (t *ToXML) role(name string, n *ordjson.Node) role {
	switch {
	case name == "":
		return isElement // as an option is "" that names nothing
	case name == t.o.NamespaceBlockName && n.Kind() == ordjson.Object:
		return isNamespaces
	case name == t.o.AttributeBlockName && n.Kind() == ordjson.Object:
		return isAttributes
	case name == t.o.TextNodeName && isFlat(n):
		return isText
	case t.o.AttributePrefix != "" && len(name) > len(t.o.AttributePrefix) && strings.HasPrefix(name, t.o.AttributePrefix) && isScalar(n):
		return isAttribute
	}
	return isElement
}

func isScalar(n *ordjson.Node) bool { return n.Kind() < ordjson.Array }

// isFlat reports whether n is a scalar or an array of scalars.
func isFlat(n *ordjson.Node) bool {
	if n.Kind() == ordjson.Object {
		return false
	}
	for _, item := range n.Items() {
		if !isScalar(item) {
			return false
		}
	}
	return true
}

// element writes an element with the content n.
func (w *xmlWriter) element(name string, n *ordjson.Node, depth int, indent bool) error {
	switch n.Kind() {
	case ordjson.Object:
		return w.object(name, n, depth, indent)
	case ordjson.Array:
		return w.items(name, n, depth, indent)
	}
	w.open(name)
	if text := w.text(n); text != "" {
		w.dst = appendText(append(w.dst, '>'), text, false)
		w.close(name)
	} else {
		w.dst = append(w.dst, "/>"...)
	}
	return w.full()
}

// items writes an element for an array that no member names: of the document, or within another array. Whether Apigee gives
// arrays within arrays an element of their own like this is not known.
func (w *xmlWriter) items(name string, n *ordjson.Node, depth int, indent bool) error {
	w.open(name)
	if n.Len() == 0 {
		w.dst = append(w.dst, "/>"...)
		return w.full()
	}
	w.dst = append(w.dst, '>')
	for _, item := range n.Items() {
		w.indent(depth+1, indent)
		if err := w.element(w.item, item, depth+1, indent); err != nil {
			return err
		}
	}
	w.indent(depth, indent)
	w.close(name)
	return w.full()
}

func (w *xmlWriter) object(name string, n *ordjson.Node, depth int, indent bool) error {
	w.open(name)
	texts, elements := w.attributes(n)
	if !texts && !elements {
		w.dst = append(w.dst, "/>"...)
		return w.full()
	}
	w.dst = append(w.dst, '>')
	indent = indent && !texts
	for i, child := range n.Items() {
		if err := w.member(n.Name(i), child, depth+1, indent); err != nil {
			return err
		}
	}
	w.indent(depth, indent)
	w.close(name)
	return w.full()
}

// member writes what a member of an object adds to its content. An array is an element for each of its items.
func (w *xmlWriter) member(name string, n *ordjson.Node, depth int, indent bool) error {
	switch role := w.role(name, n); {
	case role == isText:
		w.texts(n)
		return w.full()
	case role != isElement:
		return nil
	}
	legal := w.elementName(name)
	if n.Kind() != ordjson.Array {
		w.indent(depth, indent)
		return w.element(legal, n, depth, indent)
	}
	for _, item := range n.Items() {
		w.indent(depth, indent)
		if err := w.element(legal, item, depth, indent); err != nil {
			return err
		}
	}
	return nil
}

func (w *xmlWriter) texts(n *ordjson.Node) {
	if n.Kind() != ordjson.Array {
		w.dst = appendText(w.dst, w.text(n), false)
	}
	for _, item := range n.Items() {
		w.dst = appendText(w.dst, w.text(item), false)
	}
}

func (w *xmlWriter) open(name string) { w.dst = append(append(w.dst, '<'), name...) }

func (w *xmlWriter) close(name string) {
	w.dst = append(append(append(w.dst, "</"...), name...), '>')
}

func (w *xmlWriter) indent(depth int, on bool) {
	if !on {
		return
	}
	w.dst = append(w.dst, '\n')
	for range depth {
		w.dst = append(w.dst, "  "...)
	}
}

// full is an error once too much is written.
func (w *xmlWriter) full() error {
	if len(w.dst) > MaxBytes {
		return errTooLong
	}
	return nil
}
