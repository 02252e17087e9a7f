package oas

import (
	"path/filepath"
	"testing"
)

// FuzzParse: no document may panic, recurse or loop without end.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range files {
		f.Add(file(f, name))
	}
	f.Add([]byte(tree))
	f.Add([]byte(schema31("{if: {$ref: '#/paths'}, $dynamicRef: '#a', patternProperties: {a: true}}")))
	f.Add([]byte("openapi: 3.0.0\npaths: {/{a}{b}/{: {get: {parameters: [{$ref: '#/paths/~1{a}{b}~1{/get/parameters/0'}]}}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 5000 {
			return
		}
		s, err := Parse(data, func(string) ([]byte, bool) { return data, true })
		if err != nil {
			return
		}
		for _, list := range s.paths {
			for _, p := range list {
				for verb := range p.operations {
					_, _ = validate(s, verb+" "+p.template+"?a=1\nContent-Type: application/json\n\n{\"a\":[1]}", Options{Body: true})
					_, _ = validate(s, "200 "+verb+" "+p.template+"\nContent-Type: application/json\n\n[\"a\"]", Options{Body: true})
				}
			}
		}
	})
}

// FuzzRequest: no request may panic.
func FuzzRequest(f *testing.F) {
	shop, parameters := shop(f), described(f, string(file(f, "testdata/parameters.yaml")))
	f.Add("GET", "/objects/R,1/R=1", "deep[R]=1&x=1&y=2", "a=b", "application/json", `{"a":1}`)
	f.Add("POST", "/orders", "", "", "application/x-www-form-urlencoded", "n=1&tags=2")
	f.Add("GET", "/paths/1,b/.1/;matrix=1/;spread=1", "%zz", ";=", "*/*", "")
	f.Fuzz(func(t *testing.T, verb, path, query, cookie, kind, body string) {
		for _, s := range []*Spec{shop, parameters} {
			r := &Request{Verb: verb, Path: path, Query: parseQuery(query), Body: text(body),
				Header: []Field{{Name: "Cookie", Value: cookie}, {Name: "Content-Type", Value: kind}, {Name: "X-List", Value: cookie}}}
			for _, o := range []Options{{Body: true}, {OnlyKnownHeaders: true, OnlyKnownQuery: true, OnlyKnownCookies: true}} {
				if _, err := s.Request(r, o); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// FuzzParseSchema: no schema may panic, recurse or loop without end.
func FuzzParseSchema(f *testing.F) {
	f.Add([]byte(`{"$ref": "#"}`), []byte(`1`))
	f.Add([]byte(`{"properties": {"a": {"$ref": "#"}}, "$schema": "http://json-schema.org/draft-04/schema#"}`), []byte(`{"a":{"a":[]}}`))
	f.Add([]byte(`{"anyOf": [{"pattern": "^a"}, {"enum": [1e3]}], "$id": "x", "$defs": {"a": {"$anchor": "b"}}}`), []byte(`"b"`))
	f.Fuzz(func(t *testing.T, schema, value []byte) {
		if len(schema) > 2000 {
			return
		}
		if s, err := ParseSchema(schema); err == nil {
			s.Check(value)
		}
		if s, err := Definition(append([]byte("swagger: '2.0'\npaths: {}\ndefinitions: {A: "), append(schema, '}')...), "A"); err == nil {
			s.Check(value)
		}
	})
}
