package state

import (
	"context"
	"fmt"
	"testing"

	"sluice/flow"
	"sluice/internal/window"
)

func BenchmarkCount(b *testing.B) {
	for _, bench := range []struct {
		name    string
		window  window.Window
		sharing flow.Sharing
	}{
		{"local", minute, here},
		{"local rolling", window.Window{Kind: window.Rolling, Unit: window.Minute, Length: 1}, here},
		{"asynchronous", minute, eventually},
		{"synchronous", minute, inStep},
		{"synchronous rolling", window.Window{Kind: window.Rolling, Unit: window.Hour, Length: 1}, inStep},
		{"synchronous flexi", window.Window{Kind: window.Flexi, Unit: window.Hour, Length: 1}, inStep},
	} {
		b.Run(bench.name, func(b *testing.B) {
			clock := newTestClock()
			c := process(b, openTally(b, clock.now), clock.now)
			n := flow.Count{Of: set(bench.window, bench.sharing), Identifier: "acme\x00test\x00orders\x00Q-Minute\x00\x00client-4711", Now: clock.now(), Weight: 1, Allowed: 1 << 60}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Count(context.Background(), n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkManyCounters counts for a hundred thousand callers.
func BenchmarkManyCounters(b *testing.B) {
	clock := newTestClock()
	c := process(b, nil, clock.now)
	of, keys := set(minute, here), make([]string, 100_000)
	for i := range keys {
		keys[i] = fmt.Sprint("acme\x00test\x00orders\x00Q-Minute\x00\x00client-", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.Count(context.Background(), flow.Count{Of: of, Identifier: keys[i%len(keys)], Now: clock.now(), Weight: 1, Allowed: 1 << 60}); err != nil {
			b.Fatal(err)
		}
	}
}
