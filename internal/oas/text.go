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
	t.collect(mismatch)
	ps := make(Problems, len(t.found)) // those that trimmed cuts off are only counted
	for i, f := range t.first() {
		ps[i] = Problem{f.message, t.whyNone(f.ValidationError)}
	}
	return ps
}

func comparePlace(a, b *jsonschema.ValidationError) int {
	return slices.CompareFunc(a.InstanceLocation, b.InstanceLocation, compareToken)
}

// compareToken orders names, and the indexes of a list by their number.
func compareToken(a, b string) int {
	if a == b {
		return 0 // most of two places that lie deep in a value
	}
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
	found  []*jsonschema.ValidationError
}

// told is an error with its sentence.
type told struct {
	*jsonschema.ValidationError
	message string
}

// collect finds what went wrong at a value and below it. What only groups other
// errors is passed through; an alternative that failed is told in the brackets.
func (t *teller) collect(e *jsonschema.ValidationError) {
	switch e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference:
		for _, cause := range e.Causes {
			t.collect(cause)
		}
		return
	case *kind.AllOf: // an alternative that the discriminator chooses
		if t.wrapped(e) {
			t.collect(e.Causes[0])
			return
		}
	case *kind.AnyOf: // null, or the schema
		if t.wrapped(e) {
			t.collect(e.Causes[len(e.Causes)-1])
			return
		}
	}
	t.found = append(t.found, e)
}

// first are up to maxProblems of what was found, by their places and sentences.
// A sentence is made of no more: it can cost as much as the value is large.
func (t *teller) first() []told {
	slices.SortStableFunc(t.found, comparePlace)
	n := min(len(t.found), maxProblems)
	for 0 < n && n < len(t.found) && comparePlace(t.found[n-1], t.found[n]) == 0 {
		n++ // which of one place come first the sentences say
	}
	list := make([]told, n)
	for i, e := range t.found[:n] {
		list[i] = told{e, at(e.InstanceLocation) + capital(t.sentence(e))}
	}
	slices.SortStableFunc(list, func(a, b told) int {
		if c := comparePlace(a.ValidationError, b.ValidationError); c != 0 {
			return c
		}
		return strings.Compare(a.message, b.message)
	})
	return list[:min(n, maxProblems)]
}

// whyNone tells of schemas that are combined why they do not match.
func (t *teller) whyNone(e *jsonschema.ValidationError) (infos []string) {
	if !combines(e.ErrorKind) {
		return nil
	}
	for _, cause := range e.Causes {
		infos = append(infos, t.alternative(strings.TrimPrefix(cause.SchemaURL, e.SchemaURL), cause)...)
		if len(infos) > maxProblems {
			return infos[:maxProblems]
		}
	}
	return infos
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
	inner.collect(e)
	for _, f := range inner.first() {
		infos = append(infos, name+": "+strings.TrimPrefix(f.message, at(e.InstanceLocation)))
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

var pointerToken = strings.NewReplacer("~", "~0", "/", "~1")

// at shows a place in a value. Of a long one only the beginning is written at all.
func at(location []string) string {
	if len(location) == 0 {
		return ""
	}
	var path strings.Builder
	for _, token := range location {
		if path.Len() > maxShown {
			break
		}
		path.WriteString("/" + pointerToken.Replace(token[:min(len(token), maxShown)]))
	}
	return "[Path '" + shorten(path.String()) + "'] "
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
