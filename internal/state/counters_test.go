package state

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/flow"
	"sluice/internal/window"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// testClock is a clock that stands until it is moved.
type testClock struct{ ms atomic.Int64 }

func newTestClock() *testClock {
	c := &testClock{}
	c.ms.Store(noon.UnixMilli())
	return c
}

func (c *testClock) now() time.Time       { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *testClock) move(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// openTally returns a tally in memory.
func openTally(t testing.TB, now func() time.Time) Tally {
	t.Helper()
	tally, err := NewMemory(now).Tally(t.Context(), "quotas")
	if err != nil {
		t.Fatal(err)
	}
	return tally
}

// process is one process's counters on a tally.
func process(t testing.TB, tally Tally, now func() time.Time) *Counters {
	t.Helper()
	c := NewCounters(tally, now)
	t.Cleanup(func() { c.Close() })
	return c
}

func mustCount(t testing.TB, c *Counters, n flow.Count) flow.Counted {
	t.Helper()
	r, err := c.Count(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	here       = flow.Sharing{}
	inStep     = flow.Sharing{Distributed: true, Synchronous: true}
	eventually = flow.Sharing{Distributed: true}

	minute = window.Window{Unit: window.Minute, Length: 1}
)

// naive is the definition of counting, written for reading: it remembers every
// change and works everything out from them.
type naive struct {
	window  window.Window
	changes []change
	begin   time.Time // Flexi
}

type change struct {
	at              time.Time
	delta, exceeded int64
}

// bounds are those of the window, of a rolling one by the parts.
func (m *naive) covers(now time.Time) func(time.Time) bool {
	switch m.window.Kind {
	case window.Rolling:
		first, last := m.window.Parts(now)
		return func(at time.Time) bool { return first <= m.window.Part(at) && m.window.Part(at) <= last }
	case window.Flexi:
		return func(at time.Time) bool {
			return !now.Before(m.begin) && now.Before(m.begin.Add(m.window.Span())) && !at.Before(m.begin)
		}
	}
	begin, end := m.window.Bounds(now)
	return func(at time.Time) bool { return !at.Before(begin) && at.Before(end) }
}

func (m *naive) stand(now time.Time) (used, exceeded int64) {
	covered, part := m.covers(now), map[int64]int64{}
	var numbers []int64
	for _, c := range m.changes {
		if !covered(c.at) {
			continue
		}
		exceeded += c.exceeded
		n := int64(0)
		if m.window.Kind == window.Rolling {
			n = m.window.Part(c.at)
		}
		if _, ok := part[n]; !ok {
			numbers = append(numbers, n)
		}
		part[n] += c.delta
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		used = max(used+part[n], 0)
	}
	return used, exceeded
}

func (m *naive) count(n flow.Count) flow.Counted {
	if m.window.Kind == window.Flexi && n.Weight > 0 && n.Mode != flow.EnforceOnly && !n.Now.Before(m.begin.Add(m.window.Span())) {
		m.begin = n.Now
	}
	used, exceeded := m.stand(n.Now)
	c := change{at: n.Now}
	switch {
	case n.Weight < 0:
		c.delta = -min(-n.Weight, used)
	case n.Weight == 0:
	case n.Mode == flow.EnforceOnly && used >= n.Allowed, n.Mode == flow.EnforceAndCount && used+n.Weight > n.Allowed:
		c.exceeded = 1
	case n.Mode != flow.EnforceOnly:
		c.delta = n.Weight
	}
	m.changes = append(m.changes, c)
	return flow.Counted{Violated: c.exceeded > 0, Used: used + c.delta, Exceeded: exceeded + c.exceeded}
}

var allWindows = []window.Window{
	{Unit: window.Second, Length: 1},
	{Unit: window.Minute, Length: 1},
	{Unit: window.Month, Length: 1},
	{Kind: window.Calendar, Unit: window.Minute, Length: 2, Start: noon.Add(-7 * time.Second)},
	{Kind: window.Flexi, Unit: window.Minute, Length: 1},
	{Kind: window.Flexi, Unit: window.Hour, Length: 1},
	{Kind: window.Rolling, Unit: window.Second, Length: 1},
	{Kind: window.Rolling, Unit: window.Minute, Length: 1},
	{Kind: window.Rolling, Unit: window.Minute, Length: 10, Precise: true},
	{Kind: window.Rolling, Unit: window.Hour, Length: 1},
}

// randomCount is a use of one of three counters, some time after the last one.
func randomCount(r *rand.Rand, of *flow.CounterSet, clock *testClock) flow.Count {
	w := of.Window
	steps := []time.Duration{0, 0, time.Millisecond, w.Span() / 100, w.Span() / 10, w.Span() / 2, w.Span() - time.Millisecond, 3 * w.Span()}
	clock.move(steps[r.IntN(len(steps)-r.IntN(3))].Truncate(time.Millisecond))
	n := flow.Count{
		Of: of, Identifier: fmt.Sprint("k", r.IntN(3)), Now: clock.now(),
		Weight: 1, Allowed: int64(3 + r.IntN(3)), Mode: flow.CountMode(max(r.IntN(6)-3, 0)),
	}
	switch r.IntN(12) {
	case 0:
		n.Weight = int64(-1 - r.IntN(6))
		n.Mode = flow.EnforceAndCount
	case 1:
		n.Weight = 0
	case 2, 3:
		n.Weight = int64(2 + r.IntN(3))
	}
	return n
}

// TestCountModel compares random sequences with the definition: counted here, and
// synchronously by three processes, whichever of them is asked.
func TestCountModel(t *testing.T) {
	for _, w := range allWindows {
		for _, sharing := range []flow.Sharing{here, inStep} {
			t.Run(fmt.Sprintf("%d %d %+v", w.Kind, w.Unit, sharing.Distributed), func(t *testing.T) {
				for seed := range uint64(40) {
					clock := newTestClock()
					tally := openTally(t, clock.now)
					processes := []*Counters{NewCounters(tally, clock.now), NewCounters(tally, clock.now), NewCounters(tally, clock.now)}
					if !sharing.Distributed {
						processes = processes[:1]
					}
					compareWithModel(t, seed, set(w, sharing), clock, processes)
				}
			})
		}
	}
}

func compareWithModel(t *testing.T, seed uint64, of *flow.CounterSet, clock *testClock, processes []*Counters) {
	r := rand.New(rand.NewPCG(seed, 3))
	models := map[string]*naive{}
	for i := range 400 {
		n := randomCount(r, of, clock)
		if models[n.Identifier] == nil {
			models[n.Identifier] = &naive{window: of.Window}
		}
		want := models[n.Identifier].count(n)
		got := mustCount(t, processes[r.IntN(len(processes))], n)
		if got.Expires.Before(n.Now) || got.Expires.Equal(time.Time{}) {
			t.Fatalf("seed %d, %d: %+v expires at %s", seed, i, n, got.Expires)
		}
		got.Expires = time.Time{}
		if len(processes) > 1 {
			got.Exceeded, want.Exceeded = 0, 0 // each process has its own
		}
		if got != want {
			t.Fatalf("seed %d, %d: %+v: got %+v, want %+v", seed, i, n, got, want)
		}
	}
}

// TestRollingNeverExceeds: no stretch of time as long as the window gets more than
// is allowed, and what was counted is over at last.
func TestRollingNeverExceeds(t *testing.T) {
	w := window.Window{Kind: window.Rolling, Unit: window.Minute, Length: 1}
	r := rand.New(rand.NewPCG(1, 4))
	clock := newTestClock()
	c := process(t, openTally(t, clock.now), clock.now)
	var let []time.Time
	for range 5000 {
		clock.move(time.Duration(r.IntN(3000)) * time.Millisecond)
		if !mustCount(t, c, flow.Count{Of: set(w, here), Identifier: "k", Now: clock.now(), Weight: 1, Allowed: 10}).Violated {
			let = append(let, clock.now())
		}
	}
	for i := 10; i < len(let); i++ {
		if d := let[i].Sub(let[i-10]); d < w.Span() {
			t.Fatalf("11 were let through within %s", d)
		}
	}
	if least := int(clock.now().Sub(noon)/(w.Span()+w.Grain())) * 10 * 9 / 10; len(let) < least {
		t.Errorf("%d were let through, want %d at least", len(let), least)
	}
}

// TestSynchronousIsExact: of 10,000 requests that three processes get at once,
// exactly as many pass as are allowed, for every kind of window.
func TestSynchronousIsExact(t *testing.T) {
	for _, w := range allWindows {
		t.Run(fmt.Sprintf("%d %d", w.Kind, w.Unit), func(t *testing.T) {
			clock := newTestClock()
			tally := openTally(t, clock.now)
			if got := flood(t, func() Tally { return tally }, clock.now, w, 10_000, 3_333); got != 3_333 {
				t.Errorf("%d passed, 3333 are allowed", got)
			}
		})
	}
}

// flood has three processes count requests at once, and returns how many fitted.
func flood(t *testing.T, tally func() Tally, now func() time.Time, w window.Window, requests, allowed int) int {
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 3 {
		c := process(t, tally(), now)
		var left atomic.Int64
		left.Store(int64(requests / 3))
		for range 16 {
			all.Go(func() {
				for left.Add(-1) >= 0 {
					r, err := c.Count(t.Context(), flow.Count{Of: set(w, inStep), Identifier: "k", Now: now(), Weight: 1, Allowed: int64(allowed)})
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
	return int(passed.Load())
}

// TestLocalIsExact is the same within one process.
func TestLocalIsExact(t *testing.T) {
	clock := newTestClock()
	c := process(t, nil, clock.now)
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 1000 {
				if !mustCount(t, c, flow.Count{Of: set(minute, here), Identifier: "k", Now: clock.now(), Weight: 1, Allowed: 3333}).Violated {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if passed.Load() != 3333 {
		t.Errorf("%d passed, 3333 are allowed", passed.Load())
	}
}

// TestWeightsNeverExceed: with weights, at once, no more than is allowed passes,
// and a weight that was in the way is gone afterwards.
func TestWeightsNeverExceed(t *testing.T) {
	clock := newTestClock()
	tally := openTally(t, clock.now)
	var used atomic.Int64
	var all sync.WaitGroup
	for p := range 3 {
		c := process(t, tally, clock.now)
		for g := range 8 {
			r := rand.New(rand.NewPCG(uint64(p), uint64(g)))
			all.Go(func() {
				for range 300 {
					weight := int64(1 + r.IntN(9))
					if !mustCount(t, c, flow.Count{Of: set(minute, inStep), Identifier: "k", Now: clock.now(), Weight: weight, Allowed: 2000}).Violated {
						used.Add(weight)
					}
				}
			})
		}
	}
	all.Wait()
	after := mustCount(t, process(t, tally, clock.now), flow.Count{Of: set(minute, inStep), Identifier: "k", Now: clock.now()})
	if used.Load() > 2000 || used.Load() < 1992 || after.Used != used.Load() {
		t.Errorf("weights of %d passed, 2000 are allowed; the counter says %d", used.Load(), after.Used)
	}
}

// TestResetsAtOnce: resets that together take more than there is leave nothing, and
// not less.
func TestResetsAtOnce(t *testing.T) {
	for _, w := range []window.Window{minute, {Kind: window.Rolling, Unit: window.Minute, Length: 1}} {
		clock := newTestClock()
		tally := openTally(t, clock.now)
		c := process(t, tally, clock.now)
		n := flow.Count{Of: set(w, inStep), Identifier: "k", Now: clock.now(), Weight: 50, Allowed: 100}
		mustCount(t, c, n)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				reset := n
				reset.Weight = -7
				mustCount(t, process(t, tally, clock.now), reset)
			})
		}
		all.Wait()
		n.Weight = 0
		if got := mustCount(t, c, n); got.Used != 0 {
			t.Errorf("%d are used after resets", got.Used)
		}
		n.Weight = 101
		if got := mustCount(t, c, n); !got.Violated {
			t.Error("resets left less than nothing")
		}
	}
}

// hooked is a tally that does something before each change.
type hooked struct {
	Tally
	before func(key string, n int64)
}

func (h *hooked) Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error) {
	if n != 0 {
		h.before(key, n)
	}
	return h.Tally.Add(ctx, key, n, life)
}

// TestResetsInterleave: of two resets, the second takes away before the first has
// put back what was not there.
func TestResetsInterleave(t *testing.T) {
	clock := newTestClock()
	tally := openTally(t, clock.now)
	n := flow.Count{Of: set(minute, inStep), Identifier: "k", Now: clock.now(), Weight: 1, Allowed: 100}
	mustCount(t, process(t, tally, clock.now), n)
	reset := n
	reset.Weight = -10
	first := &hooked{Tally: tally, before: func(_ string, n int64) {
		if n > 0 { // it puts back
			mustCount(t, process(t, tally, clock.now), reset)
		}
	}}
	mustCount(t, process(t, first, clock.now), reset)
	if got := mustCount(t, process(t, tally, clock.now), n); got.Used != 1 {
		t.Errorf("%d used after two resets and one count, want 1", got.Used)
	}
}

// TestInTheWay: a weight that does not fit is in the way of one that does, until it
// is taken back; then the other is counted.
func TestInTheWay(t *testing.T) {
	clock := newTestClock()
	tally := openTally(t, clock.now)
	n := flow.Count{Of: set(minute, inStep), Identifier: "k", Now: clock.now(), Weight: 8, Allowed: 10}
	mustCount(t, process(t, tally, clock.now), n)
	key := identify(&n)
	heavy := int64(5) // somebody else's, not taken back yet
	tally.Add(t.Context(), key.name()+"."+strconv.FormatInt(noon.UnixMilli(), 36), heavy, time.Hour)
	late := &hooked{Tally: tally, before: func(key string, n int64) {
		if n < 0 && heavy > 0 {
			tally.Add(t.Context(), key, -heavy, time.Hour)
			heavy = 0
		}
	}}
	n.Weight = 2
	if got := mustCount(t, process(t, late, clock.now), n); got.Violated || got.Used != 10 {
		t.Errorf("%+v, want 10 used", got)
	}
}

// TestRefusedOnlyReads: a flood above a quota writes nothing, and a reset by another
// process is noticed all the same.
func TestRefusedOnlyReads(t *testing.T) {
	clock := newTestClock()
	plain := openTally(t, clock.now)
	writes := 0
	c := process(t, &hooked{Tally: plain, before: func(string, int64) { writes++ }}, clock.now)
	n := flow.Count{Of: set(minute, inStep), Identifier: "k", Now: clock.now(), Weight: 1, Allowed: 1}
	mustCount(t, c, n)
	writes = 0
	for range 10 {
		if !mustCount(t, c, n).Violated {
			t.Error("a second request passed")
		}
	}
	if writes > 0 {
		t.Errorf("%d writes for requests that were refused", writes)
	}
	reset := n
	reset.Weight = -1
	mustCount(t, process(t, plain, clock.now), reset)
	if mustCount(t, c, n).Violated {
		t.Error("the reset was not noticed")
	}
}

// TestRollingWithSkew: processes whose clocks differ by less than it takes a part
// to settle let through exactly what is allowed, also at the border of two parts.
func TestRollingWithSkew(t *testing.T) {
	w := window.Window{Kind: window.Rolling, Unit: window.Minute, Length: 1}
	for allowed := range int64(60) { // so that the last ones come anywhere in a part
		clock := newTestClock()
		tally := openTally(t, clock.now)
		late := func() time.Time { return clock.now().Add(-400 * time.Millisecond) }
		a, b := process(t, tally, clock.now), process(t, tally, late)
		passed := int64(0)
		for i := range 100 {
			c, now := a, clock.now()
			if i%2 == 1 {
				c, now = b, late()
			}
			if !mustCount(t, c, flow.Count{Of: set(w, inStep), Identifier: "k", Now: now, Weight: 1, Allowed: allowed}).Violated {
				passed++
			}
			clock.move(70 * time.Millisecond)
		}
		if passed != allowed {
			t.Errorf("%d passed, %d are allowed", passed, allowed)
		}
	}
}

// TestFlexiAgrees: processes that begin a window at once, none of which has seen
// one, begin the same.
func TestFlexiAgrees(t *testing.T) {
	const processes = 8
	w := window.Window{Kind: window.Flexi, Unit: window.Minute, Length: 1}
	clock := newTestClock()
	plain := openTally(t, clock.now)
	for round := range 20 {
		var begun atomic.Int64
		var meet sync.WaitGroup
		meet.Add(processes)
		tally := &hooked{Tally: plain, before: func(key string, n int64) {
			if strings.HasSuffix(key, ".begin") && n > 0 && begun.Add(1) <= processes {
				meet.Done()
				meet.Wait() // all have looked before the first begins
			}
		}}
		var mu sync.Mutex
		ends, violated := map[time.Time]bool{}, 0
		var all sync.WaitGroup
		for i := range processes {
			c := process(t, tally, clock.now)
			all.Go(func() {
				now := clock.now().Add(time.Duration(i%3) * time.Millisecond) // clocks differ a little
				r := mustCount(t, c, flow.Count{Of: set(w, inStep), Identifier: "k", Now: now, Weight: 1, Allowed: 5})
				mu.Lock()
				defer mu.Unlock()
				ends[r.Expires] = true
				if r.Violated {
					violated++
				}
			})
		}
		all.Wait()
		if len(ends) != 1 || violated != processes-5 {
			t.Fatalf("round %d: %d windows, %d violations; want 1 and %d", round, len(ends), violated, processes-5)
		}
		clock.move(2 * time.Minute)
	}
}

// TestFlexiAfterACrash: a process that died while a window was begun leaves a
// begin that is none, and does not keep others from counting.
func TestFlexiAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := window.Window{Kind: window.Flexi, Unit: window.Minute, Length: 1}
		tally := openTally(t, time.Now)
		n := flow.Count{Of: set(w, inStep), Identifier: "k", Weight: 1, Allowed: 5}
		id := identify(&n)
		if _, err := tally.Add(t.Context(), id.name()+".begin", 2*time.Now().UnixMilli(), 0); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			n.Now = time.Now()
			if got := mustCount(t, process(t, tally, time.Now), n); got.Used != int64(i+1) {
				t.Errorf("process %d finds %d used", i, got.Used)
			}
			if took := time.Since(n.Now); took > 5*time.Second || i > 0 && took > 0 {
				t.Errorf("process %d waited %s", i, took)
			}
		}
	})
}

// TestUnavailable: a synchronous Count whose tally does not answer fails, and one
// that fails to take back leaves the counter too high rather than too low.
func TestUnavailable(t *testing.T) {
	clock := newTestClock()
	tally := &failing{Tally: openTally(t, clock.now)}
	tally.after.Store(math.MaxInt64)
	c := process(t, tally, clock.now)
	n := flow.Count{Of: set(minute, inStep), Identifier: "k", Now: clock.now(), Weight: 3, Allowed: 5}
	mustCount(t, c, n)
	tally.after.Store(1)
	n.Weight, c = 4, process(t, tally, clock.now) // one that does not know that it is full
	if _, err := c.Count(t.Context(), n); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	tally.after.Store(math.MaxInt64)
	n.Weight = 0
	if got := mustCount(t, c, n); got.Used != 7 {
		t.Errorf("%d are used", got.Used)
	}
}

// failing is a tally that fails after some calls.
type failing struct {
	Tally
	after atomic.Int64
}

func (f *failing) Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error) {
	if n != 0 && f.after.Add(-1) == -1 {
		return 0, ErrUnavailable
	}
	return f.Tally.Add(ctx, key, n, life)
}

// TestCrowded: at the bound, counters of windows that have ended make room, and no
// other does.
func TestCrowded(t *testing.T) {
	clock := newTestClock()
	c := process(t, openTally(t, clock.now), clock.now)
	c.table.init(10*counterShards, true)
	count := func(key string, sharing flow.Sharing) (flow.Counted, error) {
		return c.Count(t.Context(), flow.Count{Of: set(minute, sharing), Identifier: key, Now: clock.now(), Weight: 1, Allowed: 1})
	}
	refused := 0
	for i := range 20 * counterShards {
		if _, err := count(fmt.Sprint(i), here); errors.Is(err, ErrCrowded) {
			refused++
		}
	}
	if refused < 10*counterShards {
		t.Errorf("%d of %d counters were refused", refused, 20*counterShards)
	}
	if r, err := count("0", here); err != nil || !r.Violated {
		t.Errorf("a counter was forgotten within its window: %+v, %v", r, err)
	}
	if _, err := count("on the tally", inStep); err != nil {
		t.Errorf("a synchronous counter needs no room: %v", err)
	}
	clock.move(2 * time.Minute)
	for i := range 100 {
		if r, err := count(fmt.Sprint("new", i), here); err != nil || r.Violated {
			t.Fatalf("there is no room although all windows have ended: %+v, %v", r, err)
		}
	}
}

// TestLongKeys: keys of any length are told apart, and not kept.
func TestLongKeys(t *testing.T) {
	clock := newTestClock()
	c := process(t, nil, clock.now)
	long := string(make([]byte, 10_000))
	for _, key := range []string{long + "a", long + "b", long} {
		if got := mustCount(t, c, flow.Count{Of: set(minute, here), Identifier: key, Now: clock.now(), Weight: 1, Allowed: 5}); got.Used != 1 {
			t.Errorf("two long keys are one")
		}
		n := flow.Count{Of: set(minute, here), Identifier: key}
		if id := identify(&n); len(id.identifier) > longestIdentifier {
			t.Errorf("a key of %d bytes is kept", len(id.identifier))
		}
	}
}

// TestClashingHashes: counters of one hash are told apart, also when one is forgotten.
func TestClashingHashes(t *testing.T) {
	clock := newTestClock()
	var table counterTable
	table.init(counterShards*10, true)
	s := &table.shards[0]
	ids := [3]counterID{}
	for i, ends := range []time.Duration{time.Hour, 0, time.Hour} {
		ids[i] = counterID{set(minute, here), fmt.Sprint(i)}
		k := newCounter(ids[i])
		k.ends = clock.now().Add(ends)
		s.put(7, k)
	}
	if other := (counterID{set(minute, here), "3"}); s.get(7, &other) != nil {
		t.Error("another counter is found")
	}
	for i := range ids {
		if k := s.get(7, &ids[i]); k == nil || k.id != ids[i] {
			t.Errorf("%d is not found", i)
		}
	}
	s.forget(clock.now())
	if s.size != 2 || s.get(7, &ids[0]) == nil || s.get(7, &ids[1]) != nil || s.get(7, &ids[2]) == nil {
		t.Errorf("%d counters are left", s.size)
	}
	s.forget(clock.now().Add(2 * time.Hour))
	if s.size != 0 || len(s.counters) != 0 {
		t.Errorf("%d counters are left", s.size)
	}
}

// TestSameCounters: a set that says the same names the same counters, and one that
// differs in anything but how often it is shared names others.
func TestSameCounters(t *testing.T) {
	base := flow.CounterSet{Policy: "P", Limits: "L", Window: window.Window{Kind: window.Calendar, Unit: window.Hour, Length: 1, Start: noon}, Sharing: here}
	tests := []struct {
		name   string
		change func(*flow.CounterSet)
		same   bool
	}{
		{"nothing", func(*flow.CounterSet) {}, true},
		{"start in another zone", func(s *flow.CounterSet) { s.Window.Start = noon.In(time.FixedZone("", 3600)) }, true},
		{"interval", func(s *flow.CounterSet) { s.Sharing.Interval = time.Minute }, true},
		{"policy", func(s *flow.CounterSet) { s.Policy = "Q" }, false},
		{"limits", func(s *flow.CounterSet) { s.Limits = "M" }, false},
		{"kind", func(s *flow.CounterSet) { s.Window.Kind = window.Default }, false},
		{"unit", func(s *flow.CounterSet) { s.Window.Unit = window.Day }, false},
		{"length", func(s *flow.CounterSet) { s.Window.Length = 2 }, false},
		{"precise", func(s *flow.CounterSet) { s.Window.Precise = true }, false},
		{"start", func(s *flow.CounterSet) { s.Window.Start = noon.Add(time.Second) }, false},
		{"distributed", func(s *flow.CounterSet) { s.Sharing = eventually }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			other := base
			test.change(&other)
			c := process(t, openTally(t, newTestClock().now), newTestClock().now)
			n := flow.Count{Of: &base, Identifier: "k", Now: noon, Weight: 1, Allowed: 5}
			mustCount(t, c, n)
			n.Of = &other
			if got := mustCount(t, c, n); (got.Used == 2) != test.same {
				t.Errorf("%d counted", got.Used)
			}
		})
	}
}

// set is a set of counters that only its window and its sharing tell from others.
func set(w window.Window, s flow.Sharing) *flow.CounterSet {
	return &flow.CounterSet{Window: w, Sharing: s}
}
