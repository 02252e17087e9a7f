package statetest

import (
	"testing"
	"time"

	"sluice/internal/loopback"
	"sluice/internal/state"
)

// Replicates skips a test of several nodes in one process under the race detector:
// nats-server 2.15.2 has races of its own where it replicates (a map that one goroutine
// makes under a lock, and another one compares with nil without it), which now and then
// fail the test that runs. Without the detector it runs, in CI too.
func Replicates(t testing.TB) {
	t.Helper()
	if raced {
		t.Skip("the race detector finds races of nats-server here; it runs without -race")
	}
}

// Cluster starts nodes that keep their state together, in this process and on
// loopback, and closes them at the end of the test.
func Cluster(t testing.TB, nodes int) []state.Engine {
	t.Helper()
	Replicates(t)
	routes := loopback.Addresses(t, nodes)
	engines := make([]state.Engine, nodes)
	errs := make([]error, nodes)
	together(nodes, func(i int) {
		engines[i], errs[i] = state.Open(t.Context(), state.Options{
			Dir:      t.TempDir(),
			Cluster:  state.Cluster{Listen: routes[i], Routes: routes},
			Patience: 10 * time.Second, // for a machine with other work: elections take their time
		})
	})
	for i, e := range engines {
		if errs[i] != nil {
			t.Error(errs[i])
			continue
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if t.Failed() {
		t.FailNow()
	}
	return engines
}
