package appint

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"sluice/internal/integrations"
	"sluice/internal/ordjson"
)

// Messages are proto3 JSON: names come in camelCase or in snake_case, and are answered in
// camelCase.

// readMessage reads a request into the struct that *to is. The fields' JSON names are camelCase;
// those of an embedded struct count as its own.
// An empty body is an empty message. A name that the message does not have is an error, worded as
// Google's (recalled).
func readMessage(body []byte, to any) error {
	if strings.TrimSpace(string(body)) == "" {
		return nil
	}
	n, err := parseObject(body)
	if err != nil {
		return err
	}
	n = renamed(n)
	message := reflect.TypeOf(to).Elem()
	known := fields(message)
	for name := range n.Members() {
		if !known[name] {
			return invalid("Invalid JSON payload received. Unknown name %q: Cannot find field.", name)
		}
	}
	if err := json.Unmarshal(ordjson.Append(nil, n), to); err != nil {
		return unreadable(err, message)
	}
	return nil
}

func parseObject(body []byte) (*ordjson.Node, error) {
	n, err := ordjson.Parse(body)
	if err != nil {
		return nil, invalid("Invalid JSON payload received: %v.", err)
	}
	if n.Kind() != ordjson.Object {
		return nil, invalid("Invalid JSON payload received: an object is expected.")
	}
	return n, nil
}

// unreadable says which field of the message is of a wrong type. encoding/json also names the
// struct that is embedded, of which a caller knows nothing.
func unreadable(err error, message reflect.Type) error {
	wrong := new(json.UnmarshalTypeError)
	if !errors.As(err, &wrong) {
		return invalid("Invalid JSON payload received: %v.", err)
	}
	field := wrong.Field
	for f := range message.Fields() {
		if f.Anonymous {
			field = strings.TrimPrefix(field, f.Name+".")
		}
	}
	return invalid("Invalid value at '%s' (%s): a JSON %s does not fit.", field, wrong.Type, wrong.Value)
}

// fields are the JSON names of a struct.
func fields(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		if !f.Anonymous {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names[name] = true
		}
	}
	return names
}

// renamed is an object with its own names in camelCase; what is inside stays. Of a name that is
// there in both forms, the later counts.
func renamed(n *ordjson.Node) *ordjson.Node {
	out := ordjson.NewObject()
	for name, v := range n.Members() {
		out.Set(integrations.CamelCase(name), v)
	}
	return out
}

// userNamed are the fields of an IntegrationVersion whose names are a user's.
var userNamed = map[string]bool{"parameters": true, "properties": true}

// deepRenamed is renamed for everything inside, too. Names in maps are kept, and so is what stands
// in text, such as a jsonValue.
func deepRenamed(n *ordjson.Node) *ordjson.Node { return deepRename(n, false) }

func deepRename(n *ordjson.Node, isMap bool) *ordjson.Node {
	switch n.Kind() {
	case ordjson.Array:
		out := ordjson.NewArray()
		for _, item := range n.Items() {
			out.Push(deepRename(item, false))
		}
		return out
	case ordjson.Object:
		out := ordjson.NewObject()
		for name, v := range n.Members() {
			if !isMap {
				name = integrations.CamelCase(name)
			}
			out.Set(name, deepRename(v, !isMap && userNamed[name]))
		}
		return out
	}
	return n
}
