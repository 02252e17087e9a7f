package proxy

import (
	"sluice/flow"
)

// Deployment is a compiled API proxy. It is immutable; a change makes a new one.
type Deployment struct {
	Name, Revision string
	Path           string // folder or zip that it came from
	Endpoints      []*Endpoint
	Calls          []string // shared flows that it calls

	targets map[string]*Target
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

// start and stop run the health monitors of a deployment's load balancers.
func (d *Deployment) start() { d.eachRunner(func(r runner) { r.start() }) }
func (d *Deployment) stop()  { d.eachRunner(func(r runner) { r.stop() }) }

// runner is a connection with work of its own beside the requests.
type runner interface {
	start()
	stop()
}

func (d *Deployment) eachRunner(do func(runner)) {
	for _, t := range d.targets {
		if r, ok := t.connection.(runner); ok {
			do(r)
		}
	}
}
