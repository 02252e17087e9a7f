package tasks

import (
	"context"
	"sync/atomic"
	"time"

	"sluice/internal/delay"
	"sluice/internal/state"
)

// fragile is an engine whose writes fail while it is broken. Every second one of them happens all
// the same, which is what an acknowledgement that was lost looks like. Its watches tell of changes
// some time after they happened, as those of a cluster do. And it may know none of its tasks for
// some looks at them, as a member that leads since a moment ago and has not caught up.
type fragile struct {
	state.Engine
	lag     time.Duration // between two changes that are told, 0 for none
	broken  atomic.Bool
	writes  atomic.Int64
	unaware atomic.Int64 // for how many more looks at tasks it knows none
}

func (f *fragile) Bucket(ctx context.Context, c state.BucketConfig) (state.Bucket, error) {
	b, err := f.Engine.Bucket(ctx, c)
	return &fragileBucket{b, f, c.Name == buckets.tasks.Name}, err
}

type fragileBucket struct {
	state.Bucket
	engine *fragile
	tasks  bool
}

func (b *fragileBucket) Get(ctx context.Context, key string) (state.Entry, error) {
	if b.tasks && b.engine.unaware.Add(-1) >= 0 {
		return state.Entry{}, state.ErrNotFound
	}
	return b.Bucket.Get(ctx, key)
}

func (b *fragileBucket) Replace(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	if b.tasks && b.engine.unaware.Load() > 0 {
		return 0, state.ErrRevision
	}
	broken := b.engine.broken.Load()
	if broken && b.engine.writes.Add(1)%2 == 0 {
		return 0, state.ErrUnavailable
	}
	written, err := b.Bucket.Replace(ctx, key, value, revision, life)
	if broken {
		return 0, state.ErrUnavailable
	}
	return written, err
}

// Watch tells what is there at once, and what follows after the lag.
func (b *fragileBucket) Watch(ctx context.Context, do func(state.Change)) error {
	if b.engine.lag == 0 {
		return b.Bucket.Watch(ctx, do)
	}
	later := make(chan state.Change, 10000)
	begun := false
	err := b.Bucket.Watch(ctx, func(c state.Change) {
		if begun {
			later <- c
		} else {
			do(c)
		}
	})
	begun = true
	go func() {
		for {
			select {
			case c := <-later:
				if delay.For(ctx, b.engine.lag) {
					do(c)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return err
}
