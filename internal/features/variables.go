package features

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of what variables may make of a text: the value of one may name others.
const maxReplacements = 1000

// replace puts the values of variables in the place of their names between
// backticks: those of the scenario, or else global ones. As in apickli what is
// put in is looked at again, and a variable that is not set becomes "undefined".
func (s *session) replace(text string) (string, error) {
	for range maxReplacements {
		before, rest, found := strings.Cut(text, "`")
		name, after, closed := strings.Cut(rest, "`")
		if !found || !closed {
			return text, nil
		}
		text = before + s.value(name) + after
		if len(text) > maxBody {
			break
		}
	}
	return "", fmt.Errorf("the value of a variable names a variable again and again: %s", shorten(text))
}

const undefined = "undefined" // as JavaScript writes it

func (s *session) value(name string) string {
	if v, ok := s.variables[name]; ok {
		return v
	}
	if v, ok := s.shared.variables[name]; ok {
		return v
	}
	if !slices.Contains(s.unset, name) {
		s.unset = append(s.unset, name)
	}
	return undefined
}

// fill replaces the variables in what a step was called with.
func (s *session) fill(c *call) error {
	var err error
	for i := range c.args {
		if slices.Contains(c.definition.raw, i) {
			continue
		}
		if c.args[i], err = s.replace(c.args[i]); err != nil {
			return err
		}
	}
	for _, r := range c.table {
		for name, value := range r {
			if r[name], err = s.replace(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// shorten is as much of a text as a report shows.
func shorten(text string) string {
	const limit = 500
	text = strings.TrimRight(text, "\r\n")
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
