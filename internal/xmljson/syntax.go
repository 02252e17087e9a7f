package xmljson

import (
	"errors"
	"fmt"

	"sluice/internal/ordjson"
)

// What Convert accepts at most. An element takes up to two levels of JSON, and what comes out must be within the bounds of
// those who read it: see ordjson.MaxDepth.
const (
	MaxDepth = ordjson.MaxDepth/2 - 5 // elements within elements
	MaxNodes = ordjson.MaxNodes       // elements, attributes and texts
	MaxBytes = 32 << 20               // of XML that is written: a name is written once for each item of an array
)

// SyntaxError tells why and where a text is not what it should be, or not within the bounds.
type SyntaxError struct {
	Line, Column int // from 1; the column counts bytes of UTF-8
	Reason       string
	Premature    bool // the text ends before its end
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d:%d: %s", e.Line, e.Column, e.Reason)
}

var (
	errTooDeep = fmt.Errorf("nested deeper than %d levels", MaxDepth)
	errTooMany = fmt.Errorf("more than %d elements, attributes and texts", MaxNodes)
	errTooLong = fmt.Errorf("the XML is longer than %d bytes", MaxBytes)
)

// errPremature is the end of a text before its end.
var errPremature = errors.New("premature end of document")
