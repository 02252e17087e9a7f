package proxy

import (
	"context"

	"sluice/flow"
)

// Deployment is a compiled API proxy. It is immutable; a change makes a new one.
type Deployment struct {
	Name, Revision string
	Path           string // folder or zip that it came from
	Endpoints      []*Endpoint
	Calls          []string // shared flows that it calls
	Integrations   []flow.IntegrationRef

	absent   map[string]flow.Problem // what is to be said of a call while there is no such shared flow
	targets  map[string]*Target
	monitors []*monitor
	deployed []func(context.Context, *flow.ProxyInfo, *flow.Services) error
}

// Endpoint is a compiled ProxyEndpoint.
type Endpoint struct {
	Name     string
	BasePath string
	Request  flow.Plan
	Response flow.Plan
	Rules    *flow.FaultRules

	deployment *Deployment
	info       *flow.ProxyInfo
	props      proxyProperties
	routes     []route
	postClient []flow.Section
	events     *flow.Section
	holds      holds
}

// Target is a compiled TargetEndpoint, or what stands for one: the URL of a
// RouteRule, an IntegrationEndpoint.
type Target struct {
	Name     string
	Request  flow.Plan
	Response flow.Plan
	Rules    *flow.FaultRules

	connection  connection
	events      *flow.Section
	integration bool // has no rules of its own: the ProxyEndpoint's handle its faults
}

// start and stop run the health monitors of a deployment's load balancers: those
// of its targets, and of its policies.
func (d *Deployment) start() {
	for _, m := range d.monitors {
		m.start()
	}
}

func (d *Deployment) stop() {
	for _, m := range d.monitors {
		m.stop()
	}
}
