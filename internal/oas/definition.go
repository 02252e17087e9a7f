package oas

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ParseSchema compiles a JSON schema that stands by itself, of the draft that its
// $schema names. Without one it is draft 7, or draft 4 if it is none of draft 7:
// the validator of apickli takes both. References lead into the schema only.
func ParseSchema(data []byte) (*Schema, error) {
	doc, err := decode(data)
	if err != nil {
		return nil, err
	}
	made, err := parseSchema(doc, jsonschema.Draft7)
	if m, ok := doc.(map[string]any); err != nil && ok && m["$schema"] == nil {
		if old, oldErr := parseSchema(doc, jsonschema.Draft4); oldErr == nil {
			return old, nil
		}
	}
	return made, schemaError(err)
}

func parseSchema(doc any, draft *jsonschema.Draft) (*Schema, error) {
	lib := jsonschema.NewCompiler()
	lib.DefaultDraft(draft)
	lib.UseLoader(noLoader{})
	lib.UseRegexpEngine(func(source string) (jsonschema.Regexp, error) { return compilePattern(source, nil) })
	if err := lib.AddResource(resource, doc); err != nil {
		return nil, err
	}
	full, err := lib.Compile(resource)
	if err != nil {
		return nil, err
	}
	tree, _ := doc.(map[string]any) // nil for true and false
	return &Schema{plain: &compiled{full: full}, tree: tree}, nil
}

// Definition compiles a schema of an OpenAPI description by its name: one of the
// definitions of Swagger 2.0, or of the schemas among the components of 3.0 and
// 3.1. A response is what will be compared with it.
func Definition(description []byte, name string) (*Schema, error) {
	doc, err := read(description, nil)
	if err != nil {
		return nil, err
	}
	c, err := newCompilation(doc)
	if err != nil {
		return nil, err
	}
	token := strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	for _, pointer := range [...]string{"#/definitions/", "#/components/schemas/"} {
		if _, ok := resolve(c.tree, pointer+token); !ok {
			continue
		}
		// Swagger 2.0 has the schemas of draft 4, as OpenAPI 3.0 has.
		set := newSchemaSet(c.tree, !strings.HasPrefix(doc.OpenAPI, "3.1"), responses)
		made := set.add(map[string]any{"$ref": pointer + token})
		return made, set.compile()
	}
	return nil, fmt.Errorf("the description has no schema %q, neither in definitions nor in components", name)
}

// Check compares a JSON text with the schema.
func (s *Schema) Check(data []byte) Problems {
	v, err := decode(data)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		err = fmt.Errorf("%w, after %d bytes", err, syntax.Offset)
	}
	if err != nil {
		return Problems{problem("Unable to parse JSON - %s.", err)}
	}
	return s.check(v, false, "").trimmed()
}
