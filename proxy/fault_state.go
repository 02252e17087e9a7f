package proxy

import (
	"context"
	"errors"
	"runtime/debug"

	"sluice/faults"
	"sluice/flow"
)

var policyPanic = faults.MustRuntime("PolicyPanic")

// guard turns a panic into a fault of that request; the process lives on. depth
// is what the exchange returns to: the panic has skipped the ends of shared flows.
func (r *run) guard(err *error, depth int) {
	value := recover()
	if value == nil {
		return
	}
	r.x.Depth, r.x.Flow.SharedFlow, r.x.Flow.Hook = depth, "", ""
	r.report.Panicked(r.x, value, debug.Stack())
	*err = policyPanic.New("policy", r.x.Flow.Step).At(r.x.Flow.Step, r.x.Flow.Current, r.x.Phase.String())
}

// faulted enters the error state and lets the rules act.
func (r *run) faulted(ctx context.Context, err error, rules *flow.FaultRules) {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		r.gone = true
		return
	}
	r.fail(err)
	entered := r.x.Fault
	err = r.handle(ctx, rules)
	switch f := r.x.Fault; {
	case err == nil && f != entered && f.Name() == "InternalError":
		r.report.Failed(r.x, f) // an error of ours inside a fault rule
	case err == nil:
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		r.gone = true
	default:
		r.fail(err)
	}
}

func (r *run) fail(err error) {
	f := flow.FaultOf(err)
	if f.Name() == "InternalError" {
		r.report.Failed(r.x, err)
	}
	f.At("", r.x.Flow.Current, r.x.Phase.String())
	if r.snapshot.Options.EdgeStatus && f.Def.StatusEdge != 0 && f.Status == f.Def.Status {
		f.Status = f.Def.StatusEdge
	}
	r.x.Fail(err)
	if r.snapshot.Options.XMLFaults && r.wantsXML() {
		toXML(r.x.Error, f, err)
	}
}

func (r *run) handle(ctx context.Context, rules *flow.FaultRules) (err error) {
	defer r.guard(&err, r.x.Depth)
	return rules.Handle(ctx, r.x)
}

func (r *run) proxyRules() *flow.FaultRules { return r.endpoint.Rules }

// targetRules are the rules of the endpoint in whose segment the fault arose:
// the TargetEndpoint's (runtime.md 7.2). An IntegrationEndpoint and the URL of a
// RouteRule cannot have rules. With Options.Bubble the ProxyEndpoint's rules
// stand in for a TargetEndpoint that has none.
func (r *run) targetRules() *flow.FaultRules {
	if r.target.integration || r.snapshot.Options.Bubble && r.target.Rules.Empty() {
		return r.endpoint.Rules
	}
	return r.target.Rules
}
