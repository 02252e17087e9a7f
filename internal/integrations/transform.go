package integrations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Limits of a Data Mapping task (reference: integrations.md 1). maxWork is ours: the bytes that
// all functions of one task may produce together, so that nested FOR_EACH cannot run for hours.
const (
	maxElements    = 100_000
	maxMappedValue = 20 << 20
	maxWork        = 2 << 30
	maxNesting     = 100
)

// An expression is a compiled TransformExpression: an initial value through functions.
type expression struct {
	initial source
	calls   []call
}

// A source is where a value comes from: exactly one of the four.
type source struct {
	literal  value
	ref      reference
	isRef    bool
	lambda   string      // ~x without the tilde
	function *call       // a base function: no receiver
	defined  *expression // the body of a lambda: no value, the function calls it
}

// A call is one function with its parameters.
type call struct {
	name string
	fn   function
	args []*expression
}

type wireExpression struct {
	InitialValue            wireSource `json:"initialValue"`
	TransformationFunctions []wireCall `json:"transformationFunctions"`
}

type wireSource struct {
	ReferenceValue string          `json:"referenceValue"`
	LiteralValue   json.RawMessage `json:"literalValue"`
	BaseFunction   *wireCall       `json:"baseFunction"`
}

type wireCall struct {
	FunctionType map[string]struct {
		FunctionName string `json:"functionName"`
	} `json:"functionType"`
	Parameters []wireExpression `json:"parameters"`
}

func compileExpression(w wireExpression, depth int) (*expression, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("expressions are nested deeper than %d", maxNesting)
	}
	initial, err := compileSource(w.InitialValue, depth)
	if err != nil {
		return nil, err
	}
	e := &expression{initial: initial}
	for _, f := range w.TransformationFunctions {
		c, err := compileCall(f, depth)
		if err != nil {
			return nil, err
		}
		e.calls = append(e.calls, c)
	}
	return e, nil
}

func compileSource(w wireSource, depth int) (source, error) {
	switch {
	case w.BaseFunction != nil:
		c, err := compileCall(*w.BaseFunction, depth)
		return source{function: &c}, err
	case strings.HasPrefix(w.ReferenceValue, "~"):
		return source{lambda: w.ReferenceValue[1:]}, nil
	case w.ReferenceValue != "":
		r, ok := parseReference(w.ReferenceValue)
		if !ok {
			return source{}, fmt.Errorf("%q is not a reference", w.ReferenceValue)
		}
		return source{ref: r, isRef: true}, nil
	case len(w.LiteralValue) > 0:
		return compileLiteral(w.LiteralValue, depth)
	}
	return source{}, nil
}

// compileLiteral reads a ValueType, or the body of a lambda in protoValue.
func compileLiteral(raw json.RawMessage, depth int) (source, error) {
	var lambda struct {
		ProtoValue *wireExpression `json:"protoValue"`
	}
	if err := json.Unmarshal(raw, &lambda); err == nil && lambda.ProtoValue != nil {
		body, err := compileExpression(*lambda.ProtoValue, depth+1)
		return source{defined: body}, err
	}
	v, _, err := readRawValueType(raw)
	return source{literal: v}, err
}

func compileCall(w wireCall, depth int) (call, error) {
	for kind, named := range w.FunctionType {
		c := call{name: named.FunctionName}
		fn, ok := functions[kind][named.FunctionName]
		if !ok {
			return c, fmt.Errorf("there is no function %s in %s", named.FunctionName, kind)
		}
		c.fn = fn
		for _, p := range w.Parameters {
			arg, err := compileExpression(p, depth+1)
			if err != nil {
				return c, fmt.Errorf("%s: %w", c.name, err)
			}
			c.args = append(c.args, arg)
		}
		return c, fn.check(c)
	}
	return call{}, errors.New("a function has no name")
}

// A machine evaluates the expressions of one task run.
type machine struct {
	ctx     context.Context
	r       *attempt
	lambdas []binding
	work    int
}

type binding struct {
	name string
	v    value
}

func (m *machine) eval(e *expression) (value, error) {
	v, err := m.initial(e.initial)
	if err != nil {
		return nil, err
	}
	for i := range e.calls {
		if v, err = m.call(&e.calls[i], v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (m *machine) initial(s source) (value, error) {
	switch {
	case s.function != nil:
		return m.call(s.function, nil)
	case s.lambda != "":
		return m.bound(s.lambda)
	case s.isRef:
		v, _ := m.r.scope.lookup(s.ref)
		return v, nil
	}
	return s.literal, nil
}

// bound is the value of ~name or of a part of it, ~name.field. A name that no lambda binds is
// the element of the innermost one: a body may not mention its element first.
func (m *machine) bound(name string) (value, error) {
	base, path, _ := strings.Cut(name, ".")
	for i := len(m.lambdas) - 1; i >= 0; i-- {
		if b := m.lambdas[i]; b.name == base || i == 0 {
			if b.name != base {
				b = m.lambdas[len(m.lambdas)-1]
			}
			return getPath(b.v, parsePath(path)), nil
		}
	}
	return nil, fmt.Errorf("~%s is used outside FOR_EACH and FILTER", name)
}

func (m *machine) call(c *call, receiver value) (value, error) {
	args := make([]value, len(c.args))
	for i, a := range c.args {
		v, err := m.eval(a)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	v, err := c.fn.apply(m, c, receiver, args)
	if err == nil {
		err = m.charge(v)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return v, nil
}

var (
	errValueTooLarge = fmt.Errorf("the result exceeds %d MB", maxMappedValue>>20)
	errTooManyItems  = fmt.Errorf("an array would have more than %d elements", maxElements)
	errTooMuchWork   = errors.New("the mapping takes too much work")
)

// charge accounts for a result, and notices a cancelled execution.
func (m *machine) charge(v value) error {
	n := size(v, maxMappedValue)
	if n > maxMappedValue {
		return errValueTooLarge
	}
	if list, ok := v.([]any); ok && len(list) > maxElements {
		return errTooManyItems
	}
	if m.work += n + 64; m.work > maxWork {
		return errTooMuchWork
	}
	return m.ctx.Err()
}

// each calls the lambda body for every element of list.
func (m *machine) each(list []any, body *expression, got func(element, result value) error) error {
	if len(list) > maxElements {
		return errTooManyItems
	}
	for _, e := range list {
		m.lambdas = append(m.lambdas, binding{body.initial.lambda, e})
		v, err := m.eval(body)
		m.lambdas = m.lambdas[:len(m.lambdas)-1]
		if err == nil {
			err = got(e, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
