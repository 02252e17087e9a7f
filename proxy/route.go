package proxy

import (
	"sluice/faults"
	"sluice/flow"
)

// route is a compiled RouteRule.
type route struct {
	name       string
	condition  *flow.Condition
	target     *Target // nil is a null route
	targetName string
}

var (
	routeFailed   = faults.MustRuntime("RouteFailed")
	targetMissing = faults.MustRuntime("TargetMissing")
)

// choose takes the first RouteRule whose condition holds.
func (e *Endpoint) choose(x *flow.Exchange) (*route, error) {
	for i := range e.routes {
		r := &e.routes[i]
		ok, err := r.condition.Holds(x, r.name)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if r.targetName != "" && r.target == nil {
			return nil, targetMissing.New("target", r.targetName)
		}
		return r, nil
	}
	return nil, routeFailed.New()
}
