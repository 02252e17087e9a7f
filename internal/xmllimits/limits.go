package xmllimits

import "fmt"

// MaxDepth is how deep elements may nest where Limits do not say less.
const MaxDepth = 10_000

// Limit is one of the limits.
type Limit uint8

// The limits. Lengths count characters as Java does: UTF-16 code units, after references are resolved and with \r\n as one.
const (
	ElementName                 Limit = iota // length of the local part
	AttributeName                            // length of the local part
	NamespacePrefix                          // length, where it is declared or used
	ProcessingInstructionTarget              // length
	NodeDepth                                // elements within each other; the root element is 1
	AttributeCount                           // of an element, without its namespace declarations
	NamespaceCount                           // declarations of an element
	ChildCount                               // children of an element, of the kinds that Limits.Children has
	Text                                     // length of a text node: what stands between two pieces of markup other than CDATA
	AttributeValue                           // length
	NamespaceURI                             // length
	Comment                                  // length
	ProcessingInstructionData                // length
	limitCount
)

var limitNames = [...]string{
	"ElementName", "AttributeName", "NamespacePrefix", "ProcessingInstructionTarget", "NodeDepth", "AttributeCount",
	"NamespaceCount", "ChildCount", "Text", "AttributeValue", "NamespaceURI", "Comment", "ProcessingInstructionData",
}

// String is the name of the constant.
func (l Limit) String() string { return limitNames[l] }

// Children is a set of kinds of child nodes.
type Children uint8

// The kinds.
const (
	Elements Children = 1 << iota
	Comments
	ProcessingInstructions
	Texts // but for those of white space alone, see [Check]
)

// Limits are maxima. A negative one is none.
type Limits struct {
	Max      [limitCount]int
	Children Children // what ChildCount counts
}

// NoLimits has no limit at all, and counts every kind of child.
func NoLimits() Limits {
	l := Limits{Children: Elements | Comments | ProcessingInstructions | Texts}
	for i := range l.Max {
		l.Max[i] = -1
	}
	return l
}

// ExceededError says which limit is exceeded, and where what is too much begins.
type ExceededError struct {
	Limit Limit
	Max   int
	Line  int // from 1
	Char  int // characters of the line before it
}

func (e *ExceededError) Error() string {
	return fmt.Sprintf("%s exceeds %d at line %d, char %d", e.Limit, e.Max, e.Line, e.Char)
}

// SyntaxError says why a text is not a well-formed document, or not one that is accepted here.
type SyntaxError struct {
	Reason string
	Line   int // from 1
	Char   int // characters of the line before it
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at line %d, char %d", e.Reason, e.Line, e.Char)
}
