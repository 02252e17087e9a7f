package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:         "RaiseFault",
	Group:        "extension",
	AlwaysRaises: true,
	Compile:      compileRaiseFault,
	Doc: flow.Doc{
		Title: "ends the flow with a fault and says what the client gets",
		Text: `The fault is called RaiseFault; fault rules see the message built here as
"error" and may change it. Its own templates see it too, as "message" and "error":
the status and the reason phrase whole, of the rest what stands above. Without a
Payload the client gets the standard fault body, without a StatusCode 500. In a fault rule the policy changes the error
message that is there: status and payload are replaced, headers are added.

It raises also with continueOnError="true".`,
		Sample: `<RaiseFault name="RF-Sample">
  <FaultResponse>
    <Set>
      <Headers><Header name="X-Request-Id">{messageid}</Header></Headers>
      <Payload contentType="application/json">{"error": "no such path: {proxy.pathsuffix}"}</Payload>
      <StatusCode>404</StatusCode>
      <ReasonPhrase>Not Found</ReasonPhrase>
    </Set>
  </FaultResponse>
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
</RaiseFault>`,
	},
})

type raiseFault struct {
	name     string // of the policy
	response *flow.Edits
	short    bool // ShortFaultReason
	raised   *faults.Def
}

func compileRaiseFault(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "FaultResponse", "IgnoreUnresolvedVariables", "ShortFaultReason")
	response := b.Child(el, "FaultResponse")
	b.Known(response, "Set", "Add", "Copy", "Remove", "AssignVariable", "IgnoreUnresolvedVariables")
	// Bundles also write it inside FaultResponse.
	ignore := b.Bool(response, "IgnoreUnresolvedVariables", true)
	ignore = b.Bool(el, "IgnoreUnresolvedVariables", ignore)
	return &raiseFault{
		name:     b.Owner,
		response: b.Edits(response, flow.EditOptions{Message: "error", IgnoreUnresolved: ignore}),
		short:    b.Bool(el, "ShortFaultReason", false),
		raised:   b.Fault("RaiseFault"),
	}
}

func (p *raiseFault) Execute(ctx context.Context, x *flow.Exchange) error {
	f := p.raised.New().At(p.name, x.Flow.Current, x.Phase.String())
	if p.short {
		f.Reason = p.name // the short text is recalled (policies-2.md 17)
	}
	m, err := p.message(ctx, x, f)
	if err != nil {
		return err
	}
	f.Status = m.Status
	return &flow.Raised{Fault: f, Message: m}
}

// message is what the client gets: in the error state the message that is there,
// changed; otherwise a new one (runtime.md 7.4).
func (p *raiseFault) message(ctx context.Context, x *flow.Exchange, f *faults.Fault) (*flow.Message, error) {
	if x.Error != nil {
		return x.Error, p.response.Overlay(ctx, x, x.Error)
	}
	m := flow.NewResponse()
	m.Status = f.Status
	if err := p.response.Make(ctx, x, m); err != nil {
		return nil, err
	}
	if !p.response.SetsPayload() {
		m.SetContent(f.Body())
		m.Header.Set("Content-Type", "application/json")
	}
	return m, nil
}
