package orgdata

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sluice/internal/entity"
	"sluice/internal/spelling"
)

// idle are the fields that the management API, the emulator or the plugin write
// and that change nothing here. What is neither here nor in the struct that is
// read is somebody's mistake.
var idle = map[reflect.Type][]string{
	reflect.TypeFor[entity.Product]():         {"grpcOperationGroup", "space"},
	reflect.TypeFor[entity.OperationConfig](): {"llmOperations", "methods", "service"},
	reflect.TypeFor[entity.Operation]():       {"model", "operation", "operationTypes"},
	reflect.TypeFor[entity.Developer]():       {"accessType", "appFamily", "companies", "organizationId", "uuid"},
	reflect.TypeFor[appFile]():                {"companyName", "expiryType", "keyExpiresIn"},
	reflect.TypeFor[entity.Credential]():      {"expiresInSeconds"},
	reflect.TypeFor[keyFile]():                {"attributes", "expiresAt", "expiresInSeconds", "issuedAt", "status"},
	reflect.TypeFor[mapFile]():                {"encrypted", "maskedValues", "nextPageToken"},
	reflect.TypeFor[serverFile]():             {"description", "port", "protocol", "isEnabled"},
	reflect.TypeFor[sslFile]():                {"ciphers", "clientAuthEnabled", "enabled", "enforce", "ignoreValidationErrors", "keyAlias", "keyStore", "protocols", "trustStore"},
	reflect.TypeFor[commonNameFile]():         {"value", "wildcardMatch"},
}

// stray is a field that the type which its value is read into does not have.
type stray struct {
	path string // of the object that it is in, "" for the item itself
	key  string
	near string // the field that was probably meant, "" for none
}

// strays lists those of a JSON value. What has another form than the type is passed
// over: reading it says so.
func strays(data []byte, t reflect.Type) []stray { return straysAt("", data, t) }

// strayFields tells of the fields that nobody knows. What is nearly the name of another
// is a mistake. What is like none may come from a later version of what wrote the file,
// and is noted: nobody should have to edit an export.
func (r *reader) strayFields(at place, data []byte, t reflect.Type) {
	for _, s := range strays(data, t) {
		if s.near == "" {
			r.noteOnce(at.document, fmt.Sprintf("fields %q of %s", s.key, at.kind.name), "no such field is known; `sluice doc orgdata` shows the form")
			continue
		}
		text := fmt.Sprintf("there is no field %q: did you mean %q?", s.key, s.near)
		if s.path != "" {
			text = s.path + ": " + text
		}
		r.fail(at, "%s", text)
	}
}

func straysAt(path string, data []byte, t reflect.Type) (list []stray) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil // json.RawMessage too, which is a slice
	case t.Kind() == reflect.Struct:
		return straysOfObject(path, data, t)
	case t.Kind() == reflect.Slice:
		var items []json.RawMessage
		_ = json.Unmarshal(data, &items) // another form: no items
		for i, item := range items {
			list = append(list, straysAt(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())...)
		}
	}
	return list
}

func straysOfObject(path string, data []byte, t reflect.Type) (list []stray) {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(data, &object) // another form: no fields
	fields := fieldsOf(t)
	names := slices.Concat(slices.Sorted(maps.Keys(fields)), idle[t])
	for _, key := range slices.Sorted(maps.Keys(object)) {
		// encoding/json takes any letter case too.
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, key) })
		switch {
		case i < 0:
			list = append(list, stray{path, key, nearest(key, names)})
		case fields[names[i]] != nil:
			at := strings.TrimPrefix(path+"."+names[i], ".")
			list = append(list, straysAt(at, object[key], fields[names[i]])...)
		}
	}
	return list
}

// nearest is the known name that was probably meant, or "": one that differs in few
// letters, or has the other within it, as consumerSecret has secret.
func nearest(written string, names []string) string {
	if near := spelling.Likely(written, names); near != "" {
		return near
	}
	plain := spelling.Plain(written)
	for _, name := range names {
		known := spelling.Plain(name)
		if min(len(plain), len(known)) > 3 && (strings.Contains(known, plain) || strings.Contains(plain, known)) {
			return name
		}
	}
	return ""
}

// fieldsOf returns the types of the fields of a struct, and of those embedded in
// it, by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			fields[name] = f.Type
		}
	}
	return fields
}
