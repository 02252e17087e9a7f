package script

import (
	"slices"

	"github.com/dop251/goja"
)

var contextNames = []string{"flow", "session", "proxyRequest", "targetRequest", "proxyResponse", "targetResponse", "getVariable", "setVariable", "removeVariable"}

// context is the object of that name.
func (r *run) context() goja.Value {
	return r.vm.NewDynamicObject(&host{names: contextNames, property: r.ofContext})
}

func (r *run) ofContext(name string) (goja.Value, bool) {
	switch name {
	case "getVariable":
		return r.method(r.getVariable), true
	case "setVariable":
		return r.method(r.setVariable), true
	case "removeVariable":
		return r.method(r.removeVariable), true
	case "flow":
		return r.vm.ToValue(r.env.Flow), true
	case "session":
		return r.session(), true
	case "proxyRequest":
		return r.message(ProxyRequestMessage), true
	case "targetRequest":
		return r.message(TargetRequestMessage), true
	case "proxyResponse":
		return r.message(ProxyResponseMessage), true
	case "targetResponse":
		return r.message(TargetResponseMessage), true
	}
	return nil, false
}

func (r *run) getVariable(call goja.FunctionCall) goja.Value {
	v, err := r.env.Variables.Get(textOf(call.Argument(0)))
	if err != nil {
		return r.fail(err)
	}
	return r.value(v)
}

func (r *run) setVariable(call goja.FunctionCall) goja.Value {
	if err := r.env.Variables.Set(textOf(call.Argument(0)), r.export(call.Argument(1))); err != nil {
		return r.fail(err)
	}
	return goja.Undefined()
}

func (r *run) removeVariable(call goja.FunctionCall) goja.Value {
	if err := r.env.Variables.Set(textOf(call.Argument(0)), nil); err != nil {
		return r.fail(err)
	}
	return goja.Undefined()
}

// session is context.session. A value that a later script reads is a copy, except
// for the exchange of a call, which stays the same.
func (r *run) session() goja.Value {
	if r.env.Session == nil {
		return r.vm.NewObject()
	}
	r.kept = &sessionObject{r: r, made: map[string]goja.Value{}}
	return r.vm.NewDynamicObject(r.kept)
}

// keep stores what the scripts have left in the values that they took from the session.
func (s *sessionObject) keep() {
	if s == nil {
		return
	}
	for name, v := range s.made {
		s.r.env.Session.Set(name, s.r.export(v))
	}
}

// sessionObject is a goja.DynamicObject, and not a host, because what a script
// changes inside a value of it must last: it is stored again when
// the scripts have run.
type sessionObject struct {
	r    *run
	made map[string]goja.Value
}

// Get implements goja.DynamicObject.
func (s *sessionObject) Get(name string) goja.Value {
	if v, ok := s.made[name]; ok {
		return v
	}
	v := s.r.env.Session.Get(name)
	if v == nil {
		return nil
	}
	s.made[name] = s.r.value(v)
	return s.made[name]
}

// Set implements goja.DynamicObject.
func (s *sessionObject) Set(name string, v goja.Value) bool {
	s.made[name] = v
	s.r.env.Session.Set(name, s.r.export(v))
	return true
}

// Has implements goja.DynamicObject.
func (s *sessionObject) Has(name string) bool { return s.Get(name) != nil }

// Delete implements goja.DynamicObject.
func (s *sessionObject) Delete(name string) bool {
	delete(s.made, name)
	s.r.env.Session.Set(name, nil)
	return true
}

// Keys implements goja.DynamicObject.
func (s *sessionObject) Keys() []string { return sorted(s.r.env.Session.Names()) }

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}
