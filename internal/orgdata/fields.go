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

// strays lists the fields of a JSON value that the type which it is read into does
// not have, each with what to do. What has another form than the type is passed
// over: reading it says so.
func strays(data []byte, t reflect.Type) []string { return straysAt("", data, t) }

func straysAt(path string, data []byte, t reflect.Type) (list []string) {
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

func straysOfObject(path string, data []byte, t reflect.Type) (list []string) {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(data, &object) // another form: no fields
	fields := fieldsOf(t)
	names := slices.Concat(slices.Sorted(maps.Keys(fields)), idle[t])
	for _, key := range slices.Sorted(maps.Keys(object)) {
		// encoding/json takes any letter case too.
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, key) })
		switch {
		case i < 0:
			list = append(list, stray(path, key, names))
		case fields[names[i]] != nil:
			at := strings.TrimPrefix(path+"."+names[i], ".")
			list = append(list, straysAt(at, object[key], fields[names[i]])...)
		}
	}
	return list
}

// stray words one field that is not known.
func stray(path, key string, names []string) string {
	text := fmt.Sprintf("there is no field %q", key)
	if path != "" {
		text = path + ": " + text
	}
	if near := nearest(key, names); near != "" {
		return text + fmt.Sprintf(": did you mean %q?", near)
	}
	return text + ": remove it; `sluice doc orgdata` shows the form"
}

// nearest is the known name that was probably meant, or "": one that differs in few
// letters, or has the other within it, as consumerSecret has secret.
func nearest(written string, names []string) string {
	if near := spelling.Nearest(written, names, max(len(written)/4, 1)); near != "" {
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
