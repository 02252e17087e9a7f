package cases

import (
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// editor rewrites the sections that say what must come out. Lines that still
// match stay as they are, with their wildcards.
type editor struct {
	c     *Case
	edits map[int]string // section -> new text
}

func newEditor(c *Case) *editor { return &editor{c: c, edits: map[int]string{}} }

// response notes what a response section should say.
func (e *editor) response(x *exchange, got *message) {
	want := x.response
	if want == nil || got.first() == "" || len(want.compareHead(got.head)) == 0 && want.compareBody(got.body) == nil {
		return
	}
	lines := []string{got.first()}
	if want.fitsFirst(got) {
		lines[0] = want.first()
	}
	lines = append(lines, want.headerAfter(got.head[1:])...)
	text := strings.Join(lines, "\n") + "\n"
	if want.given {
		text += "\n" + want.bodyAfter(got.body)
	}
	e.edits[want.index] = text
}

// headerAfter keeps the lines that match, replaces those whose value changed and
// drops those that are gone.
func (w *wire) headerAfter(got []string) []string {
	if w.ordered() {
		if len(w.compareLines(got)) == 0 {
			return w.head[1:]
		}
		return got
	}
	var lines []string
	used := map[string]int{}
	for _, line := range w.head[1:] {
		problem := findHeader(line, got, used)
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "!"), ":")
		now := named(name, got)
		switch {
		case problem == "":
			lines = append(lines, line)
		case len(now) > 0:
			lines = append(lines, now[0])
		}
	}
	return lines
}

// bodyAfter keeps the lines that match where the number of lines is the same.
func (w *wire) bodyAfter(body string) string {
	text := strings.ReplaceAll(body, "\r\n", "\n")
	if compare(w.body, text) == nil {
		text = w.body
	}
	want, got := split(w.body), split(text)
	for i := range got {
		if len(want) == len(got) && fits(want[i], got[i]) {
			got[i] = want[i]
		}
	}
	if len(got) == 0 {
		return ""
	}
	return strings.Join(got, "\n") + "\n"
}

// vars notes what vars sections should say.
func (e *editor) vars(x *exchange, vars []seen) {
	for i, s := range vars {
		v := &x.vars[i]
		if v.check(s) {
			continue
		}
		text, changed := e.edits[v.index]
		if !changed {
			text = string(e.c.archive.Files[v.index].Data)
		}
		lines := strings.Split(text, "\n")
		lines[v.row] = v.name + " = " + s.literal()
		e.edits[v.index] = strings.Join(lines, "\n")
	}
}

// updated are the sections that are rewritten.
var updated = []string{"response", "vars", "captured", "log"}

// apply writes the file. What was rewritten is no failure any more.
func (e *editor) apply(r *Result) {
	if len(e.edits) == 0 {
		return
	}
	files := append([]txtar.File(nil), e.c.archive.Files...)
	for i, text := range e.edits {
		files[i].Data = []byte(text)
	}
	data := txtar.Format(&txtar.Archive{Comment: e.c.archive.Comment, Files: files})
	if err := os.WriteFile(e.c.File, data, 0o644); err != nil { //nolint:gosec // a source file, for everyone to read
		r.Failures = append(r.Failures, Failure{File: e.c.File, Section: "update", Got: err.Error()})
		return
	}
	var left []Failure
	for _, f := range r.Failures {
		if !slices.Contains(updated, f.Section) {
			left = append(left, f)
		}
	}
	r.Failures = left
	r.Updated = len(e.edits)
}
