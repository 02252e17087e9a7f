package orgdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// list decodes the JSON array of a document item by item, so that one bad item
// does not hide the others and a large file is never held twice.
func list[T any](r *reader, d *document, use func(place, *T)) {
	array(r, place{document: d}, d.data, use)
}

// byOwner decodes a JSON object of arrays: {"ann@example.com": [...]}.
func byOwner[T any](r *reader, d *document, use func(place, *T)) {
	var owners map[string]json.RawMessage
	if err := json.Unmarshal(d.data, &owners); err != nil {
		r.failFile(d.file, itemOf(d), "%s", wording(err, d, d.kind.byOwner()))
		return
	}
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		if owner == "" {
			r.failFile(d.file, d.path, `the owner "" has no name: write a developer's e-mail address, or an app group's name`)
			continue
		}
		inner := *d
		inner.whole = false
		array(r, place{document: &inner, owner: owner}, owners[owner], use)
	}
}

// array calls use with each item. at.index counts.
func array[T any](r *reader, at place, data []byte, use func(place, *T)) {
	dec := json.NewDecoder(bytes.NewReader(data))
	first, err := dec.Token()
	if err == nil && first != json.Delim('[') {
		err = errors.New("it is something else")
	}
	if err != nil {
		r.failFile(at.file, headOf(at), "%s", wording(err, at.document, at.kind.list()))
		return
	}
	dec.DisallowUnknownFields()
	for ; dec.More(); at.index++ {
		item, start := new(T), dec.InputOffset()
		err := dec.Decode(item)
		switch {
		case err == nil:
			use(at, item)
		case isSyntax(err):
			r.failFile(at.file, headOf(at), "%s", wording(err, at.document, at.kind.list()))
			return
		default:
			// Only the first fault is in err, and unknown fields have no path there.
			odd(r, at, bytes.TrimLeft(data[start:dec.InputOffset()], " \t\r\n,"), use)
		}
	}
	if err := closed(dec); err != nil {
		r.failFile(at.file, headOf(at), "%s", wording(err, at.document, at.kind.list()))
	}
}

// odd reads an item that did not decode strictly: it may have fields that nobody
// knows, or values of another type. An item that is used is read again, without
// those fields.
func odd[T any](r *reader, at place, data []byte, use func(place, *T)) {
	r.strayFields(at, data, reflect.TypeFor[T]())
	item := new(T)
	if err := json.Unmarshal(data, item); err != nil {
		r.fail(at, "%s", wording(err, at.document, anotherValue))
		return
	}
	use(at, item)
}

// closed reads the end of an array, after which nothing may come.
func closed(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return err
	}
	switch _, err := dec.Token(); {
	case err == nil:
		return errors.New("something follows it")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// itemOf names a document within its file; "" when it is all of it.
func itemOf(d *document) string {
	if d.whole {
		return ""
	}
	return d.path
}

func headOf(p place) string {
	if p.owner != "" {
		return fmt.Sprintf("%s[%q]", p.path, p.owner)
	}
	return itemOf(p.document)
}

func isSyntax(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// wording says what is wrong with JSON. It has words of its own because those of
// encoding/json, and of the types that decode themselves, may show a value.
func wording(err error, d *document, want string) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && d.whole:
		line, column := position(d.data, syntax.Offset)
		return fmt.Sprintf("line %d, column %d: this is not JSON: %v", line, column, syntax)
	case errors.As(err, &syntax):
		return fmt.Sprintf("this is not JSON: %v", syntax)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "this is not JSON: it ends too early"
	case errors.As(err, &kind):
		is, _, _ := strings.Cut(kind.Value, " ")
		if kind.Field == "" && want != anotherValue {
			return fmt.Sprintf("want %s, not %s", want, article(is))
		}
		if kind.Field == "" {
			return fmt.Sprintf("want %s, not %s", shape(kind.Type), article(is))
		}
		field := strings.TrimPrefix(kind.Field, "App.") // the embedded part of appFile
		return fmt.Sprintf("%s: want %s, not %s", field, shape(kind.Type), article(is))
	case want == anotherValue:
		// entity.Text and entity.Millis, which encoding/json does not tell the field of.
		return "want text or a number for each quota and interval, and milliseconds since 1970 for each time"
	}
	return fmt.Sprintf("want %s: %v", want, err)
}

// anotherValue stands for what a type says that it wants.
const anotherValue = ""

func article(is string) string {
	switch is {
	case "array", "object":
		return "an " + is
	case "bool":
		return "true or false"
	case "string":
		return "text"
	}
	return "a " + is
}

func shape(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "an array"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	}
	return "a number"
}

func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// tidy blanks the commas that nothing follows, in place, and a byte order mark:
// the plugin's JSON reader takes them, and its own samples have some. No library
// among ours reads JSON that way and keeps offsets.
func tidy(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	comma, quoted := -1, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted, comma = !quoted, -1
		case quoted || c == ' ' || c == '\n' || c == '\r' || c == '\t':
		case c == ',':
			comma = i
		default:
			if comma >= 0 && (c == ']' || c == '}') {
				data[comma] = ' '
			}
			comma = -1
		}
	}
	return data
}
