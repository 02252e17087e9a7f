package xmljson

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"

	"sluice/internal/ordjson"
)

// element is one whose end tag has not come yet.
type element struct {
	members
	tag      xml.Name
	depth    int
	children int
	path     *arrayStep // where it stands among the paths of TreatAsArray, or nil
}

// child reads the element that begins with tag, and adds it to the members of the one around.
func (r *jsonReader) child(to *members, tag xml.StartElement, depth int, around *arrayStep) error {
	if depth > MaxDepth {
		return errTooDeep
	}
	e := element{tag: tag.Name, depth: depth, path: around.step(tag.Name.Space, tag.Name.Local)}
	if err := r.open(&e, tag.Attr); err != nil {
		return err
	}
	if err := r.content(&e); err != nil {
		return err
	}
	name, value := r.close(&e)
	if depth <= len(r.levels) {
		r.levels[depth-1] = level{value, e.children}
	}
	as := e.path.own()
	if as != nil && !as.unwrap && as.name != "" {
		name = as.name
	}
	to.add(name, value, as)
	return nil
}

// count counts nodes against the bound.
func (r *jsonReader) count(n int) error {
	if r.nodes += n; r.nodes > MaxNodes {
		return errTooMany
	}
	return nil
}

// open makes members of the attributes: declarations first.
func (r *jsonReader) open(e *element, attrs []xml.Attr) error {
	if err := r.count(1 + len(attrs)); err != nil {
		return err
	}
	if err := distinct(attrs); err != nil {
		return err
	}
	if r.o.NamespaceBlockName != "" {
		r.declarations(e, attrs)
	}
	r.attributes(e, attrs)
	return nil
}

func distinct(attrs []xml.Attr) error {
	if len(attrs) < 2 {
		return nil
	}
	var seen names
	for _, a := range attrs {
		if _, isNew := seen.place(tagName(a.Name)); !isNew {
			return errors.New("attribute " + tagName(a.Name) + " occurs twice")
		}
	}
	return nil
}

func (r *jsonReader) declarations(e *element, attrs []xml.Attr) {
	var block members
	for _, a := range attrs {
		prefix, ok := declared(a.Name)
		if prefix == "" {
			prefix = r.o.DefaultNamespaceNodeName
		}
		if ok && prefix != "" {
			block.add(prefix, ordjson.NewString(a.Value), nil)
		}
	}
	if len(block.list) > 0 {
		e.add(r.o.NamespaceBlockName, block.object(), nil)
	}
}

func (r *jsonReader) attributes(e *element, attrs []xml.Attr) {
	block, to := members{}, &e.members
	if r.o.AttributeBlockName != "" {
		to = &block
	}
	for _, a := range attrs {
		if _, ok := declared(a.Name); !ok {
			to.add(r.o.AttributePrefix+r.name(a.Name), r.scalar(a.Value), nil)
		}
	}
	if len(block.list) > 0 {
		e.add(r.o.AttributeBlockName, block.object(), nil)
	}
}

// declared is the prefix that an attribute declares, "" for the default namespace; ok is false for other attributes.
func declared(name xml.Name) (prefix string, ok bool) {
	if name.Space == "xmlns" {
		return name.Local, true
	}
	return "", name.Space == "" && name.Local == "xmlns"
}

// content reads up to the end tag.
func (r *jsonReader) content(e *element) error {
	for {
		token, err := r.next()
		if err != nil {
			return unclosed(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			r.text = append(r.text, token...)
		case xml.EndElement:
			if token.Name != e.tag {
				return mismatch(token.Name)
			}
			return r.count(1) // its text; texts between children are no more than the elements
		case xml.StartElement:
			r.keepText(e)
			e.children++
			if err := r.child(&e.members, token, e.depth+1, e.path); err != nil {
				return err
			}
		}
	}
}

// keepText makes a member of the text since the last child. White space alone is no text; that around a text belongs to it
// (inferred).
func (r *jsonReader) keepText(e *element) {
	if !blank(r.text) {
		e.add(r.o.TextNodeName, r.scalar(string(r.text)), nil)
	}
	r.text = r.text[:0]
}

// close returns the name and the value of an element that is read.
func (r *jsonReader) close(e *element) (name string, value *ordjson.Node) {
	name = r.name(e.tag)
	if len(e.list) == 0 && !r.o.TextAlwaysAsProperty && !blank(r.text) {
		value = r.scalar(string(r.text))
		r.text = r.text[:0]
		return name, value
	}
	r.keepText(e)
	array, as := e.unwrapped()
	switch {
	case len(e.list) == 0 && r.o.RecognizeNull:
		return name, r.null
	case array == nil:
		return name, e.object()
	case as.name != "":
		name = as.name
	}
	return name, array
}

// name is what an element or an attribute is called in JSON.
func (r *jsonReader) name(name xml.Name) string {
	if name.Space == "" || r.o.NamespaceSeparator == "" {
		return name.Local
	}
	return name.Space + r.o.NamespaceSeparator + name.Local
}

// scalar is the value of a text. White space around a number or a boolean does not hinder.
func (r *jsonReader) scalar(text string) *ordjson.Node {
	switch plain := strings.Trim(text, xmlSpace); {
	case r.o.RecognizeNumber && isNumber(plain):
		return ordjson.NewNumber(plain)
	case r.o.RecognizeBoolean && (plain == "true" || plain == "false"):
		return ordjson.NewBool(plain == "true")
	}
	return ordjson.NewString(text)
}

func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && json.Valid([]byte(text))
}
