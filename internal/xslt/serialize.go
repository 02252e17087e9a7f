package xslt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"

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
		media = first(media, "text/plain")
	case "html":
		p.indent = o.indent != "no"
		p.document(root, first(topElement(root), "html"))
		media = first(media, "text/html")
	default:
		p.indent = o.indent == "yes"
		p.declaration()
		p.document(root, topElement(root))
		media = first(media, "text/xml")
	}
	if p.out.Len() > MaxOutput {
		return Output{}, ErrTooLarge
	}
	return Output{p.out.String(), media, method, o}, nil
}

func first(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
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

// encode brings the text into the encoding that is asked for. Characters that it does not have become references, but in text,
// where they become question marks.
func (o *output) encode(text, method string) ([]byte, error) {
	if o.encoding == "" || strings.EqualFold(o.encoding, "UTF-8") || strings.EqualFold(o.encoding, "UTF8") {
		if o.byteOrderMark {
			text = "\uFEFF" + text
		}
		return []byte(text), nil
	}
	enc, err := ianaindex.IANA.Encoding(o.encoding)
	if err != nil || enc == nil {
		return nil, fmt.Errorf("the encoding %s is not known", o.encoding)
	}
	encoder := enc.NewEncoder()
	if method == "text" {
		encoder = encoding.ReplaceUnsupported(encoder)
	} else {
		encoder = encoding.HTMLEscapeUnsupported(encoder)
	}
	return encoder.Bytes([]byte(text))
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

func (p *printer) declaration() {
	if p.omitDeclaration {
		return
	}
	p.out.WriteString(`<?xml version="1.0" encoding="` + first(p.encoding, "UTF-8") + `"`)
	if p.standalone == "yes" || p.standalone == "no" {
		p.out.WriteString(` standalone="` + p.standalone + `"`)
	}
	p.out.WriteString("?>")
	if p.indent {
		p.out.WriteByte('\n')
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

func (p *printer) doctype(top string) {
	declared := ""
	switch public, system := doctypeLiteral(p.doctypePublic), doctypeLiteral(p.doctypeSystem); {
	case p.doctypeSystem != "" && p.doctypePublic != "":
		declared = "\n  PUBLIC " + public + " " + system
	case p.doctypeSystem != "":
		declared = "\n  SYSTEM " + system
	case p.doctypePublic != "" && p.html:
		declared = "\n  PUBLIC " + public
	case !p.html || p.version != "5.0" && p.version != "5":
		return
	}
	if !p.html || p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
	p.out.WriteString("<!DOCTYPE " + top + declared + ">\n")
}

// doctypeLiteral quotes an identifier; it cannot hold both quotes.
func doctypeLiteral(s string) string {
	if strings.Contains(s, `"`) {
		return "'" + strings.ReplaceAll(s, "'", "%27") + "'"
	}
	return `"` + s + `"`
}

func isText(n *xpath.Node) bool { return n.Kind() == xpath.TextNode }

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

// contentType is the meta element that HTML gets in its head, unless the stylesheet wrote one.
func (p *printer) contentType(head *xpath.Node) {
	for _, n := range head.Children() {
		if n.Kind() == xpath.ElementNode && strings.EqualFold(n.Local(), "meta") {
			for _, a := range n.Attributes() {
				if strings.EqualFold(a.Local(), "http-equiv") && strings.EqualFold(a.Value(), "content-type") {
					return
				}
			}
		}
	}
	p.depth++
	p.newline()
	p.depth--
	p.out.WriteString(`<meta http-equiv="Content-Type" content="` + first(p.mediaType, "text/html") + "; charset=" + first(p.encoding, "UTF-8") + `">`)
}

// What HTML has of its own (HTML 4.01).
var (
	htmlEmpty    = []string{"area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "isindex", "link", "meta", "param", "source", "track", "wbr"}
	htmlVerbatim = []string{"pre", "textarea", "script", "style"}
	htmlBoolean  = []string{"checked", "compact", "declare", "defer", "disabled", "ismap", "multiple", "nohref", "noresize", "noshade", "nowrap", "readonly", "selected"}
	htmlURI      = []string{"href", "src", "action", "cite", "background", "longdesc", "usemap", "codebase", "data", "classid", "profile"}
)

// escapeURI escapes what is no ASCII, as HTML 4.01 recommends in appendix B.2.1.
func escapeURI(s string) string {
	var out strings.Builder
	for _, b := range []byte(s) {
		if b < 0x80 {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}

// writeEscaped writes text. HTML leaves < alone in attributes, and & before {.
func writeEscaped(out *bytes.Buffer, s string, attr, html bool) {
	last := 0
	for i := 0; i < len(s); i++ {
		escape := escapeOf(s, i, attr, html)
		if escape == "" {
			continue
		}
		out.WriteString(s[last:i])
		out.WriteString(escape)
		last = i + 1
	}
	out.WriteString(s[last:])
}

func escapeOf(s string, i int, attr, html bool) string {
	switch b := s[i]; {
	case b == '&' && html && attr && i+1 < len(s) && s[i+1] == '{':
		return ""
	case b == '&':
		return "&amp;"
	case b == '<' && !(html && attr):
		return "&lt;"
	case b == '>' && !(html && attr):
		return "&gt;"
	case b == '"' && attr:
		return "&#34;"
	case b == '\r' && !html:
		return "&#xD;"
	case b == '\n' && attr && !html:
		return "&#xA;"
	case b == '\t' && attr && !html:
		return "&#x9;"
	}
	return ""
}
