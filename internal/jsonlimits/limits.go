package jsonlimits

import "fmt"

// MaxDepth is how deep containers may nest where Limits do not say less: what jsontext reads.
const MaxDepth = 10_000

// Limits are maxima. A negative one is none.
type Limits struct {
	ContainerDepth        int // objects and arrays within each other; the outermost is 1
	ArrayElementCount     int // of each array
	ObjectEntryCount      int // of each object, duplicates included
	ObjectEntryNameLength int // characters as Java counts them: UTF-16 code units, after escapes are resolved
	StringValueLength     int // likewise
}

// Limit is one of the limits.
type Limit uint8

// The limits, in the order of the fields of Limits.
const (
	ContainerDepth Limit = iota
	ArrayElementCount
	ObjectEntryCount
	ObjectEntryNameLength
	StringValueLength
)

var limitNames = [...]string{"ContainerDepth", "ArrayElementCount", "ObjectEntryCount", "ObjectEntryNameLength", "StringValueLength"}

// String is the limit's name in JSONThreatProtection.
func (l Limit) String() string { return limitNames[l] }

// ExceededError says which limit is exceeded, and where.
type ExceededError struct {
	Limit Limit
	// Line, from 1, is where the name, string or container begins that is too much; for ArrayElementCount, where the array
	// begins.
	Line int
}

func (e *ExceededError) Error() string { return fmt.Sprintf("%s exceeded at line %d", e.Limit, e.Line) }

// SyntaxError says what JSON expects where the text has something else.
type SyntaxError struct {
	Expecting string // such as ":" or "a value"
	Line      int    // from 1
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("expecting %s at line %d", e.Expecting, e.Line)
}
