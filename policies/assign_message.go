package policies

import (
	"context"

	"github.com/beevik/etree"

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
	to    assignTo
	edits *flow.Edits
}

func compileAssignMessage(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Set", "Add", "Copy", "Remove", "AssignVariable", "AssignTo", "IgnoreUnresolvedVariables")
	p := &assignMessage{to: compileAssignTo(b, b.Child(el, "AssignTo"))}
	p.edits = b.Edits(el, flow.EditOptions{
		Message:          p.to.name,
		IgnoreUnresolved: b.Bool(el, "IgnoreUnresolvedVariables", false),
		EmptyPayload:     true,
	})
	return p
}

func (p *assignMessage) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.to.apply(ctx, x, p.edits)
}
