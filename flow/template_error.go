package flow

import (
	"strings"
	"unicode/utf8"
)

// TemplateError says why a text cannot be a message template.
type TemplateError struct {
	Code    string // UnknownStringFunction (of "entities") or InvalidTemplate
	Message string
	Hint    string
	Offset  int // where, in bytes of the text
	text    string
}

// The codes of a TemplateError. The first is Apigee's; for the rest Apigee
// documents none.
const (
	unknownStringFunction = "UnknownStringFunction"
	invalidTemplate       = "InvalidTemplate"
)

func (e *TemplateError) Error() string { return e.Message }

// excerptWidth is how many bytes around the place an excerpt shows.
const excerptWidth = 70

// excerpt returns the line of the template that is wrong, with a caret below the
// place.
func (e *TemplateError) excerpt() string {
	before, after := e.text[:e.Offset], e.text[e.Offset:]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	if i := strings.IndexAny(after, "\r\n"); i >= 0 {
		after = after[:i]
	}
	if cut := len(before) - excerptWidth; cut > 0 {
		before = "..." + strings.ToValidUTF8(before[cut:], "")
	}
	if len(after) > excerptWidth {
		after = strings.ToValidUTF8(after[:excerptWidth], "") + "..."
	}
	line := strings.ReplaceAll(before+after, "\t", " ")
	return line + "\n" + strings.Repeat(" ", utf8.RuneCountInString(before)) + "^"
}
