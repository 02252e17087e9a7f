package flow

import (
	"errors"
	"strconv"
	"sync"
)

// maxTemplateOutput bounds what one template may produce, in bytes. It is above
// every payload limit, so only a template that multiplies its input meets it.
const maxTemplateOutput = 64 << 20

// ErrTemplateTooBig says that a template's result was above the bound.
var ErrTemplateTooBig = errors.New("the result of the message template is larger than 64 MB")

// Template is a compiled message template (runtime.md 5): literal text,
// references {variable} and {variable:default}, and calls {function(arguments)}.
// Values are inserted as they are and never expanded again, so what a client
// sends cannot become a template. A Template is immutable and safe for
// concurrent use.
type Template struct {
	source string
	parts  []templatePart
}

// templatePart is one of: a literal (name and call nil), a variable, a call.
type templatePart struct {
	text       string // the literal, or the default of a variable
	hasDefault bool
	name       *Name
	call       *templateCall
}

// TemplateOptions say how a template is written.
type TemplateOptions struct {
	// Name makes the name of a variable; nil stands for ParseName.
	Name func(string) *Name
	// Prefix and Suffix replace the braces around references, as the attributes
	// variablePrefix and variableSuffix do; braces are literal text then. What
	// is empty stays a brace.
	Prefix, Suffix string
	// Default stands for a variable that is unresolved and has no default of its own;
	// arguments of functions have none. "" is no default.
	Default string
}

// UnresolvedError says that a template named a variable that is not set.
type UnresolvedError struct{ Name string }

func (e *UnresolvedError) Error() string { return "unresolved variable " + e.Name }

// FunctionError says that a template function could not work with the values it
// got, such as a wrong regular expression. Apigee documents no fault for it.
type FunctionError struct {
	Function string
	Err      error
}

func (e *FunctionError) Error() string {
	return "template function " + e.Function + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *FunctionError) Unwrap() error { return e.Err }

// Literal returns a template that expands to text, whatever is in it.
func Literal(text string) *Template {
	return &Template{source: text, parts: []templatePart{{text: text}}}
}

// String returns the template as it was written.
func (t *Template) String() string { return t.source }

// Static returns the text that t always expands to; ok is false when t holds a
// variable or a function.
func (t *Template) Static() (text string, ok bool) {
	if len(t.parts) == 0 {
		return "", true
	}
	p := &t.parts[0]
	return p.text, len(t.parts) == 1 && p.name == nil && p.call == nil
}

// Names returns the variables that t reads, in order, arguments of functions
// included.
func (t *Template) Names() []*Name {
	var list []*Name
	for i := range t.parts {
		p := &t.parts[i]
		if p.name != nil {
			list = append(list, p.name)
		}
		if p.call != nil {
			list = p.call.names(list)
		}
	}
	return list
}

// expansion is the working memory of one Expand.
type expansion struct {
	buf  []byte
	args []string // resolved arguments of the current call
}

var expansions = sync.Pool{New: func() any { return &expansion{buf: make([]byte, 0, 1024)} }}

// maxPooled bounds the memory that an idle expansion keeps.
const maxPooled = 64 << 10

func (e *expansion) free() {
	if cap(e.buf) > maxPooled {
		return
	}
	clear(e.args[:cap(e.args)])
	e.buf, e.args = e.buf[:0], e.args[:0]
	expansions.Put(e)
}

// Expand returns the template's text for x. An unresolved variable without a
// default is the empty string if ignoreUnresolved, else it fails with an
// *UnresolvedError. Other errors are a *FunctionError, ErrTemplateTooBig, and
// those of Message.Content for a variable that holds a message.
func (t *Template) Expand(x *Exchange, ignoreUnresolved bool) (string, error) {
	if text, ok := t.Static(); ok {
		return text, nil
	}
	if len(t.parts) == 1 && t.parts[0].name != nil {
		return t.parts[0].variable(x, ignoreUnresolved)
	}
	e := expansions.Get().(*expansion)
	defer e.free()
	if err := t.run(e, x, ignoreUnresolved); err != nil {
		return "", err
	}
	return string(e.buf), nil
}

// Append is Expand that appends to dst. With an error dst is returned as it was.
func (t *Template) Append(dst []byte, x *Exchange, ignoreUnresolved bool) ([]byte, error) {
	if text, ok := t.Static(); ok {
		return append(dst, text...), nil
	}
	e := expansions.Get().(*expansion)
	defer e.free()
	if err := t.run(e, x, ignoreUnresolved); err != nil {
		return dst, err
	}
	return append(dst, e.buf...), nil
}

func (t *Template) run(e *expansion, x *Exchange, ignoreUnresolved bool) error {
	for i := range t.parts {
		if err := t.parts[i].run(e, x, ignoreUnresolved); err != nil {
			return err
		}
		if len(e.buf) > maxTemplateOutput {
			return ErrTemplateTooBig
		}
	}
	return nil
}

func (p *templatePart) run(e *expansion, x *Exchange, ignoreUnresolved bool) (err error) {
	switch {
	case p.call != nil:
		return p.call.run(e, x, ignoreUnresolved)
	case p.name == nil:
		e.buf = append(e.buf, p.text...)
		return nil
	}
	v := x.Get(p.name)
	if v.IsNull() {
		return p.missing(e, ignoreUnresolved)
	}
	e.buf, err = appendValue(e.buf, v)
	return err
}

func (p *templatePart) missing(e *expansion, ignoreUnresolved bool) error {
	if !p.hasDefault && !ignoreUnresolved {
		return &UnresolvedError{p.name.text}
	}
	e.buf = append(e.buf, p.text...)
	return nil
}

// variable is run for a part that is the whole template: the value's text needs
// no copy then.
func (p *templatePart) variable(x *Exchange, ignoreUnresolved bool) (string, error) {
	v := x.Get(p.name)
	if v.IsNull() {
		if !p.hasDefault && !ignoreUnresolved {
			return "", &UnresolvedError{p.name.text}
		}
		return p.text, nil
	}
	return valueText(v)
}

// valueText is the text of v in a template. A message stands for its payload:
// what Apigee prints for one is not documented, and this is of use.
func valueText(v Value) (string, error) {
	if v.typ != MessageObject {
		return v.String(), nil
	}
	content, err := v.Message().Content()
	return string(content), err
}

// appendValue appends valueText(v), without allocating for the common types.
func appendValue(dst []byte, v Value) ([]byte, error) {
	switch v.typ {
	case String:
		return append(dst, v.str...), nil
	case Integer, Long:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	}
	text, err := valueText(v)
	return append(dst, text...), err
}
