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

// templateArgument is an argument as it is written. name is nil for a quoted
// literal, a number, and an unquoted text that can be no variable's name.
type templateArgument struct {
	text       string
	quoted     bool
	name       *Name
	fallback   string // what stands after the colon of NAME:fallback
	hasDefault bool
	offset     int
}

// literal returns the text of an argument that no variable can replace.
func (a *templateArgument) literal() (string, bool) { return a.text, a.quoted }

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
	e.buf, err = c.function.run(e.buf, c, e.args)
	if err != nil {
		return &FunctionError{c.function.name, err}
	}
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
	case a.quoted || ignoreUnresolved:
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
		text, quoted := c.args[i].literal()
		if !quoted {
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

// arguments reads arguments up to and with the closing parenthesis and
// delimiter. end is -1 when that is no call.
func (p *templateParser) arguments(at, limit int) (args []templateArgument, end int) {
	if end = p.afterCall(at); end >= 0 {
		return nil, end
	}
	for at < limit {
		to := p.argumentEnd(at, limit)
		if to < 0 {
			return nil, -1
		}
		args = append(args, p.argument(at, to))
		if end = p.afterCall(to); end >= 0 {
			return args, end
		}
		at = to + 1
	}
	return nil, -1
}

// afterCall returns where the text goes on when ")" and the closing delimiter
// stand at i, else -1.
func (p *templateParser) afterCall(i int) int {
	if i < p.end && p.text[i] == ')' && p.closes(i+1) {
		return i + 1 + len(p.close)
	}
	return -1
}

// argumentEnd returns where the argument at from ends: at a comma or at the end
// of the call; -1 when it is no argument.
func (p *templateParser) argumentEnd(from, limit int) int {
	if p.text[from] == '\'' {
		return p.quotedEnd(from, limit)
	}
	depth := 0
	for i := from; i < limit; i++ {
		c := p.text[i]
		switch {
		case depth == 0 && (c == ',' || p.afterCall(i) >= 0):
			return i
		case isTemplateSpace(c) || c == '{' || c == '}':
			return -1
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if depth < 0 {
			return -1
		}
	}
	return -1
}

// quotedEnd is argumentEnd for a quoted literal. Apigee has no escape for a
// quote, and bundles write '$.a[?(@.b=='c')].d': the quote that ends a literal is
// the one that a comma or the end of the call follows.
func (p *templateParser) quotedEnd(from, limit int) int {
	for i := from + 1; i+1 < limit && !isLineEnd(p.text[i]); i++ {
		if p.text[i] == '\'' && (p.text[i+1] == ',' || p.afterCall(i+1) >= 0) {
			return i + 1
		}
	}
	return -1
}

func (p *templateParser) argument(from, to int) templateArgument {
	text := p.text[from:to]
	if text == "" || isPlainNumber(text) {
		return templateArgument{text: text, quoted: true, offset: from}
	}
	if text[0] == '\'' {
		return templateArgument{text: text[1 : len(text)-1], quoted: true, offset: from}
	}
	return templateArgument{text: text, offset: from}
}

// bind makes names of the arguments that can be variables.
func (p *templateParser) bind(args []templateArgument) {
	for i := range args {
		a := &args[i]
		if a.quoted {
			continue
		}
		if name, fallback, ok := strings.Cut(a.text, ":"); ok && isTemplateName(name) {
			a.name, a.fallback, a.hasDefault = p.name(name), fallback, true
		} else if isTemplateName(a.text) {
			a.name = p.name(a.text)
		}
	}
}

// isPlainNumber reports whether s is an optional minus sign and digits: no
// variable has such a name, so it needs no quotes.
func isPlainNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return digits != ""
}
