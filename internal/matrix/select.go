package matrix

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/spelling"
)

// Find returns the cell that spec names: FAULT@PLACE[:PHASE].
//
// FAULT is the name of a fault, its code, or the name of a target's column
// ("connect timeout"). PLACE is a step, a target, a RouteRule, "client" for the
// client's request, or the ID of a row. PHASE is a phase, a flow, or both
// ("request PreFlow"); it is needed when the step is attached more than once.
// Letter case, spaces, hyphens and underscores make no difference. An error lists
// what could have been meant.
func (m *Matrix) Find(spec string) (*Row, *Cell, error) {
	fault, place, ok := strings.Cut(spec, "@")
	if !ok || fault == "" || place == "" {
		return nil, nil, fmt.Errorf("%q is not FAULT@PLACE[:PHASE], as in %s", spec, m.example())
	}
	rows, phase := m.at(place)
	if len(rows) == 0 {
		return nil, nil, m.noPlace(place)
	}
	if len(rows) > 1 && phase == "" {
		rows = narrow(rows, fault)
	}
	switch list, columns := cellsOf(rows, fault); {
	case len(list) == 0:
		return nil, nil, fmt.Errorf("%s cannot raise %q%s; its faults: %s", placeName(rows), fault, didYouMean(fault, columns), strings.Join(columns, ", "))
	case len(list) > 1:
		return nil, nil, ambiguous(spec, list)
	default:
		return list[0].Row, list[0].Cell, nil
	}
}

// example is a spec that Find knows.
func (m *Matrix) example() string {
	for _, r := range m.Rows {
		if r.Step != clientStep && len(r.Cells) > 0 {
			return Failure{Row: r, Cell: r.Cells[0]}.spec()
		}
	}
	return "InvalidApiKey@Verify-Key:request"
}

// at returns the rows of a place; phase is what stood behind its colon.
func (m *Matrix) at(place string) (rows []*Row, phase string) {
	if rows = m.rowsAt(place, ""); len(rows) > 0 {
		return rows, ""
	}
	if i := strings.LastIndexByte(place, ':'); i > 0 {
		return m.rowsAt(place[:i], place[i+1:]), place[i+1:]
	}
	return nil, ""
}

// rowsAt returns the rows of a place; phase may be "". A phase comes before an
// endpoint of the same name: many are called default.
func (m *Matrix) rowsAt(place, phase string) []*Row {
	var rows, inEndpoint []*Row
	for _, r := range m.Rows {
		switch {
		case !r.isAt(place):
		case phase == "" || same(r.Phase, phase) || same(r.Flow, phase) || same(r.where(), phase):
			rows = append(rows, r)
		case same(r.Endpoint, phase) || same(r.Proxy, phase):
			inEndpoint = append(inEndpoint, r)
		}
	}
	if len(rows) == 0 {
		return inEndpoint
	}
	return rows
}

func (r *Row) isAt(place string) bool {
	step := r.Step
	if i := strings.LastIndex(step, " > "); i >= 0 {
		step = step[i+3:]
	}
	for _, name := range []string{r.ID, r.Step, step, r.place()} {
		if same(name, place) {
			return true
		}
	}
	return false
}

// place is what Find calls the row.
func (r *Row) place() string {
	switch r.Step {
	case clientStep:
		return "client"
	case targetStep:
		return r.Endpoint
	}
	return r.Step
}

// same compares names as Find does.
func same(a, b string) bool { return spelling.Plain(a) == spelling.Plain(b) }

// narrow leaves out the places that cannot raise the fault, if others can.
func narrow(rows []*Row, fault string) []*Row {
	able := slices.DeleteFunc(slices.Clone(rows), func(r *Row) bool {
		list, _ := cellsOf([]*Row{r}, fault)
		return len(list) == 0
	})
	if len(able) > 0 {
		return able
	}
	return rows
}

// cellsOf returns the cells of the fault, and the names of all faults there are.
func cellsOf(rows []*Row, fault string) (list []Failure, columns []string) {
	for _, r := range rows {
		for _, c := range r.Cells {
			if !slices.Contains(columns, c.Fault) {
				columns = append(columns, c.Fault)
			}
			name := c.Code[strings.LastIndexByte(c.Code, '.')+1:]
			if same(c.Fault, fault) || same(c.Code, fault) || same(name, fault) && r.only(c, name) {
				list = append(list, Failure{Row: r, Cell: c})
			}
		}
	}
	return list, columns
}

// only reports whether c is the one cell of the row whose code ends in name: the
// columns of a target share codes.
func (r *Row) only(c *Cell, name string) bool {
	for _, other := range r.Cells {
		if other != c && (same(other.Fault, name) || strings.HasSuffix(other.Code, "."+name)) {
			return false
		}
	}
	return true
}

func placeName(rows []*Row) string {
	if rows[0].Step == clientStep || rows[0].Step == targetStep {
		return strings.Trim(rows[0].Step, "()") + " of " + rows[0].Endpoint
	}
	return rows[0].Step
}

// noPlace tells which places there are.
func (m *Matrix) noPlace(place string) error {
	name, phase, _ := strings.Cut(place, ":")
	if rows := m.rowsAt(name, ""); len(rows) > 0 {
		var phases []string
		for _, r := range rows {
			if w := r.where(); !slices.Contains(phases, w) {
				phases = append(phases, w)
			}
		}
		return fmt.Errorf("%s is not in %q; it is in: %s", name, phase, strings.Join(phases, ", "))
	}
	var names []string
	for _, r := range m.Rows {
		if !slices.Contains(names, r.place()) {
			names = append(names, r.place())
		}
	}
	if len(names) == 0 {
		return errors.New("the proxy has nothing that can fail")
	}
	return fmt.Errorf("no step, target or RouteRule is called %q%s; there are: %s", name, didYouMean(name, names), some(names, maxCandidates))
}

// maxCandidates bounds what an error lists.
const maxCandidates = 30

// ambiguous lists specs that each mean one of the cells.
func ambiguous(spec string, list []Failure) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%q means %d cells; say which:", spec, len(list))
	for i, f := range list[:min(len(list), maxCandidates)] {
		text := f.spec()
		for j := range list {
			if j != i && list[j].spec() == text {
				text = f.Cell.Fault + "@" + f.Row.ID
			}
		}
		b.WriteString("\n  '" + text + "'")
	}
	return errors.New(b.String())
}

// spec is what Find finds the cell by, unless its step stands twice in one flow.
func (f Failure) spec() string {
	return f.Cell.Fault + "@" + f.Row.place() + ":" + f.Row.where()
}

// didYouMean is a question for the nearest of the names, or "" when none is near.
func didYouMean(name string, names []string) string {
	best := spelling.Nearest(name, names, max(2, len(name)/3))
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}
