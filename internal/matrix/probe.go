package matrix

import (
	"context"
	"slices"
	"strings"

	"sluice/faults"
	"sluice/flow"
	"sluice/proxy"
)

// probe stands in the place of an attached policy. During a rehearsal it fails
// when its turn has come, and otherwise does the policy's work or nothing.
type probe struct {
	proxy.StepInfo
	policy flow.Policy // nil for a type that is not available
}

// preparing policies do their work on the way to the fault, since fault rules
// look at what they set. What they lack, because other policies did nothing, is
// forgiven.
var preparing = map[string]bool{"AssignMessage": true, "ExtractVariables": true}

// harmless policies do their work in fault rules: they change the exchange and
// nothing else.
var harmless = map[string]bool{
	"AssertCondition": true, "AssignMessage": true, "BasicAuthentication": true, "ExtractVariables": true, "HTTPModifier": true,
	"JSONToXML": true, "ParsePayload": true, "RaiseFault": true, "ReadPropertySet": true, "XMLToJSON": true, "XSL": true,
}

// Execute does what the rehearsal that ctx holds wants.
func (p *probe) Execute(ctx context.Context, x *flow.Exchange) error {
	r, ok := ctx.Value(rehearsalKey{}).(*rehearsal)
	if !ok {
		return p.policy.Execute(ctx, x)
	}
	r.stack = append(r.stack, p)
	defer func() { r.stack = r.stack[:len(r.stack)-1] }()
	switch {
	case !r.failed && slices.Equal(r.stack, r.way):
		r.failed = true
		return r.fail(ctx, x, p)
	case p.SharedFlow != "" && p.policy != nil:
		return p.call(ctx, x, r)
	case x.InError():
		return p.handle(ctx, x, r)
	case preparing[p.Element] && p.policy != nil:
		_ = p.policy.Execute(ctx, x) // forgiven, see preparing
		_ = x.Err()
	}
	return nil
}

// call runs the shared flow of a FlowCallout or a hook, whose steps are probes.
func (p *probe) call(ctx context.Context, x *flow.Exchange, r *rehearsal) error {
	before := r.failed
	err := p.policy.Execute(ctx, x)
	onTheWay := len(r.way) > len(r.stack) && slices.Equal(r.stack, r.way[:len(r.stack)])
	if !r.failed && onTheWay { // a parameter did not resolve
		err = x.CallSharedFlow(ctx, p.SharedFlow)
	}
	switch {
	case x.InError() && err != nil && x.SharedFlows[p.SharedFlow] == nil:
		r.story.idle(p.Name, "shared flow "+p.SharedFlow+" is not among the paths; taken as doing nothing")
		return nil
	case x.InError() || r.failed != before:
		return err
	}
	return nil
}

// handle is a step of a fault rule.
func (p *probe) handle(ctx context.Context, x *flow.Exchange, r *rehearsal) error {
	switch {
	case p.policy == nil:
		r.story.idle(p.Name, p.Element+" is not available; taken as doing nothing")
		return nil
	case !harmless[p.Element]:
		r.story.idle(p.Name, p.Element+" reaches outside the request; taken as doing nothing")
		return nil
	}
	return p.policy.Execute(ctx, x)
}

// raise is the fault d of this step, with what the policy itself sets beside it.
// RaiseFault is run: its fault is its own.
func (p *probe) raise(ctx context.Context, x *flow.Exchange, d *faults.Def) error {
	if p.Element == "RaiseFault" && p.policy != nil {
		err := p.policy.Execute(ctx, x)
		if err != nil && flow.FaultOf(err).Name() == d.Name {
			return err
		}
	}
	f := d.New()
	if d.CauseVariable != "" {
		x.Put(strings.ReplaceAll(d.CauseVariable, "{policy}", p.Name), flow.Text(f.Reason))
	}
	return f
}
