package cases

import (
	"fmt"
	"strings"
)

// Result is the outcome of one run of a case.
type Result struct {
	File     string    `json:"file"`
	Line     int       `json:"line,omitempty"` // where it stands, and
	Name     string    `json:"name,omitempty"` // what it is called, when a file holds several
	Why      string    `json:"why"`
	Passed   bool      `json:"passed"`
	Updated  int       `json:"updated,omitempty"` // sections that were rewritten
	Seconds  float64   `json:"seconds"`
	Failures []Failure `json:"failures,omitempty"`
	// Faults are all faults that were raised, those of steps with
	// continueOnError too, as ELEMENT/CODE of the catalogue; sorted, each once.
	Faults []string `json:"faults,omitempty"`
	// Log holds internal errors of the runtime.
	Log []string `json:"log,omitempty"`
	// Traces tell the way of each exchange: when the case failed, and with
	// Options.Verbose always.
	Traces  []*Trace `json:"exchanges,omitempty"`
	Verbose bool     `json:"-"` // the traces are to be read, also those of what passed
}

// Failure is one thing that was not as the case says.
type Failure struct {
	File     string `json:"-"`
	Exchange int    `json:"exchange,omitempty"` // from 1; 0 when it concerns the case as a whole
	Section  string `json:"section"`            // "response", "target", "bundle", ...
	Line     int    `json:"line"`               // in the file
	Want     string `json:"want,omitempty"`
	Got      string `json:"got"`
	// Why says which element of the bundle decided it, Place where that stands
	// (FILE:LINE); both are empty where it is not known.
	Why   string `json:"why,omitempty"`
	Place string `json:"place,omitempty"`

	variable string // that differs
}

// title says which test it is.
func (r *Result) title() string {
	if r.Line == 0 {
		return r.File
	}
	return strings.TrimSpace(fmt.Sprintf("%s:%d  %s", r.File, r.Line, r.Name))
}

// What is one line: the section and the exchange.
func (f *Failure) What() string {
	if f.Exchange > 0 {
		return fmt.Sprintf("exchange %d, %s", f.Exchange, f.Section)
	}
	return f.Section
}

func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s", f.File, max(f.Line, 1), f.What())
	if f.Want != "" {
		b.WriteString("\n    want " + indent(f.Want))
	}
	return b.String() + "\n    got  " + indent(f.Got)
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n         ") }

// String is the report for people, without colours: see TextReport.
func (r *Result) String() string {
	var p painter
	p.detail(r)
	return strings.TrimSuffix(p.text.String(), "\n")
}
