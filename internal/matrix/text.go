package matrix

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteJSON writes the whole matrix.
func (m *Matrix) WriteJSON(w io.Writer) error { return writeJSON(w, m) }

// letters show outcomes that are no rule's; a rule has a small letter of its own.
var letters = map[Outcome]string{
	FaultedAgain: "X", Leaked: "L", Unhandled: "U", LeakedAgain: "!", Defaulted: "D", Raised: "R", Continued: "-", Unseen: "~", Unreachable: ".",
}

// legend is what the outcomes are called in totals, and what their letters mean.
var legend = map[Outcome]string{
	FaultedAgain: "faulted again: a policy of the fault rules failed",
	Leaked:       "leaked: the client gets the platform's own envelope",
	Unhandled:    "unhandled: no rule ran, the target's answer passes",
	LeakedAgain:  "leaked again: a step of a fault rule failed, and that leaks",
	Handled:      "answered by a FaultRule",
	Defaulted:    "answered by the DefaultFaultRule",
	Raised:       "RaiseFault's own response, unchanged",
	Continued:    "the flow goes on",
	Unseen:       "no client sees it: the answer is sent already",
	Unreachable:  "no request gets there",
}

// colours are the SGR codes of outcomes.
var colours = map[Outcome]string{
	FaultedAgain: "1;97;45", Leaked: "1;97;41", Unhandled: "30;43", LeakedAgain: "31", Handled: "32", Defaulted: "36", Raised: "34", Continued: "2", Unseen: "2", Unreachable: "2",
}

// WriteText writes the matrix as a table: a line for each row, a letter for each
// of its faults, worst news first.
func (m *Matrix) WriteText(w io.Writer, coloured bool) error {
	t := &text{w: bufio.NewWriter(w), coloured: coloured, shows: map[Outcome]bool{}}
	keys := m.keys()
	for _, group := range m.groups() {
		t.group(group, keys[group[0].group()])
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

func (t *text) group(rows []*Row, k *ruleKey) {
	fmt.Fprintln(t.w, t.paint("1", rows[0].group()))
	fmt.Fprintln(t.w, "  "+strings.Join(t.key(rows[0], k), "   "))
	widths := columnWidths(rows)
	for i, r := range rows {
		where := r.where()
		if i > 0 && rows[i-1].where() == where {
			where = ""
		}
		t.row(r, where, widths, k)
	}
	fmt.Fprintln(t.w)
}

// key tells what the letters of an endpoint mean.
func (t *text) key(r *Row, k *ruleKey) []string {
	var key []string
	for _, name := range sortedByLetter(k.letters) {
		key = append(key, t.paint(colours[Handled], k.letters[name])+" "+name)
	}
	if k.byDefault != "" {
		key = append(key, t.paint(colours[Defaulted], letters[Defaulted])+" "+k.byDefault)
	}
	switch {
	case len(r.Rules) == 0 && r.DefaultRule == "":
		return []string{t.paint("2", "there are no fault rules")}
	case key == nil:
		key = []string{t.paint("2", "no fault rule answers here")}
	}
	if len(k.idle) > 0 {
		key = append(key, t.paint("33", "no fault leads to "+strings.Join(k.idle, ", ")))
	}
	return key
}

// where is the flow of a row.
func (r *Row) where() string { return strings.TrimSpace(r.Phase + " " + r.Flow) }

func (t *text) row(r *Row, where string, widths [3]int, k *ruleKey) {
	cells := ""
	for _, c := range r.Cells {
		t.shows[c.Outcome] = true
		cells += t.paint(colours[c.Outcome], k.letter(c))
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
			return out + t.note(r.Note)
		}
		why = c.Why
	}
	return out + t.note(why)
}

func (t *text) note(s string) string {
	if s == "" {
		return ""
	}
	return "  " + t.paint("2", s)
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
	bundles := ""
	switch n := len(m.Proxies); {
	case m.Refused > 0:
		bundles = fmt.Sprintf("%d bundles (%d more refused), ", n, m.Refused)
	case n > 1:
		bundles = fmt.Sprintf("%d bundles, ", n)
	}
	fmt.Fprintf(t.w, "%s%d places, %d cells: %s\n", bundles, m.Totals.Rows, m.Totals.Cells, strings.Join(parts, ", "))
	if m.Truncated {
		fmt.Fprintf(t.w, "only the first %d places of a proxy are shown\n", maxRows)
	}
}
