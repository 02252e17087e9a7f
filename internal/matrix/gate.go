package matrix

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The classes of cells that Gate can fail on. A leak of a fault in the fault rules
// is a class of its own: no bundle can rule out all of them.
const (
	classLeaked      = "leaked"
	classLeakedAgain = "leaked-again"
	classAgain       = "faulted-again"
	classUnhandled   = "unhandled"
)

// FailClasses are all of them.
var FailClasses = []string{classLeaked, classAgain, classUnhandled, classLeakedAgain}

// Failure is a cell that fails a gate.
type Failure struct {
	Row   *Row
	Cell  *Cell
	Class string
}

// Key names the failure in a baseline: row, fault and class.
func (f *Failure) Key() string { return f.Row.ID + " / " + f.Cell.Fault + ": " + f.Class }

// Gate returns the cells that are of one of the classes, and how many more the
// baseline accepts.
func (m *Matrix) Gate(classes []string, accepted Baseline) (failures []Failure, known int) {
	for _, r := range m.Rows {
		for _, c := range r.Cells {
			for _, class := range classes {
				f := Failure{r, c, class}
				switch {
				case !c.is(class, r):
				case accepted[f.Key()]:
					known++
				default:
					failures = append(failures, f)
				}
			}
		}
	}
	return failures, known
}

func (c *Cell) is(class string, at *Row) bool {
	switch class {
	case classLeaked:
		return c.Leaked && !at.inRules()
	case classLeakedAgain:
		return c.Leaked && at.inRules()
	case classAgain:
		return c.Again
	case classUnhandled:
		return c.Unhandled
	}
	return false
}

// CheckClasses refuses a class that Gate does not know.
func CheckClasses(classes []string) error {
	for _, class := range classes {
		if !slices.Contains(FailClasses, class) {
			return fmt.Errorf("--fail-on has %q; it is a list of %s", class, strings.Join(FailClasses, ", "))
		}
	}
	return nil
}

// Baseline holds the keys of accepted failures.
type Baseline map[string]bool

// ReadBaseline reads a baseline: one key a line; lines that are blank or begin
// with # say nothing.
func ReadBaseline(r io.Reader) (Baseline, error) {
	b := Baseline{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			b[line] = true
		}
	}
	return b, lines.Err()
}

// WriteBaseline writes a baseline that accepts every failure there is now.
func (m *Matrix) WriteBaseline(w io.Writer) error {
	failures, _ := m.Gate(FailClasses, nil)
	keys := make([]string, len(failures))
	for i := range failures {
		keys[i] = failures[i].Key()
	}
	slices.Sort(keys)
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "# Cells of the fault matrix that are accepted as they are: place / fault: class.")
	for _, key := range keys {
		fmt.Fprintln(out, key)
	}
	return out.Flush()
}
