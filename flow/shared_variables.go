package flow

import (
	"maps"
	"slices"
)

// SharedVariables are variables that many requests set to the same values, such as what
// VerifyAPIKey tells of a caller. They are made once, never change, and cost a
// request nothing for each.
type SharedVariables struct{ values map[string]Value }

// NewSharedVariables returns the variables; nulls among them are left out. Messages
// belong to one exchange and must not be among them.
func NewSharedVariables(values map[string]Value) *SharedVariables {
	kept := maps.Clone(values)
	maps.DeleteFunc(kept, func(_ string, v Value) bool { return v.IsNull() })
	return &SharedVariables{kept}
}

// maxShared bounds how many sets an exchange looks through for a name.
const maxShared = 8

// PutAll is Put for all of them.
func (x *Exchange) PutAll(vs *SharedVariables) {
	if i := slices.Index(x.shared, vs); i >= 0 {
		x.shared = slices.Delete(x.shared, i, i+1) // it comes last again
	}
	if x.trace != nil || len(x.shared) == maxShared {
		for name, v := range vs.values {
			x.Put(name, v)
		}
		return
	}
	if len(x.vars) <= len(vs.values) {
		for name := range x.vars {
			if _, ok := vs.values[name]; ok {
				delete(x.vars, name)
			}
		}
	} else {
		for name := range vs.values {
			delete(x.vars, name)
		}
	}
	x.shared = append(x.shared, vs)
}

// held returns a stored variable. What the exchange stored itself comes first: a
// null there hides a shared one.
func (x *Exchange) held(name string) (Value, bool) {
	if v, ok := x.vars[name]; ok {
		return v, v.typ != Null
	}
	return x.sharedValue(name)
}

func (x *Exchange) sharedValue(name string) (Value, bool) {
	for i := len(x.shared) - 1; i >= 0; i-- {
		if v, ok := x.shared[i].values[name]; ok {
			return v, true
		}
	}
	return Value{}, false
}

// drop removes a stored variable.
func (x *Exchange) drop(name string) {
	if _, ok := x.sharedValue(name); ok {
		if x.vars == nil {
			x.vars = map[string]Value{}
		}
		x.vars[name] = Value{}
		return
	}
	delete(x.vars, name)
}
