package proxy

import (
	"context"

	"sluice/flow"
)

// skip notes that a policy has the response. The phases up to the one whose flow
// has the step to resume at are left out from here on.
func (r *run) skip(served *flow.Served) {
	r.served = served
	r.x.Response = served.Response
}

// resumes reports whether a phase still runs although a policy has the response:
// the route, when the target's response flow may have the step to resume at, and
// the response flows from that step on.
func (r *run) resumes(p *phase) bool {
	switch p.at {
	case flow.TargetResponse:
		return p.target && hasStep(&r.target.Response, r.served.Step)
	case flow.ProxyResponse:
		return true
	}
	return r.served.Step != "" && p.name == "route" && !hasStep(&r.endpoint.Response, r.served.Step)
}

func hasStep(p *flow.Plan, step string) bool {
	_, ok := p.From(step)
	return ok
}

// respond runs a response flow: from the step to resume at when it has that step,
// otherwise whole.
func (r *run) respond(ctx context.Context, p *flow.Plan) error {
	if r.served != nil {
		if rest, ok := p.From(r.served.Step); ok {
			return rest.Run(ctx, r.x)
		}
	}
	return p.Run(ctx, r.x)
}
