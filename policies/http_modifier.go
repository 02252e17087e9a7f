package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "HTTPModifier",
	Group:   "mediation",
	Compile: compileHTTPModifier,
	Doc: flow.Doc{
		Title: "changes the first line, the header and the parameters of a message, or makes a new one",
		Text: `Set, Add and Remove run in the order of the file: all three have Headers, QueryParams and FormParams, Set has
ContentType, Path, StatusCode, Verb and Version too. They do what they do in AssignMessage. A payload, Copy, AssignVariable
and Authentication take AssignMessage; here they are ignored with a warning.

Without AssignTo they change the request in request flows, the response in response flows and the error message in the error
state. AssignTo with a name changes the message in that variable, and makes it when createNew is true, or not given and there
is none. AssignTo createNew="true" without a name replaces the request or the response, by its type.

Set/Path does not change where the target is called. A message made here is sent by nobody but a ServiceCallout that names it.`,
		Sample: `<HTTPModifier name="HM-Sample">
  <Set>
    <Verb>POST</Verb>
    <Headers><Header name="X-Request-Id">{messageid}</Header></Headers>
  </Set>
  <Add>
    <QueryParams><QueryParam name="page">1</QueryParam></QueryParams>
  </Add>
  <Remove>
    <Headers><Header name="X-Internal"/></Headers>
  </Remove>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
</HTTPModifier>`,
	},
})

// httpModifier is specified by policies-1.md 21.
type httpModifier struct {
	to    assignTo
	edits *flow.Edits
}

func compileHTTPModifier(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Set", "Add", "Remove", "AssignTo", "IgnoreUnresolvedVariables")
	p := &httpModifier{to: compileAssignTo(b, b.Child(el, "AssignTo"))}
	p.edits = b.Edits(el, flow.EditOptions{
		Message:          p.to.name,
		IgnoreUnresolved: b.Bool(el, "IgnoreUnresolvedVariables", false),
		HeadOnly:         true,
	})
	return p
}

func (p *httpModifier) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.to.apply(ctx, x, p.edits)
}
