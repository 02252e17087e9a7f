package integrations

import (
	"errors"
	"fmt"
	"strings"
)

// functions are the functions of Data Mapping by the functionType and functionName of exports
// (https://cloud.google.com/application-integration/docs/data-mapping-functions-reference).
// Enum names differ from those of the editor; both spellings are accepted where they differ.
var functions map[string]map[string]function

// The tables refer to code that refers to functions, hence no initializer.
func init() {
	functions = map[string]map[string]function{
		"stringFunction":       stringFunctions,
		"intFunction":          intFunctions,
		"doubleFunction":       doubleFunctions,
		"booleanFunction":      booleanFunctions,
		"stringArrayFunction":  arrayFunctions(kindString),
		"intArrayFunction":     arrayFunctions(kindInt),
		"doubleArrayFunction":  arrayFunctions(kindDouble),
		"booleanArrayFunction": arrayFunctions(kindBoolean),
		"jsonFunction":         jsonFunctions,
		"baseFunction":         baseFunctions,
	}
}

// A kind is the type of a receiver or of a parameter, one letter in a signature.
type kind byte

const (
	kindNone    kind = '-' // base functions have no receiver
	kindString  kind = 's'
	kindInt     kind = 'i'
	kindDouble  kind = 'd'
	kindBoolean kind = 'b'
	kindArray   kind = 'a'
	kindJSON    kind = 'j' // any type; text that is JSON is read as such
	kindLambda  kind = 'l'
)

// A function knows its signature: the kind of the receiver, and those of the parameters, the
// last of which may be repeated if followed by "*". run gets values of exactly these kinds.
type function struct {
	receiver kind
	params   string
	run      func(a arguments) (value, error)
}

type arguments struct {
	m      *machine
	self   value
	list   []value
	lambda *expression
}

// check tells at load whether the parameters of c fit the signature.
func (f function) check(c call) error {
	least := strings.TrimSuffix(f.params, "*")
	if len(c.args) < len(least) || len(c.args) > len(least) && least == f.params {
		return fmt.Errorf("%s takes %d parameters, not %d", c.name, len(least), len(c.args))
	}
	for i, a := range c.args {
		if isLambda := f.kindOf(i) == kindLambda; isLambda != (a.initial.defined != nil) {
			return fmt.Errorf("%s: parameter %d: an expression over the elements belongs exactly to FOR_EACH and FILTER", c.name, i+1)
		}
	}
	return nil
}

func (f function) kindOf(i int) kind {
	params := strings.TrimSuffix(f.params, "*")
	return kind(params[min(i, len(params)-1)])
}

var errNoReceiver = errors.New("there is no value to apply the function to (null)")

func (f function) apply(m *machine, c *call, receiver value, args []value) (value, error) {
	a := arguments{m: m, list: args}
	var err error
	if f.receiver != kindNone {
		if receiver == nil && f.receiver == kindArray && strings.HasPrefix(c.name, "APPEND") {
			receiver = []any{} // an array that was never set: exports begin lists like this
		}
		if receiver == nil {
			return nil, errNoReceiver
		}
		if a.self, err = coerce(receiver, f.receiver); err != nil {
			return nil, err
		}
	}
	for i := range args {
		if f.kindOf(i) == kindLambda {
			a.lambda = c.args[i].initial.defined
			continue
		}
		if args[i], err = coerce(args[i], f.kindOf(i)); err != nil {
			return nil, fmt.Errorf("parameter %d: %w", i+1, err)
		}
	}
	return f.run(a)
}

func coerce(v value, k kind) (value, error) {
	switch k {
	case kindString:
		return wrap(toText(v))
	case kindInt:
		return wrap(toInt(v))
	case kindDouble:
		return wrap(toDouble(v))
	case kindBoolean:
		return wrap(toBool(v))
	case kindArray:
		return wrap(toList(v))
	case kindJSON:
		if s, ok := v.(string); ok {
			return readJSON(s)
		}
	}
	return v, nil
}

// The readers below rely on apply: an argument has the kind of the signature.

func (a arguments) str(i int) string      { return a.list[i].(string) }
func (a arguments) integer(i int) int64   { return a.list[i].(int64) }
func (a arguments) double(i int) float64  { return a.list[i].(float64) }
func (a arguments) boolean(i int) bool    { return a.list[i].(bool) }
func (a arguments) selfStr() string       { return a.self.(string) }
func (a arguments) selfInt() int64        { return a.self.(int64) }
func (a arguments) selfDouble() float64   { return a.self.(float64) }
func (a arguments) selfBoolean() bool     { return a.self.(bool) }
func (a arguments) selfArray() []any      { return a.self.([]any) }
func same(a arguments) (value, error)     { return a.self, nil }
func asText(a arguments) (value, error)   { return text(a.self), nil }
func asDouble(a arguments) (value, error) { return wrap(toDouble(a.self)) }
