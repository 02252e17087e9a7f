package oas

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// shop is described in testdata/shop.yaml, and items there in a file of its own.
func shop(t testing.TB) *Spec {
	t.Helper()
	return described(t, string(file(t, "testdata/shop.yaml")))
}

func described(t testing.TB, text string) *Spec {
	t.Helper()
	s, err := Parse([]byte(text), func(path string) ([]byte, bool) {
		data, err := os.ReadFile(filepath.Join("testdata", path))
		return data, err == nil
	})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return s
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestMessages runs testdata/*.messages: a request or a response to one, what is
// wrong with it after a line of dashes, a blank line and === before the next.
func TestMessages(t *testing.T) {
	files, err := filepath.Glob("testdata/*.messages")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".messages"), func(t *testing.T) {
			s := described(t, string(file(t, strings.TrimSuffix(name, ".messages")+".yaml")))
			for _, text := range strings.Split(string(file(t, name)), "\n===\n") {
				message, want, ok := strings.Cut(text, "\n---\n")
				if !ok {
					t.Fatalf("no line --- in %q", text)
				}
				if got := found(t, s, message); got != strings.TrimSpace(want) {
					t.Errorf("%s\n got %s\nwant %s", message, got, strings.TrimSpace(want))
				}
			}
		})
	}
}

// found are the problems of a message, one in a line.
func found(t *testing.T, s *Spec, text string) string {
	t.Helper()
	ps, err := validate(s, text, Options{Body: true})
	if strings.HasPrefix(text, "strict ") {
		ps, err = validate(s, text[len("strict "):], Options{OnlyKnownHeaders: true, OnlyKnownQuery: true, OnlyKnownCookies: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// validate reads "VERB PATH", or "STATUS VERB PATH" for a response, header lines,
// and after a blank line the body.
func validate(s *Spec, wire string, o Options) (Problems, error) {
	if status, rest, _ := strings.Cut(wire, " "); strings.Trim(status, "0123456789") == "" {
		code, err := strconv.Atoi(status)
		if err != nil {
			return nil, err
		}
		r := request(rest)
		return s.Response(&Response{Verb: r.Verb, Path: r.Path, Status: code, Header: r.Header, Body: r.Body}, o)
	}
	return s.Request(request(wire), o)
}

func request(wire string) *Request {
	head, body, _ := strings.Cut(wire, "\n\n")
	first, rest, _ := strings.Cut(head, "\n")
	verb, target, _ := strings.Cut(first, " ")
	path, query, _ := strings.Cut(target, "?")
	return &Request{Verb: verb, Path: path, Header: headerLines(rest), Query: parseQuery(query), Body: text(body)}
}

func headerLines(lines string) (fields []Field) {
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		fields = append(fields, Field{Name: name, Value: value})
	}
	return fields
}

// text is a body in memory.
type text string

func (b text) Present() (bool, error)   { return b != "", nil }
func (b text) Content() ([]byte, error) { return []byte(b), nil }

// query is a Query in the order in which it is written.
type query struct {
	names  []string
	values url.Values
}

func parseQuery(text string) *query {
	q := &query{values: url.Values{}}
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		if name == "" {
			continue
		}
		if q.values[name] == nil {
			q.names = append(q.names, name)
		}
		q.values[name] = append(q.values[name], value)
	}
	return q
}

func (q *query) QueryNames() []string             { return q.names }
func (q *query) QueryValues(name string) []string { return q.values[name] }

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`swagger: "2.0"` + "\ninfo: {title: a, version: b}\npaths: {}", "the document is Swagger 2.0; convert it to OpenAPI 3.0"},
		{"openapi: 4.0.0\npaths: {}", `OpenAPI "4.0.0" is not supported; 3.0 and 3.1 are`},
		{"hello: world", `no field "openapi"`},
		{"- a", "cannot unmarshal"},
		{"{", ""},
		{"", `no field "openapi"`},
		{"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: 'file:///etc/passwd'}]}}}", `"file:///etc/passwd" is not a resource of the bundle`},
		{"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: '/etc/passwd'}]}}}", `"/etc/passwd" is not a resource of the bundle`},
		{"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: 'http://127.0.0.1/x'}]}}}", `"http://127.0.0.1/x" is not a resource of the bundle`},
		{"openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: '#/components/parameters/none'}]}}}", "none"},
		{schema30("{type: string, pattern: '('}"), "regex"},
	} {
		s, err := Parse([]byte(tt.text), func(path string) ([]byte, bool) { return nil, false })
		if err == nil {
			t.Errorf("%q was taken: %v", tt.text, s.Notes)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// TestAddressesAreRefused: a resource that is there does not stand for an address
// that ends like it.
func TestAddressesAreRefused(t *testing.T) {
	for _, ref := range []string{"http://127.0.0.1/x.yaml", "file:///x.yaml", "//host/x.yaml", "x.yaml"} {
		_, err := Parse([]byte("openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: '"+ref+"'}]}}}"), func(path string) ([]byte, bool) {
			return []byte("{name: a, in: query, schema: {type: string}}"), true
		})
		if refused := err != nil; refused != (ref != "x.yaml") {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

// TestNotes: what breaks the specification in small ways is told and used.
func TestNotes(t *testing.T) {
	s := described(t, "openapi: 3.0.0\npaths: {/a: {get: {responses: {}}}}")
	if len(s.Notes) == 0 || !strings.Contains(strings.Join(s.Notes, "\n"), "info") {
		t.Errorf("notes are %q", s.Notes)
	}
	if ps, err := validate(s, "GET /a", Options{}); err != nil || len(ps) > 0 {
		t.Error(ps, err)
	}
	many := "openapi: 3.0.0\ninfo: {title: a, version: b}\npaths:\n"
	for i := range 30 {
		many += fmt.Sprintf("  /%d: {get: {}}\n", i)
	}
	if s = described(t, many); len(s.Notes) > maxNotes+1 {
		t.Errorf("%d notes", len(s.Notes))
	}
	if s = described(t, "openapi: 3.1.0\ninfo: {title: a, version: b}\nwebhooks: {}"); len(s.paths) > 0 {
		t.Error("a description without paths has some")
	}
	if s = shop(t); len(s.Notes) > 0 {
		t.Errorf("testdata/shop.yaml is noted: %q", s.Notes)
	}
}

// schema30 is a description with POST / that takes JSON of a schema.
func schema30(schema string) string { return "openapi: 3.0.3\n" + schemaRest(schema) }

func schema31(schema string) string { return "openapi: 3.1.0\n" + schemaRest(schema) }

func schemaRest(schema string) string {
	return "info: {title: a, version: b}\npaths:\n  /:\n    post:\n      requestBody: {content: {application/json: {schema: " + schema + "}}}\n      responses: {default: {description: any}}\n"
}

// TestSchemas holds values against schemas of both versions.
func TestSchemas(t *testing.T) {
	for _, tt := range []struct{ text, value, want string }{
		{schema30("{type: string, nullable: true}"), `null`, ""},
		{schema30("{type: string}"), `null`, "Instance type (null) does not match any allowed primitive type (allowed: [\"string\"])"},
		{schema30("{nullable: true, allOf: [{type: string}]}"), `null`, ""},
		{schema31("{type: [string, 'null']}"), `null`, ""},
		{schema31("{type: [string, 'null']}"), `1`, "Instance type (integer) does not match any allowed primitive type (allowed: [\"null\",\"string\"])"},
		{schema30("{type: integer}"), `1.5`, "Instance type (number) does not match any allowed primitive type (allowed: [\"integer\"])"},
		{schema30("{type: integer}"), `2.0`, ""},
		{schema30("{minimum: 1, exclusiveMinimum: true}"), `1`, "Numeric instance is not strictly greater than the required minimum 1"},
		{schema30("{exclusiveMaximum: 1.5}"), `1.5`, "Numeric instance is not strictly lower than the required maximum 1.5"},
		{schema31("{exclusiveMinimum: 1}"), `1`, "Numeric instance is not strictly greater than the required minimum 1"},
		{schema31("{minimum: 1, exclusiveMinimum: true}"), `1`, "Numeric instance is not strictly greater than the required minimum 1"},
		{schema30("{exclusiveMinimum: true}"), `1`, ""},
		{schema30("{minimum: 2}"), `1`, "Numeric instance is lower than the required minimum (minimum: 2, found: 1)"},
		{schema30("{maximum: 2}"), `2.25`, "Numeric instance is greater than the required maximum (maximum: 2, found: 2.25)"},
		{schema30("{multipleOf: 0.1}"), `0.25`, "Remainder of division is not zero (0.25 / 0.1)"},
		{schema30("{type: integer, format: int32}"), `2147483648`, "Value for int32 leads to overflow (found: 2147483648)"},
		{schema30("{type: integer, format: int32}"), `-2147483648`, ""},
		{schema30("{type: integer, format: int64}"), `9223372036854775808`, "Value for int64 leads to overflow (found: 9223372036854775808)"},
		{schema30("{type: number, format: float}"), `1e200`, "Value for float leads to overflow (found: 1e200)"},
		{schema30("{format: date}"), `"2026-02-30"`, `String "2026-02-30" is invalid against requested date format(s) yyyy-MM-dd`},
		{schema30("{format: date-time}"), `"2026-02-03T04:05:06.7Z"`, ""},
		{schema30("{format: uuid}"), `"no"`, `Input string "no" is not a valid UUID`},
		{schema30("{format: ipv4}"), `"1.2.3.4.5"`, `String "1.2.3.4.5" is not a valid IPv4 address`},
		{schema30("{format: password}"), `"secret"`, ""},
		{schema30("{format: own}"), `"x"`, ""},
		{schema31("{format: email}"), `"x"`, `String "x" is not a valid email address`},
		{schema30("{enum: [a, 1]}"), `"b"`, `Instance value ("b") not found in enum (possible values: ["a",1])`},
		{schema31("{const: a}"), `"b"`, `Instance value ("b") not found in enum (possible values: ["a"])`},
		{schema30("{minLength: 2}"), `"ä"`, `String "ä" is too short (length: 1, required minimum: 2)`},
		{schema30("{pattern: '^a+$'}"), `"ab"`, `ECMA 262 regex "^a+$" does not match input string "ab"`},
		{schema30("{minItems: 1}"), `[]`, "Array is too short: must have at least 1 elements but instance has 0 elements"},
		{schema30("{maxItems: 1}"), `[1,2]`, "Array is too long: must have at most 1 elements but instance has 2 elements"},
		{schema30("{uniqueItems: true}"), `[1,1.0]`, "Array must not contain duplicate elements"},
		{schema30("{items: {type: string}}"), `["a",[],{}]`, "[Path '/1'] Instance type (array) does not match any allowed primitive type (allowed: [\"string\"])|[Path '/2'] Instance type (object) does not match any allowed primitive type (allowed: [\"string\"])"},
		{schema30("{items: {enum: [0]}}"), `[0,0,1,0,0,0,0,0,0,0,0,2]`, "[Path '/2'] Instance value (1) not found in enum (possible values: [0])|[Path '/11'] Instance value (2) not found in enum (possible values: [0])"},
		{schema30("{minProperties: 1}"), `{}`, "Object has too few properties (found 0 but schema requires at least 1)"},
		{schema30("{maxProperties: 1}"), `{"a":1,"b":2}`, "Object has too many properties (found 2 but schema requires at most 1)"},
		{schema30("{properties: {a/b: {type: string}}, additionalProperties: {type: integer}}"), `{"a/b":1,"c":"d"}`, "[Path '/a~1b'] Instance type (integer) does not match any allowed primitive type (allowed: [\"string\"])|[Path '/c'] Instance type (string) does not match any allowed primitive type (allowed: [\"integer\"])"},
		{schema30("{properties: {a: {}}, additionalProperties: false}"), `{"z":1,"a":1,"b":1}`, `Object instance has properties which are not allowed by the schema: ["b","z"]`},
		{schema30("{properties: {a: {}}}"), `{"z":1}`, ""},
		{schema30("{required: [a], properties: {a: {readOnly: true}}}"), `{}`, ""},
		{schema30("{required: [a, b], properties: {a: {writeOnly: true}}}"), `{}`, `Object has missing required properties (["a","b"])`},
		{schema30("{not: {type: string}}"), `"a"`, "Instance matched a schema which it should not have"},
		{schema30("{allOf: [{type: string}, {minLength: 3}, {maxLength: 1}]}"), `"ab"`, `Instance failed to match all required schemas (matched only 1 out of 3)/allOf/1: String "ab" is too short (length: 2, required minimum: 3), /allOf/2: String "ab" is too long (length: 2, maximum allowed: 1)`},
		{schema30("{oneOf: [{type: string}, {minLength: 1}, {type: object}]}"), `"ab"`, "Instance failed to match exactly one schema (matched 2 out of 3)"},
		{schema31("{prefixItems: [{type: string}], items: false}"), `["a",2]`, "[Path '/1'] Instance matched a schema which it should not have"},
		{schema31("{if: {required: [a]}, then: {required: [b]}}"), `{"a":1}`, `Object has missing required properties (["b"])`},
		{schema31("{dependentRequired: {a: [b]}}"), `{"a":1}`, `Property "a" of object has missing property dependencies (missing: ["b"])`},
		{schema31("{patternProperties: {'^x-': {type: string}}, additionalProperties: false}"), `{"x-a":"b"}`, ""},
		{schema31("true"), `1`, ""},
		{schema31("false"), `1`, "Instance matched a schema which it should not have"},
		{schema30("{type: strange}"), `1`, ""},
		{schema30("{type: object}"), `{"a":`, "Unable to parse JSON - unexpected EOF."},
		{schema30("{type: object}"), `{} {}`, "Unable to parse JSON - text after the value."},
	} {
		s := described(t, tt.text)
		ps, err := validate(s, "POST /\nContent-Type: application/json\n\n"+tt.value, Options{Body: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range ps {
			got = append(got, p.Message+strings.Join(p.Info, ", "))
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%s%s\n got %q\nwant %q", tt.text, tt.value, strings.Join(got, "|"), tt.want)
		}
	}
}

// TestPublicDescriptions parses the descriptions of public bundles.
func TestPublicDescriptions(t *testing.T) {
	files, err := filepath.Glob("../../../shared/corpus/bundles/*/apiproxy/resources/oas/*")
	if err != nil || len(files) == 0 {
		t.Skip("the corpus of public bundles is not here")
	}
	parsed := 0
	for _, name := range files {
		if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" && ext != ".json" {
			continue
		}
		data := file(t, name)
		if strings.Contains(string(data), "swagger") && !strings.Contains(string(data), "openapi") {
			continue
		}
		s, err := Parse(data, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %q", name, s.Notes)
		parsed++
	}
	if parsed < 13 {
		t.Errorf("only %d descriptions: the test lost its input", parsed)
	}
}

// TestBodyWithoutContentType: to leave a header out is no way around the schema.
func TestBodyWithoutContentType(t *testing.T) {
	only := schema30("{type: integer}")
	for _, tt := range []struct {
		description, body string
		good              bool
	}{
		{only, `1`, true},
		{only, `"a"`, false},
		{strings.Replace(only, "application/json:", "application/vnd.a+json:", 1), `"a"`, false},
		{strings.Replace(only, "application/json:", "text/plain: {}, application/json:", 1), `"a"`, true},
		{strings.Replace(only, "application/json:", "'*/*':", 1), `"a"`, true},
	} {
		ps, err := validate(described(t, tt.description), "POST /\n\n"+tt.body, Options{Body: true})
		if err != nil || (len(ps) == 0) != tt.good {
			t.Errorf("%s to\n%s: %v, %v", tt.body, tt.description, ps, err)
		}
	}
}
