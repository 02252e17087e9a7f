package cases

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// GitHubReport writes workflow commands, which GitHub shows beside the lines of
// the case files: one for each failure.
type GitHubReport struct{ W io.Writer }

// Case writes the failures of the case.
func (g *GitHubReport) Case(r *Result) error {
	for i := range r.Failures {
		if _, err := io.WriteString(g.W, annotation(&r.Failures[i])); err != nil {
			return err
		}
	}
	return nil
}

// End writes the numbers, alone on the last line.
func (g *GitHubReport) End(t Totals) error {
	_, err := fmt.Fprintln(g.W, t)
	return err
}

// Of a value, GitHub reads "%XX"; of a property also what would end it.
var (
	escapeMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func annotation(f *Failure) string {
	name := strings.TrimSuffix(filepath.Base(f.File), extension)
	var lines []string
	if f.Want != "" {
		lines = append(lines, "want "+f.Want)
	}
	lines = append(lines, "got  "+f.Got)
	if f.Why != "" {
		lines = append(lines, "why  "+join(", ", f.Why, f.Place))
	}
	return fmt.Sprintf("::error file=%s,line=%d,title=%s::%s\n", escapeProperty.Replace(relative(f.File)), max(f.Line, 1),
		escapeProperty.Replace(name+": "+f.What()), escapeMessage.Replace(strings.Join(lines, "\n")))
}

// relative is the path from the working directory, which in a workflow is the
// repository.
func relative(file string) string {
	dir, err := os.Getwd()
	if err != nil || !filepath.IsAbs(file) {
		return filepath.ToSlash(file)
	}
	if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
		file = rel
	}
	return filepath.ToSlash(file)
}
