package features

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dlclark/regexp2/v2"
)

// definition is one of apickli's step definitions.
type definition struct {
	pattern string // as apickli writes it
	raw     []int  // arguments in which variables are not replaced
	columns []string
	run     func(s *session, args []string, t []record) error

	expr *regexp2.Regexp
}

// record is a row of a data table, by the names of its columns.
type record map[string]string

// definitions are all of them, in apickli's order: see steps_*.go.
var definitions = compileAll(requestSteps, responseSteps, schemaSteps, variableSteps)

func compileAll(groups ...[]definition) []definition {
	var all []definition
	for _, group := range groups {
		for _, d := range group {
			d.expr = regexp2.MustCompile(d.pattern, regexp2.ECMAScript)
			d.expr.MatchTimeout = matchTimeout
			all = append(all, d)
		}
	}
	return all
}

// errUndefined is the reason of a step that no definition matches.
var errUndefined = errors.New("undefined step: apickli has none that reads so, and step definitions in JavaScript are not run; " +
	"say it with apickli's own steps, or leave the scenario out with --tags")

// errUnsupported is the reason of a step that is known and not offered.
type errUnsupported string

func (e errUnsupported) Error() string { return "unsupported step: " + string(e) }

// call is a step with the definition that it calls.
type call struct {
	definition *definition
	args       []string
	table      []record
}

// find finds the definition that a step calls. As in Cucumber a step that
// several match is a mistake.
func find(step *Step) (*call, error) {
	var c *call
	for i := range definitions {
		d := &definitions[i]
		m, err := d.expr.FindStringMatch(step.Text)
		if err != nil || m == nil {
			continue // an error is a text on which the pattern takes too long
		}
		if c != nil {
			return nil, fmt.Errorf("ambiguous step: it reads as %s and as %s", c.definition.pattern, d.pattern)
		}
		c = &call{definition: d, args: arguments(m)}
	}
	if c == nil {
		return nil, errUndefined
	}
	return c, c.addTable(step)
}

// arguments are what the groups of the pattern matched.
func arguments(m *regexp2.Match) []string {
	args := make([]string, 0, m.GroupCount()-1)
	for i := 1; i < m.GroupCount(); i++ {
		args = append(args, m.GroupByNumber(i).String())
	}
	return args
}

// addTable makes records of the step's data table.
func (c *call) addTable(step *Step) error {
	columns := c.definition.columns
	switch {
	case step.HasDoc:
		return errors.New("the step takes no doc string")
	case columns == nil && step.Table != nil:
		return errors.New("the step takes no data table")
	case columns == nil:
		return nil
	case len(step.Table) == 0:
		return fmt.Errorf("the step needs a data table with the columns %s", strings.Join(columns, " and "))
	}
	for _, row := range step.Table[1:] {
		r := record{}
		for i, name := range step.Table[0] {
			r[name] = row[i]
		}
		c.table = append(c.table, r)
	}
	for _, name := range columns {
		if !slices.Contains(step.Table[0], name) {
			return fmt.Errorf("the data table has no column %s; it needs %s", name, strings.Join(columns, " and "))
		}
	}
	return nil
}
