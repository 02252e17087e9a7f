package statetest

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func (s *suite) tallies() []promise {
	return []promise{
		{"adding", s.adding},
		{"counting at once is exact", s.addingTogether},
		{"counters have any key", s.anyCounter},
		{"counters are apart", s.countersApart},
		{"a count keeps within 63 bits", s.countLimit},
	}
}

// lives are lives that an engine may keep apart.
var lives = []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour, 31 * 24 * time.Hour, 366 * 24 * time.Hour}

func (s *suite) adding(t *testing.T) {
	ctx := testContext(t)
	tally := value(s.engine.Tally(ctx, "adding"))(t)
	for _, life := range lives {
		key := fmt.Sprint("k.", life)
		if n := value(tally.Get(ctx, key))(t); n != 0 {
			t.Errorf("%s: before it is %d", life, n)
		}
		total := int64(0)
		for _, n := range []int64{1, 5, 0, -2, 1 << 40, -(1 << 40), -4, -10, 10} {
			total += n
			if got := value(tally.Add(ctx, key, n, life))(t); got != total {
				t.Errorf("%s: adding %d makes %d, want %d", life, n, got, total)
			}
			if got := value(tally.Get(ctx, key))(t); got != total {
				t.Errorf("%s: after %d it is %d, want %d", life, n, got, total)
			}
		}
	}
}

// addingTogether fails when a count is lost, counted twice, or when two calls
// return the same total.
func (s *suite) addingTogether(t *testing.T) {
	ctx := testContext(t)
	tally := value(s.engine.Tally(ctx, "together"))(t)
	const callers, times = 10, 100
	totals := make(chan int64, callers*times)
	together(callers, func(int) {
		for range times {
			n, err := tally.Add(ctx, "k", 1, time.Hour)
			if err != nil {
				t.Error(err)
			}
			totals <- n
		}
	})
	close(totals)
	seen := map[int64]bool{}
	for n := range totals {
		if n < 1 || n > callers*times || seen[n] {
			t.Errorf("a total of %d is wrong or was there before", n)
		}
		seen[n] = true
	}
	if n := value(tally.Get(ctx, "k"))(t); n != callers*times {
		t.Errorf("counted to %d, want %d", n, callers*times)
	}
}

func (s *suite) anyCounter(t *testing.T) {
	ctx := testContext(t)
	tally := value(s.engine.Tally(ctx, "strange"))(t)
	for i, key := range strangeKeys {
		value(tally.Add(ctx, key, int64(i+1), time.Minute))(t)
	}
	for i, key := range strangeKeys {
		if n := value(tally.Get(ctx, key))(t); n != int64(i+1) {
			t.Errorf("the count of %q is %d, want %d", key, n, i+1)
		}
	}
}

func (s *suite) countersApart(t *testing.T) {
	ctx := testContext(t)
	a, b := value(s.engine.Tally(ctx, "apart"))(t), value(s.engine.Tally(ctx, "apart-2"))(t)
	value(a.Add(ctx, "k", 3, 0))(t)
	if n := value(b.Get(ctx, "k"))(t); n != 0 {
		t.Errorf("other counters have %d", n)
	}
	if n := value(value(s.engine.Tally(ctx, "apart"))(t).Get(ctx, "k"))(t); n != 3 {
		t.Errorf("opened again they have %d", n)
	}
}

func (s *suite) countLimit(t *testing.T) {
	ctx := testContext(t)
	tally := value(s.engine.Tally(ctx, "limit"))(t)
	for _, n := range []int64{math.MaxInt64, math.MinInt64 + 1} {
		key := fmt.Sprint(n)
		if got := value(tally.Add(ctx, key, n, 0))(t); got != n {
			t.Errorf("%d became %d", n, got)
		}
		if got, err := tally.Add(ctx, key, n, 0); err == nil {
			t.Errorf("twice %d became %d", n, got)
		}
	}
}
