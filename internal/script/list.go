package script

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// listObject is a Java collection, such as the value of request.headers.names: it
// prints as "[a, b]", which scripts take apart, and has the methods of java.util.List
// that they call. It is a goja.DynamicObject.
type listObject struct {
	r     *run
	items []string
}

func (l *listObject) export() any { return l.items }

func (r *run) list(items []string) goja.Value {
	o := r.vm.NewDynamicObject(&listObject{r, items})
	// forEach, map and the like work on anything with a length and items.
	r.try(o.SetPrototype(r.vm.GlobalObject().Get("Array").ToObject(r.vm).Get("prototype").ToObject(r.vm)))
	return o
}

// Get implements goja.DynamicObject.
func (l *listObject) Get(name string) goja.Value {
	if n := index(name); n >= 0 {
		return l.at(n)
	}
	value := l.r.vm.ToValue
	switch name {
	case "length":
		return value(len(l.items))
	case "size":
		return l.r.method(func(goja.FunctionCall) goja.Value { return value(len(l.items)) })
	case "isEmpty":
		return l.r.method(func(goja.FunctionCall) goja.Value { return value(len(l.items) == 0) })
	case "contains":
		return l.r.method(func(c goja.FunctionCall) goja.Value { return value(slices.Contains(l.items, textOf(c.Argument(0)))) })
	case "get":
		return l.r.method(func(c goja.FunctionCall) goja.Value { return l.at(int(c.Argument(0).ToInteger())) })
	case "toArray", "toJSON":
		return l.r.method(func(goja.FunctionCall) goja.Value { return l.array() })
	case "toString":
		return l.r.method(func(goja.FunctionCall) goja.Value { return value("[" + strings.Join(l.items, ", ") + "]") })
	case "iterator":
		return l.r.method(l.iterator)
	}
	return nil
}

func (l *listObject) at(n int) goja.Value {
	if n < 0 || n >= len(l.items) {
		return nil
	}
	return l.r.vm.ToValue(l.items[n])
}

func (l *listObject) array() goja.Value {
	items := make([]any, len(l.items))
	for i, s := range l.items {
		items[i] = s
	}
	return l.r.vm.NewArray(items...)
}

// iterator is a java.util.Iterator.
func (l *listObject) iterator(goja.FunctionCall) goja.Value {
	next := 0
	return l.r.vm.NewDynamicObject(&host{property: func(name string) (goja.Value, bool) {
		switch name {
		case "hasNext":
			return l.r.method(func(goja.FunctionCall) goja.Value { return l.r.vm.ToValue(next < len(l.items)) }), true
		case "next":
			return l.r.method(func(goja.FunctionCall) goja.Value {
				if next >= len(l.items) {
					l.r.throw("Error", "java.util.NoSuchElementException")
				}
				next++
				return l.at(next - 1)
			}), true
		}
		return nil, false
	}})
}

// Set implements goja.DynamicObject: collections of the runtime are read-only.
func (l *listObject) Set(string, goja.Value) bool { return false }

// Has implements goja.DynamicObject.
func (l *listObject) Has(name string) bool { return l.Get(name) != nil }

// Delete implements goja.DynamicObject.
func (l *listObject) Delete(string) bool { return false }

// Keys implements goja.DynamicObject.
func (l *listObject) Keys() []string {
	keys := make([]string, len(l.items))
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	return keys
}
