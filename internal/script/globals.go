package script

import (
	"regexp"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// uses tells which globals a program mentions: a machine gets no others. A name that
// a script puts together at run time is not found, except by eval and Function, which
// bring all of them.
type uses uint32

const (
	usesContext uses = 1 << iota
	usesRequest
	usesResponse
	usesMessage
	usesError
	usesProperties
	usesCrypto
	usesHTTP
	usesPrint
	usesXML
	usesEach
	usesJSON
	usesPadding
	usesArray
	usesCode

	usesAll uses = 1<<iota - 1
)

var mentions = []struct {
	word string
	use  uses
}{
	{"context", usesContext}, {"request", usesRequest}, {"response", usesResponse}, {"message", usesMessage},
	{"error", usesError}, {"properties", usesProperties}, {"crypto", usesCrypto}, {"httpClient", usesHTTP},
	{"Request", usesHTTP}, {"print", usesPrint}, {"XML", usesXML}, {"each", usesEach}, {"JSON", usesJSON},
	{"repeat", usesPadding}, {"pad", usesPadding}, {"Array", usesArray}, {".call", usesArray}, {".apply", usesArray},
}

// runsCode finds scripts that compile code at run time.
var runsCode = regexp.MustCompile(`\beval\b|\bFunction\s*\(|\bnew\s+Function\b`)

func (u *uses) scan(text string) {
	for _, m := range mentions {
		if *u&m.use != m.use && strings.Contains(text, m.word) {
			*u |= m.use
		}
	}
	if runsCode.MatchString(text) {
		*u = usesAll
	}
}

func (u uses) has(use uses) bool { return u&use != 0 }

// prepare makes the new machine one of the policy.
func (r *run) prepare(u uses) {
	r.vm.SetMaxCallStackSize(maxCallDepth)
	r.vm.SetTimeSource(r.now)
	if u.has(usesCode) {
		r.vm.SetParserOptions(parser.WithDisableSourceMaps)
	}
	r.guard(u)
	for _, g := range [...]struct {
		use    uses
		name   string
		object func() goja.Value
	}{
		{usesContext, "context", r.context},
		{usesRequest, "request", func() goja.Value { return r.message(RequestMessage) }},
		{usesResponse, "response", func() goja.Value { return r.message(ResponseMessage) }},
		{usesMessage, "message", func() goja.Value { return r.message(AmbientMessage) }},
		{usesProperties, "properties", r.properties},
		{usesCrypto, "crypto", r.crypto},
		{usesHTTP, "httpClient", r.httpClient},
		{usesHTTP, "Request", r.requestConstructor},
		{usesPrint, "print", func() goja.Value { return r.method(r.print) }},
		{usesXML, "XML", r.xmlConstructor},
		{usesEach, eachValue, func() goja.Value { return r.method(r.eachValue) }},
	} {
		if u.has(g.use) {
			r.global(g.name, g.object())
		}
	}
	if m := r.errorMessage(u); m != nil {
		r.global("error", m)
	}
}

func (r *run) global(name string, v goja.Value) {
	r.try(r.vm.GlobalObject().Set(name, v))
}

// errorMessage is the global "error", which is there in the error state only, nil
// otherwise.
func (r *run) errorMessage(u uses) goja.Value {
	if !u.has(usesError) || r.env.Message(ErrorMessage) == nil {
		return nil
	}
	return r.message(ErrorMessage)
}

// properties is the object of the policy's properties, all of them texts.
func (r *run) properties() goja.Value {
	names := make([]string, 0, len(r.env.Properties))
	for name := range r.env.Properties {
		names = append(names, name)
	}
	return r.vm.NewDynamicObject(&host{names: sorted(names), property: func(name string) (goja.Value, bool) {
		v, ok := r.env.Properties[name]
		if !ok {
			return nil, false
		}
		return r.vm.ToValue(v), true
	}})
}

// maxPrinted bounds the output of one run, in bytes; more is dropped.
const maxPrinted = 64 << 10

// print writes its arguments, with spaces between them, as one line.
func (r *run) print(call goja.FunctionCall) goja.Value {
	words := make([]string, len(call.Arguments))
	for i, v := range call.Arguments {
		words[i] = v.String()
	}
	line := strings.Join(words, " ")
	if left := maxPrinted - r.printed; len(line) > left {
		line = strings.ToValidUTF8(line[:max(left, 0)], "")
	}
	if r.printed < maxPrinted && r.env.Print != nil {
		r.env.Print(line)
	}
	r.printed += len(line) + 1
	return goja.Undefined()
}

// eachValue gives the values that Rhino's "for each" loops over.
func (r *run) eachValue(call goja.FunctionCall) goja.Value {
	if isNothing(call.Argument(0)) {
		return r.vm.NewArray()
	}
	o := call.Argument(0).ToObject(r.vm)
	values := make([]any, 0, 8)
	for _, key := range o.Keys() {
		values = append(values, o.Get(key))
	}
	return r.vm.NewArray(values...)
}
