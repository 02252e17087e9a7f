package script

import (
	"github.com/dop251/goja"
)

// value makes a value of the Env one of the script.
func (r *run) value(v any) goja.Value {
	switch v := v.(type) {
	case nil:
		return goja.Null()
	case []string:
		return r.list(v)
	case Message:
		return r.messageObject(v)
	case *Call:
		return r.exchange(v)
	case Data:
		return r.parse(v.JSON)
	}
	return r.vm.ToValue(v)
}

// exporter is an object of the model that the Env knows as something else.
type exporter interface{ export() any }

// export makes a value of the script one of the Env. An object that is no mere data
// (a date, a function) becomes its text, like every Java caller sees it.
func (r *run) export(v goja.Value) any {
	if isNothing(v) {
		return nil
	}
	o, isObject := v.(*goja.Object)
	if !isObject {
		return primitive(v)
	}
	if e, ok := o.Export().(exporter); ok {
		return e.export()
	}
	switch o.ClassName() {
	case "Object", "Array":
		return r.data(o)
	case "Number":
		return primitive(o.ToNumber())
	case "Boolean":
		return o.String() == "true"
	}
	return o.String()
}

func primitive(v goja.Value) any {
	switch v := v.Export().(type) {
	case bool, int64, float64, string:
		return v
	}
	return v.String()
}

// data copies an object as JSON.
func (r *run) data(o *goja.Object) any {
	text, err := o.MarshalJSON()
	if err != nil {
		panic(err) // it contains itself: a *goja.Exception, thrown on in the script
	}
	if len(text) == 0 {
		return o.String()
	}
	return Data{JSON: string(text)}
}

// payload is what an object that is assigned as content sends: data as JSON,
// everything else as its text.
func (r *run) payload(v goja.Value) string {
	switch v := r.export(v).(type) {
	case nil:
		return ""
	case Data:
		return v.JSON
	case string:
		return v
	}
	return v.String()
}

// parse is JSON.parse as the engine has it, for texts that are not nested too deep.
func (r *run) parse(text string) goja.Value {
	if tooDeep(text, maxNesting) {
		r.throw("SyntaxError", "JSON is nested too deep")
	}
	if r.parseJSON == nil {
		r.parseJSON, _ = goja.AssertFunction(r.vm.GlobalObject().Get("JSON").ToObject(r.vm).Get("parse"))
	}
	v, err := r.parseJSON(goja.Undefined(), r.vm.ToValue(text))
	if err != nil {
		panic(err) // a *goja.Exception: thrown on in the script
	}
	return v
}
