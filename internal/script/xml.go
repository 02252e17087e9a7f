package script

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

const (
	// maxXMLDepth and maxXMLNodes bound a document that asXML reads.
	maxXMLDepth = 500
	maxXMLNodes = 200_000
)

// xmlNode is an element.
type xmlNode struct {
	name       string // local
	attributes []xml.Attr
	children   []*xmlNode
	text       string // of itself and of all elements in it
	start, end int    // of its markup in the document
}

// xmlDocument is a parsed text.
type xmlDocument struct {
	source   string
	comments [][2]int // places of comments
	root     *xmlNode
}

var errXMLTooBig = errors.New("the document is nested too deep or has too many elements")

// parseXML reads a document with the standard decoder, which knows no entities but
// the five of XML. etree is kept out of this package, and would build more than is
// read here.
func parseXML(source string) (*xmlDocument, error) {
	d := xml.NewDecoder(strings.NewReader(source))
	// Texts are UTF-8 by now, whatever the declaration says.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	p := &xmlParser{doc: &xmlDocument{source: source}}
	for {
		at := int(d.InputOffset())
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := p.add(token, at, int(d.InputOffset())); err != nil {
			return nil, err
		}
	}
	if p.doc.root == nil {
		return nil, errors.New("there is no XML element")
	}
	return p.doc, nil
}

type xmlParser struct {
	doc   *xmlDocument
	open  []*xmlNode
	texts []strings.Builder // of the open elements
	count int
}

func (p *xmlParser) add(token xml.Token, start, end int) error {
	switch t := token.(type) {
	case xml.StartElement:
		return p.begin(t, start)
	case xml.EndElement:
		p.finish(end)
	case xml.CharData:
		if n := len(p.texts); n > 0 {
			p.texts[n-1].Write(t)
		}
	case xml.Comment:
		p.doc.comments = append(p.doc.comments, [2]int{start, end})
	}
	return nil
}

func (p *xmlParser) begin(t xml.StartElement, start int) error {
	if p.count++; p.count > maxXMLNodes || len(p.open) >= maxXMLDepth {
		return errXMLTooBig
	}
	n := &xmlNode{name: t.Name.Local, attributes: slices.Clone(t.Attr), start: start}
	if depth := len(p.open); depth > 0 {
		p.open[depth-1].children = append(p.open[depth-1].children, n)
	} else if p.doc.root == nil {
		p.doc.root = n
	}
	p.open = append(p.open, n)
	p.texts = append(p.texts, strings.Builder{})
	return nil
}

func (p *xmlParser) finish(end int) {
	last := len(p.open) - 1
	n := p.open[last]
	n.end, n.text = end, p.texts[last].String()
	p.open, p.texts = p.open[:last], p.texts[:last]
}

// markup is the XML of a node, without comments, as asXML documents.
func (d *xmlDocument) markup(n *xmlNode) string {
	var b strings.Builder
	from := n.start
	for _, c := range d.comments {
		if c[0] >= from && c[1] <= n.end {
			b.WriteString(d.source[from:c[0]])
			from = c[1]
		}
	}
	b.WriteString(d.source[from:n.end])
	return b.String()
}

// xmlList is what E4X calls an XMLList: the elements that a step of a path gave, or
// the values of an attribute. A single element is a list of one. It is read as a
// text, and is a goja.DynamicObject.
type xmlList struct {
	r      *run
	doc    *xmlDocument
	nodes  []*xmlNode
	values []string // of attributes; then nodes is empty
}

func (l *xmlList) export() any { return l.String() }

// xml makes the object that asXML is.
func (r *run) xml(source string) goja.Value {
	doc, err := parseXML(source)
	if err != nil {
		r.throw("TypeError", "The content is no XML: "+err.Error())
	}
	return r.readsAsText(&xmlList{r: r, doc: doc, nodes: []*xmlNode{doc.root}})
}

// xmlConstructor is E4X's XML(text).
func (r *run) xmlConstructor() goja.Value {
	return r.vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
		return r.xml(textOf(call.Argument(0))).ToObject(r.vm)
	})
}

// String is what E4X prints: the text of a single element without elements in it,
// otherwise markup.
func (l *xmlList) String() string {
	if len(l.nodes) == 0 {
		return strings.Join(l.values, "")
	}
	if len(l.nodes) == 1 && len(l.nodes[0].children) == 0 {
		return l.nodes[0].text
	}
	return l.markup()
}

func (l *xmlList) markup() string {
	parts := slices.Clone(l.values)
	for _, n := range l.nodes {
		parts = append(parts, l.doc.markup(n))
	}
	return strings.Join(parts, "\n")
}

// Get implements goja.DynamicObject. Elements come before E4X's methods; the methods
// of texts and objects come before elements that are not there.
func (l *xmlList) Get(name string) goja.Value {
	if n := index(name); n >= 0 {
		return l.at(n)
	}
	if attribute, ok := strings.CutPrefix(name, "@"); ok {
		return l.attribute(attribute)
	}
	_, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		local = name
	}
	if found := l.childrenThat(func(n *xmlNode) bool { return local == "*" || n.name == local }); len(found) > 0 {
		return l.of(found)
	}
	if m := l.e4x(name); m != nil {
		return m
	}
	if l.r.textProto.Get(name) != nil {
		return nil
	}
	return l.of(nil)
}

func (l *xmlList) of(nodes []*xmlNode) goja.Value {
	return l.r.readsAsText(&xmlList{r: l.r, doc: l.doc, nodes: nodes})
}

func (l *xmlList) childrenThat(matches func(*xmlNode) bool) []*xmlNode {
	var found []*xmlNode
	for _, n := range l.nodes {
		for _, c := range n.children {
			if matches(c) {
				found = append(found, c)
			}
		}
	}
	return found
}

func (l *xmlList) at(n int) goja.Value {
	if n < len(l.nodes) {
		return l.of(l.nodes[n : n+1])
	}
	return nil
}

func (l *xmlList) attribute(name string) goja.Value {
	list := &xmlList{r: l.r, doc: l.doc}
	for _, n := range l.nodes {
		for _, a := range n.attributes {
			if a.Name.Local == name || name == "*" {
				list.values = append(list.values, a.Value)
			}
		}
	}
	return l.r.readsAsText(list)
}

// e4x are the methods that scripts call.
func (l *xmlList) e4x(name string) goja.Value {
	text := func(s func() string) goja.Value {
		return l.r.method(func(goja.FunctionCall) goja.Value { return l.r.vm.ToValue(s()) })
	}
	switch name {
	case "toString", "valueOf", "toJSON", "text":
		return text(l.String)
	case "toXMLString":
		return text(l.markup)
	case "length":
		return l.r.method(func(goja.FunctionCall) goja.Value { return l.r.vm.ToValue(len(l.nodes) + len(l.values)) })
	case "children", "elements":
		return l.r.method(func(goja.FunctionCall) goja.Value { return l.of(l.childrenThat(func(*xmlNode) bool { return true })) })
	case "attribute":
		return l.r.method(func(c goja.FunctionCall) goja.Value { return l.attribute(textOf(c.Argument(0))) })
	case "localName":
		return text(func() string {
			if len(l.nodes) == 0 {
				return ""
			}
			return l.nodes[0].name
		})
	}
	return nil
}

// Set implements goja.DynamicObject: the document is read-only.
func (l *xmlList) Set(string, goja.Value) bool { return false }

// Has implements goja.DynamicObject.
func (l *xmlList) Has(name string) bool {
	if n := index(name); n >= 0 {
		return n < len(l.nodes)
	}
	return len(l.childrenThat(func(c *xmlNode) bool { return c.name == name })) > 0
}

// Delete implements goja.DynamicObject.
func (l *xmlList) Delete(string) bool { return false }

// Keys implements goja.DynamicObject: E4X loops over a list by index.
func (l *xmlList) Keys() []string {
	keys := make([]string, len(l.nodes))
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	return keys
}
