package policies

import (
	"context"
	"errors"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "FlowCallout",
	Group:   "extension",
	Waits:   true, // a step of the shared flow may
	Compile: compileFlowCallout,
	Doc: flow.Doc{
		Title: "runs a shared flow",
		Text: `Runs the shared flow that SharedFlowBundle names as part of the request. The shared flow sees and
changes the caller's messages and variables; a fault in it is a fault of the caller. It is looked up by each call, so
one that is deployed later heals the call. Shared flows may call shared flows, to a depth of ten.

Each Parameter is a variable that exists only while the shared flow runs; a variable of that name gets its former
value back. A Parameter takes ref, value, or its text, a message template; the variable wins when it resolves.
A variable that does not resolve gives null, and in a template the empty string;
with <Parameters ignoreUnresolvedVariables="false"> it is a fault.`,
		Sample: `<FlowCallout name="FC-Log">
  <SharedFlowBundle>logging-v1</SharedFlowBundle>
  <Parameters>
    <Parameter name="log.level">info</Parameter>
    <Parameter name="log.subject" ref="request.header.subject"/>
    <Parameter name="log.text">{request.verb} {proxy.pathsuffix}</Parameter>
    <Parameter name="log.format" value="json"/>
  </Parameters>
</FlowCallout>`,
	},
})

// flowCallout is specified by policies-1.md 14 and runtime.md 10.1.
type flowCallout struct {
	sharedFlow string
	parameters []flowParameter
	// strict is ignoreUnresolvedVariables="false". The attribute is not documented,
	// public bundles have it; that its absence means true is our reading.
	strict     bool
	unresolved *faults.Def
}

// flowParameter is a Parameter: a variable, and what it holds when the variable
// does not resolve. Both may be nil.
type flowParameter struct {
	name string
	ref  *flow.Name
	text *flow.Template
}

func compileFlowCallout(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "SharedFlowBundle", "Parameters")
	parameters := b.Child(el, "Parameters")
	b.Known(parameters, "Parameter")
	p := &flowCallout{
		sharedFlow: b.Need(el, "SharedFlowBundle"),
		strict:     !b.BoolAttr(parameters, "ignoreUnresolvedVariables", true),
		unresolved: b.Fault("FCVariableResolutionFailed"),
	}
	if p.sharedFlow != "" {
		b.CallsSharedFlow(b.Child(el, "SharedFlowBundle"), p.sharedFlow)
	}
	for _, c := range flow.Children(parameters, "Parameter") {
		p.parameters = append(p.parameters, compileFlowParameter(b, c))
	}
	return p
}

func compileFlowParameter(b *flow.Build, el *etree.Element) flowParameter {
	name := b.Attr(el, "name")
	if name == "" {
		b.RefuseText(el, "MissingAttribute", "Parameter needs a name", `write <Parameter name="variable">...</Parameter>`)
	} else if b.Name(name).Predefined() {
		b.Warn(el, "PredefinedVariable", "parameter "+name+" is a variable of the runtime, which it does not change", "choose another name")
	}
	q := flowParameter{name: name, ref: b.Ref(el, "ref")}
	value := b.Attr(el, "value")
	text := flow.TextOf(el)
	switch {
	case value != "":
		q.text = flow.Literal(value)
	case text != "":
		q.text = b.Template(el, text)
	}
	return q
}

func (p *flowCallout) Execute(ctx context.Context, x *flow.Exchange) error {
	if len(p.parameters) == 0 {
		return x.CallSharedFlow(ctx, p.sharedFlow)
	}
	values, err := p.evaluate(x)
	if broken := x.Err(); broken != nil {
		return broken // a body that cannot be read looks like an unresolved variable
	}
	if err != nil {
		return err
	}
	former := make([]flow.Value, len(values))
	for i, v := range values {
		former[i], _ = x.Held(p.parameters[i].name)
		p.give(x, i, v)
	}
	err = x.CallSharedFlow(ctx, p.sharedFlow)
	for i := len(former) - 1; i >= 0; i-- { // backwards, for a name given twice
		p.give(x, i, former[i])
	}
	return err
}

// give sets the i-th parameter; null removes it.
func (p *flowCallout) give(x *flow.Exchange, i int, v flow.Value) {
	if v.IsNull() {
		x.Remove(p.parameters[i].name)
		return
	}
	x.Put(p.parameters[i].name, v)
}

// evaluate returns all values before any of them is set: a parameter may be made
// of a variable that bears the name of another.
func (p *flowCallout) evaluate(x *flow.Exchange) ([]flow.Value, error) {
	values := make([]flow.Value, len(p.parameters))
	for i := range p.parameters {
		v, err := p.value(x, &p.parameters[i])
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func (p *flowCallout) value(x *flow.Exchange, q *flowParameter) (flow.Value, error) {
	if q.ref != nil {
		if v := x.Get(q.ref); !v.IsNull() {
			return v, nil
		}
	}
	if q.text == nil {
		if p.strict && q.ref != nil {
			return flow.Value{}, p.unresolved.New("variable", q.ref.String())
		}
		return flow.Value{}, nil
	}
	text, err := q.text.Expand(x, !p.strict)
	var unresolved *flow.UnresolvedError
	if errors.As(err, &unresolved) {
		return flow.Value{}, p.unresolved.New("variable", unresolved.Name)
	}
	return flow.Text(text), err
}
