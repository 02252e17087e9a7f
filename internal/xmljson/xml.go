package xmljson

import (
	"bytes"
	"cmp"
	"errors"

	"sluice/internal/ordjson"
)

// XMLOptions say how JSON becomes XML. They are those of JSONToXML, under the names of its elements. Where one that names
// something is "", nothing is treated that way, but for the names of elements, which have the defaults given here.
type XMLOptions struct {
	OmitXMLDeclaration bool
	Indent             bool // by two spaces a level, wherever there is no text beside

	// NullValue is a text that makes an empty element, as the JSON null always does.
	NullValue string

	// NamespaceBlockName is the name of an object that has namespaces by prefix, with DefaultNamespaceNodeName for the
	// default one. NamespaceSeparator stands between prefix and name; "" stands for a colon.
	NamespaceBlockName, DefaultNamespaceNodeName, NamespaceSeparator string

	// TextNodeName is the name of a value, or an array of values, that becomes text of the element around.
	TextNodeName string

	// AttributeBlockName is the name of an object whose members become attributes; names that begin with AttributePrefix
	// become attributes too. An object or an array cannot be one, and becomes an element.
	AttributeBlockName, AttributePrefix string

	// InvalidCharsReplacement takes the place of each run of characters that XML allows in no name. "" stands for an
	// underscore, and so does a text with such characters (our reading: what comes out is always XML).
	InvalidCharsReplacement string

	// ObjectRootElementName is the root around an object of several members, or of one that cannot be a root; "" stands for
	// Root. ArrayRootElementName is that around an array, "" for Array. ArrayItemElementName is the name of items of
	// arrays that have no name of their own: at the top and within arrays; "" stands for Item.
	ObjectRootElementName, ArrayRootElementName, ArrayItemElementName string
}

// ToXML converts JSON to XML. It is immutable and safe for concurrent use.
type ToXML struct {
	o                 XMLOptions
	root, array, item string
}

// NewToXML prepares a conversion.
func NewToXML(o XMLOptions) *ToXML {
	o.NamespaceSeparator = cmp.Or(o.NamespaceSeparator, ":")
	if !isReplacement(o.InvalidCharsReplacement) {
		o.InvalidCharsReplacement = "_"
	}
	t := &ToXML{o: o}
	t.root = t.elementName(cmp.Or(o.ObjectRootElementName, "Root"))
	t.array = t.elementName(cmp.Or(o.ArrayRootElementName, "Array"))
	t.item = t.elementName(cmp.Or(o.ArrayItemElementName, "Item"))
	return t
}

func isReplacement(s string) bool {
	for _, r := range s {
		if !isNamePart(r) {
			return false
		}
	}
	return s != ""
}

// noStructure is what Apigee says of a text that is no object and no array.
const noStructure = "Expecting { or ["

// Convert makes an XML document of a JSON object or array. charset is the encoding of src as its Content-Type names it; "" or
// an unknown one is UTF-8. The only error is a *SyntaxError.
func (t *ToXML) Convert(src []byte, charset string) ([]byte, error) {
	text, _, err := decode(src, charset)
	if err != nil {
		return nil, &SyntaxError{Line: 1, Column: 1, Reason: err.Error()}
	}
	start := len(text) - len(bytes.TrimLeft(text, xmlSpace))
	at := &SyntaxError{Line: 1 + bytes.Count(text[:start], []byte("\n")), Column: start - bytes.LastIndexByte(text[:start], '\n')}
	if start == len(text) || text[start] != '{' && text[start] != '[' {
		at.Reason, at.Premature = noStructure, start == len(text)
		return nil, at
	}
	tree, err := ordjson.Parse(text)
	if syntax, ok := errors.AsType[*ordjson.SyntaxError](err); ok {
		return nil, &SyntaxError{Line: syntax.Line, Column: syntax.Column, Reason: syntax.Reason}
	}
	w := &xmlWriter{ToXML: t, dst: make([]byte, 0, len(text)+len(text)/2)}
	if err := w.document(tree); err != nil {
		at.Reason = err.Error()
		return nil, at
	}
	return w.dst, nil
}

func (w *xmlWriter) document(tree *ordjson.Node) error {
	if !w.o.OmitXMLDeclaration {
		w.dst = append(w.dst, `<?xml version="1.0" encoding="UTF-8"?>`...)
		w.indent(0, w.o.Indent)
	}
	switch {
	case tree.Kind() == ordjson.Array:
		return w.items(w.array, tree, 0, w.o.Indent)
	case w.namesRoot(tree):
		return w.element(w.elementName(tree.Name(0)), tree.At(0), 0, w.o.Indent)
	}
	return w.element(w.root, tree, 0, w.o.Indent)
}

// namesRoot reports whether the one member of an object can be the root.
func (w *xmlWriter) namesRoot(o *ordjson.Node) bool {
	return o.Len() == 1 && o.At(0).Kind() != ordjson.Array && w.role(o.Name(0), o.At(0)) == isElement
}
