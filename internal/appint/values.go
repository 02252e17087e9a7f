package appint

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"sluice/internal/integrations"
	"sluice/internal/ordjson"
)

// valueType is the API's ValueType: one of its fields is set.
type valueType struct {
	String  *string         `json:"stringValue,omitempty"`
	Int     string          `json:"intValue,omitempty"`
	Double  json.RawMessage `json:"doubleValue,omitempty"`
	Boolean *bool           `json:"booleanValue,omitempty"`
	JSON    string          `json:"jsonValue,omitempty"`

	Strings  *stringArray  `json:"stringArray,omitempty"`
	Ints     *intArray     `json:"intArray,omitempty"`
	Doubles  *doubleArray  `json:"doubleArray,omitempty"`
	Booleans *booleanArray `json:"booleanArray,omitempty"`

	kind string
}

type stringArray struct {
	Values []string `json:"stringValues"`
}

type intArray struct {
	Values []string `json:"intValues"`
}

type doubleArray struct {
	Values []json.RawMessage `json:"doubleValues"`
}

type booleanArray struct {
	Values []bool `json:"booleanValues"`
}

// parameterEntry is a parameter in the older list form.
type parameterEntry struct {
	Key      string    `json:"key"`
	Value    valueType `json:"value"`
	DataType string    `json:"dataType,omitempty"`
}

func entriesOf(values map[string]valueType) []parameterEntry {
	var list []parameterEntry
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list = append(list, parameterEntry{key, values[key], values[key].kind})
	}
	return list
}

// valueTypes makes ValueTypes of an object of plain values. types are the declared types of the
// variables; of others the type is what the JSON shows.
func valueTypes(object json.RawMessage, types map[string]string) map[string]valueType {
	n, err := ordjson.Parse(object)
	if err != nil || n.Kind() != ordjson.Object {
		return nil
	}
	out := map[string]valueType{}
	for name, v := range n.Members() {
		out[name] = typed(v, types[name])
	}
	return out
}

// typed is v as a value of a declared type; when it does not fit or there is none, of the type
// that it shows.
func typed(v *ordjson.Node, kind string) valueType {
	if kind == "" {
		kind = shownType(v)
	}
	switch {
	case kind == "STRING_VALUE" && v.Kind() == ordjson.String:
		text := v.Text()
		return valueType{String: &text, kind: kind}
	case kind == "INT_VALUE" && v.Kind() == ordjson.Number:
		return valueType{Int: v.Text(), kind: kind}
	case kind == "DOUBLE_VALUE" && v.Kind() == ordjson.Number:
		return valueType{Double: ordjson.Append(nil, v), kind: kind}
	case kind == "BOOLEAN_VALUE" && v.Kind() == ordjson.Bool:
		truth := v.Bool()
		return valueType{Boolean: &truth, kind: kind}
	case strings.HasSuffix(kind, "_ARRAY") && v.Kind() == ordjson.Array:
		return typedArray(v, kind)
	}
	return valueType{JSON: string(ordjson.Append(nil, v)), kind: "JSON_VALUE"}
}

func typedArray(v *ordjson.Node, kind string) valueType {
	out := valueType{kind: kind}
	switch kind {
	case "STRING_ARRAY":
		out.Strings = &stringArray{[]string{}}
	case "INT_ARRAY":
		out.Ints = &intArray{[]string{}}
	case "DOUBLE_ARRAY":
		out.Doubles = &doubleArray{[]json.RawMessage{}}
	default:
		out.Booleans = &booleanArray{[]bool{}}
	}
	for _, item := range v.Items() {
		switch {
		case out.Strings != nil:
			out.Strings.Values = append(out.Strings.Values, item.Text())
		case out.Ints != nil:
			out.Ints.Values = append(out.Ints.Values, item.Text())
		case out.Doubles != nil:
			out.Doubles.Values = append(out.Doubles.Values, ordjson.Append(nil, item))
		default:
			out.Booleans.Values = append(out.Booleans.Values, item.Kind() == ordjson.Bool && item.Bool())
		}
	}
	return out
}

// shownType is the type that a plain value seems to be of.
func shownType(v *ordjson.Node) string {
	switch v.Kind() {
	case ordjson.String:
		return "STRING_VALUE"
	case ordjson.Bool:
		return "BOOLEAN_VALUE"
	case ordjson.Number:
		if strings.ContainsAny(v.Text(), ".eE") {
			return "DOUBLE_VALUE"
		}
		return "INT_VALUE"
	case ordjson.Array:
		if v.Len() > 0 && !slices.ContainsFunc(v.Items(), func(n *ordjson.Node) bool { return n.Kind() != ordjson.String }) {
			return "STRING_ARRAY"
		}
	}
	return "JSON_VALUE"
}

// dataTypes are the declared types of a version's variables.
func dataTypes(document *ordjson.Node) map[string]string {
	types := map[string]string{}
	list := document.Get("integrationParameters")
	if list == nil || list.Kind() != ordjson.Array {
		return types
	}
	for _, p := range list.Items() {
		if p.Kind() == ordjson.Object {
			types[textOf(p, "key")] = textOf(p, "dataType")
		}
	}
	return types
}

// plainValues makes plain JSON of ValueTypes.
func plainValues(values map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	for name, raw := range values {
		n, err := parseObject(raw)
		if err == nil {
			out[name], err = plainValue(n)
		}
		if err != nil {
			return nil, invalid("Parameter %q is not a typed value such as {\"stringValue\": \"x\"}.", name)
		}
	}
	return out, nil
}

func plainValue(n *ordjson.Node) (json.RawMessage, error) {
	for name, v := range n.Members() {
		switch name = integrations.CamelCase(name); {
		case name == "jsonValue" && v.Kind() == ordjson.String || isNumber(name) && v.Kind() == ordjson.String:
			raw := json.RawMessage(v.Text())
			if !json.Valid(raw) {
				return nil, invalid("%s is not valid.", name)
			}
			return raw, nil
		case strings.HasSuffix(name, "Value"):
			return ordjson.Append(nil, v), nil
		case strings.HasSuffix(name, "Array") && v.Kind() == ordjson.Object:
			return plainArray(name, v)
		}
	}
	return json.RawMessage("null"), nil
}

func isNumber(name string) bool { return name == "intValue" || name == "doubleValue" }

func plainArray(name string, v *ordjson.Node) (json.RawMessage, error) {
	out := ordjson.NewArray()
	for field, list := range v.Members() {
		if !strings.HasSuffix(integrations.CamelCase(field), "Values") || list.Kind() != ordjson.Array {
			continue
		}
		for _, item := range list.Items() {
			if name == "intArray" && item.Kind() == ordjson.String {
				item = ordjson.NewNumber(item.Text())
			}
			out.Push(item)
		}
	}
	raw := json.RawMessage(ordjson.Append(nil, out))
	if !json.Valid(raw) {
		return nil, invalid("%s is not valid.", name)
	}
	return raw, nil
}
