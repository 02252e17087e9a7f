package cases

import (
	"fmt"
	"strings"
)

// Result is the outcome of one run of a case.
type Result struct {
	Passed   bool
	Failures []Failure
	// Faults are all faults that were raised, those of steps with
	// continueOnError too, as ELEMENT/CODE of the catalogue; sorted, each once.
	Faults []string
	// Log tells what happened: with Options.Verbose everything that a tracer
	// sees, otherwise only internal errors of the runtime.
	Log []string
}

// Failure is one thing that was not as the case says.
type Failure struct {
	File     string
	Exchange int    // from 1; 0 when it concerns the case as a whole
	Section  string // "response", "target", "bundle", ...
	Line     int    // in the file
	Want     string
	Got      string
}

func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", f.File, max(f.Line, 1))
	if f.Exchange > 0 {
		fmt.Fprintf(&b, "exchange %d, ", f.Exchange)
	}
	b.WriteString(f.Section)
	if f.Want != "" {
		b.WriteString("\n    want " + indent(f.Want))
	}
	return b.String() + "\n    got  " + indent(f.Got)
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n         ") }

// String is the report: failures, then the log.
func (r *Result) String() string {
	var lines []string
	for _, f := range r.Failures {
		lines = append(lines, f.String())
	}
	for _, line := range r.Log {
		lines = append(lines, "    "+indent(line))
	}
	return strings.Join(lines, "\n")
}
