package state_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	statetest.Test(t, func(*testing.T) state.Engine { return state.NewMemory(time.Now) })
}

// clock is moved by hand.
type clock struct{ since atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1e9, c.since.Load()) }
func (c *clock) forward(d time.Duration) { c.since.Add(int64(d)) }

func TestMemoryLives(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var c clock
	b, err := state.NewMemory(c.now).Bucket(ctx, state.BucketConfig{Name: "b"})
	check(t, err)
	var told []string
	check(t, b.Watch(ctx, func(c state.Change) { told = append(told, fmt.Sprintf("%s %t", c.Key, c.Value != nil)) }))
	for key, life := range map[string]time.Duration{"long": time.Hour, "short": time.Minute, "always": 0, "renewed": time.Minute} {
		_, err := b.Put(ctx, key, []byte("v"), life)
		check(t, err)
	}
	c.forward(time.Minute - 1)
	_, err = b.Put(ctx, "renewed", []byte("v"), time.Minute)
	check(t, err)
	expectKeys(t, b, "always", "long", "renewed", "short")
	told = nil
	c.forward(1)
	expectKeys(t, b, "always", "long", "renewed")
	c.forward(time.Hour)
	expectKeys(t, b, "always")
	if want := []string{"short false", "renewed false", "long false"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func expectKeys(t *testing.T, b state.Bucket, want ...string) {
	t.Helper()
	var keys []string
	for _, key := range []string{"always", "long", "renewed", "short"} {
		if _, err := b.Get(t.Context(), key); err == nil {
			keys = append(keys, key)
		} else if !errors.Is(err, state.ErrNotFound) {
			t.Error(err)
		}
	}
	if !slices.Equal(keys, want) {
		t.Errorf("there are %q, want %q", keys, want)
	}
}

func TestMemoryCountsAreForgotten(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var c clock
	tally, err := state.NewMemory(c.now).Tally(ctx, "t")
	check(t, err)
	for want := range int64(3) { // each change renews the life
		n, err := tally.Add(ctx, "k", 1, time.Minute)
		if err != nil || n != want+1 {
			t.Errorf("%d, %v, want %d", n, err, want+1)
		}
		c.forward(time.Minute - 1)
	}
	for range 2 { // reading does not
		if n, err := tally.Add(ctx, "k", 0, time.Minute); err != nil || n != 3 {
			t.Errorf("%d, %v, want 3", n, err)
		}
	}
	c.forward(1)
	if n, err := tally.Get(ctx, "k"); err != nil || n != 0 {
		t.Errorf("after its life it is %d, %v", n, err)
	}
}
