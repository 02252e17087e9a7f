package xslt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluice/internal/xpath"
)

// Space is the namespace of XSLT's elements.
const Space = "http://www.w3.org/1999/XSL/Transform"

// What one transformation may take at most.
const (
	// MaxWork bounds, together, the nodes visited, the templates carried out at 16 each, the nodes made at 24 and the bytes of
	// text made at a quarter.
	MaxWork = 64 << 20
	// MaxDepth bounds templates within each other.
	MaxDepth = 4000
	// MaxOutput bounds the bytes of the result.
	MaxOutput = 32 << 20
)

// Stylesheet is a compiled stylesheet. It is immutable and safe for concurrent use.
type Stylesheet struct {
	output   output
	spaces   whiteSpace
	modes    map[name]*mode
	named    map[name]*template
	globals  []*global
	keys     map[name][]*key
	formats  map[name]*decimalFormat
	sets     map[name][]*attributeSet
	aliases  map[string]alias
	warnings []Problem
	tree     *xpath.Node // the stylesheet as a document
}

// name is an expanded name.
type name struct{ space, local string }

func (n name) String() string {
	if n.space == "" {
		return n.local
	}
	return "{" + n.space + "}" + n.local
}

// Problem is something wrong with a stylesheet.
type Problem struct {
	Line    int // in the stylesheet, from 1
	Message string
	Hint    string // "" for none
}

func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Message) }

// Error says what is wrong with a stylesheet, all of it.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "; ")
}

// Warnings are the parts of the stylesheet that are not supported. A transformation fails when it comes to one.
func (s *Stylesheet) Warnings() []Problem { return s.warnings }

// Options are what a transformation is given besides its source.
type Options struct {
	// Parameters are values for the top-level xsl:param of that name, in no namespace.
	Parameters map[string]string
	// Now is the time of current-dateTime() and its like.
	Now time.Time
	// Message hears of each xsl:message; nil: nobody does.
	Message func(text string)

	work int // in place of MaxWork, for tests; 0 for none
}

// Output is the result of a transformation.
type Output struct {
	Text string
	// MediaType is that of xsl:output, or that of its method; without a charset.
	MediaType string

	method string
	output *output
}

// Encode is the text in the encoding that xsl:output asks for. The error says that the text has no place in it.
func (o Output) Encode() ([]byte, error) { return o.output.encode(o.Text, o.method) }

// Errors of a transformation, besides what ctx and the parser of XML say. What a stylesheet does wrong comes as a *RunError.
var (
	ErrTooDeep   = fmt.Errorf("templates call each other more than %d levels deep", MaxDepth)
	ErrTooNested = fmt.Errorf("instructions stand within each other more than %d levels deep", maxNesting)
	ErrTooLarge  = fmt.Errorf("the result is larger than %d bytes", MaxOutput)
	ErrTooLong   = errors.New("the transformation takes too much work on this document")
)

// RunError is an error of an instruction.
type RunError struct {
	Line  int // in the stylesheet
	Cause error
}

func (e *RunError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Cause) }

// Unwrap returns the cause.
func (e *RunError) Unwrap() error { return e.Cause }

// at tells where in the stylesheet an error arose, once.
func at(line int, err error) error {
	if err == nil || errors.As(err, new(*RunError)) {
		return err
	}
	if errors.Is(err, xpath.ErrTooMuchWork) {
		err = ErrTooLong
	}
	return &RunError{line, err}
}

// Transform applies the stylesheet to a document. It gives up when ctx ends, and then returns its error.
func (s *Stylesheet) Transform(ctx context.Context, source []byte, o Options) (Output, error) {
	doc, err := xpath.ParseWith(source, xpath.ParseOptions{Strip: s.spaces.stripper()})
	if err != nil {
		return Output{}, err
	}
	r := newRun(ctx, s, o)
	tree, err := r.transform(doc.Root())
	if ctx.Err() != nil && err != nil {
		return Output{}, ctx.Err()
	}
	if err != nil {
		return Output{}, err
	}
	return s.output.serialize(tree)
}
