package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/cases/casetest"
	"sluice/internal/integrations"
	"sluice/policies"
	"sluice/proxy"
)

const examples = "../../examples"

// TestExamples runs the cases of all examples, and then looks whether
// integration-faults provokes what it says: each fault of IntegrationCallout.
func TestExamples(t *testing.T) {
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		t.Fatal(err)
	}
	raised := casetest.Test(t, examples, cases.Options{Registry: registry, LocalIntegrations: exampleIntegrations})
	if casetest.Selected() {
		return // a part of the cases provokes a part of the faults
	}
	for _, d := range faults.All() {
		if d.Element != "IntegrationCallout" || d.Kind != faults.Runtime {
			continue
		}
		if !slices.ContainsFunc(raised[d.Element+"/"+d.Code], in("integration-faults")) {
			t.Errorf("no case of integration-faults raises %s", d.Code)
		}
	}
}

// in reports whether a file lies in the folder of an example.
func in(example string) func(file string) bool {
	return func(file string) bool { return filepath.Base(filepath.Dir(file)) == example }
}

// exampleIntegrations runs the integrations beside a bundle, with the clock of the
// case.
func exampleIntegrations(dir string, s *flow.Services, n *proxy.Network) (flow.Integrations, func(), error) {
	engine := integrations.New(integrations.Options{
		Client: n.HTTPClient(false), InsecureClient: n.HTTPClient(true), Now: s.Now, NewID: newID,
	})
	var errs []error
	for _, file := range integrationFiles([]string{dir}) {
		data, err := os.ReadFile(file)
		errs = append(append(errs, err), engine.Load(strings.TrimSuffix(filepath.Base(file), ".json"), data)...)
	}
	return engine.Service("us-central1"), engine.Close, errors.Join(errs...)
}

// TestExamplesAreClean holds the examples to what `sluice lint` says, and each to
// having what its reader needs.
func TestExamplesAreClean(t *testing.T) {
	problems, bundles, err := lint([]string{examples}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	entries, err := os.ReadDir(examples)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		found++
		for _, part := range []string{"README.md", "apiproxy/*.xml", "apiproxy/proxies/default.xml", "*.case"} {
			if files, err := filepath.Glob(filepath.Join(examples, e.Name(), part)); err != nil || len(files) == 0 {
				t.Errorf("example %s has no %s", e.Name(), part)
			}
		}
	}
	if found != bundles || found == 0 {
		t.Errorf("%d examples hold %d bundles", found, bundles)
	}
}
