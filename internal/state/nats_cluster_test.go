package state_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

// TestCluster runs the suite on three nodes, each call on another one: what one
// node acknowledged, the others know.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("three nodes take some seconds")
	}
	t.Parallel()
	statetest.Test(t, func(t *testing.T) state.Engine { return &turns{engines: statetest.Cluster(t, 3)} })
}

// TestOpenTogether opens the same things on three nodes at once, as processes do that start
// together. NATS does not answer all of them.
func TestOpenTogether(t *testing.T) {
	if testing.Short() {
		t.Skip("three nodes take some seconds")
	}
	t.Parallel()
	engines := statetest.Cluster(t, 3)
	var opening sync.WaitGroup
	for i, e := range engines {
		opening.Go(func() {
			for n := range 4 {
				if _, err := e.Bucket(t.Context(), state.BucketConfig{Name: fmt.Sprint("together", n), Durable: n%2 == 0}); err != nil {
					t.Errorf("node %d: %v", i, err)
				}
			}
			if _, err := e.Tally(t.Context(), "together"); err != nil {
				t.Errorf("node %d: %v", i, err)
			}
		})
	}
	opening.Wait()
}

// turns is an engine that does each call on the next of several engines.
type turns struct {
	engines []state.Engine
	next    atomic.Uint64
}

func (n *turns) turn() int { return int(n.next.Add(1) % uint64(len(n.engines))) }

func (n *turns) Bucket(ctx context.Context, c state.BucketConfig) (state.Bucket, error) {
	b := &turnsBucket{turns: n}
	for _, e := range n.engines {
		one, err := e.Bucket(ctx, c)
		if err != nil {
			return nil, err
		}
		b.buckets = append(b.buckets, one)
	}
	return b, nil
}

func (n *turns) Tally(ctx context.Context, name string) (state.Tally, error) {
	b := &turnsTally{turns: n}
	for _, e := range n.engines {
		one, err := e.Tally(ctx, name)
		if err != nil {
			return nil, err
		}
		b.tallies = append(b.tallies, one)
	}
	return b, nil
}

func (n *turns) Close() error {
	var errs []error
	for _, e := range n.engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}

type turnsBucket struct {
	turns   *turns
	buckets []state.Bucket
}

func (b *turnsBucket) one() state.Bucket { return b.buckets[b.turns.turn()] }

func (b *turnsBucket) Get(ctx context.Context, key string) (state.Entry, error) {
	return b.one().Get(ctx, key)
}

func (b *turnsBucket) Put(ctx context.Context, key string, value []byte, life time.Duration) (uint64, error) {
	return b.one().Put(ctx, key, value, life)
}

func (b *turnsBucket) Replace(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	return b.one().Replace(ctx, key, value, revision, life)
}

func (b *turnsBucket) Delete(ctx context.Context, key string) error { return b.one().Delete(ctx, key) }

func (b *turnsBucket) Purge(ctx context.Context, prefix string) error {
	return b.one().Purge(ctx, prefix)
}

func (b *turnsBucket) Watch(ctx context.Context, do func(state.Change)) error {
	return b.one().Watch(ctx, do)
}

func (b *turnsBucket) Follow(ctx context.Context, do func(state.Change)) error {
	return b.one().Follow(ctx, do)
}

type turnsTally struct {
	turns   *turns
	tallies []state.Tally
}

func (t *turnsTally) one() state.Tally { return t.tallies[t.turns.turn()] }

func (t *turnsTally) Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error) {
	return t.one().Add(ctx, key, n, life)
}

func (t *turnsTally) Get(ctx context.Context, key string) (int64, error) {
	return t.one().Get(ctx, key)
}

func (t *turnsTally) Shared() bool { return true }
