package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "AssignMessage",
	Group:   "mediation",
	Compile: compileAssignMessage,
	Doc: flow.Doc{
		Title: "changes a message, makes a new one, or sets variables",
		Text: `Set, Add, Copy, Remove and AssignVariable run in the order of the file.
Without AssignTo they change the request in request flows, the response in
response flows and the error message in the error state. AssignTo with a name
changes the message in that variable, and makes it when createNew is true, or
not given and there is none. AssignTo createNew="true" without a name replaces
the request or the response, by its type.

An empty Payload in Set is an empty body (inferred), but changes nothing where all
of Set is empty.

Set/Path does not change where the target is called; set target.url for that.
A message made here is sent by nobody but a ServiceCallout that names it.`,
		Sample: `<AssignMessage name="AM-Sample">
  <AssignTo createNew="true" type="request">lookup.request</AssignTo>
  <Copy source="request">
    <Headers><Header name="Accept-Language"/></Headers>
  </Copy>
  <Set>
    <Verb>POST</Verb>
    <Headers><Header name="X-Request-Id">{messageid}</Header></Headers>
    <Payload contentType="application/json">{"id": "{request.queryparam.id}"}</Payload>
  </Set>
  <AssignVariable>
    <Name>lookup.id</Name>
    <Ref>request.queryparam.id</Ref>
    <Value>unknown</Value>
  </AssignVariable>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
</AssignMessage>`,
	},
})

type assignMessage struct {
	edits  *flow.Edits
	target *flow.Name       // the variable of AssignTo; nil is the ambient message
	create createNew        // what to do about the message
	kind   flow.MessageKind // of a new message
	name   string           // variable that a new message goes to; "" with a nil target: by kind

	unresolved, notMessage *faults.Def
}

// createNew is the attribute, which tells absent from false.
type createNew uint8

const (
	createMissing createNew = iota // not given: only when there is no such message
	createNever
	createAlways
)

func compileAssignMessage(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Set", "Add", "Copy", "Remove", "AssignVariable", "AssignTo", "IgnoreUnresolvedVariables")
	p := &assignMessage{unresolved: b.Fault("UnresolvedVariable"), notMessage: b.Fault("VariableOfNonMsgType")}
	p.assignTo(b, b.Child(el, "AssignTo"))
	p.edits = b.Edits(el, flow.EditOptions{
		Message:          p.name,
		IgnoreUnresolved: b.Bool(el, "IgnoreUnresolvedVariables", false),
		EmptyPayload:     true,
	})
	return p
}

func (p *assignMessage) assignTo(b *flow.Build, el *etree.Element) {
	if el == nil {
		return
	}
	if b.Attr(el, "createNew") != "" {
		p.create = createNever
		if b.BoolAttr(el, "createNew", false) {
			p.create = createAlways
		}
	}
	switch t := b.Attr(el, "type"); t {
	case "", "request":
	case "response":
		p.kind = flow.Response
	default:
		b.Warn(el, "UnknownType", "type "+t+" is neither request nor response and is ignored", "write request or response")
	}
	p.name = flow.TextOf(el)
	if p.name == "" {
		return
	}
	p.target = b.Name(p.name)
	switch p.name { // these hold what they are called, whatever the type says
	case "request":
		p.kind = flow.Request
	case "response", "error":
		p.kind = flow.Response
	}
}

func (p *assignMessage) Execute(ctx context.Context, x *flow.Exchange) error {
	m, isNew, err := p.message(x)
	if err != nil {
		return err
	}
	replaces := isNew && (p.target == nil || p.target.Predefined())
	if isNew && !replaces {
		x.SetMessage(p.name, m) // first, so that AssignVariable can name parts of it
	}
	if err := p.edits.Apply(ctx, x, m); err != nil {
		return err
	}
	if replaces {
		x.SetMessage(p.replaced(x), m) // last, so that the edits can read what goes away
	}
	return nil
}

// message returns the message to edit (policies-1.md 4.2).
func (p *assignMessage) message(x *flow.Exchange) (m *flow.Message, isNew bool, err error) {
	switch {
	case p.create == createAlways:
		return p.newMessage(), true, nil
	case p.target == nil:
		return x.Ambient(), false, nil
	}
	v := x.Get(p.target)
	switch m := v.Message(); {
	case m != nil:
		return m, false, nil
	case p.create == createMissing:
		return p.newMessage(), true, nil
	case v.IsNull():
		return nil, false, p.unresolved.New("variable", p.name)
	}
	return nil, false, p.notMessage.New("variable", p.name)
}

func (p *assignMessage) newMessage() *flow.Message {
	if p.kind == flow.Response {
		return flow.NewResponse()
	}
	return flow.NewRequest()
}

// replaced is the variable whose message a new one replaces. In the error state
// the response that counts is the error message.
func (p *assignMessage) replaced(x *flow.Exchange) string {
	switch {
	case p.target != nil:
		return p.name
	case p.kind == flow.Request:
		return "request"
	case x.Error != nil:
		return "error"
	}
	return "response"
}
