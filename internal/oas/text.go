package oas

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// check compares a value with a schema. brief is as in compiled.validate. list is
// the name of the parameter whose items the value is, "" for another value:
// Apigee tells the number of these in other sentences.
func (s *Schema) check(v any, brief bool, list string) Problems {
	err := s.validate(v, brief)
	if err == nil {
		return nil
	}
	mismatch, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return Problems{problem("An error occurred during schema validation - %s.", err)}
	}
	t := teller{schema: s, value: v, list: list}
	t.tell(mismatch)
	slices.SortStableFunc(t.found, func(a, b told) int {
		if c := slices.CompareFunc(a.at, b.at, compareToken); c != 0 {
			return c
		}
		return strings.Compare(a.Message, b.Message)
	})
	var ps Problems
	for _, f := range t.found {
		ps.add(f.Problem)
	}
	return ps
}

// compareToken orders names, and the indexes of a list by their number.
func compareToken(a, b string) int {
	m, errA := strconv.Atoi(a)
	n, errB := strconv.Atoi(b)
	if errA == nil && errB == nil {
		return m - n
	}
	return strings.Compare(a, b)
}

// teller makes problems of the library's tree of errors.
type teller struct {
	schema *Schema
	value  any
	list   string
	found  []told
}

type told struct {
	Problem
	at []string
}

// tell collects what went wrong at a value and below it. What only groups other
// errors is passed through; an alternative that failed is told in the brackets.
func (t *teller) tell(e *jsonschema.ValidationError) {
	switch e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference:
		t.tellAll(e.Causes)
		return
	case *kind.AllOf: // an alternative that the discriminator chooses
		if t.wrapped(e) {
			t.tell(e.Causes[0])
			return
		}
	case *kind.AnyOf: // null, or the schema
		if t.wrapped(e) {
			t.tell(e.Causes[len(e.Causes)-1])
			return
		}
	}
	p := Problem{Message: at(e.InstanceLocation) + capital(t.sentence(e))}
	if combines(e.ErrorKind) {
		for _, cause := range e.Causes[:min(len(e.Causes), maxProblems)] {
			p.Info = append(p.Info, t.alternative(strings.TrimPrefix(cause.SchemaURL, e.SchemaURL), cause)...)
		}
	}
	t.found = append(t.found, told{p, e.InstanceLocation})
}

func (t *teller) tellAll(errors []*jsonschema.ValidationError) {
	for _, e := range errors {
		t.tell(e)
	}
}

// wrapped reports whether the schema that failed is one that lower.go put around
// one of the description.
func (t *teller) wrapped(e *jsonschema.ValidationError) bool {
	m, _ := t.schemaOf(e).(map[string]any)
	return m["$comment"] == wrapper
}

// schemaOf is the schema that failed.
func (t *teller) schemaOf(e *jsonschema.ValidationError) any {
	schema, _ := resolve(t.schema.tree, strings.TrimPrefix(e.SchemaURL, resource))
	return schema
}

// alternative tells why one of several schemas does not match; name is its place
// in the schema that lists them, such as /oneOf/0.
func (t *teller) alternative(name string, e *jsonschema.ValidationError) (infos []string) {
	inner := teller{schema: t.schema, value: t.value}
	inner.tell(e)
	for _, f := range inner.found {
		infos = append(infos, name+": "+strings.TrimPrefix(f.Message, at(e.InstanceLocation)))
	}
	slices.Sort(infos)
	return infos
}

func combines(k jsonschema.ErrorKind) bool {
	switch k.(type) {
	case *kind.AllOf, *kind.AnyOf, *kind.OneOf:
		return true
	}
	return false
}

func at(location []string) string {
	if len(location) == 0 {
		return ""
	}
	path := ""
	for _, token := range location {
		path += "/" + strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
	}
	return "[Path '" + shorten(path) + "'] "
}

// at is the value that failed.
func (t *teller) at(e *jsonschema.ValidationError) any {
	v := t.value
	for _, token := range e.InstanceLocation {
		v, _ = child(v, token)
	}
	return v
}

// typeOf tells integers from other numbers, which the library does not.
func (t *teller) typeOf(e *jsonschema.ValidationError, got string) string {
	if n, ok := t.at(e).(json.Number); ok && !strings.ContainsAny(string(n), ".eE") {
		return "integer"
	}
	return got
}

// alternatives is how many schemas stand in the keyword of the schema that failed.
func (t *teller) alternatives(e *jsonschema.ValidationError, keyword string) int {
	m, _ := t.schemaOf(e).(map[string]any)
	schemas, _ := m[keyword].([]any)
	return max(len(schemas), len(e.Causes))
}
