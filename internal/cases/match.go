package cases

import (
	"strings"
	"unicode/utf8"
)

// wild stands for any lines when it is a line, and for any text inside one.
const wild = "..."

// fits reports whether a line is what the pattern says.
func fits(pattern, line string) bool {
	parts := strings.Split(pattern, wild)
	if len(parts) == 1 {
		return pattern == line
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(line) < len(first)+len(last) || !strings.HasPrefix(line, first) || !strings.HasSuffix(line, last) {
		return false
	}
	line = line[len(first) : len(line)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(line, part)
		if !found {
			return false
		}
		line = after
	}
	return true
}

// difference is where a text stops being what was wanted.
type difference struct {
	row       int // of the wanted text, from 0
	want, got string
}

const (
	noMore   = "(no more text)"
	nothing  = "(nothing)"
	maxShown = 160 // characters of a line in a report
)

// compare looks for the first line of text that is not what pattern says; nil
// when all are. Line ends may be CRLF in text, and the newline at its end counts
// for nothing.
func compare(pattern, text string) *difference {
	want, got := split(pattern), split(strings.ReplaceAll(text, "\r\n", "\n"))
	w, g := reach(want, got)
	if w == len(want) && g == len(got) {
		return nil
	}
	d := &difference{row: w, want: noMore, got: noMore}
	if w < len(want) {
		d.want = want[w]
	}
	if g < len(got) {
		d.got = got[g]
	}
	if pattern == "" {
		d.want = nothing
	}
	if text == "" {
		d.got = nothing
	}
	return d
}

func split(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// reach matches lines against patterns; it returns how far it came in both: to
// their ends when they match, otherwise to the lines that stopped the attempt
// that came furthest.
func reach(want, got []string) (w, g int) {
	i, j := 0, 0
	star, mark := -1, 0 // the last "..." and where its lines begin to end
	for j < len(got) {
		switch {
		case i < len(want) && want[i] == wild:
			star, mark = i, j
			i++
			continue
		case i < len(want) && fits(want[i], got[j]):
			i, j = i+1, j+1
			continue
		}
		if i > w || star < 0 {
			w, g = i, j
		}
		if star < 0 {
			return w, g
		}
		mark++
		i, j = star+1, mark
	}
	for i < len(want) && want[i] == wild {
		i++
	}
	switch {
	case i < len(want) && star >= 0 && i == star+1 && w <= i:
		return i, max(0, len(got)-1) // no line is what must follow "...": the last one is not
	case i == len(want) || i >= w:
		return i, j
	}
	return w, g
}

// shorten cuts what both lines begin with, and what is too long to read.
func (d *difference) shorten() (want, got string) {
	same := 0
	for same < len(d.want) && same < len(d.got) && d.want[same] == d.got[same] {
		same++
	}
	from := 0
	if max(len(d.want), len(d.got)) > maxShown {
		from = max(0, same-maxShown/3)
	}
	return window(d.want, from), window(d.got, from)
}

func window(s string, from int) string {
	from = min(from, len(s))
	for from > 0 && from < len(s) && !utf8.RuneStart(s[from]) {
		from--
	}
	to := min(len(s), from+maxShown)
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	text := s[from:to]
	if from > 0 {
		text = "…" + text
	}
	if to < len(s) {
		text += "…"
	}
	return text
}

// compareHead looks whether first line and headers are as wanted.
func (w *wire) compareHead(got []string) []Failure {
	var list []Failure
	first := ""
	if len(got) > 0 {
		first, got = got[0], got[1:]
	}
	if !fits(w.first(), first) {
		list = append(list, Failure{Line: w.line, Want: w.first(), Got: first})
	}
	ordered := w.ordered()
	if ordered {
		list = append(list, w.compareLines(got)...)
	}
	used := map[string]int{} // name -> where to go on
	for i, line := range w.head[1:] {
		if ordered && line[0] != '!' {
			continue
		}
		if problem := findHeader(line, got, used); problem != "" {
			list = append(list, Failure{Line: w.line + 1 + i, Want: line, Got: problem})
		}
	}
	return list
}

// ordered reports whether the header is a pattern for all lines, in their order:
// it is when it has a wildcard line.
func (w *wire) ordered() bool { return contains(w.head[1:], wild) }

// compareLines compares the header with the pattern, which the "!" lines are no
// part of.
func (w *wire) compareLines(got []string) []Failure {
	var pattern []string
	var rows []int
	for i, line := range w.head[1:] {
		if line[0] != '!' {
			pattern, rows = append(pattern, line), append(rows, w.line+1+i)
		}
	}
	d := compare(strings.Join(pattern, "\n"), strings.Join(got, "\n"))
	if d == nil {
		return nil
	}
	return []Failure{{Line: append(rows, w.bodyLine()-1)[d.row], Want: d.want, Got: d.got}}
}

// findHeader looks for a line and returns what is there instead, "" if it is
// there. Lines of one name must come in their order.
func findHeader(want string, got []string, used map[string]int) (instead string) {
	if name, absent := strings.CutPrefix(want, "!"); absent {
		return strings.Join(named(name, got), "\n")
	}
	name, _, _ := strings.Cut(want, ":")
	for i, line := range got {
		if i >= used[name] && fits(want, line) {
			used[name] = i + 1
			return ""
		}
	}
	if there := named(name, got); len(there) > 0 {
		return strings.Join(there, "\n")
	}
	return "(no such header)"
}

// named are the lines of that name, in any letter case.
func named(name string, lines []string) []string {
	var list []string
	for _, line := range lines {
		if given, _, _ := strings.Cut(line, ":"); strings.EqualFold(given, strings.TrimSpace(name)) {
			list = append(list, line)
		}
	}
	return list
}

// compareBody looks whether the body is as wanted.
func (w *wire) compareBody(got string) []Failure {
	if !w.given {
		return nil
	}
	d := compare(w.body, got)
	if d == nil {
		return nil
	}
	want, text := d.shorten()
	return []Failure{{Line: w.bodyLine() + d.row, Want: want, Got: text}}
}
