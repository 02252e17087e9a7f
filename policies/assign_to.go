package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// assignTo is AssignTo: the message that a policy edits or makes (policies-1.md 4.2).
type assignTo struct {
	target *flow.Name // the variable; nil is the ambient message
	name   string     // of the variable that a new message goes to; "" with a nil target: by kind
	create assignToCreate
	kind   flow.MessageKind // of a new message

	unresolved, notMessage *faults.Def
}

// assignToCreate is the attribute createNew, which tells absent from false.
type assignToCreate uint8

const (
	assignToMissing assignToCreate = iota // not given: only when there is no such message
	assignToNever
	assignToAlways
)

// compileAssignTo reads the element, which may be nil.
func compileAssignTo(b *flow.Build, el *etree.Element) assignTo {
	a := assignTo{unresolved: b.Fault("UnresolvedVariable"), notMessage: b.Fault("VariableOfNonMsgType")}
	if b.Attr(el, "createNew") != "" {
		a.create = assignToNever
		if b.BoolAttr(el, "createNew", false) {
			a.create = assignToAlways
		}
	}
	switch t := b.Attr(el, "type"); t {
	case "", "request":
	case "response":
		a.kind = flow.Response
	default:
		b.Warn(el, "UnknownType", "type "+t+" is neither request nor response and is ignored", "write request or response")
	}
	if a.name = flow.TextOf(el); a.name == "" {
		return a
	}
	a.target = b.Name(a.name)
	switch a.name { // these hold what they are called, whatever the type says
	case "request":
		a.kind = flow.Request
	case "response", "error":
		a.kind = flow.Response
	}
	return a
}

// apply makes the edits on the message.
func (a *assignTo) apply(ctx context.Context, x *flow.Exchange, edits *flow.Edits) error {
	m, isNew, err := a.message(x)
	if err != nil {
		return err
	}
	replaces := isNew && (a.target == nil || a.target.Predefined())
	if isNew && !replaces {
		x.SetMessage(a.name, m) // first, so that the edits can name parts of it
	}
	if err := edits.Apply(ctx, x, m); err != nil {
		return err
	}
	if replaces {
		x.SetMessage(a.replaced(x), m) // last, so that the edits can read what goes away
	}
	return nil
}

func (a *assignTo) message(x *flow.Exchange) (m *flow.Message, isNew bool, err error) {
	switch {
	case a.create == assignToAlways:
		return a.newMessage(), true, nil
	case a.target == nil:
		return x.Ambient(), false, nil
	}
	v := x.Get(a.target)
	switch m := v.Message(); {
	case m != nil:
		return m, false, nil
	case a.create == assignToMissing:
		return a.newMessage(), true, nil
	case v.IsNull():
		return nil, false, a.unresolved.New("variable", a.name)
	}
	return nil, false, a.notMessage.New("variable", a.name)
}

func (a *assignTo) newMessage() *flow.Message {
	if a.kind == flow.Response {
		return flow.NewResponse()
	}
	return flow.NewRequest()
}

// replaced is the variable whose message a new one replaces. In the error state the response that counts is the error
// message.
func (a *assignTo) replaced(x *flow.Exchange) string {
	switch {
	case a.target != nil:
		return a.name
	case a.kind == flow.Request:
		return "request"
	case x.Error != nil:
		return "error"
	}
	return "response"
}
