package tasks

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/state"
)

// TestLeaseAfterElection has an engine whose first answers come late, or whose first acknowledgement
// is lost, as they are when a cluster elects: work begins as soon as the engine answers, and goes on.
func TestLeaseAfterElection(t *testing.T) {
	for _, c := range []struct {
		name  string
		first func(replace func() (uint64, error)) (uint64, error)
		begin time.Duration // of work, at the latest
	}{
		{"late", func(replace func() (uint64, error)) (uint64, error) {
			revision, err := replace()
			time.Sleep(2700 * time.Millisecond)
			return revision, err
		}, 2700 * time.Millisecond},
		{"later than its life", func(replace func() (uint64, error)) (uint64, error) {
			revision, err := replace()
			time.Sleep(3500 * time.Millisecond)
			return revision, err
		}, 3600 * time.Millisecond},
		{"lost", func(replace func() (uint64, error)) (uint64, error) {
			_, _ = replace()
			return 0, state.ErrUnavailable
		}, 1100 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := state.NewMemory(time.Now)
				b, err := e.Bucket(t.Context(), buckets.lease)
				check(t, err)
				l := &lease{bucket: &lateBucket{Bucket: b, first: c.first}, owner: "me", life: 3 * time.Second, now: time.Now}
				ctx, cancel := context.WithCancel(t.Context())
				start := time.Now()
				var begun []time.Duration
				done := make(chan struct{})
				go func() {
					defer close(done)
					l.keep(ctx, func(ctx context.Context) {
						begun = append(begun, time.Since(start))
						<-ctx.Done()
					})
				}()
				time.Sleep(time.Minute)
				cancel()
				<-done
				if len(begun) != 1 || begun[0] > c.begin {
					t.Errorf("work began after %v; want once, %s after the begin", begun, c.begin)
				}
				check(t, e.Close())
			})
		})
	}
}

// lateBucket does the first Replace in its own way.
type lateBucket struct {
	state.Bucket
	first func(replace func() (uint64, error)) (uint64, error)
}

func (b *lateBucket) Replace(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	replace := func() (uint64, error) { return b.Bucket.Replace(ctx, key, value, revision, life) }
	if first := b.first; first != nil {
		b.first = nil
		return first(replace)
	}
	return replace()
}
