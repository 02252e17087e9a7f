package state

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/window"
)

// unshared is a tally on which one process counts alone. It does something before each
// call, also one that reads.
type unshared struct {
	Tally
	before func(key string, n int64)
}

func (u *unshared) Shared() bool { return false }

func (u *unshared) Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error) {
	if u.before != nil {
		u.before(key, n)
	}
	return u.Tally.Add(ctx, key, n, life)
}

var rollingMinute = window.Window{Kind: window.Rolling, Unit: window.Minute, Length: 1}

// TestSingleModel compares a process that counts alone with the definition.
func TestSingleModel(t *testing.T) {
	for _, w := range allWindows {
		if w.Kind != window.Rolling {
			continue
		}
		t.Run(fmt.Sprintf("%d %t", w.Unit, w.Precise), func(t *testing.T) {
			for seed := range uint64(15) {
				clock := newTestClock()
				tally := &unshared{Tally: openTally(t, clock.now)}
				compareWithModel(t, seed, set(w, inStep), clock, []*Counters{process(t, tally, clock.now)})
			}
		})
	}
}

// TestSingleAtTheBorder: of many requests at once, some of which count in the next part
// of a rolling window, never more pass than are allowed. Those that were turned away
// because others were in the way leave nothing behind.
func TestSingleAtTheBorder(t *testing.T) {
	const allowed = 7
	clock := newTestClock()
	tally := &unshared{openTally(t, clock.now), func(string, int64) { runtime.Gosched() }}
	c, of := process(t, tally, clock.now), set(rollingMinute, inStep)
	for round := range 300 {
		count := func(now time.Time) bool {
			return !mustCount(t, c, flow.Count{Of: of, Identifier: fmt.Sprint(round), Now: now, Weight: 1, Allowed: allowed}).Violated
		}
		var passed atomic.Int64
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				if count(clock.now().Add(time.Duration(i) * 100 * time.Millisecond)) {
					passed.Add(1)
				}
			})
		}
		all.Wait()
		if passed.Load() > allowed {
			t.Fatalf("round %d: %d passed, %d are allowed", round, passed.Load(), allowed)
		}
		for count(clock.now().Add(2 * time.Second)) {
			passed.Add(1)
		}
		if passed.Load() != allowed {
			t.Fatalf("round %d: %d passed in the end, %d are allowed", round, passed.Load(), allowed)
		}
		clock.move(130 * time.Millisecond)
	}
}

// two requests for the last place, of which the second comes a part of the window later.
type two struct {
	t     *testing.T
	tally *unshared
	c     *Counters
}

func newTwo(t *testing.T) *two {
	clock := newTestClock()
	w := &two{t: t, tally: &unshared{Tally: openTally(t, clock.now)}}
	w.c = process(t, w.tally, clock.now)
	return w
}

func (w *two) passes(second bool) bool {
	now := noon
	if second {
		now = now.Add(rollingMinute.Grain())
	}
	return !mustCount(w.t, w.c, flow.Count{Of: set(rollingMinute, inStep), Identifier: "k", Now: now, Weight: 1, Allowed: 1}).Violated
}

// beforeAdding does something before each request adds what it counts.
func (w *two) beforeAdding(do func(second bool)) {
	w.tally.before = func(key string, n int64) {
		if n <= 0 || strings.Contains(key, ".page.") {
			return
		}
		do(strings.HasSuffix(key, "."+strconv.FormatInt(rollingMinute.Part(noon)+1, 36)))
	}
}

// TestSingleSeesLater: a request sees what one counted that began after it.
func TestSingleSeesLater(t *testing.T) {
	w := newTwo(t)
	w.beforeAdding(func(second bool) {
		if !second && !w.passes(true) {
			t.Error("the second did not pass, although the first had not counted yet")
		}
	})
	if w.passes(false) {
		t.Error("both passed")
	}
}

// TestSingleSeesEarlier: a request sees what one counted that began before it, but had
// not counted yet when this one began.
func TestSingleSeesEarlier(t *testing.T) {
	w := newTwo(t)
	begun, both, passed := make(chan struct{}), make(chan struct{}), make(chan bool, 1)
	w.beforeAdding(func(second bool) {
		if !second {
			close(begun)
			<-both
			return
		}
		close(both)
		if !<-passed {
			t.Error("the first did not pass, although the second had not counted yet")
		}
	})
	go func() { passed <- w.passes(false) }()
	<-begun
	if w.passes(true) {
		t.Error("both passed")
	}
}

// TestSingleAsksOnce: who counts alone asks the tally once for a request, and once
// more for each part that is over.
func TestSingleAsksOnce(t *testing.T) {
	clock := newTestClock()
	asked := 0
	c := process(t, &unshared{openTally(t, clock.now), func(string, int64) { asked++ }}, clock.now)
	count := func() int {
		asked = 0
		mustCount(t, c, flow.Count{Of: set(rollingMinute, inStep), Identifier: "k", Now: clock.now(), Weight: 1, Allowed: 1000})
		return asked
	}
	count()
	for range 100 {
		clock.move(90 * time.Millisecond)
		if n := count(); n > 2 {
			t.Errorf("%d calls for a request", n)
		}
		if n := count(); n != 1 {
			t.Errorf("%d calls for a second request in the same part", n)
		}
	}
}

// TestSingleAfterCrowded: while calls may count with counters that are not in the
// table, those that get into it do not take themselves for the only ones.
func TestSingleAfterCrowded(t *testing.T) {
	clock := newTestClock()
	c := process(t, &unshared{Tally: openTally(t, clock.now)}, clock.now)
	c.table.init(counterShards, false) // one for each shard
	of := set(rollingMinute, inStep)
	single := func(i int) bool {
		n := flow.Count{Of: of, Identifier: fmt.Sprint(i), Now: clock.now(), Weight: 1, Allowed: 1}
		mustCount(t, c, n)
		k, err := c.table.find(&n)
		if err != nil {
			t.Fatal(err)
		}
		defer k.mu.Unlock()
		return k.single
	}
	if !single(0) {
		t.Error("the first counter is not the only one")
	}
	crowded := 0
	for i := range 20 * counterShards {
		if !single(i) {
			crowded++
		}
	}
	if crowded < 19*counterShards {
		t.Errorf("%d of %d counters may have another beside them", crowded, 20*counterShards)
	}
	clock.move(2*time.Minute + time.Second) // all windows have ended
	for i := range 3 {
		if !single(1_000_000 + i) {
			t.Error("a counter is not the only one although nobody can count with another any more")
		}
	}
}
