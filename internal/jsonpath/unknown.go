package jsonpath

import "strings"

// UnknownFunction tells that the path is well-formed but for the name of a function that does not exist. Jayway accepts such a
// path, and fails when it is evaluated; a caller that must load what loads there can take it for one that selects nothing.
func (e *SyntaxError) UnknownFunction() bool {
	return strings.HasPrefix(e.Reason, "no function is called ")
}
