package state

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/flow"
	"sluice/internal/window"
)

// TestAsynchronousComesTogether: each process counts by itself, and knows the
// others' counts when the interval is over or so many messages have come.
func TestAsynchronousComesTogether(t *testing.T) {
	for _, w := range allWindows[1:] { // a second is over too soon
		if w.Span() < time.Minute {
			continue
		}
		t.Run(fmt.Sprintf("%d %d", w.Kind, w.Unit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { comeTogether(t, w) })
		})
	}
}

func comeTogether(t *testing.T, w window.Window) {
	time.Sleep(7 * time.Second) // into the window
	tally := openTally(t, time.Now)
	a, b := process(t, tally, time.Now), process(t, tally, time.Now)
	use := func(c *Counters, weight int64) flow.Counted {
		return mustCount(t, c, flow.Count{
			Of: set(w, flow.Sharing{Distributed: true, Interval: 5 * time.Second, Messages: 4}), Identifier: "k", Now: time.Now(), Weight: weight, Allowed: 10,
		})
	}
	check := func(who string, got flow.Counted, used int64, violated bool) {
		t.Helper()
		if got.Used != used || got.Violated != violated {
			t.Errorf("%s: %d used, violated %v; want %d, %v", who, got.Used, got.Violated, used, violated)
		}
	}
	check("a, the first", use(a, 2), 2, false)
	synctest.Wait()
	time.Sleep(10 * time.Millisecond) // a flexi window of its own, so far
	check("b, which cannot know yet", use(b, 1), 1, false)
	synctest.Wait() // b has met the counter, and asked
	check("b, which has asked", use(b, 1), 4, false)
	check("a, before its interval", use(a, 1), 3, false)
	pass := func(c *Counters) { // its interval is over, and it has asked
		time.Sleep(12 * time.Second)
		synctest.Wait()
		use(c, 0)
		synctest.Wait()
	}
	pass(a)
	check("a, after its interval", use(a, 0), 5, false)
	for range 4 {
		use(b, 1)
	}
	synctest.Wait()
	check("a, which does not know of b's messages", use(a, 1), 6, false)
	pass(a)
	check("a, which knows", use(a, 1), 10, true)
	pass(b)
	check("b, which knows", use(b, 1), 10, true)
}

// TestAsynchronousLosesNothing: what was counted before Close is on the tally after
// it, however it fell.
func TestAsynchronousLosesNothing(t *testing.T) {
	tally := openTally(t, time.Now)
	w := window.Window{Kind: window.Calendar, Unit: window.Month, Length: 1, Start: time.Now().Add(-time.Hour)}
	var all sync.WaitGroup
	for range 3 {
		c := NewCounters(tally, time.Now)
		var counting sync.WaitGroup
		for g := range 4 {
			counting.Go(func() {
				for i := range 500 {
					mustCount(t, c, flow.Count{
						Of: set(w, flow.Sharing{Distributed: true, Messages: 10}), Identifier: fmt.Sprint("k", (i+g)%7), Now: time.Now(), Weight: 1, Mode: flow.CountOnly,
					})
				}
			})
		}
		all.Go(func() {
			counting.Wait()
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			c.Close()
		})
	}
	all.Wait()
	c, sum := process(t, tally, time.Now), int64(0)
	for i := range 7 {
		r := mustCount(t, c, flow.Count{Of: set(w, flow.Sharing{Distributed: true, Synchronous: true}), Identifier: fmt.Sprint("k", i), Now: time.Now()})
		sum += r.Used
	}
	if sum != 3*4*500 {
		t.Errorf("%d of %d counts are on the tally", sum, 3*4*500)
	}
}

// TestAsynchronousOutlivesAnOutage: counts that could not be shared are kept, and
// shared when the tally answers again; without it, Close says that they are lost.
func TestAsynchronousOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally := &switched{Tally: openTally(t, time.Now)}
		c, other := NewCounters(tally, time.Now), process(t, tally, time.Now)
		n := flow.Count{Of: set(window.Window{Unit: window.Month, Length: 1}, flow.Sharing{Distributed: true}), Identifier: "k", Weight: 1, Allowed: 100}
		use := func() flow.Counted {
			n.Now = time.Now()
			return mustCount(t, c, n)
		}
		tally.down.Store(true)
		for i := range 5 {
			if got := use(); got.Used != int64(i+1) {
				t.Errorf("%d used, want %d", got.Used, i+1)
			}
		}
		time.Sleep(30 * time.Second)
		tally.down.Store(false)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		n.Weight, n.Now = 0, time.Now()
		mustCount(t, other, n)
		synctest.Wait()
		if got := mustCount(t, other, n); got.Used != 5 {
			t.Errorf("another process knows of %d, want 5", got.Used)
		}
		tally.down.Store(true)
		n.Weight = 1
		use()
		if err := c.Close(); err == nil {
			t.Error("Close does not say that a count is lost")
		}
	})
}

// switched is a tally that can be switched off.
type switched struct {
	Tally
	down atomic.Bool
}

func (s *switched) Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error) {
	if s.down.Load() {
		return 0, ErrUnavailable
	}
	return s.Tally.Add(ctx, key, n, life)
}

func (s *switched) Get(ctx context.Context, key string) (int64, error) {
	if s.down.Load() {
		return 0, ErrUnavailable
	}
	return s.Tally.Get(ctx, key)
}

// TestCountAfterClose: a request that comes late is counted, and nothing runs on.
func TestCountAfterClose(t *testing.T) {
	c := NewCounters(openTally(t, time.Now), time.Now)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if got := mustCount(t, c, flow.Count{Of: set(window.Window{Unit: window.Month}, eventually), Identifier: "k", Now: time.Now(), Weight: 1, Allowed: 5}); got.Used != int64(i+1) {
			t.Errorf("%d used", got.Used)
		}
	}
}

// TestAsynchronousCountsMeanwhile: what is counted while the tally is told is told
// the next time.
func TestAsynchronousCountsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := flow.Count{Of: set(window.Window{Unit: window.Month, Length: 1}, eventually), Identifier: "k", Now: time.Now(), Weight: 1, Allowed: 100}
		tally := openTally(t, time.Now)
		var c *Counters
		var meanwhile sync.Once
		c = process(t, &hooked{Tally: tally, before: func(string, int64) {
			meanwhile.Do(func() { mustCount(t, c, n) })
		}}, time.Now)
		mustCount(t, c, n)
		synctest.Wait()
		c.Close()
		n.Of, n.Weight = set(n.Of.Window, inStep), 0
		if got := mustCount(t, process(t, tally, time.Now), n); got.Used != 2 {
			t.Errorf("%d of 2 counts are on the tally", got.Used)
		}
	})
}
