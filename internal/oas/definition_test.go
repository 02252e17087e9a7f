package oas

import (
	"strings"
	"testing"
)

func TestParseSchema(t *testing.T) {
	for _, tt := range []struct{ schema, value, want string }{
		{`{"type": "object", "required": ["a"]}`, `{}`, `[ERROR - Object has missing required properties (["a"]): []]`},
		{`{"type": "object", "required": ["a"]}`, `{"a":1}`, `[]`},
		{`{"minimum": 1, "exclusiveMinimum": true}`, `1`, `[ERROR - Numeric instance is not strictly greater than the required minimum 1: []]`},
		{`{"exclusiveMinimum": 1}`, `1`, `[ERROR - Numeric instance is not strictly greater than the required minimum 1: []]`},
		{`{"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "string"}]}`, `[1]`, `[ERROR - [Path '/0'] Instance type (integer) does not match any allowed primitive type (allowed: ["string"]): []]`},
		{`{"$ref": "#/definitions/a", "definitions": {"a": {"pattern": "^(?!b)"}}}`, `"b"`, `[ERROR - ECMA 262 regex "^(?!b)" does not match input string "b": []]`},
		{`{"anyOf": [{"type": "string"}, {"type": "null"}]}`, `1`, `[ERROR - Instance failed to match at least one required schema among 2: [/anyOf/0: Instance type (integer) does not match any allowed primitive type (allowed: ["string"]), /anyOf/1: Instance type (integer) does not match any allowed primitive type (allowed: ["null"])]]`},
		{`true`, `1`, `[]`},
		{`{}`, `<html>`, `[ERROR - Unable to parse JSON - invalid character '<' looking for beginning of value, after 1 bytes.: []]`},
	} {
		s, err := ParseSchema([]byte(tt.schema))
		if err != nil {
			t.Errorf("%s: %v", tt.schema, err)
			continue
		}
		if got := s.Check([]byte(tt.value)).String(); got != tt.want {
			t.Errorf("%s on %s\n got %s\nwant %s", tt.schema, tt.value, got, tt.want)
		}
	}
	for schema, want := range map[string]string{
		`{"type": "strange"}`:           "is not valid against metaschema",
		`{`:                             "EOF",
		`{"$ref": "http://other/a"}`:    "http://other/a is not part of the document",
		`{"$ref": "file:///etc/hosts"}`: "is not part of the document",
	} {
		if _, err := ParseSchema([]byte(schema)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", schema, err)
		}
	}
}

func TestDefinition(t *testing.T) {
	const schemas = `{Pet: {type: object, required: [name, tag], properties: {tag: {$ref: "#/WHERE/Tag"}, name: {type: string}}}, Tag: {type: string}, a/b: {type: integer}}`
	swagger := "swagger: '2.0'\ninfo: {title: a, version: b}\npaths: {}\ndefinitions: " + strings.ReplaceAll(schemas, "WHERE", "definitions")
	components := "info: {title: a, version: b}\npaths: {}\ncomponents: {schemas: " + strings.ReplaceAll(schemas, "WHERE", "components/schemas") + "}"
	for _, text := range []string{swagger, "openapi: 3.0.3\n" + components, "openapi: 3.1.0\n" + components} {
		s, err := Definition([]byte(text), "Pet")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		const want = `[ERROR - Object has missing required properties (["name"]): [], ERROR - [Path '/tag'] Instance type (integer) does not match any allowed primitive type (allowed: ["string"]): []]`
		if got := s.Check([]byte(`{"tag": 1}`)).String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		if _, err := Definition([]byte(text), "a/b"); err != nil {
			t.Error(err)
		}
		if _, err := Definition([]byte(text), "Cat"); err == nil || !strings.Contains(err.Error(), `no schema "Cat"`) {
			t.Error(err)
		}
	}
	if _, err := Definition([]byte("["), "Pet"); err == nil {
		t.Error("a text that is no description was taken")
	}
}
