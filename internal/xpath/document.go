package xpath

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// What ParseDocument accepts at most. A node takes about 180 bytes.
const (
	MaxBytes = 32 << 20
	MaxDepth = 1000
	MaxNodes = 1 << 20 // elements, attributes and declarations of namespaces, texts, comments, processing instructions
	// MaxDeclarations bounds the namespaces that one element declares.
	MaxDeclarations = 1000
)

// NodeKind tells what a node is in the data model (XPath 1.0, section 5).
type NodeKind uint8

// The seven kinds of the data model.
const (
	RootNode NodeKind = iota
	ElementNode
	AttributeNode
	TextNode
	CommentNode
	InstructionNode
	NamespaceNode // made by the namespace axis
)

// Node is a node of the XPath data model. Adjacent text and CDATA sections are one text node.
type Node struct {
	kind     NodeKind
	raw      bool  // text that is written without escapes
	line     int32 // in the source, from 1
	order    int   // place in the document: parents before attributes before children
	last     int   // order of the last node within
	sibling  int   // index in parent.children
	prefix   string
	local    string // also the target of a processing instruction
	space    string // namespace URI
	text     string // value of attribute, text, comment, processing instruction
	declares []declaration
	parent   *Node
	attrs    []*Node
	children []*Node
}

// Root is the root of the tree, above the root element.
func (d *Document) Root() *Node { return d.root }

// declaration is one xmlns attribute.
type declaration struct{ prefix, space string }

const xmlSpace = "http://www.w3.org/XML/1998/namespace"

// Document is a parsed XML document. It is immutable and safe for concurrent use.
type Document struct{ root *Node }

// ParseDocument reads a well-formed XML document that declares its prefixes. A document type declaration is an error, and so
// is any entity that needs one. Errors name the line.
func ParseDocument(src []byte) (*Document, error) { return ParseWith(src, ParseOptions{}) }

// ParseOptions are what a host language asks of the parser.
type ParseOptions struct {
	// Strip tells below which elements a text of white space is dropped, unless xml:space preserves it. nil: all is kept.
	Strip func(space, local string) bool
	// Second says that the nodes come after those of any other parsed document, so that expressions can use two of them.
	Second bool
}

// ParseWith is ParseDocument with options.
func ParseWith(src []byte, o ParseOptions) (*Document, error) {
	if len(src) > MaxBytes {
		return nil, fmt.Errorf("xml: more than %d bytes", MaxBytes)
	}
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	b := &builder{
		decoder: xml.NewDecoder(bytes.NewReader(src)),
		root:    &Node{},
		src:     src,
		spaces:  map[string][]string{"xml": {xmlSpace}},
		strip:   o.Strip,

		preserve: []bool{false},
	}
	if o.Second {
		b.root.order = MaxNodes + 1
	}
	b.current = b.root
	b.decoder.CharsetReader = func(label string, input io.Reader) (io.Reader, error) {
		b.converted = true
		return charsetReader(label, input)
	}
	if err := b.build(); err != nil {
		line, column := b.decoder.InputPos()
		return nil, fmt.Errorf("xml: line %d:%d: %w", line, column, plain(err))
	}
	return &Document{root: b.root}, nil
}

// plain drops the line that encoding/xml puts before its own messages.
func plain(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return errors.New(syntax.Msg)
	}
	return err
}

func charsetReader(label string, input io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("unknown encoding %q", label)
	}
	return enc.NewDecoder().Reader(input), nil
}

// builder makes the tree. It reads raw tokens, because encoding/xml's cooked ones have lost their prefixes; so the matching of
// tags and the namespaces are its own business.
type builder struct {
	decoder *xml.Decoder
	started bool // something came that no declaration may follow
	root    *Node
	current *Node
	depth   int
	nodes   int
	line    int   // where the token begins
	start   int64 // its offset in src
	src     []byte
	// converted tells that the decoder does not read src itself, so that its offsets are others.
	converted bool
	strip     func(space, local string) bool
	preserve  []bool              // whether xml:space keeps white space: in the root, in the root element, and so on
	pending   []byte              // text that may go on after the next token
	spaces    map[string][]string // prefix -> URIs in scope, innermost last
}

func (b *builder) build() error {
	for {
		b.line, _ = b.decoder.InputPos()
		b.start = b.decoder.InputOffset()
		token, err := b.decoder.RawToken()
		if err == io.EOF {
			return b.end()
		}
		if err == nil {
			err = b.add(token)
		}
		if err != nil {
			return err
		}
	}
}

func (b *builder) end() error {
	if b.current != b.root {
		return fmt.Errorf("element %s is not closed", b.current.Name())
	}
	if err := b.flush(); err != nil {
		return err
	}
	b.root.last = b.root.order + b.nodes
	if !hasElement(b.root) {
		return errors.New("no root element")
	}
	return nil
}

func (b *builder) add(token xml.Token) error {
	first := !b.started
	if text, ok := token.(xml.CharData); ok {
		b.pending = append(b.pending, text...)
		b.started = b.started || len(bytes.TrimSpace(text)) > 0 // bundles write documents that begin with a newline
		return nil
	}
	b.started = true
	if err := b.flush(); err != nil {
		return err
	}
	switch token := token.(type) {
	case xml.StartElement:
		if b.nodes+len(token.Attr) > MaxNodes {
			return errTooManyNodes
		}
		normalize(token.Attr, b.source())
		return b.open(token)
	case xml.EndElement:
		return b.close(token.Name)
	case xml.Comment:
		return b.append(&Node{kind: CommentNode, text: string(token)})
	case xml.ProcInst:
		switch {
		case token.Target == "xml" && first:
			return nil
		case token.Target == "xml":
			// Each puts another decoder of characters on top of the others, so that a
			// document of declarations takes time in the square of its length.
			return errors.New("an XML declaration stands at the beginning only")
		}
		return b.append(&Node{kind: InstructionNode, local: token.Target, text: string(token.Inst)})
	}
	return errors.New("a document type declaration is not allowed")
}

// source is the text of the token, nil if the document is in an encoding of its own.
func (b *builder) source() []byte {
	if end := b.decoder.InputOffset(); !b.converted && end <= int64(len(b.src)) {
		return b.src[b.start:end]
	}
	return nil
}

// flush makes a node of the pending text. Around the root element white space is allowed, and is no node.
func (b *builder) flush() error {
	if len(b.pending) == 0 {
		return nil
	}
	text := string(b.pending)
	b.pending = b.pending[:0]
	blank := strings.Trim(text, " \t\r\n") == ""
	switch {
	case b.current != b.root && blank && b.strip != nil && b.strip(b.current.space, b.current.local) && !b.preserve[b.depth]:
		return nil
	case b.current != b.root:
		return b.append(&Node{kind: TextNode, text: text})
	case !blank:
		return errors.New("text outside of the root element")
	}
	return nil
}

// preserves tells whether xml:space keeps the white space in n, where outer says so of its parent.
func preserves(n *Node, outer bool) bool {
	for _, a := range n.attrs {
		if a.space == xmlSpace && a.local == "space" {
			return a.text == "preserve"
		}
	}
	return outer
}

func (b *builder) append(n *Node) error {
	n.sibling = len(b.current.children)
	b.current.children = append(b.current.children, n)
	return b.count(n)
}

var errTooManyNodes = fmt.Errorf("more than %d nodes", MaxNodes)

func (b *builder) count(n *Node) error {
	n.parent = b.current
	err := b.take()
	n.order, n.line = b.root.order+b.nodes, int32(b.line)
	return err
}

// take counts a node, or what takes as much work as one.
func (b *builder) take() error {
	if b.nodes++; b.nodes > MaxNodes {
		return errTooManyNodes
	}
	return nil
}

func (b *builder) open(tag xml.StartElement) error {
	n := &Node{kind: ElementNode, prefix: tag.Name.Space, local: tag.Name.Local}
	if b.depth++; b.depth > MaxDepth {
		return fmt.Errorf("nested deeper than %d levels", MaxDepth)
	}
	if b.current == b.root && hasElement(b.root) {
		return errors.New("a second root element")
	}
	if err := b.append(n); err != nil {
		return err
	}
	b.current = n
	for _, a := range tag.Attr {
		if err := b.declare(n, a); err != nil {
			return err
		}
	}
	if err := b.resolve(n); err != nil {
		return err
	}
	if err := b.attributes(n, tag.Attr); err != nil {
		return err
	}
	b.preserve = append(b.preserve, preserves(n, b.preserve[b.depth-1]))
	return nil
}

func hasElement(root *Node) bool {
	for _, child := range root.children {
		if child.kind == ElementNode {
			return true
		}
	}
	return false
}

// declared is the prefix that an attribute declares; ok is false for other attributes.
func declared(a xml.Attr) (prefix string, ok bool) {
	switch {
	case a.Name.Space == "xmlns":
		return a.Name.Local, true
	case a.Name.Space == "" && a.Name.Local == "xmlns":
		return "", true
	}
	return "", false
}

func (b *builder) declare(n *Node, a xml.Attr) error {
	prefix, ok := declared(a)
	switch {
	case !ok:
		return nil
	case prefix != "" && a.Value == "":
		return fmt.Errorf("prefix %s is declared as nothing", prefix)
	case prefix == "xmlns" || (prefix == "xml") != (a.Value == xmlSpace):
		return fmt.Errorf("prefix %s cannot be declared as %q", prefix, a.Value)
	}
	if len(n.declares) == MaxDeclarations {
		return fmt.Errorf("more than %d namespaces are declared at an element", MaxDeclarations)
	}
	n.declares = append(n.declares, declaration{prefix, a.Value})
	b.spaces[prefix] = append(b.spaces[prefix], a.Value)
	return b.take()
}

func (b *builder) attributes(n *Node, attrs []xml.Attr) error {
	seen := make(map[xml.Name]bool, len(attrs))
	for _, a := range attrs {
		if _, ok := declared(a); ok {
			continue
		}
		attr := &Node{kind: AttributeNode, prefix: a.Name.Space, local: a.Name.Local, text: a.Value}
		if attr.prefix != "" {
			if err := b.resolve(attr); err != nil {
				return err
			}
		}
		name := xml.Name{Space: attr.space, Local: attr.local}
		if seen[name] {
			return fmt.Errorf("attribute %s occurs twice", attr.Name())
		}
		seen[name] = true
		n.attrs = append(n.attrs, attr)
		if err := b.count(attr); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) resolve(n *Node) error {
	inScope := b.spaces[n.prefix]
	if len(inScope) > 0 {
		n.space = inScope[len(inScope)-1]
	} else if n.prefix != "" {
		return fmt.Errorf("prefix %s is not declared", n.prefix)
	}
	return nil
}

func (b *builder) close(name xml.Name) error {
	n := b.current
	if n == b.root || n.prefix != name.Space || n.local != name.Local {
		return fmt.Errorf("end tag %s does not match", (&Node{prefix: name.Space, local: name.Local}).Name())
	}
	for _, d := range n.declares {
		inScope := b.spaces[d.prefix]
		b.spaces[d.prefix] = inScope[:len(inScope)-1]
	}
	n.last = b.root.order + b.nodes
	b.current = n.parent
	b.preserve = b.preserve[:b.depth]
	b.depth--
	return nil
}

// Name is the qualified name as the document has it.
func (n *Node) Name() string {
	if n.prefix == "" {
		return n.local
	}
	return n.prefix + ":" + n.local
}

// Value is the string-value of the data model: of a root or an element all text within.
func (n *Node) Value() string {
	switch {
	case n.kind > ElementNode:
		return n.text
	case len(n.children) == 1 && n.children[0].kind == TextNode:
		return n.children[0].text
	}
	var text strings.Builder
	n.writeText(&text)
	return text.String()
}

func (n *Node) writeText(to *strings.Builder) {
	for _, child := range n.children {
		switch child.kind {
		case TextNode:
			to.WriteString(child.text)
		case ElementNode:
			child.writeText(to)
		}
	}
}
