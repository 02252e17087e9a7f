// Package statetest is the suite that every engine of internal/state passes: one
// test for each promise of its interfaces.
//
//  1. Test opens one engine and runs the tests of buckets (bucket.go, removal.go), watches
//     (watch.go) and counters (tally.go) on it, each in a bucket of its own.
//  2. At the end it closes the engine and tests what is promised for then.
//
// Lives are measured by the clock of the host, since an engine may be a server.
package statetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sluice/internal/state"
)

// Test runs the suite. open returns a new engine without anything in it; Test
// closes it.
func Test(t *testing.T, open func(t *testing.T) state.Engine) {
	s := &suite{engine: open(t)}
	t.Cleanup(func() {
		if err := s.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, tt := range slices.Concat(s.buckets(), s.removals(), s.watches(), s.tallies(), s.closing()) {
		t.Run(tt.name, tt.run)
	}
}

// promise is one test.
type promise struct {
	name string
	run  func(*testing.T)
}

type suite struct{ engine state.Engine }

// within is how long anything here may take. It is a guard against hanging, not a
// measure of speed.
const within = 2 * time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	return ctx
}

func (s *suite) bucket(t *testing.T, name string, durable bool) state.Bucket {
	t.Helper()
	b, err := s.engine.Bucket(testContext(t), state.BucketConfig{Name: name, Durable: durable})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s *suite) closing() []promise {
	return []promise{
		{"names are checked", s.namesAreChecked},
		{"after Close everything is ErrUnavailable", s.closed},
	}
}

func (s *suite) namesAreChecked(t *testing.T) {
	for _, name := range []string{"", "a.b", "a b", "a*", "ä", string(make([]byte, 65))} {
		if _, err := s.engine.Bucket(testContext(t), state.BucketConfig{Name: name}); err == nil {
			t.Errorf("a bucket called %q was opened", name)
		}
		if _, err := s.engine.Tally(testContext(t), name); err == nil {
			t.Errorf("counters called %q were opened", name)
		}
	}
}

func (s *suite) closed(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "closing", false)
	tally, err := s.engine.Tally(ctx, "closing")
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	must(t, b.Watch(ctx, r.tell))
	for range 2 { // closing again is no error
		must(t, s.engine.Close())
	}
	for name, do := range map[string]func() error{
		"Get":       func() error { _, err := b.Get(ctx, "k"); return err },
		"Put":       func() error { _, err := b.Put(ctx, "k", nil, 0); return err },
		"Replace":   func() error { _, err := b.Replace(ctx, "k", nil, 0, 0); return err },
		"Delete":    func() error { return b.Delete(ctx, "k") },
		"Purge":     func() error { return b.Purge(ctx, "") },
		"Watch":     func() error { return b.Watch(ctx, r.tell) },
		"Follow":    func() error { return b.Follow(ctx, r.tell) },
		"Add":       func() error { _, err := tally.Add(ctx, "k", 1, 0); return err },
		"Tally.Get": func() error { _, err := tally.Get(ctx, "k"); return err },
		"Bucket":    func() error { _, err := s.engine.Bucket(ctx, state.BucketConfig{Name: "later"}); return err },
		"Tally":     func() error { _, err := s.engine.Tally(ctx, "later"); return err },
	} {
		if err := do(); !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("%s after Close: %v, want ErrUnavailable", name, err)
		}
	}
	if told := r.all(); len(told) > 0 {
		t.Errorf("the watch of an empty bucket was told %v", told)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// value returns what a call returned, and fails the test on an error.
func value[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}
