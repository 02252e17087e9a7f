package flow

import (
	"context"
	"strconv"

	"sluice/faults"
)

// SharedFlow is a deployed shared flow: a list of steps, no request and response
// side (runtime.md 10.1).
type SharedFlow struct {
	Name  string // of the bundle
	Steps []Step
	Calls []string // shared flows that it calls
	// Absent has what is to be said of each of these while there is none of that name.
	Absent map[string]Problem
	Names  map[string]*Name // variables that it names
	// Integrations are those that it names.
	Integrations []IntegrationRef
	// Deployed is done each time that it goes into service, see Build.AtDeployment.
	Deployed []func(context.Context, *ProxyInfo, *Services) error
}

// maxDepth bounds shared flows in shared flows, and local targets in local
// targets. Apigee only asks users to take care; without a bound a cycle would
// end the process.
const maxDepth = 10

var (
	sharedFlowNotFound, _ = faults.Lookup("FlowCallout", "SharedFlowNotFound")
	chainTooDeep          = faults.MustRuntime("ChainTooDeep")
)

// CallSharedFlow runs the shared flow called name as part of the request.
func (x *Exchange) CallSharedFlow(ctx context.Context, name string) error {
	f := x.SharedFlows[name]
	if f == nil {
		return sharedFlowNotFound.New("shared_flow", name)
	}
	if x.Depth >= maxDepth {
		return chainTooDeep.New("limit", strconv.Itoa(maxDepth))
	}
	outer := x.Flow.SharedFlow
	x.Flow.SharedFlow = name
	x.Depth++
	err := RunSteps(ctx, x, f.Steps)
	x.Depth--
	x.Flow.SharedFlow = outer
	return err
}

// Deeper reports a fault when a local target may not be entered any more.
func (x *Exchange) Deeper() error {
	if x.Depth >= maxDepth {
		return chainTooDeep.New("limit", strconv.Itoa(maxDepth))
	}
	return nil
}
