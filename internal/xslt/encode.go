package xslt

import (
	"cmp"
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
)

// encode brings the text into the encoding that is asked for. Characters that it does not have become references, but in text,
// where a substitute character stands for them.
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

func (p *printer) declaration() {
	if p.omitDeclaration {
		return
	}
	p.out.WriteString(`<?xml version="1.0" encoding="` + cmp.Or(p.encoding, "UTF-8") + `"`)
	if p.standalone == "yes" || p.standalone == "no" {
		p.out.WriteString(` standalone="` + p.standalone + `"`)
	}
	p.out.WriteString("?>")
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
