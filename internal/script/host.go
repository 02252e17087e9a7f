package script

import (
	"slices"

	"github.com/dop251/goja"
)

// host is an object of the model. Its properties are made when a script asks for
// them, because most scripts use a few of the many; what a script assigns that means
// nothing to the object is kept as on any object. It is a goja.DynamicObject.
type host struct {
	names []string // of the properties that a loop over the object finds
	// property makes a property; nil means there is none of that name. keep says that
	// it is the same each time.
	property func(name string) (v goja.Value, keep bool)
	// assign takes an assignment that means something; nil: none does.
	assign func(name string, v goja.Value) bool
	// remove takes a deletion; nil: only what the script assigned can be deleted.
	remove func(name string)

	own   map[string]goja.Value
	added []string // names in own that are not in names
}

// Get implements goja.DynamicObject.
func (h *host) Get(name string) goja.Value {
	if v, ok := h.own[name]; ok {
		return v
	}
	v, keep := h.property(name)
	if keep && v != nil {
		h.store(name, v)
	}
	return v
}

func (h *host) store(name string, v goja.Value) {
	if h.own == nil {
		h.own = map[string]goja.Value{}
	}
	h.own[name] = v
}

// Set implements goja.DynamicObject.
func (h *host) Set(name string, v goja.Value) bool {
	if h.assign != nil && h.assign(name, v) {
		return true
	}
	if _, ok := h.own[name]; !ok && !slices.Contains(h.names, name) {
		h.added = append(h.added, name)
	}
	h.store(name, v)
	return true
}

// Has implements goja.DynamicObject.
func (h *host) Has(name string) bool { return h.Get(name) != nil }

// Delete implements goja.DynamicObject.
func (h *host) Delete(name string) bool {
	if h.remove != nil {
		h.remove(name)
	}
	delete(h.own, name)
	h.added = slices.DeleteFunc(h.added, func(s string) bool { return s == name })
	return true
}

// Keys implements goja.DynamicObject.
func (h *host) Keys() []string {
	if len(h.added) == 0 {
		return h.names
	}
	return append(slices.Clone(h.names), h.added...)
}

// method is a function of the model as a value.
func (r *run) method(f func(goja.FunctionCall) goja.Value) goja.Value { return r.vm.ToValue(f) }

// textOf is the text of an argument; of one that is missing, null or undefined "".
func textOf(v goja.Value) string {
	if isNothing(v) {
		return ""
	}
	return v.String()
}

func isNothing(v goja.Value) bool {
	return v == nil || goja.IsNull(v) || goja.IsUndefined(v)
}

// index reads the name of a property as the index of an item, -1 when it is none.
func index(name string) int {
	if len(name) == 0 || len(name) > 9 || len(name) > 1 && name[0] == '0' {
		return -1
	}
	n := 0
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return -1
		}
		n = n*10 + int(name[i]-'0')
	}
	return n
}

// readsAsText gives an object the methods of texts: where Apigee documents that an
// object can be used as a text, scripts call split, indexOf and the like on it. They
// work on any object that has toString.
func (r *run) readsAsText(h goja.DynamicObject) *goja.Object {
	if r.textProto == nil {
		r.textProto = r.vm.GlobalObject().Get("String").ToObject(r.vm).Get("prototype").ToObject(r.vm)
	}
	o := r.vm.NewDynamicObject(h)
	r.try(o.SetPrototype(r.textProto))
	return o
}
