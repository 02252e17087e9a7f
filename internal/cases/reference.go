package cases

import (
	_ "embed"
	"strings"
)

//go:embed doc.go
var documentation string

// Reference describes *.case files and what may lie beside them: the part of this
// package's documentation that is for those who write cases.
func Reference() string {
	text, _, _ := strings.Cut(documentation, "\npackage ")
	_, text, _ = strings.Cut(text, "// # The folder\n")
	var out strings.Builder
	out.WriteString("# The folder\n")
	for line := range strings.Lines(text) {
		out.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "//"), " "))
	}
	return out.String() + "\n"
}
