package xmllimits

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// model measures a document with encoding/xml: the largest count or length of each kind.
type model struct {
	Limits
	src      []byte
	children []int
	text     int
	blank    bool
}

func (m *model) saw(l Limit, n int) { m.Max[l] = max(m.Max[l], n) }

func (m *model) child() {
	if n := len(m.children); n > 0 {
		m.children[n-1]++
		m.saw(ChildCount, m.children[n-1])
	}
}

// endText closes a text node.
func (m *model) endText() {
	if !m.blank {
		m.child()
		m.saw(Text, m.text)
	}
	m.text, m.blank = 0, true
}

func (m *model) token(token xml.Token, raw string) {
	if text, ok := token.(xml.CharData); ok {
		m.text += size(string(text))
		m.blank = m.blank && strings.Trim(raw, " \t\r\n") == ""
		return
	}
	m.endText()
	switch token := token.(type) {
	case xml.StartElement:
		m.child()
		m.start(token)
	case xml.EndElement:
		m.children = m.children[:max(0, len(m.children)-1)]
	case xml.Comment:
		m.child()
		m.saw(Comment, size(string(token)))
	case xml.ProcInst:
		if token.Target == "xml" {
			return
		}
		m.child()
		m.saw(ProcessingInstructionTarget, size(token.Target))
		m.saw(ProcessingInstructionData, size(string(token.Inst)))
	}
}

func (m *model) start(e xml.StartElement) {
	m.children = append(m.children, 0)
	m.saw(NodeDepth, len(m.children))
	m.saw(ElementName, size(e.Name.Local))
	m.saw(NamespacePrefix, size(e.Name.Space))
	attributes, namespaces := 0, 0
	for _, a := range e.Attr {
		switch {
		case a.Name.Space == "xmlns":
			m.saw(NamespacePrefix, size(a.Name.Local))
			fallthrough
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			namespaces++
			m.saw(NamespaceURI, size(a.Value))
		default:
			attributes++
			m.saw(NamespacePrefix, size(a.Name.Space))
			m.saw(AttributeName, size(a.Name.Local))
			m.saw(AttributeValue, size(a.Value))
		}
	}
	m.saw(AttributeCount, attributes)
	m.saw(NamespaceCount, namespaces)
}

func size(s string) int {
	return len(utf16.Encode([]rune(strings.ReplaceAll(s, "\r\n", "\n"))))
}

func measure(src []byte) (*model, error) {
	m := &model{src: src, blank: true}
	for d := xml.NewDecoder(bytes.NewReader(src)); ; {
		from := d.InputOffset()
		token, err := d.RawToken()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		m.token(token, string(src[from:d.InputOffset()]))
	}
}

// FuzzCheck: what is accepted encoding/xml accepts too, and what it measures there is exactly what the limits allow.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"<?xml version='1.0'?><!-- c --><a:b xmlns:a='u' c='d&amp;' a:e=\"f\">t<![CDATA[x]]>&#65;<g/> <?p q?>\r\n</a:b>",
		"<a> &#32;<![CDATA[ ]]></a>", "<ä b='😀'>\r\r\n</ä>", "<a>]]</a>", "<a xmlns=''/>", "<a><!-----></a>", "<a><b></a>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		limits := NoLimits()
		if len(declaredEncoding(src)) > 0 || !utf8.Valid(src) || Check(src, &limits) != nil {
			return
		}
		src = bytes.TrimPrefix(src, []byte("\uFEFF"))
		m, err := measure(src)
		if err != nil {
			if bytes.ContainsFunc(src, func(r rune) bool { return r >= utf8.RuneSelf }) {
				return // encoding/xml knows the names of the fourth edition
			}
			t.Fatalf("%q is accepted, and encoding/xml says %v", src, err)
		}
		for l, most := range m.Max {
			if err := Check(src, with(Limit(l), most)); err != nil {
				t.Fatalf("%q: %v, and encoding/xml counts %d", src, err, most)
			}
			var exceeded *ExceededError
			if err := Check(src, with(Limit(l), most-1)); most > 0 && (!errors.As(err, &exceeded) || exceeded.Limit != Limit(l)) {
				t.Fatalf("%q: %v, and encoding/xml counts %d for %s", src, err, most, Limit(l))
			}
		}
	})
}
