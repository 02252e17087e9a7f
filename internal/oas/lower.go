package oas

import (
	"encoding/json"
	"slices"
	"strconv"
)

// side says whose schemas are written: members that are readOnly are not required
// of requests, members that are writeOnly not of responses.
type side int

const (
	requests side = iota
	responses
)

// Where schemas lie in a schema.
var (
	schemaMembers = []string{"not", "items", "additionalProperties", "contains", "if", "then", "else",
		"propertyNames", "unevaluatedItems", "unevaluatedProperties"}
	schemaLists = []string{"allOf", "anyOf", "oneOf", "prefixItems"}
	schemaMaps  = []string{"properties", "patternProperties", "dependentSchemas"}
	// keywords are the others that say something of a value. What is not named
	// anywhere here (titles, examples, extensions, ...) is left out.
	keywords = []string{"type", "format", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains",
		"minProperties", "maxProperties", "dependentRequired", "$anchor", "$dynamicAnchor", "$dynamicRef"}
)

// lowering writes schemas of a document as one resource of JSON Schema: roots are
// the schemas asked for, definitions what they refer to.
type lowering struct {
	doc         map[string]any // the document, as JSON
	side        side
	draft4      bool // OpenAPI 3.0
	steps       bool // for a meter
	definitions map[string]any
	names       map[string]string // of the definitions, by the pointers into doc
	pending     []string
}

func newLowering(doc map[string]any, draft4 bool, s side, steps bool) *lowering {
	return &lowering{doc: doc, side: s, draft4: draft4, steps: steps, definitions: map[string]any{}, names: map[string]string{}}
}

// tree returns the resource with the roots.
func (l *lowering) tree(roots []any) map[string]any {
	lowered, briefs := make([]any, len(roots)), make([]any, len(roots))
	for i, root := range roots {
		lowered[i] = l.schema(root)
		briefs[i] = map[string]any{"not": map[string]any{"$ref": rootPointer(i)}}
	}
	for len(l.pending) > 0 {
		pointer := l.pending[0]
		l.pending = l.pending[1:]
		target, _ := resolve(l.doc, pointer)
		l.definitions[l.names[pointer]] = l.schema(target)
	}
	return map[string]any{"roots": lowered, "briefs": briefs, "definitions": l.definitions}
}

func rootPointer(i int) string  { return "#/roots/" + strconv.Itoa(i) }
func briefPointer(i int) string { return "#/briefs/" + strconv.Itoa(i) }

// schema writes one schema. What is none, such as true, stays what it is.
func (l *lowering) schema(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	if ref, ok := m["$ref"].(string); ok {
		out["$ref"] = l.reference(ref)
		if l.draft4 {
			return out
		}
	}
	for _, name := range keywords {
		if value, ok := m[name]; ok {
			out[name] = value
		}
	}
	if out["format"] == "regex" {
		out["format"] = regexFormat
	}
	l.children(m, out)
	l.required(m, out)
	l.bounds(out)
	l.types(m, out)
	l.unique(out)
	l.step(out)
	return l.nullable(m, out)
}

// reference is the reference to the definition that a pointer into the document
// becomes. One that is no such pointer stays, for the compiler to refuse.
func (l *lowering) reference(ref string) string {
	if _, ok := resolve(l.doc, ref); !ok {
		return ref
	}
	name, ok := l.names[ref]
	if !ok {
		name = strconv.Itoa(len(l.names))
		l.names[ref] = name
		l.pending = append(l.pending, ref)
	}
	return "#/definitions/" + name
}

func (l *lowering) children(m, out map[string]any) {
	for _, name := range schemaMembers {
		if value, ok := m[name]; ok {
			out[name] = l.schema(value)
		}
	}
	for _, name := range schemaLists {
		if list, ok := m[name].([]any); ok && len(list) > 0 {
			out[name] = l.list(m, name, list)
		}
	}
	for _, name := range schemaMaps {
		if members, ok := m[name].(map[string]any); ok {
			lowered := make(map[string]any, len(members))
			for key, value := range members {
				lowered[key] = l.schema(value)
			}
			out[name] = lowered
		}
	}
}

func (l *lowering) list(m map[string]any, name string, list []any) []any {
	lowered := make([]any, len(list))
	for i, value := range list {
		lowered[i] = l.schema(value)
	}
	if name != "allOf" {
		discriminate(m, list, lowered)
	}
	return lowered
}

// required leaves out the members that are not sent to this side.
func (l *lowering) required(m, out map[string]any) {
	list, _ := m["required"].([]any)
	properties, _ := m["properties"].(map[string]any)
	var kept []any
	for _, name := range list {
		text, _ := name.(string)
		if !l.absent(properties[text]) && !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	if len(kept) > 0 {
		out["required"] = kept
	}
}

func (l *lowering) absent(property any) bool {
	flag := "readOnly"
	if l.side == responses {
		flag = "writeOnly"
	}
	m, _ := follow(l.doc, property).(map[string]any)
	return m[flag] == true
}

// bounds writes exclusive bounds in the way of the draft: descriptions of either
// version have them in either way.
func (l *lowering) bounds(out map[string]any) {
	for _, names := range [...][2]string{{"exclusiveMinimum", "minimum"}, {"exclusiveMaximum", "maximum"}} {
		exclusive, bound := names[0], names[1]
		switch value := out[exclusive].(type) {
		case json.Number:
			if l.draft4 {
				out[exclusive], out[bound] = true, value
			}
		case bool:
			if limit, ok := out[bound]; !l.draft4 && value && ok {
				out[exclusive] = limit
				delete(out, bound)
				continue
			}
			if _, ok := out[bound]; !l.draft4 || !ok {
				delete(out, exclusive)
			}
		}
	}
}

var typeNames = []string{"string", "number", "integer", "boolean", "object", "array", "null"}

// types leaves out types that do not exist, which mean nothing to Apigee's parser
// either, and adds null where the schema is nullable.
func (l *lowering) types(m, out map[string]any) {
	var list []any
	switch value := out["type"].(type) {
	case string:
		list = []any{value}
	case []any:
		list = slices.Clone(value)
	default:
		return
	}
	list = slices.DeleteFunc(list, func(v any) bool {
		name, _ := v.(string)
		return !slices.Contains(typeNames, name)
	})
	if len(list) > 0 && l.draft4 && m["nullable"] == true && !slices.Contains(list, any("null")) {
		list = append(list, "null")
	}
	switch len(list) {
	case 0:
		delete(out, "type")
	case 1:
		out["type"] = list[0]
	default:
		out["type"] = list
	}
}

// unique has items that must differ compared by a format of our own. Where there
// is another one, which says nothing of lists, it goes into a schema beside.
func (l *lowering) unique(out map[string]any) {
	if out["uniqueItems"] != true {
		return
	}
	delete(out, "uniqueItems")
	if _, own := out["format"]; !own {
		out["format"] = uniqueFormat
		return
	}
	all, _ := out["allOf"].([]any)
	out["allOf"] = append(all, map[string]any{"format": uniqueFormat})
}

// step makes the meter count visits of the schema. A format of its own yields:
// what has one, such as text, contains no values that could cost.
func (l *lowering) step(out map[string]any) {
	if _, own := out["format"]; l.steps && !own {
		out["format"] = stepFormat
	}
}

// wrapper marks schemas that stand around one of the description: sentences pass
// over them.
const wrapper = "sluice: around the schema"

// nullable lets null pass through combined schemas that are nullable and name no
// type. OpenAPI 3.0.3 says that nullable has no effect there; descriptions mean it.
func (l *lowering) nullable(m, out map[string]any) any {
	if _, typed := m["type"]; typed || !l.draft4 || m["nullable"] != true {
		return out
	}
	return map[string]any{"$comment": wrapper, "anyOf": []any{map[string]any{"type": "null"}, out}}
}
