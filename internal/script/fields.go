package script

import (
	"github.com/dop251/goja"
)

// fieldsObject is the header, the query or the form of a message: a map whose values
// are read as a text, or item by item. It is a goja.DynamicObject.
type fieldsObject struct {
	r      *run
	fields Fields
}

func (r *run) fields(m Message, k FieldKind) goja.Value {
	return r.vm.NewDynamicObject(&fieldsObject{r, m.Fields(k)})
}

// Get implements goja.DynamicObject.
func (f *fieldsObject) Get(name string) goja.Value {
	values, text, err := f.fields.Values(name)
	if err != nil {
		return f.r.fail(err)
	}
	if len(values) == 0 {
		return nil
	}
	t := &textObject{r: f.r, text: text, items: values, field: true}
	if len(values) > 1 && text == values[0] {
		t.json = values // the text is the first value only
	}
	t.assign = func(item string, v goja.Value) bool { return f.setItem(name, values, item, v) }
	return f.r.readsAsText(t)
}

// setItem sets one of the values, or appends one.
func (f *fieldsObject) setItem(name string, values []string, item string, v goja.Value) bool {
	n := index(item)
	if n < 0 || n > len(values) {
		return false
	}
	changed := append(append([]string(nil), values[:n]...), textOf(v))
	if n < len(values) {
		changed = append(changed, values[n+1:]...)
	}
	f.set(name, changed)
	return true
}

func (f *fieldsObject) set(name string, values []string) {
	if err := f.fields.Set(name, values); err != nil {
		f.r.fail(err)
	}
}

// Set implements goja.DynamicObject: an array gives several values, null none.
func (f *fieldsObject) Set(name string, v goja.Value) bool {
	f.set(name, fieldValues(f.r.vm, v))
	return true
}

// fieldValues are the values that a script means.
func fieldValues(vm *goja.Runtime, v goja.Value) []string {
	if isNothing(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() != "Array" {
		return []string{v.String()}
	}
	var values []string
	vm.ForOf(o, func(item goja.Value) bool {
		values = append(values, item.String())
		return len(values) < maxItems
	})
	return values
}

// maxItems bounds the values of one field that a script sets.
const maxItems = 1000

// Has implements goja.DynamicObject.
func (f *fieldsObject) Has(name string) bool {
	values, _, err := f.fields.Values(name)
	return err == nil && len(values) > 0
}

// Delete implements goja.DynamicObject.
func (f *fieldsObject) Delete(name string) bool {
	f.set(name, nil)
	return true
}

// Keys implements goja.DynamicObject.
func (f *fieldsObject) Keys() []string {
	names, err := f.fields.Names()
	if err != nil {
		f.r.fail(err)
	}
	return names
}
