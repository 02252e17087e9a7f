package proxy_test

import (
	"testing"

	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/cases/casetest"
)

// TestCases runs testdata/*/*.case: what the machine does without any policy.
func TestCases(t *testing.T) {
	registry, err := flow.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	casetest.Test(t, "testdata", cases.Options{Registry: registry})
}
