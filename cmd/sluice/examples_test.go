package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluice/faults"
	"sluice/internal/cases/casetest"
)

const examples = "../../examples"

// TestExamples runs the cases of all examples, and then looks whether
// integration-faults provokes what it says: each fault of IntegrationCallout.
func TestExamples(t *testing.T) {
	options, err := caseOptions()
	if err != nil {
		t.Fatal(err)
	}
	raised := casetest.Test(t, examples, options)
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

// TestExamplesAreClean holds the examples to what `sluice lint` says, and each to
// having what its reader needs.
func TestExamplesAreClean(t *testing.T) {
	problems, bundles, err := lint([]string{examples}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if p.Code != "UnknownIntegration" || filepath.Base(p.File) != "SIR-WrongName.xml" { // which shows that fault
			t.Error(p)
		}
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
