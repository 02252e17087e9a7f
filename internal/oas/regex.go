package oas

import (
	"errors"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What a text may have that is held against the format regex: regexp2 compiles in
// a time that grows with the square of the nesting and more, and has no limit.
const (
	maxRegex       = 4096 // bytes
	maxRegexGroups = 50   // within each other
)

// regexFormat stands in lowered schemas for the format regex: the library lets
// none be registered in its place.
const regexFormat = "sluice-regex"

var errRegex = errors.New("not a regular expression")

// regexFormat is the format, whose work m pays for. Package regexp is not asked:
// it writes repetitions out, so that 4 KB take half a second.
func (m *meter) regexFormat() *jsonschema.Format {
	return &jsonschema.Format{Name: regexFormat, Validate: func(v any) error {
		source, ok := v.(string)
		if !ok {
			return nil
		}
		if len(source) > maxRegex || nestedGroups(source) > maxRegexGroups {
			panic(exhausted{})
		}
		began := time.Now()
		_, err := regexp2.Compile(source, regexp2.ECMAScript)
		m.spend(time.Since(began))
		if err != nil {
			return errRegex
		}
		return nil
	}}
}

// nestedGroups is how deep parentheses lie in each other, escaped ones included.
func nestedGroups(source string) (deepest int) {
	depth := 0
	for {
		i := strings.IndexAny(source, "()")
		if i < 0 {
			return deepest
		}
		if source[i] == '(' {
			depth++
			deepest = max(deepest, depth)
		} else {
			depth = max(depth-1, 0)
		}
		source = source[i+1:]
	}
}
