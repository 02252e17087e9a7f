package script

import (
	"github.com/dop251/goja"
)

const (
	// maxNesting bounds how deep JSON is nested that JSON.parse reads: the engine
	// recurses, and an overflow of the stack would end the process.
	maxNesting = 10_000
	// maxBrackets and maxEval bound code, for the same reason; maxEval is in bytes.
	maxBrackets = 1000
	maxEval     = 16 << 10
	// maxText bounds what repeat, padStart and padEnd make, in UTF-16 units.
	maxText = 64 << 20
	// maxLength bounds the arrays that are made by their length.
	maxLength = 10_000_000
)

// tooDeep reports whether brackets are nested deeper than that. Brackets in quotes
// count too: that only makes it stricter.
func tooDeep(text string, limit int) bool {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '[', '{', '(':
			if depth++; depth > limit {
				return true
			}
		case ']', '}', ')':
			depth--
		}
	}
	return false
}

// guard puts bounds on built-in functions, those that the program mentions.
func (r *run) guard(u uses) {
	if u.has(usesJSON) {
		r.guardJSON()
	}
	if u.has(usesPadding) {
		r.guardTexts()
	}
	if u.has(usesArray) {
		r.guardArrays()
	}
	if u.has(usesCode) {
		r.guardCode()
	}
}

func (r *run) guardJSON() {
	r.replace(r.vm.GlobalObject().Get("JSON").ToObject(r.vm), "parse", func(call goja.FunctionCall) string {
		if tooDeep(call.Argument(0).String(), maxNesting) {
			return "SyntaxError: JSON is nested too deep"
		}
		return ""
	})
}

func (r *run) guardTexts() {
	prototype := r.vm.GlobalObject().Get("String").ToObject(r.vm).Get("prototype").ToObject(r.vm)
	r.replace(prototype, "repeat", func(call goja.FunctionCall) string {
		// The product of two lengths, divided so that it cannot overflow.
		if size := len(call.This.String()); size > 0 && call.Argument(0).ToFloat() > float64(maxText/size) {
			return "RangeError: Invalid string length"
		}
		return ""
	})
	for _, name := range []string{"padStart", "padEnd"} {
		r.replace(prototype, name, func(call goja.FunctionCall) string {
			if call.Argument(0).ToFloat() > maxText {
				return "RangeError: Invalid string length"
			}
			return ""
		})
	}
}

// lengthTypes are the constructors that take a length.
var lengthTypes = []string{
	"Array", "ArrayBuffer", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
	"Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
}

// nativeLoops are the methods of arrays that go through all items without running
// code of the script, and work on any object with a length, such as {"length": 1e15}
// of a client.
var nativeLoops = []string{
	"join", "fill", "indexOf", "lastIndexOf", "includes", "slice", "splice", "reverse", "concat", "sort", "shift", "unshift", "copyWithin", "flat",
}

func (r *run) guardArrays() {
	tooLong := func(args []goja.Value) string {
		if len(args) != 0 && !isNothing(args[0]) && lengthOf(args[0]) > maxLength {
			return "RangeError: Invalid array length"
		}
		return ""
	}
	for _, name := range lengthTypes {
		r.stand(name, tooLong)
	}
	array := r.vm.GlobalObject().Get("Array").ToObject(r.vm)
	r.replace(array, "from", func(call goja.FunctionCall) string { return tooLong(call.Arguments) })
	prototype := array.Get("prototype").ToObject(r.vm)
	for _, name := range nativeLoops {
		r.replace(prototype, name, func(call goja.FunctionCall) string { return tooLong([]goja.Value{call.This}) })
	}
}

// lengthOf is the length that a number means, or that an object has.
func lengthOf(v goja.Value) float64 {
	o, ok := v.(*goja.Object)
	if !ok {
		if _, text := v.Export().(string); text {
			return 0
		}
		return v.ToFloat()
	}
	if length := o.Get("length"); !isNothing(length) {
		return length.ToFloat()
	}
	return 0
}

func (r *run) guardCode() {
	tooLong := func(args []goja.Value) string {
		for _, v := range args {
			if text, ok := v.Export().(string); ok && (len(text) > maxEval || tooDeep(text, maxBrackets)) {
				return "SyntaxError: code of this size is not compiled at run time"
			}
		}
		return ""
	}
	r.replace(r.vm.GlobalObject(), "eval", func(call goja.FunctionCall) string { return tooLong(call.Arguments) })
	r.stand("Function", tooLong)
}

// replace puts a check before a method; a text that it returns, "Type: text", is thrown.
func (r *run) replace(o *goja.Object, name string, check func(goja.FunctionCall) string) {
	inner, ok := goja.AssertFunction(o.Get(name))
	if !ok {
		return
	}
	guarded := func(call goja.FunctionCall) goja.Value {
		r.refuse(check(call))
		v, err := inner(call.This, call.Arguments...)
		if err != nil {
			panic(err) // a *goja.Exception or an interrupt: thrown on
		}
		return v
	}
	r.try(o.DefineDataProperty(name, r.vm.ToValue(guarded), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

// stand puts a function with a check in the place of a global constructor. It
// inherits what the original has, and makes what the original makes.
func (r *run) stand(name string, check func(args []goja.Value) string) {
	original, ok := r.vm.GlobalObject().Get(name).(*goja.Object)
	if !ok {
		return
	}
	var own *goja.Object
	own = r.vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
		r.refuse(check(call.Arguments))
		o, err := r.vm.New(original, call.Arguments...)
		if err != nil {
			panic(err)
		}
		if heir := call.NewTarget; heir != nil && heir != own {
			r.try(o.SetPrototype(heir.Get("prototype").ToObject(r.vm)))
		}
		return o
	}).ToObject(r.vm)
	prototype := original.Get("prototype").ToObject(r.vm)
	r.try(own.SetPrototype(original))
	r.try(own.DefineDataProperty("name", r.vm.ToValue(name), goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	r.try(own.DefineDataProperty("prototype", prototype, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	r.try(prototype.DefineDataProperty("constructor", own, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	r.global(name, own)
}

// try ends the run when the engine refuses what it never should.
func (r *run) try(err error) {
	if err != nil {
		r.fail(err)
	}
}

// refuse throws a text of the form "Type: text", unless it is empty.
func (r *run) refuse(text string) {
	for i := range len(text) {
		if text[i] == ':' {
			r.throw(text[:i], text[i+2:])
		}
	}
}
