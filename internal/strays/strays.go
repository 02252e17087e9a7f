// Package strays finds the fields of a JSON value that nobody reads: encoding/json drops
// them without a word, or refuses them without saying what was meant.
package strays

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sluice/internal/spelling"
)

// Field is a field that the type which its value is read into does not have.
type Field struct {
	Path string // of the object that it is in, "" for the value itself
	Key  string
	Near string // the field that was probably meant, "" for none
}

// String is a sentence for whoever wrote the field.
func (f Field) String() string {
	text := fmt.Sprintf("there is no field %q", f.Key)
	if f.Near != "" {
		text += fmt.Sprintf(": did you mean %q?", f.Near)
	}
	if f.Path != "" {
		text = f.Path + ": " + text
	}
	return text
}

// Idle are fields that are known and that no struct reads, by the type that lacks them.
type Idle map[reflect.Type][]string

// In lists the strays of a JSON value that is read into a type. What has another form
// than the type is passed over: reading it says so.
func (known Idle) In(data []byte, t reflect.Type) []Field { return known.at("", data, t) }

func (known Idle) at(path string, data []byte, t reflect.Type) (list []Field) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil // json.RawMessage too, which is a slice
	case t.Kind() == reflect.Struct:
		return known.ofObject(path, data, t)
	case t.Kind() == reflect.Slice:
		var items []json.RawMessage
		_ = json.Unmarshal(data, &items) // another form: no items
		for i, item := range items {
			list = append(list, known.at(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())...)
		}
	}
	return list
}

func (known Idle) ofObject(path string, data []byte, t reflect.Type) (list []Field) {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(data, &object) // another form: no fields
	fields := fieldsOf(t)
	names := slices.Concat(slices.Sorted(maps.Keys(fields)), known[t])
	for _, key := range slices.Sorted(maps.Keys(object)) {
		// encoding/json takes any letter case too.
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, key) })
		switch {
		case i < 0:
			list = append(list, Field{path, key, Nearest(key, names)})
		case fields[names[i]] != nil:
			at := strings.TrimPrefix(path+"."+names[i], ".")
			list = append(list, known.at(at, object[key], fields[names[i]])...)
		}
	}
	return list
}

// Nearest is the known name that was probably meant, or "": one that differs in few
// letters, or has the other within it, as consumerSecret has secret.
func Nearest(written string, names []string) string {
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
