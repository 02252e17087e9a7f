package adminpage

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"sluice/flow"
	"sluice/internal/appint"
	"sluice/proxy"
)

// maxProblems bounds the problems of bundles that the overview lists; `sluice lint` lists all.
const maxProblems = 100

type overview struct {
	Started     time.Time
	State       string
	Facts       []Fact
	Endpoints   []endpoint
	Proxies     int
	SharedFlows []string
	Bundles     []bundle // refused
	Problems    int      // of these, how many are left out
	Warnings    int

	Integrations *integrationCounts // nil when they do not run here
	Queues       int
}

// endpoint is a ProxyEndpoint that is served.
type endpoint struct{ BasePath, Name, Proxy, Revision, Path string }

// bundle is one that was refused.
type bundle struct {
	Name     string
	Kept     bool // an earlier version of it is served
	Problems []flow.Problem
}

type integrationCounts struct {
	Integrations int
	Executions   []stateCount
}

func (p *pages) overview(*http.Request) (any, error) {
	o := &overview{Started: p.Started, State: p.State, Facts: p.Facts, Queues: p.Queues.CountQueues()}
	o.serves(p.Snapshot())
	if load := p.Load(); load != nil {
		o.loaded(load)
	}
	if p.Integrations != nil {
		known := p.Integrations.ExecutionInfos(appint.ExecutionQuery{})
		o.Integrations = &integrationCounts{p.Integrations.CountIntegrations(), countStates(known.States)}
	}
	return o, nil
}

func (o *overview) serves(s *proxy.Snapshot) {
	o.Proxies = len(s.Deployments)
	for _, d := range s.Deployments {
		for _, e := range d.Endpoints {
			o.Endpoints = append(o.Endpoints, endpoint{e.BasePath, e.Name, d.Name, d.Revision, d.Path})
		}
	}
	slices.SortStableFunc(o.Endpoints, func(a, b endpoint) int {
		return cmp.Or(cmp.Compare(a.BasePath, b.BasePath), cmp.Compare(a.Proxy, b.Proxy))
	})
	for name := range s.SharedFlows {
		o.SharedFlows = append(o.SharedFlows, name)
	}
	slices.Sort(o.SharedFlows)
}

// loaded adds the bundles that were refused, each with its errors.
func (o *overview) loaded(load *proxy.Load) {
	errors := load.Problems.Errors()
	o.Warnings = len(load.Problems) - len(errors)
	o.Problems = max(0, len(errors)-maxProblems)
	at := map[string]int{}
	of := func(name string) *bundle {
		if _, ok := at[name]; !ok {
			at[name] = len(o.Bundles)
			o.Bundles = append(o.Bundles, bundle{Name: name, Kept: slices.Contains(load.Kept, name)})
		}
		return &o.Bundles[at[name]]
	}
	for _, name := range load.Refused {
		of(name)
	}
	for _, e := range errors[:min(len(errors), maxProblems)] {
		b := of(e.Bundle)
		b.Problems = append(b.Problems, e)
	}
}
