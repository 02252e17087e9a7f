package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/integrations"
	"sluice/policies"
	"sluice/proxy"
)

// caseOptions joins what cases run with: all policies, and the local engine for
// integrations beside a bundle.
func caseOptions() (cases.Options, error) {
	registry, err := flow.NewRegistry(policies.All())
	return cases.Options{Registry: registry, LocalIntegrations: caseIntegrations}, err
}

// caseIntegrations runs the integrations beside a bundle, with the clock and the
// network of the case.
func caseIntegrations(dir string, s *flow.Services, n *proxy.Network) (flow.Integrations, func(), error) {
	engine := integrations.New(integrations.Options{
		Client: n.HTTPClient(false), InsecureClient: n.HTTPClient(true), Now: s.Now, NewID: newID,
	})
	files, err := filepath.Glob(filepath.Join(dir, "integrations", "*.json"))
	errs := []error{err}
	for _, file := range files {
		data, err := os.ReadFile(file)
		errs = append(append(errs, err), engine.Load(strings.TrimSuffix(filepath.Base(file), ".json"), data)...)
	}
	return engine.Service(cases.Region), engine.Close, errors.Join(errs...)
}
