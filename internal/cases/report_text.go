package cases

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// TextReport writes for people: a line for each case, and below one that failed
// what was not as written, who decided it, and the way through the flows.
type TextReport struct {
	W      io.Writer
	Colour bool
}

// Case writes the case.
func (t *TextReport) Case(r *Result) error {
	p := painter{colour: t.Colour}
	switch {
	case !r.Passed:
		p.line(0, "%s  %s", p.paint(red, "FAIL"), r.title())
		p.why(r.Why)
	case r.Updated > 0:
		p.line(0, "%s    %s  (%d sections rewritten)", p.paint(yellow, "ok"), r.File, r.Updated)
	default:
		p.line(0, "%s    %s", p.paint(green, "ok"), r.title())
	}
	if !r.Passed || r.Verbose {
		p.detail(r)
		p.line(0, "")
	}
	_, err := io.WriteString(t.W, p.text.String())
	return err
}

// End writes the numbers, alone on the last line.
func (t *TextReport) End(sum Totals) error {
	p := painter{colour: t.Colour}
	if sum.NotRun > 0 {
		p.line(0, "stopped at the first failure; %d not run", sum.NotRun)
	}
	c := green
	if sum.Failed > 0 {
		c = red
	}
	p.line(0, "%s", p.paint(c, sum.String()))
	_, err := io.WriteString(t.W, p.text.String())
	return err
}

func (t Totals) String() string { return fmt.Sprintf("%d passed, %d failed", t.Passed, t.Failed) }

// The colours, as ANSI writes them.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	dim    colour = "2"
	bold   colour = "1"
)

// painter writes the parts of a text report.
type painter struct {
	text   strings.Builder
	colour bool
}

func (p *painter) paint(c colour, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

func (p *painter) line(indent int, format string, args ...any) {
	text := strings.Repeat(" ", indent) + fmt.Sprintf(format, args...)
	p.text.WriteString(strings.TrimRight(text, " ") + "\n")
}

func (p *painter) why(text string) {
	for line := range strings.Lines(text) {
		p.line(6, "%s", p.paint(dim, strings.TrimRight(line, "\n")))
	}
}

// detail writes failures, the ways of the exchanges and what the runtime logged.
func (p *painter) detail(r *Result) {
	failed := map[int]bool{}
	last := ""
	for i := range r.Failures {
		f := &r.Failures[i]
		why := fmt.Sprint(f.Exchange, f.Why, f.Place)
		p.failure(f, why != last)
		last = why
		failed[f.Exchange] = true
	}
	for _, t := range r.Traces {
		if len(t.Events) > 0 && (failed[t.Exchange] || r.Verbose) {
			p.trace(t, filepath.Dir(r.File), r.Verbose)
		}
	}
	for _, line := range r.Log {
		p.line(4, "%s", indent(line))
	}
	if r.Updated > 0 {
		p.line(4, "%d sections rewritten", r.Updated)
	}
}

// failure writes what differs; told is false when the failure before it has the
// same reason.
func (p *painter) failure(f *Failure, told bool) {
	p.line(0, "%s: %s", p.paint(bold, fmt.Sprintf("%s:%d", f.File, max(f.Line, 1))), f.What())
	if f.Want != "" {
		p.line(4, "want %s", p.paint(green, indent(f.Want)))
	}
	p.line(4, "got  %s", p.paint(red, indent(f.Got)))
	if at := caret(f.Want, f.Got); at > 0 {
		p.line(9+at, "^")
	}
	if told && f.Why != "" {
		p.line(4, "why  %s", join(", ", f.Why, f.Place))
	}
}

// minCaret is how long lines are whose difference is hard to see.
const minCaret = 48

// caret is the column where two long lines begin to differ, 0 when that is plain
// to see.
func caret(want, got string) int {
	if strings.Contains(want+got, "\n") || max(len(want), len(got)) < minCaret {
		return 0
	}
	column := 0
	for want != "" && got != "" {
		a, size := utf8.DecodeRuneInString(want)
		b, _ := utf8.DecodeRuneInString(got)
		if a != b {
			break
		}
		want, got = want[size:], got[size:]
		column++
	}
	return column
}

// join joins the texts that are not empty.
func join(sep string, texts ...string) string {
	var list []string
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return strings.Join(list, sep)
}
