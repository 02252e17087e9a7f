package xpath

import (
	"errors"
	"strings"
)

// ErrTooLarge says that the XML text of a node-set would be longer than MaxBytes: nodes within each other are written several
// times.
var ErrTooLarge = errors.New("xpath: the XML text of the result is too large")

// serializer writes nodes as XML. A node that stood below others takes along the declarations of the prefixes that it uses.
type serializer struct {
	strings.Builder
	bound map[string]string // prefix -> URI, as far as it is written
}

var (
	escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	escapeAttr = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;", "\n", "&#10;", "\t", "&#9;")
)

func (s *serializer) write(n *Node) {
	if s.Len() > MaxBytes {
		return // Result.XML reports it
	}
	switch n.kind {
	case RootNode:
		for _, child := range n.children {
			s.write(child)
		}
	case ElementNode:
		s.element(n)
	case AttributeNode:
		s.attribute(n)
	case NamespaceNode:
		s.namespace(n)
	case TextNode:
		s.WriteString(escapeText.Replace(n.text))
	case CommentNode:
		s.WriteString("<!--" + n.text + "-->")
	case InstructionNode:
		s.WriteString("<?" + n.local + " " + n.text + "?>")
	}
}

func (s *serializer) element(n *Node) {
	s.WriteString("<" + n.Name())
	restore := s.declarations(n)
	for _, a := range n.attrs {
		s.WriteByte(' ')
		s.attribute(a)
	}
	if len(n.children) == 0 {
		s.WriteString("/>")
	} else {
		s.WriteByte('>')
		for _, child := range n.children {
			s.write(child)
		}
		s.WriteString("</" + n.Name() + ">")
	}
	for _, d := range restore {
		s.bound[d.prefix] = d.space
	}
}

// namespace writes the declaration of a namespace.
func (s *serializer) namespace(n *Node) {
	name := "xmlns"
	if n.local != "" {
		name += ":" + n.local
	}
	s.WriteString(name + `="` + escapeAttr.Replace(n.text) + `"`)
}

func (s *serializer) attribute(n *Node) {
	s.WriteString(n.Name() + `="` + escapeAttr.Replace(n.text) + `"`)
}

// declarations writes the declarations of the element itself and those that its name and attributes need besides. It returns
// what was bound before.
func (s *serializer) declarations(n *Node) (restore []declaration) {
	bind := func(prefix, space string) {
		if s.bound[prefix] == space || prefix == "xml" {
			return
		}
		restore = append(restore, declaration{prefix, s.bound[prefix]})
		s.bound[prefix] = space
		name := "xmlns"
		if prefix != "" {
			name += ":" + prefix
		}
		s.WriteString(" " + name + `="` + escapeAttr.Replace(space) + `"`)
	}
	bind(n.prefix, n.space)
	for _, d := range n.declares {
		bind(d.prefix, d.space)
	}
	for _, a := range n.attrs {
		if a.prefix != "" {
			bind(a.prefix, a.space)
		}
	}
	return restore
}
