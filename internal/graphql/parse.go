package graphql

import (
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Bounds of every document: graphql-java's defaults of the same meaning.
const (
	MaxBytes  = 1 << 20
	MaxTokens = 15_000
	MaxDepth  = 500
)

// Document is a request that was read. It does not change after Validate.
type Document struct {
	// Depth is how deep fields nest, 1 without nested ones; what a fragment holds is as
	// deep as where it is spread.
	Depth int
	// Fragments is the number of fragment definitions.
	Fragments int

	query *ast.QueryDocument
	names map[string]*ast.FragmentDefinition // the first of each name
	work  work
}

// Error says what is wrong with a document or a schema. It does not quote the values in
// it, which may be secret.
type Error struct {
	Line, Column int // from 1, in characters; 0 where no place is to blame
	Text         string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("%s in line %d, column %d", e.Text, e.Line, e.Column)
}

// Parse reads the text of a request: operations and fragments. The error is an *Error.
func Parse(text string) (*Document, error) {
	if len(text) > MaxBytes {
		return nil, &Error{Text: fmt.Sprintf("more than %d bytes", MaxBytes)}
	}
	query, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, MaxTokens)
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(query.Operations) == 0 {
		return nil, &Error{Text: "no operation"}
	}
	d := &Document{query: query, Fragments: len(query.Fragments)}
	if err := d.measure(); err != nil {
		return nil, err
	}
	return d, nil
}

// syntaxError keeps the place alone: the parser's sentence quotes what stands there.
func syntaxError(err error) *Error {
	wrong := &Error{Text: "syntax error"}
	if at, ok := errors.AsType[*gqlerror.Error](err); ok && len(at.Locations) > 0 {
		wrong.Line, wrong.Column = at.Locations[0].Line, at.Locations[0].Column
		return wrong
	}
	wrong.Text = fmt.Sprintf("more than %d tokens", MaxTokens) // the one error of the parser without a place
	return wrong
}

// Kinds reports which types of operations the document holds: query, mutation,
// subscription, as they are written; the one that has no word is a query.
func (d *Document) Kinds() map[string]bool {
	kinds := make(map[string]bool, 1)
	for _, op := range d.query.Operations {
		kinds[string(op.Operation)] = true
	}
	return kinds
}
