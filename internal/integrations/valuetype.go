package integrations

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// dataType is the declared type of a variable: IntegrationParameter.dataType of an export.
type dataType string

const (
	stringValue  dataType = "STRING_VALUE"
	intValue     dataType = "INT_VALUE"
	doubleValue  dataType = "DOUBLE_VALUE"
	booleanValue dataType = "BOOLEAN_VALUE"
	jsonValue    dataType = "JSON_VALUE"
	stringArray  dataType = "STRING_ARRAY"
	intArray     dataType = "INT_ARRAY"
	doubleArray  dataType = "DOUBLE_ARRAY"
	booleanArray dataType = "BOOLEAN_ARRAY"
)

var elementTypes = map[dataType]dataType{
	stringArray: stringValue, intArray: intValue, doubleArray: doubleValue, booleanArray: booleanValue,
}

// valueFields maps the fields of the API's ValueType to types, in camelCase.
var valueFields = map[string]dataType{
	"stringValue": stringValue, "intValue": intValue, "doubleValue": doubleValue,
	"booleanValue": booleanValue, "jsonValue": jsonValue, "stringArray": stringArray,
	"intArray": intArray, "doubleArray": doubleArray, "booleanArray": booleanArray,
}

var errManyTypes = errors.New("a value has more than one type")

// readValueType reads a ValueType: {"intValue": "5"}. Names may be camelCase or snake_case,
// numbers may be quoted, jsonValue may be text or JSON itself, and an array may be written with
// or without its inner object (reference: integrations.md 2). {} is null with an empty type.
func readValueType(v value) (value, dataType, error) {
	o, ok := v.(*object)
	if v == nil {
		return nil, "", nil
	}
	if !ok {
		return nil, "", errors.New(`a typed value such as {"stringValue": "x"} is expected`)
	}
	var out value
	var kind dataType
	for _, name := range o.names {
		t, ok := valueFields[CamelCase(name)]
		if !ok {
			continue
		}
		if kind != "" {
			return nil, "", errManyTypes
		}
		read, err := readField(o.fields[name], t)
		if err != nil {
			return nil, t, fmt.Errorf("%s: %w", name, err)
		}
		out, kind = read, t
	}
	if kind == "" && len(o.names) > 0 {
		return nil, "", fmt.Errorf("%q is not a type of value", o.names[0])
	}
	return out, kind, nil
}

// isValueType tells whether o looks like a ValueType, if not a readable one.
func isValueType(o *object) bool {
	for _, name := range o.names {
		if _, ok := valueFields[CamelCase(name)]; ok {
			return true
		}
	}
	return len(o.names) == 0
}

func readField(v value, t dataType) (value, error) {
	if t == jsonValue {
		return readJSONField(v)
	}
	if element, ok := elementTypes[t]; ok {
		return readArrayField(v, element)
	}
	if _, isText := v.(string); t == stringValue && !isText && v != nil {
		return nil, misfit(v, "is not a string")
	}
	return convert(v, t)
}

func readJSONField(v value) (value, error) {
	s, ok := v.(string)
	if !ok {
		return v, nil
	}
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	return parseJSON(s)
}

func readArrayField(v value, element dataType) (value, error) {
	if o, ok := v.(*object); ok {
		v = []any{}
		for _, name := range o.names {
			if strings.HasSuffix(strings.ToLower(name), "values") {
				v = o.fields[name]
			}
		}
	}
	list, err := toList(v)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(list))
	for i, e := range list {
		if out[i], err = readField(e, element); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return out, nil
}

// readRawValueType is readValueType for a part of an export.
func readRawValueType(raw json.RawMessage) (value, dataType, error) {
	if len(raw) == 0 {
		return nil, "", nil
	}
	v, err := parseJSON(string(raw))
	if err != nil {
		return nil, "", err
	}
	return readValueType(v)
}

// CamelCase turns trigger_id into triggerId, as proto3 JSON has it; @type and other
// names stay.
func CamelCase(name string) string {
	if !strings.Contains(name, "_") {
		return name
	}
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// accepts tells whether an input of the given kind may be bound to a variable of type t.
// Integers fit doubles; everything else must match, as JSON tells the types apart.
func (t dataType) accepts(kind dataType) bool {
	return t == kind || kind == "" || t == "" ||
		t == doubleValue && kind == intValue || t == doubleArray && kind == intArray
}

// convert makes v fit a variable of type t. Google's page says that types must match, but
// exports from its editor assign JSON to strings and strings to JSON, so both convert: JSON
// text that is an object or an array becomes JSON, other text stays a JSON string.
func convert(v value, t dataType) (value, error) {
	if v == nil {
		return nil, nil
	}
	if element, ok := elementTypes[t]; ok {
		return convertList(v, element)
	}
	switch t {
	case stringValue:
		return text(v), nil
	case intValue:
		return wrap(toInt(v))
	case doubleValue:
		return wrap(toDouble(v))
	case booleanValue:
		return wrap(toBool(v))
	case jsonValue:
		return toJSON(v), nil
	}
	return v, nil
}

// wrap boxes a typed result, and makes it nil when there is an error.
func wrap[T any](v T, err error) (value, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func convertList(v value, element dataType) (value, error) {
	list, err := toList(v)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(list))
	for i, e := range list {
		if out[i], err = convert(e, element); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return out, nil
}

func toJSON(v value) value {
	s, ok := v.(string)
	if !ok {
		return v
	}
	parsed, err := parseJSON(s)
	if err != nil {
		return v
	}
	switch parsed.(type) {
	case *object, []any:
		return parsed
	}
	return v
}
