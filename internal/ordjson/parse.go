package ordjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// What Parse accepts at most. JSONThreatProtection sets tighter bounds while it streams; these protect every other reader
// of a body: a node takes about 80 bytes, and the recursive readers of a tree about 200 bytes of stack a level.
const (
	MaxDepth = 1000
	MaxNodes = 1 << 20
)

// SyntaxError tells why and where bytes are not JSON, or not JSON within the bounds.
type SyntaxError struct {
	Line, Column int // from 1; the column counts bytes
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d:%d: %s", e.Line, e.Column, e.Reason)
}

// Parse reads exactly one JSON value, with white space and one byte order mark around it allowed. The only error is a
// *SyntaxError. The tree does not refer to src.
func Parse(src []byte) (*Node, error) {
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	p := parsers.Get().(*parser)
	defer p.done()
	p.src, p.left = string(src), MaxNodes
	p.dec.Reset(bytes.NewBuffer(src), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	root, err := p.value(0)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, p.locate(err)
	}
	return root, nil
}

type parser struct {
	dec  *jsontext.Decoder
	src  string // one copy of the input; number texts and plain strings are parts of it
	left int    // nodes that may still be made
	slab []Node // nodes made ahead: one allocation for many
	// The children of what is open, outermost first; those of one node are copied out when it closes.
	items []*Node
	names []string
}

// parsers are used again: a decoder and its stacks cost more than a small value, such as
// the claims of a token.
var parsers = sync.Pool{New: func() any { return &parser{dec: jsontext.NewDecoder(new(bytes.Buffer))} }}

// maxKeptStack bounds the stacks that a parser keeps: one long array must not stay.
const maxKeptStack = 1024

// done gives the parser back, without what it has read.
func (p *parser) done() {
	p.dec.Reset(new(bytes.Buffer)) // it must not hold on to the input
	clear(p.items[:cap(p.items)])
	clear(p.names[:cap(p.names)])
	items, names := p.items[:0], p.names[:0]
	if cap(items) > maxKeptStack || cap(names) > maxKeptStack {
		items, names = nil, nil
	}
	*p = parser{dec: p.dec, items: items, names: names}
	parsers.Put(p)
}

var (
	errTooDeep = fmt.Errorf("nested deeper than %d levels", MaxDepth)
	errTooMany = fmt.Errorf("more than %d values", MaxNodes)
	errExtra   = errors.New("text after the value")
)

func (p *parser) node(k Kind) (*Node, error) {
	if p.left--; p.left < 0 {
		return nil, errTooMany
	}
	if len(p.slab) == 0 {
		// A value with its name takes some sixteen bytes of input; where it is less, this
		// is done again.
		p.slab = make([]Node, min(64, len(p.src)/16+1))
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	n.kind = k
	return n, nil
}

func (p *parser) value(depth int) (*Node, error) {
	switch p.dec.PeekKind() {
	case '{':
		return p.object(depth + 1)
	case '[':
		return p.array(depth + 1)
	}
	raw, err := p.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	return p.scalar(raw)
}

func (p *parser) scalar(raw jsontext.Value) (*Node, error) {
	switch raw[0] {
	case 'n':
		return p.node(Null)
	case 't', 'f':
		n, err := p.node(Bool)
		if err == nil {
			n.truth = raw[0] == 't'
		}
		return n, err
	case '"':
		n, err := p.node(String)
		if err == nil {
			n.text = p.unquote(raw)
		}
		return n, err
	}
	n, err := p.node(Number)
	if err == nil {
		n.text = p.source(raw)
	}
	return n, err
}

// source is the part of src that the decoder has just returned as raw.
func (p *parser) source(raw jsontext.Value) string {
	end := int(p.dec.InputOffset())
	return p.src[end-len(raw) : end]
}

func (p *parser) unquote(raw jsontext.Value) string {
	text := p.source(raw)
	text = text[1 : len(text)-1]
	if strings.IndexByte(text, '\\') < 0 && utf8.ValidString(text) {
		return text
	}
	// The syntax is known to be right, so the error can only be invalid UTF-8, which comes out as U+FFFD.
	plain, _ := jsontext.AppendUnquote(nil, raw)
	return string(plain)
}

func (p *parser) array(depth int) (*Node, error) {
	n, err := p.open(Array, depth)
	if err != nil {
		return nil, err
	}
	first := len(p.items)
	for p.dec.PeekKind() != ']' {
		item, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, item)
	}
	n.items, p.items = cut(p.items, first)
	_, err = p.dec.ReadToken()
	return n, err
}

func (p *parser) object(depth int) (*Node, error) {
	n, err := p.open(Object, depth)
	if err != nil {
		return nil, err
	}
	firstItem, firstName := len(p.items), len(p.names)
	for p.dec.PeekKind() != '}' {
		raw, err := p.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		p.names = append(p.names, p.unquote(raw))
		item, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, item)
	}
	n.items, p.items = cut(p.items, firstItem)
	n.names, p.names = cut(p.names, firstName)
	_, err = p.dec.ReadToken()
	return n, err
}

// cut copies the tail of a stack and takes it off.
func cut[T any](stack []T, from int) (tail, rest []T) {
	if len(stack) > from {
		tail = slices.Clone(stack[from:])
	}
	return tail, stack[:from]
}

func (p *parser) open(k Kind, depth int) (*Node, error) {
	if depth > MaxDepth {
		return nil, errTooDeep
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, err
	}
	return p.node(k)
}

// end tells whether nothing but white space follows. It does not read further, so that the error is where the value ends.
func (p *parser) end() error {
	if p.dec.PeekKind() != 0 {
		return errExtra
	}
	if _, err := p.dec.ReadToken(); err != io.EOF {
		return err
	}
	return nil
}

func (p *parser) locate(err error) *SyntaxError {
	offset := int(p.dec.InputOffset())
	reason := err.Error()
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		offset, reason = int(syntax.ByteOffset), syntax.Err.Error()
	case err == io.EOF:
		offset, reason = len(p.src), "no value"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		offset, reason = len(p.src), "the text ends within a value"
	}
	before := p.src[:min(offset, len(p.src))]
	return &SyntaxError{
		Line:   1 + strings.Count(before, "\n"),
		Column: len(before) - strings.LastIndexByte(before, '\n'),
		Reason: reason,
	}
}
