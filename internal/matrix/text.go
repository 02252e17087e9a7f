package matrix

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteJSON writes the whole matrix.
func (m *Matrix) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(m)
}

// letters show outcomes that are no rule's; a rule has a small letter of its own.
var letters = map[Outcome]string{
	FaultedAgain: "X", Leaked: "L", Unhandled: "U", Defaulted: "D", Raised: "R", Continued: "-", Unreachable: ".",
}

// legend is what the outcomes are called in totals, and what their letters mean.
var legend = map[Outcome]string{
	FaultedAgain: "faulted again: a policy of the fault rules failed",
	Leaked:       "leaked: the client gets the platform's own envelope",
	Unhandled:    "unhandled: no rule ran, the target's answer passes",
	Handled:      "answered by a FaultRule",
	Defaulted:    "answered by the DefaultFaultRule",
	Raised:       "RaiseFault's own response, unchanged",
	Continued:    "the flow goes on",
	Unreachable:  "no request gets there",
}

// colours are the SGR codes of outcomes.
var colours = map[Outcome]string{
	FaultedAgain: "1;97;45", Leaked: "1;97;41", Unhandled: "30;43", Handled: "32", Defaulted: "36", Raised: "34", Continued: "2", Unreachable: "2",
}

// WriteText writes the matrix as a table: a line for each row, a letter for each
// of its faults, worst news first.
func (m *Matrix) WriteText(w io.Writer, coloured bool) error {
	t := &text{w: bufio.NewWriter(w), coloured: coloured, shows: map[Outcome]bool{}}
	for _, group := range m.groups() {
		t.group(group)
	}
	t.legend()
	t.totals(m)
	return t.w.Flush()
}

// groups are the rows of one endpoint each.
func (m *Matrix) groups() [][]*Row {
	var list [][]*Row
	for i, r := range m.Rows {
		if i == 0 || r.group() != m.Rows[i-1].group() {
			list = append(list, nil)
		}
		list[len(list)-1] = append(list[len(list)-1], r)
	}
	return list
}

// group is the endpoint of a row.
func (r *Row) group() string { return r.Proxy + " · " + r.Side + " " + r.Endpoint }

type text struct {
	w        *bufio.Writer
	coloured bool
	shows    map[Outcome]bool // outcomes that were shown
}

func (t *text) paint(code, s string) string {
	if !t.coloured || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) group(rows []*Row) {
	names := ruleLetters(rows)
	fmt.Fprintln(t.w, t.paint("1", rows[0].group()))
	var key []string
	for _, name := range sortedByLetter(names) {
		key = append(key, t.paint(colours[Handled], names[name])+" "+name)
	}
	if name := defaultName(rows); name != "" {
		key = append(key, t.paint(colours[Defaulted], "D")+" "+name)
	}
	if key == nil {
		key = []string{t.paint("2", "no fault rule answers here")}
		if len(rows[0].Rules) == 0 {
			key = []string{t.paint("2", "there are no fault rules")}
		}
	}
	fmt.Fprintln(t.w, "  "+strings.Join(key, "   "))
	widths := columnWidths(rows)
	for i, r := range rows {
		where := r.where()
		if i > 0 && rows[i-1].where() == where {
			where = ""
		}
		t.row(r, where, widths, names)
	}
	fmt.Fprintln(t.w)
}

// where is the flow of a row.
func (r *Row) where() string { return strings.TrimSpace(r.Phase + " " + r.Flow) }

func (t *text) row(r *Row, where string, widths [3]int, names map[string]string) {
	cells := ""
	for _, c := range r.Cells {
		t.shows[c.Outcome] = true
		letter := letters[c.Outcome]
		if c.Outcome == Handled {
			letter = names[c.Rule]
		}
		cells += t.paint(colours[c.Outcome], letter)
	}
	line := fmt.Sprintf("  %s  %s  %s  %s", pad(where, widths[0]), pad(r.Step, widths[1]), t.paint("2", pad(r.Policy, widths[2])), cells)
	fmt.Fprintln(t.w, strings.TrimRight(line+t.worst(r), " "))
}

// worst names the faults of a row that need somebody to look at them.
func (t *text) worst(r *Row) string {
	out := ""
	for _, o := range []Outcome{FaultedAgain, Leaked, Unhandled} {
		if names := columnsOf(r, o); len(names) > 0 {
			out += "  " + t.paint(colours[o], string(o)) + " " + some(names, 2)
		}
	}
	why := ""
	for _, c := range r.Cells {
		if c.Outcome != Unreachable {
			return out
		}
		why = c.Why
	}
	return out + "  " + t.paint("2", why)
}

func columnsOf(r *Row, o Outcome) []string {
	var names []string
	for _, c := range r.Cells {
		if c.Outcome == o {
			names = append(names, c.Fault)
		}
	}
	return names
}

// some shows the first names of a list and how many more there are.
func some(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " +" + strconv.Itoa(len(names)-most)
}

// ruleLetters gives each rule that answers something a letter, in the order of
// the file.
func ruleLetters(rows []*Row) map[string]string {
	answers := map[string]bool{}
	var order []string
	for _, r := range rows {
		for _, name := range r.Rules {
			if !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
		for _, c := range r.Cells {
			answers[c.Rule] = answers[c.Rule] || c.Outcome == Handled
		}
	}
	names := map[string]string{}
	for _, name := range order {
		if answers[name] {
			names[name] = ruleLetter(len(names))
		}
	}
	return names
}

// ruleLetter is the n-th letter. Beyond them rules share one: the table is for an
// overview, JSON and HTML name every rule.
func ruleLetter(n int) string {
	const all = "abcdefghijklmnopqrstuvwxyz0123456789"
	if n < len(all) {
		return all[n : n+1]
	}
	return "*"
}

func sortedByLetter(names map[string]string) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.SortFunc(list, func(a, b string) int {
		if names[a] != names[b] {
			return strings.Compare(letterOrder(names[a]), letterOrder(names[b]))
		}
		return strings.Compare(a, b)
	})
	return list
}

// letterOrder puts digits behind letters.
func letterOrder(letter string) string {
	if letter < "a" {
		return "~" + letter
	}
	return letter
}

func defaultName(rows []*Row) string {
	for _, r := range rows {
		for _, c := range r.Cells {
			if c.Outcome == Defaulted {
				return c.Default
			}
		}
	}
	return ""
}

// maxColumn bounds a column: long names are cut in the table only.
const maxColumn = 44

func columnWidths(rows []*Row) [3]int {
	var w [3]int
	for _, r := range rows {
		for i, s := range []string{r.where(), r.Step, r.Policy} {
			w[i] = min(max(w[i], utf8.RuneCountInString(s)), maxColumn)
		}
	}
	return w
}

func pad(s string, width int) string {
	n := utf8.RuneCountInString(s)
	if n > width {
		return string([]rune(s)[:width-1]) + "…"
	}
	return s + strings.Repeat(" ", width-n)
}

func (t *text) legend() {
	for _, o := range Outcomes {
		if t.shows[o] && o != Handled {
			fmt.Fprintf(t.w, "%s %s\n", t.paint(colours[o], letters[o]), legend[o])
		}
	}
}

func (t *text) totals(m *Matrix) {
	parts := []string{}
	for _, o := range Outcomes {
		if n := m.Totals.Outcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	fmt.Fprintf(t.w, "%d places, %d cells: %s\n", m.Totals.Rows, m.Totals.Cells, strings.Join(parts, ", "))
	if m.Truncated {
		fmt.Fprintf(t.w, "only the first %d places are shown\n", maxRows)
	}
}
