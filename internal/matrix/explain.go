package matrix

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Explanation is one cell, alone.
type Explanation struct {
	Row  *Row  `json:"row"`
	Cell *Cell `json:"cell"`
}

// Explain tells all that is known of a cell.
func Explain(r *Row, c *Cell) *Explanation {
	alone := *r
	alone.Cells = nil
	return &Explanation{Row: &alone, Cell: c}
}

// WriteJSON writes the explanation.
func (e *Explanation) WriteJSON(w io.Writer) error { return writeJSON(w, e) }

// WriteText writes the explanation for people.
func (e *Explanation) WriteText(w io.Writer, coloured bool) error {
	t := &explained{text: text{w: bufio.NewWriter(w), coloured: coloured}, Explanation: e}
	t.head()
	t.rules()
	if s := e.Cell.Story; s != nil {
		t.steps(s)
		t.reads(s)
		t.response(s.Response)
		t.list("Taken as true on the way", s.Forced)
		t.list("Notes", s.Notes)
	}
	verdict := strings.ToUpper(e.Cell.Verdict[:1]) + e.Cell.Verdict[1:] + "."
	fmt.Fprintln(t.w, t.paint(colours[e.Cell.Outcome], verdict))
	return t.w.Flush()
}

type explained struct {
	text
	*Explanation
}

func (t *explained) title(s string) { fmt.Fprintln(t.w, t.paint("1", s)) }

// lines writes text behind a lead, its further lines under the first.
func (t *explained) lines(lead, s string) {
	indent := strings.Repeat(" ", len([]rune(lead)))
	fmt.Fprintln(t.w, strings.TrimRight(lead+strings.ReplaceAll(s, "\n", "\n"+indent), " "))
}

func (t *explained) list(title string, texts []string) {
	if len(texts) == 0 {
		return
	}
	t.title(title)
	for _, s := range texts {
		t.lines("  ", s)
	}
	fmt.Fprintln(t.w)
}

// head says which fault it is and where it arises.
func (t *explained) head() {
	r, c := t.Row, t.Cell
	t.title(c.Fault + " at " + r.Step)
	at := r.Side + " " + r.Endpoint + " of " + r.Proxy + ", " + r.where()
	if r.Policy != "" {
		at += ", " + r.Policy
	}
	t.lines("  where    ", at)
	if r.File != "" {
		t.lines("  file     ", fmt.Sprintf("%s:%d", r.File, r.Line))
	}
	t.lines("  when     ", c.Cause)
	t.lines("  code     ", c.Code)
	if s := c.Story; s != nil {
		for _, f := range s.Faults {
			t.fault(&f)
		}
		t.lines("  request  ", r.Request)
	}
	if c.Note != "" {
		t.lines("  note     ", c.Note)
	}
	if r.Note != "" {
		t.lines("  note     ", r.Note)
	}
	fmt.Fprintln(t.w)
}

// fault tells of a fault; a further one stands with the step that raised it.
func (t *explained) fault(f *Fault) {
	in := ""
	if f.In != "" && len(t.Cell.Story.Faults) > 1 {
		in = " (in " + f.In + ")"
	}
	t.lines("  fault    ", fmt.Sprintf("%d %s%s", f.Status, f.Reason, in))
}

// rules tells what came of each rule, in the order in which they are tried.
func (t *explained) rules() {
	if t.Cell.Story == nil || t.Row.Phase == postClientPhase {
		return
	}
	if len(t.Cell.Story.Rules) == 0 {
		t.title("There are no fault rules")
		fmt.Fprintln(t.w)
		return
	}
	order := "first to last"
	if t.Row.LastFirst {
		order = "last to first"
	}
	t.title("Rules, as they are tried: " + order)
	for _, at := range t.Cell.Story.Rules {
		name := at.Rule
		if at.Default {
			name += " (DefaultFaultRule)"
		}
		code := map[string]string{"ran": "32", "false": "31"}[at.Result]
		fmt.Fprintf(t.w, "  %s %s\n", t.paint(code, pad(at.Result, 9)), name)
		if at.Text != "" {
			t.lines("            ", at.Text)
		}
	}
	fmt.Fprintln(t.w)
}

func (t *explained) steps(s *Story) {
	if len(s.Steps)+len(s.Conditions) == 0 {
		return
	}
	t.title("Steps of the rules, as they ran")
	for i := range len(s.Steps) + 1 {
		for j := range s.Conditions {
			if check := &s.Conditions[j]; check.Before == i {
				t.lines("  condition of "+check.Owner+"  ", check.Text)
			}
		}
		if i < len(s.Steps) {
			at := &s.Steps[i]
			t.lines("  "+strings.Repeat("  ", at.Depth), at.Name+t.after(at))
		}
	}
	fmt.Fprintln(t.w)
}

// after tells what came of a step.
func (t *explained) after(at *Done) string {
	switch {
	case at.Error != "":
		return ": " + t.paint("31", "fault "+at.Error)
	case at.Idle != "":
		return ": " + t.paint("2", at.Idle)
	}
	return ""
}

func (t *explained) reads(s *Story) {
	var list []string
	for _, v := range s.Reads {
		list = append(list, v.Name+" = "+v.Value)
	}
	t.list("Variables that the rules read", list)
}

func (t *explained) response(r *Response) {
	if r == nil {
		return
	}
	t.title("The client gets")
	t.lines("  ", strings.Join(append([]string{fmt.Sprintf("%d %s", r.Status, r.Reason)}, r.Headers...), "\n"))
	if r.Body != "" {
		fmt.Fprintln(t.w)
		t.lines("  ", strings.TrimRight(r.Body, "\n"))
	}
	fmt.Fprintln(t.w)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
