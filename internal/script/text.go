package script

import (
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/dop251/goja"
)

// textObject is an object that scripts use as a text and that has properties besides:
// the content of a message, the values of a field. It is a goja.DynamicObject.
type textObject struct {
	r     *run
	text  string
	items []string // of a field: [0], [1], length()
	field bool     // it has items; otherwise [n] is a character
	json  any      // what JSON.stringify makes of it; nil: the text
	// names, property and assign are for the properties besides; they may be nil.
	names    []string
	property func(name string) goja.Value
	assign   func(name string, v goja.Value) bool
}

func (t *textObject) export() any { return t.text }

// Get implements goja.DynamicObject.
func (t *textObject) Get(name string) goja.Value {
	switch name {
	case "toString", "valueOf":
		return t.r.method(func(goja.FunctionCall) goja.Value { return t.r.vm.ToValue(t.text) })
	case "toJSON":
		return t.r.method(t.toJSON)
	case "length":
		return t.length()
	}
	if n := index(name); n >= 0 {
		return t.item(n)
	}
	if slices.Contains(t.names, name) {
		return t.property(name)
	}
	return nil
}

func (t *textObject) toJSON(goja.FunctionCall) goja.Value {
	if t.json != nil {
		return t.r.vm.ToValue(t.json)
	}
	return t.r.vm.ToValue(t.text)
}

// length is a method of a field's values, as documented, and a number of a text.
func (t *textObject) length() goja.Value {
	if t.field {
		return t.r.method(func(goja.FunctionCall) goja.Value { return t.r.vm.ToValue(len(t.items)) })
	}
	return t.r.vm.ToValue(len(utf16.Encode([]rune(t.text))))
}

func (t *textObject) item(n int) goja.Value {
	if t.field {
		if n < len(t.items) {
			return t.r.vm.ToValue(t.items[n])
		}
		return nil
	}
	if units := utf16.Encode([]rune(t.text)); n < len(units) {
		return t.r.vm.ToValue(string(utf16.Decode(units[n : n+1])))
	}
	return nil
}

// Set implements goja.DynamicObject.
func (t *textObject) Set(name string, v goja.Value) bool { return t.assign != nil && t.assign(name, v) }

// Has implements goja.DynamicObject. It must not make a property: that may fail.
func (t *textObject) Has(name string) bool {
	return slices.Contains(t.names, name) || t.Get(name) != nil
}

// Delete implements goja.DynamicObject.
func (t *textObject) Delete(string) bool { return false }

// Keys implements goja.DynamicObject: the items, not what Get has besides.
func (t *textObject) Keys() []string {
	keys := make([]string, len(t.items))
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	return keys
}
