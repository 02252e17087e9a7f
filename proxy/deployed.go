package proxy

import (
	"context"
	"fmt"

	"sluice/flow"
)

// Prepare does what the policies of s want done when they go into service, for
// every bundle that old did not serve. Whoever swaps s in calls it before. The
// errors name the bundle; they stop nothing.
func (s *Snapshot) Prepare(ctx context.Context, services *flow.Services, old *Snapshot) []error {
	var errs []error
	known := map[*Deployment]bool{}
	for _, d := range old.Deployments {
		known[d] = true
	}
	for _, d := range s.Deployments {
		if !known[d] {
			errs = append(errs, s.prepare(ctx, services, d.Name, d.Revision, d.deployed)...)
		}
	}
	for _, name := range sortedKeys(s.SharedFlows) {
		if f := s.SharedFlows[name]; old.SharedFlows[name] != f {
			errs = append(errs, s.prepare(ctx, services, name, "", f.Deployed)...)
		}
	}
	return errs
}

func (s *Snapshot) prepare(ctx context.Context, services *flow.Services, name, revision string, list []func(context.Context, *flow.ProxyInfo, *flow.Services) error) []error {
	var errs []error
	info := &flow.ProxyInfo{Organization: s.Environment.Organization, Environment: s.Environment.Name, Name: name, Revision: revision}
	for _, do := range list {
		if err := do(ctx, info, services); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errs
}
