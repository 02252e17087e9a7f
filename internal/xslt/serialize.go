package xslt

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"sluice/internal/xpath"
)

// serialize writes a result tree.
func (o *output) serialize(root *xpath.Node) (Output, error) {
	method := o.method
	if method == "" {
		method = methodFor(root)
	}
	p := &printer{output: o, html: method == "html"}
	media := o.mediaType
	switch method {
	case "text":
		p.plain(root)
		media = cmp.Or(media, "text/plain")
	case "html":
		p.indent = o.indent != "no"
		p.document(root, cmp.Or(topElement(root), "html"))
		media = cmp.Or(media, "text/html")
	default:
		p.indent = o.indent == "yes"
		p.declaration()
		p.document(root, topElement(root))
		media = cmp.Or(media, "text/xml")
	}
	if p.out.Len() > MaxOutput {
		return Output{}, ErrTooLarge
	}
	return Output{p.out.String(), media, method, o}, nil
}

// methodFor is html for a root element html in no namespace with nothing but white space before it, else xml.
func methodFor(root *xpath.Node) string {
	for _, n := range root.Children() {
		switch {
		case n.Kind() == xpath.ElementNode && strings.EqualFold(n.Local(), "html") && n.Space() == "":
			return "html"
		case n.Kind() == xpath.ElementNode, n.Kind() == xpath.TextNode && !isBlank(n.Value()):
			return "xml"
		}
	}
	return "xml"
}

func topElement(root *xpath.Node) string {
	for _, n := range root.Children() {
		if n.Kind() == xpath.ElementNode {
			return n.Name()
		}
	}
	return ""
}

// printer writes nodes as XML or HTML.
type printer struct {
	*output
	out    bytes.Buffer
	html   bool
	indent bool
	depth  int
	// mixed is set below elements with text, in which white space would be content.
	mixed bool
}

func (p *printer) full() bool { return p.out.Len() > MaxOutput } // serialize reports it

func (p *printer) plain(n *xpath.Node) {
	for _, child := range n.Children() {
		if child.Kind() == xpath.TextNode && !p.full() {
			p.out.WriteString(child.Value())
		}
		p.plain(child)
	}
}

// document writes all nodes of the tree, with the document type before the first element.
func (p *printer) document(root *xpath.Node, top string) {
	p.mixed = slices.ContainsFunc(root.Children(), isText)
	started := false
	for i, n := range root.Children() {
		if n.Kind() == xpath.ElementNode && !started {
			p.doctype(top)
			started = true
		}
		if i > 0 {
			p.newline()
		}
		p.node(n, false)
	}
	if p.indent {
		p.out.WriteByte('\n')
	}
}

func (p *printer) newline() {
	if p.indent && !p.mixed {
		p.out.WriteByte('\n')
		for range p.depth {
			p.out.WriteString("   ")
		}
	}
}

// node writes a node; verbatim is for text in script and style elements of HTML, which has no escapes.
func (p *printer) node(n *xpath.Node, verbatim bool) {
	if p.full() {
		return
	}
	switch n.Kind() {
	case xpath.ElementNode:
		p.element(n)
	case xpath.TextNode:
		p.text(n, verbatim)
	case xpath.CommentNode:
		p.out.WriteString("<!--" + n.Value() + "-->")
	case xpath.InstructionNode:
		p.instruction(n)
	}
}

func (p *printer) instruction(n *xpath.Node) {
	p.out.WriteString("<?" + n.Local())
	if n.Value() != "" {
		p.out.WriteString(" " + n.Value())
	}
	if p.html {
		p.out.WriteByte('>')
		return
	}
	p.out.WriteString("?>")
}

func (p *printer) text(n *xpath.Node, verbatim bool) {
	switch text := n.Value(); {
	case n.Raw() || verbatim:
		p.out.WriteString(text)
	case n.Parent() != nil && slices.Contains(p.cdata, name{n.Parent().Space(), n.Parent().Local()}):
		p.out.WriteString("<![CDATA[" + strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>") + "]]>")
	default:
		writeEscaped(&p.out, text, false, p.html)
	}
}

func (p *printer) element(n *xpath.Node) {
	html := p.html && n.Space() == ""
	p.out.WriteString("<" + n.Name())
	p.namespaces(n)
	for _, a := range n.Attributes() {
		p.attribute(n, a, html)
	}
	local := strings.ToLower(n.Local())
	switch {
	case html && slices.Contains(htmlEmpty, local):
		p.out.WriteByte('>')
		return
	case len(n.Children()) == 0 && !html:
		p.out.WriteString("/>")
		return
	}
	p.out.WriteByte('>')
	if html && local == "head" && !p.noContentType {
		p.contentType(n)
	}
	p.content(n, html && (local == "script" || local == "style"), html && slices.Contains(htmlVerbatim, local))
	p.out.WriteString("</" + n.Name() + ">")
}

// content writes what is within n, in lines of its own unless text is among it.
func (p *printer) content(n *xpath.Node, verbatim, asIs bool) {
	outer := p.mixed
	p.mixed = outer || asIs || slices.ContainsFunc(n.Children(), isText) || preserved(n)
	p.depth++
	for _, child := range n.Children() {
		p.newline()
		p.node(child, verbatim)
	}
	p.depth--
	if len(n.Children()) > 0 {
		p.newline()
	}
	p.mixed = outer
}

func (p *printer) namespaces(n *xpath.Node) {
	n.Declared(func(prefix, space string) {
		p.out.WriteString(" xmlns")
		if prefix != "" {
			p.out.WriteString(":" + prefix)
		}
		p.out.WriteString(`="`)
		writeEscaped(&p.out, space, true, false)
		p.out.WriteByte('"')
	})
}

func (p *printer) attribute(n, a *xpath.Node, html bool) {
	p.out.WriteString(" " + a.Name())
	value := a.Value()
	if html && a.Space() == "" {
		local := strings.ToLower(a.Local())
		if strings.EqualFold(value, local) && slices.Contains(htmlBoolean, local) {
			return
		}
		if slices.Contains(htmlURI, local) {
			value = escapeURI(value)
		}
	}
	p.out.WriteString(`="`)
	writeEscaped(&p.out, value, true, html)
	p.out.WriteByte('"')
}
