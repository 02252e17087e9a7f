package xslt

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"sluice/internal/xpath"
)

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
	p.out.WriteString(`<meta http-equiv="Content-Type" content="` + cmp.Or(p.mediaType, "text/html") + "; charset=" + cmp.Or(p.encoding, "UTF-8") + `">`)
}

func isText(n *xpath.Node) bool { return n.Kind() == xpath.TextNode }

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
