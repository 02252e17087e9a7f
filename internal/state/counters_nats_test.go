package state_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/state"
	"sluice/internal/state/statetest"
	"sluice/internal/window"
)

var inStep = flow.Sharing{Distributed: true, Synchronous: true}

// TestSynchronousIsExactOnNodes: of 10,000 requests that three nodes get at once,
// exactly as many pass as are allowed. Nobody's clock stands still here, so the
// windows are such that the test does not outlast them.
func TestSynchronousIsExactOnNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("three nodes take some seconds")
	}
	t.Parallel()
	engines := statetest.Cluster(t, 3)
	for _, tt := range []struct {
		name     string
		window   window.Window
		requests int
	}{
		{"default", window.Window{Unit: window.Month, Length: 12}, 10_000},
		{"flexi", window.Window{Kind: window.Flexi, Unit: window.Day, Length: 1}, 2_000},
		{"rolling", window.Window{Kind: window.Rolling, Unit: window.Day, Length: 1}, 2_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const allowed = 777
			passed := floodNodes(t, engines, tt.window, tt.requests, allowed)
			if passed != allowed {
				t.Errorf("%d of %d requests passed, %d are allowed", passed, tt.requests, allowed)
			}
		})
	}
}

// floodNodes has each node count a third of the requests, 16 at once, and returns
// how many passed.
func floodNodes(t *testing.T, engines []state.Engine, w window.Window, requests int, allowed int64) int64 {
	var passed, left atomic.Int64
	left.Store(int64(requests))
	var all sync.WaitGroup
	for _, e := range engines {
		tally, err := e.Tally(t.Context(), "quotas")
		check(t, err)
		c := state.NewCounters(tally, time.Now)
		defer c.Close()
		for range 16 {
			all.Go(func() {
				for left.Add(-1) >= 0 {
					r, err := c.Count(t.Context(), flow.Count{Of: &flow.CounterSet{Window: w, Sharing: inStep}, Identifier: t.Name(), Now: time.Now(), Weight: 1, Allowed: allowed})
					if err != nil {
						t.Error(err)
						return
					}
					if !r.Violated {
						passed.Add(1)
					}
				}
			})
		}
	}
	all.Wait()
	return passed.Load()
}

// BenchmarkCountEmbedded measures a synchronous count on the embedded server.
func BenchmarkCountEmbedded(b *testing.B) {
	e := embedded(b, b.TempDir())
	defer func() { check(b, e.Close()) }()
	tally, err := e.Tally(b.Context(), "quotas")
	check(b, err)
	for _, bench := range []struct {
		name    string
		window  window.Window
		allowed int64
	}{
		{"default", window.Window{Unit: window.Hour, Length: 1}, 1 << 60},
		{"flexi", window.Window{Kind: window.Flexi, Unit: window.Hour, Length: 1}, 1 << 60},
		{"rolling hour", window.Window{Kind: window.Rolling, Unit: window.Hour, Length: 1}, 1 << 60},
		{"rolling minute", window.Window{Kind: window.Rolling, Unit: window.Minute, Length: 1}, 1 << 60},
		{"refused", window.Window{Unit: window.Hour, Length: 2}, 1},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := state.NewCounters(tally, time.Now)
			defer c.Close()
			of := &flow.CounterSet{Window: bench.window, Sharing: inStep}
			b.ReportAllocs()
			for b.Loop() {
				_, err := c.Count(context.Background(), flow.Count{Of: of, Identifier: b.Name(), Now: time.Now(), Weight: 1, Allowed: bench.allowed})
				check(b, err)
			}
		})
	}
}
