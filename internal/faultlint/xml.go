package faultlint

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html/charset"

	"sluice/flow"
)

// document is one XML file of a bundle. It is read with encoding/xml because a
// finding needs the place of an element and of its text, which etree does not
// keep.
type document struct {
	file string // path inside the bundle
	root *element
}

// element is an XML element with its place.
type element struct {
	tag    string
	attrs  []xml.Attr
	at     flow.Position
	text   string // the characters directly inside; comments count as their line breaks
	textAt flow.Position
	kids   []*element
}

// maxDepth is the depth of nesting that package proxy accepts.
const maxDepth = 100

// readDocument reads an XML file, nil if it is not well-formed.
func readDocument(file string, data []byte) *document {
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	dec.CharsetReader = charset.NewReaderLabel
	top := &element{}
	open := []*element{top}
	for {
		var at flow.Position
		at.Line, at.Column = dec.InputPos()
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(open) > maxDepth || lateDeclaration(tok, dec.InputOffset()) {
			return nil
		}
		open = take(open, tok, at)
	}
	if len(top.kids) != 1 {
		return nil
	}
	return &document{file, top.kids[0]}
}

// lateDeclaration reports whether a token, which ends at an offset, is an XML declaration
// after the start. Each would put one more decoder of characters on top of the others.
func lateDeclaration(tok xml.Token, end int64) bool {
	p, ok := tok.(xml.ProcInst)
	return ok && p.Target == "xml" && end > int64(len("<?xml ?>")+len(p.Inst))
}

// take adds a token to the innermost open element, and returns those that are
// open after it.
func take(open []*element, tok xml.Token, at flow.Position) []*element {
	inner := open[len(open)-1]
	switch t := tok.(type) {
	case xml.StartElement:
		el := &element{tag: t.Name.Local, attrs: t.Attr, at: at}
		inner.kids = append(inner.kids, el)
		return append(open, el)
	case xml.EndElement:
		return open[:len(open)-1]
	case xml.CharData:
		inner.add(string(t), at)
	case xml.Comment:
		inner.add(strings.Repeat("\n", bytes.Count(t, []byte("\n"))), at)
	}
	return open
}

func (e *element) add(text string, at flow.Position) {
	if e.text == "" {
		e.textAt = at
	}
	e.text += text
}

// place is where the byte of the element's text stands that offset counts.
func (e *element) place(offset int) flow.Position {
	before := e.text[:offset]
	if n := strings.Count(before, "\n"); n > 0 {
		return flow.Position{Line: e.textAt.Line + n, Column: offset - strings.LastIndexByte(before, '\n')}
	}
	return flow.Position{Line: e.textAt.Line, Column: e.textAt.Column + offset}
}

func (e *element) value() string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.text)
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// child returns the first element called tag, or nil; of a nil element too.
func (e *element) child(tag string) *element {
	if list := e.children(tag); len(list) > 0 {
		return list[0]
	}
	return nil
}

func (e *element) children(tag string) []*element {
	var list []*element
	if e == nil {
		return nil
	}
	for _, k := range e.kids {
		if k.tag == tag {
			list = append(list, k)
		}
	}
	return list
}

// walk calls visit for the element and all below it.
func (e *element) walk(visit func(*element)) {
	visit(e)
	for _, k := range e.kids {
		k.walk(visit)
	}
}
