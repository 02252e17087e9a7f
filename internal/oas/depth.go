package oas

import (
	"bytes"
	"errors"
)

// maxDepth bounds how deep a document is nested. The libraries take a time that
// grows with the cube of the depth: minutes at 3000 levels. Descriptions that
// people use have 30.
const maxDepth = 250

var errDepth = errors.New("the document is nested too deep")

// tooDeep reports whether a document is nested deeper than maxDepth, in brackets
// or by indentation. It does not read YAML, so text in a document counts as well:
// as far as its brackets have no counterpart.
func tooDeep(data []byte) bool {
	brackets, columns := 0, []int{}
	for line := range bytes.Lines(data) {
		lead := len(line) - len(bytes.TrimLeft(line, " -"))
		if len(bytes.TrimSpace(line)) > 0 { // a blank line ends nothing
			columns = indented(columns, line[:lead])
		}
		if brackets = bracketed(brackets, line[lead:]); brackets > maxDepth || len(columns) > maxDepth {
			return true
		}
	}
	return false
}

// indented are the columns at which the blocks begin that a line lies in; lead is
// what stands before its text. A dash begins a block too.
func indented(columns []int, lead []byte) []int {
	begin := func(column int) {
		for len(columns) > 0 && columns[len(columns)-1] >= column {
			columns = columns[:len(columns)-1]
		}
		columns = append(columns, column)
	}
	for column, c := range lead {
		if c == '-' {
			begin(column)
		}
	}
	begin(len(lead))
	return columns
}

// bracketed is the depth of brackets after a line, of which text in double quotes
// does not count; a depth that is too large is not left again.
func bracketed(depth int, line []byte) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return depth
			}
		case c == '}', c == ']':
			depth = max(depth-1, 0)
		}
	}
	return depth
}
