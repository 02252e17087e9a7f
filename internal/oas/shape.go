package oas

import (
	"encoding/json"
	"slices"
)

// shape is what a schema says of the types of a value: enough to make values of
// the texts that parameters are.
type shape struct {
	types   []string          // none: any
	items   *shape            // of an array, or nil
	members map[string]*shape // of an object
	others  *shape            // of its other members, nil if the schema says nothing
}

// maxShape bounds how deep a schema is looked into. Parameters are lists and
// objects of plain values; deeper values have no style.
const maxShape = 8

func shapeOf(doc map[string]any, schema any) *shape {
	s := &shape{}
	s.read(doc, schema, maxShape)
	return s
}

func (s *shape) read(doc map[string]any, schema any, depth int) {
	m, ok := follow(doc, schema).(map[string]any)
	if !ok || depth == 0 {
		return
	}
	s.readTypes(m)
	if items, ok := m["items"]; ok {
		s.items = nested(doc, items, depth)
	}
	if others, ok := m["additionalProperties"].(map[string]any); ok {
		s.others = nested(doc, others, depth)
	}
	properties, _ := m["properties"].(map[string]any)
	for name, property := range properties {
		if s.members == nil {
			s.members = map[string]*shape{}
		}
		s.members[name] = nested(doc, property, depth)
	}
	for _, name := range [...]string{"allOf", "anyOf", "oneOf"} {
		list, _ := m[name].([]any)
		for _, alternative := range list {
			s.read(doc, alternative, depth-1)
		}
	}
}

func nested(doc map[string]any, schema any, depth int) *shape {
	s := &shape{}
	s.read(doc, schema, depth-1)
	return s
}

func (s *shape) readTypes(m map[string]any) {
	switch t := m["type"].(type) {
	case string:
		s.types = append(s.types, t)
	case []any:
		for _, one := range t {
			if name, ok := one.(string); ok {
				s.types = append(s.types, name)
			}
		}
	}
	if m["nullable"] == true {
		s.types = append(s.types, "null")
	}
}

// is reports whether a value may be of the type, or of any.
func (s *shape) is(name string) bool { return s != nil && slices.Contains(s.types, name) }

// member is the shape of a member of an object.
func (s *shape) member(name string) *shape {
	if m := s.members[name]; m != nil {
		return m
	}
	return s.others
}

// scalar makes a value of a text: what JSON reads in it when the schema has such a
// type, otherwise the text, for the schema to judge.
func (s *shape) scalar(text string) any {
	switch {
	case s == nil:
		return text
	case (text == "true" || text == "false") && s.is("boolean"):
		return text == "true"
	case text == "null" && s.is("null") && !s.is("string"):
		return nil
	case !s.is("integer") && !s.is("number"):
		return text
	}
	if n := json.Number(text); json.Valid([]byte(text)) && beginsNumber(text) && reasonableNumber(text) {
		return n
	}
	return text
}

func beginsNumber(text string) bool { return text[0] == '-' || '0' <= text[0] && text[0] <= '9' }
