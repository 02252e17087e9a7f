package flow

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// templateFunction is a function of message templates as a value.
type templateFunction struct {
	name     string
	min, max int // how many arguments
	// dropsNull leaves arguments that do not resolve out, instead of failing.
	dropsNull bool
	// emptyWhenIgnored makes a failure empty text where unresolved variables are
	// ignored: most often one of them is the reason. What Apigee does is not
	// known. Hashes and the like must not have it: a bundle may compare them.
	emptyWhenIgnored bool
	// check looks at the arguments that are known at deploy, and compiles what
	// can be compiled; nil for functions that take any text.
	check func(c *templateCall) error
	// run appends the result to dst. The arguments are valid only meanwhile.
	run func(dst []byte, c *templateCall, args []string) ([]byte, error)
}

// templateCall is a call of a function in a template.
type templateCall struct {
	function *templateFunction
	args     []templateArgument
	memo     atomic.Value // holds *memo[T]: what was compiled last
}

// templateArgument is an argument as it is written. name is nil for a fixed one,
// and for an unquoted text that can be no variable's name, such as $.a.
type templateArgument struct {
	text       string
	fixed      bool // quoted, a number, true or false, or empty: no variable replaces it
	name       *Name
	fallback   string // what stands after the colon of NAME:fallback
	hasDefault bool
	offset     int
}

// literal returns the text of an argument that no variable can replace.
func (a *templateArgument) literal() (string, bool) { return a.text, a.fixed }

func (c *templateCall) names(list []*Name) []*Name {
	for i := range c.args {
		if n := c.args[i].name; n != nil {
			list = append(list, n)
		}
	}
	return list
}

func (c *templateCall) run(e *expansion, x *Exchange, ignoreUnresolved bool) (err error) {
	e.args = e.args[:0]
	for i := range c.args {
		text, ok, err := c.args[i].resolve(x, ignoreUnresolved && !c.function.dropsNull)
		switch {
		case err != nil:
			return err
		case ok:
			e.args = append(e.args, text)
		case !c.function.dropsNull:
			return &UnresolvedError{c.args[i].text}
		}
	}
	before := e.buf
	e.buf, err = c.function.run(e.buf, c, e.args)
	if err == nil {
		return nil
	}
	failure := &FunctionError{c.function.name, err}
	if !ignoreUnresolved || !c.function.emptyWhenIgnored {
		return failure
	}
	e.buf = before
	x.Warn(failure.Error())
	return nil
}

// resolve returns the argument's text. An unquoted argument is a variable first;
// its default second; and its own text last, if unresolved variables are ignored
// (runtime.md 5.2). ok is false when nothing of that applies.
func (a *templateArgument) resolve(x *Exchange, ignoreUnresolved bool) (text string, ok bool, err error) {
	if a.name != nil {
		if v := x.Get(a.name); !v.IsNull() {
			text, err = valueText(v)
			return text, true, err
		}
	}
	switch {
	case a.hasDefault:
		return a.fallback, true, nil
	case a.fixed || ignoreUnresolved:
		return a.text, true, nil
	}
	return "", false, nil
}

// memo is what was compiled of key.
type memo[T any] struct {
	key   string
	value T
}

// compiled returns what compile makes of key: the value of the last call if it
// had the same key. So a pattern that stands in the template is compiled at
// deploy, and one in a variable, which hardly ever changes, once. One value a
// call is kept, whatever clients send.
func compiled[T any](c *templateCall, key string, compile func(string) (T, error)) (T, error) {
	if m, ok := c.memo.Load().(*memo[T]); ok && m.key == key {
		return m.value, nil
	}
	value, err := compile(key)
	if err == nil {
		c.memo.Store(&memo[T]{strings.Clone(key), value})
	}
	return value, err
}

// compilesArgument makes the check of a function whose argument i is compiled
// under its own text as the key.
func compilesArgument[T any](i int, compile func(string) (T, error)) func(*templateCall) error {
	return func(c *templateCall) error {
		text, fixed := c.args[i].literal()
		if !fixed {
			return nil
		}
		if _, err := compiled(c, text, compile); err != nil {
			return &argumentError{i, err}
		}
		return nil
	}
}

// call reads the call of the function at text[at:paren].
func (p *templateParser) call(at, paren, limit int) (part templatePart, end int, err error) {
	name := p.text[at:paren]
	if strings.ContainsAny(name, "._-$%") {
		return part, -1, nil
	}
	args, end := p.arguments(paren+1, limit)
	if end < 0 {
		return part, -1, nil
	}
	f := lookupTemplateFunction(name)
	if f == nil {
		return part, -1, p.fail(at, unknownStringFunction, unknownFunctionHint(name), "message templates have no function %s", name)
	}
	c := &templateCall{function: f, args: args}
	if err := p.check(c, at); err != nil {
		return part, -1, err
	}
	p.bind(args)
	return templatePart{call: c}, end, nil
}

// check finds what is wrong with a call and can be known at deploy.
func (p *templateParser) check(c *templateCall, at int) error {
	f := c.function
	if n := len(c.args); n < f.min || n > f.max {
		return p.fail(at, invalidTemplate, "", "%s takes %s, not %d", f.name, countOfArguments(f.min, f.max), n)
	}
	if f.check == nil {
		return nil
	}
	err := f.check(c)
	if err == nil {
		return nil
	}
	var wrong *argumentError
	if errors.As(err, &wrong) {
		at = c.args[wrong.index].offset
	}
	return p.fail(at, invalidTemplate, "", "%s: %s", f.name, err)
}

// argumentError says which argument is wrong.
type argumentError struct {
	index int
	err   error
}

func (e *argumentError) Error() string { return e.err.Error() }
func (e *argumentError) Unwrap() error { return e.err }

func countOfArguments(least, most int) string {
	switch {
	case most == 0:
		return "no arguments"
	case least == 1 && most == 1:
		return "1 argument"
	case least == most:
		return fmt.Sprintf("%d arguments", least)
	case most == manyArguments:
		return fmt.Sprintf("at least %d arguments", least)
	}
	return fmt.Sprintf("%d to %d arguments", least, most)
}

func (p *templateParser) fail(at int, code, hint, format string, args ...any) error {
	return &TemplateError{Code: code, Message: fmt.Sprintf(format, args...), Hint: hint, Offset: at, text: p.source}
}
