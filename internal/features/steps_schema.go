package features

import (
	"fmt"
	"strings"

	"sluice/internal/oas"
)

// schemaSteps compare the body of the answer with a schema.
var schemaSteps = []definition{
	{pattern: `^response body should be valid according to schema file (.*)$`, run: func(s *session, a []string, _ []record) error {
		return s.matchesSchema(a[0], "the schema in "+a[0], oas.ParseSchema)
	}},
	{pattern: `^response body should be valid according to openapi description (.*) in file (.*)$`, raw: []int{0}, run: func(s *session, a []string, _ []record) error {
		return s.matchesSchema(a[1], a[0]+" in "+a[1], func(file []byte) (*oas.Schema, error) { return oas.Definition(file, a[0]) })
	}},
}

// matchesSchema compares the body with what compile makes of a file among the
// fixtures.
func (s *session) matchesSchema(file, name string, compile func([]byte) (*oas.Schema, error)) error {
	got, err := s.answered()
	if err != nil {
		return err
	}
	text, err := s.fixture(file)
	if err != nil {
		return err
	}
	schema, err := compile([]byte(text))
	if err != nil {
		return fmt.Errorf("file %s: %w", file, err)
	}
	problems := schema.Check([]byte(got.body))
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.Message
		if len(p.Info) > 0 {
			lines[i] += ": " + strings.Join(p.Info, ", ")
		}
	}
	return assert(len(problems) == 0, true, "a body that is valid according to "+name, strings.Join(lines, "\n")+"\n"+shorten(got.body))
}
