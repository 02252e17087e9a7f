package flow

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"sluice/faults"
)

// Edits is the compiled content of AssignMessage, of RaiseFault's FaultResponse
// and of ServiceCallout's Request: Set, Add, Copy, Remove and AssignVariable in
// the order of the file (policies-1.md 4.3). Build.Edits makes it; it is
// immutable.
type Edits struct {
	list             []edit
	ignoreUnresolved bool
	payload, path    bool // see SetsPayload and SetsPath

	unresolved, notMessage, setFailed *faults.Def
}

// edit is one change. It gets the run by value, so that a request pays no
// allocation for it.
type edit interface {
	apply(ctx context.Context, r editRun) error
}

// editRun is one application of Edits to a message.
type editRun struct {
	*Edits
	x          *Exchange
	m          *Message
	addHeaders bool
	ambient    *Message // what Copy takes for "message", nil: what it is
}

// Apply makes the edits on m; AssignVariable among them changes the variables
// of x. It fails with UnresolvedVariable, VariableOfNonMsgType,
// SetVariableFailed, GoogleTokenGenerationFailure, the fault of a payload that
// cannot be read, or the error of ctx. A nil m is the ambient message where
// there is none: an edit of it fails with UnresolvedVariable.
func (e *Edits) Apply(ctx context.Context, x *Exchange, m *Message) error {
	return e.run(ctx, editRun{Edits: e, x: x, m: m})
}

// Overlay is Apply for a fault raised in the error state: headers are added to
// those that m has, everything else is replaced (runtime.md 7.4). Content-Type is
// replaced too: a message has one.
func (e *Edits) Overlay(ctx context.Context, x *Exchange, m *Message) error {
	return e.run(ctx, editRun{Edits: e, x: x, m: m, addHeaders: true})
}

// Make is Apply for a new error message, outside the error state. While it is made it
// is "message" to its own templates: observed on Apigee for its status and its reason
// phrase. That this holds for its headers, and that it is "error" as well, as it is in
// the fault rules, is inferred; so is that Copy takes the "message" of the flow.
func (e *Edits) Make(ctx context.Context, x *Exchange, m *Message) error {
	r := editRun{Edits: e, x: x, m: m, ambient: x.Ambient()}
	x.Error = m
	err := e.run(ctx, r)
	x.Error = nil
	return err
}

func (e *Edits) run(ctx context.Context, r editRun) error {
	for _, change := range e.list {
		if _, ok := change.(*assignment); r.m == nil && !ok {
			return e.unresolved.New("variable", "message")
		}
		if err := change.apply(ctx, r); err != nil {
			return err
		}
	}
	return r.x.Err()
}

// SetsPayload reports whether the edits decide about the payload, also by
// removing it.
func (e *Edits) SetsPayload() bool { return e.payload }

// SetsPath reports whether the edits set or copy the path.
func (e *Edits) SetsPath() bool { return e.path }

// expand makes the text of a template; an unresolved variable is a fault of the
// policy.
func (r editRun) expand(t *Template) (string, error) {
	s, err := t.Expand(r.x, r.ignoreUnresolved)
	return s, r.fault(err)
}

// fault makes a fault of an expansion's error. A variable may be unresolved
// because its message's payload could not be read: that is the fault then. A
// function that fails has no documented fault; it is a value that cannot be had.
func (r editRun) fault(err error) error {
	if err == nil {
		return nil
	}
	if broken := r.x.Err(); broken != nil {
		return broken
	}
	if u := (*UnresolvedError)(nil); errors.As(err, &u) {
		return r.unresolved.New("variable", u.Name)
	}
	if f := (*FunctionError)(nil); errors.As(err, &f) {
		return r.unresolved.Wrap(err, "variable", f.Error())
	}
	return err
}

// fieldEdit sets or adds a header, a query parameter or a form parameter.
type fieldEdit struct {
	of    *fields
	add   bool
	name  string
	value *Template
}

func (f *fieldEdit) apply(_ context.Context, r editRun) error {
	if !f.of.apply(r) {
		return nil
	}
	text, err := r.expand(f.value)
	if err != nil {
		return err
	}
	if f.add || r.addHeaders && f.of == &headers && !equalFold(f.name, "Content-Type") {
		return f.of.add(r.m, f.name, text)
	}
	return f.of.set(r.m, f.name, text)
}

// lineEdit sets the verb, the status and the like.
type lineEdit struct {
	line  *line
	value *Template
}

func (l *lineEdit) apply(_ context.Context, r editRun) error {
	text, err := r.expand(l.value)
	if err != nil || !l.line.apply(r) {
		return err
	}
	if text = strings.TrimSpace(text); text != "" && !l.line.set(r.m, text) {
		r.x.Warn(l.line.tag + " " + strconv.Quote(text) + " makes no sense and is ignored")
	}
	return nil
}

// payloadEdit is Set/Payload.
type payloadEdit struct {
	text        *Template // nil for an empty body
	fixed       []byte    // the payload, when text names no variable
	contentType *Template // nil leaves the header
}

func (p *payloadEdit) apply(_ context.Context, r editRun) error {
	switch {
	case p.text == nil:
		r.m.ClearContent()
	case p.fixed != nil:
		r.m.SetContent(p.fixed)
	default:
		data, err := p.text.Append(nil, r.x, r.ignoreUnresolved)
		if err != nil {
			return r.fault(err)
		}
		r.m.SetContent(data)
	}
	if p.contentType == nil {
		return nil
	}
	text, err := r.expand(p.contentType)
	if err == nil && text != "" {
		r.m.Header.Set("Content-Type", text)
	}
	return err
}

// copying is Copy: parts of another message.
type copying struct {
	source  *Name
	fields  []selection
	payload bool
	lines   []*line
}

func (c *copying) apply(_ context.Context, r editRun) error {
	from, err := c.from(r)
	if err != nil || from == nil || from == r.m {
		return err
	}
	for i := range c.fields {
		if err := c.fields[i].copy(r, from); err != nil {
			return err
		}
	}
	if c.payload {
		content, err := from.Content()
		if err != nil {
			return err
		}
		r.m.SetContent(content)
	}
	for _, l := range c.lines {
		if l.any || l.kind == from.Kind && l.kind == r.m.Kind {
			l.set(r.m, l.get(from))
		}
	}
	return nil
}

// from returns the message to copy from; nil when there is none and
// IgnoreUnresolvedVariables says that this is fine.
func (c *copying) from(r editRun) (*Message, error) {
	if r.ambient != nil && c.source.String() == "message" {
		return r.ambient, nil
	}
	v := r.x.Get(c.source)
	if m := v.Message(); m != nil || r.ignoreUnresolved {
		return m, nil
	}
	if v.IsNull() {
		return nil, r.unresolved.New("variable", c.source.String())
	}
	return nil, r.notMessage.New("variable", c.source.String())
}

// removal is Remove.
type removal struct {
	fields  []selection
	payload bool
}

func (c *removal) apply(_ context.Context, r editRun) error {
	for i := range c.fields {
		if err := c.fields[i].remove(r); err != nil {
			return err
		}
	}
	if c.payload {
		r.m.ClearContent()
	}
	return nil
}

// selection names headers or parameters; without items it is all of them.
type selection struct {
	of    *fields
	items []item
}

// item is a name, or with n > 0 the n-th of several values of that name.
type item struct {
	name string
	n    int
}

func (s *selection) copy(r editRun, from *Message) error {
	if s.of.requests && from.Kind != Request || !s.of.apply(r) {
		return nil
	}
	items := s.items
	if items == nil {
		names, err := s.of.names(from)
		if err != nil {
			return err
		}
		for _, name := range names {
			items = append(items, item{name: name})
		}
	}
	for _, it := range items {
		if err := s.of.copy(r.m, from, it); err != nil {
			return err
		}
	}
	return nil
}

func (s *selection) remove(r editRun) error {
	if !s.of.apply(r) {
		return nil
	}
	if s.items == nil {
		return s.of.clear(r.m)
	}
	for _, it := range s.items {
		if err := s.of.remove(r.m, it); err != nil {
			return err
		}
	}
	return nil
}
