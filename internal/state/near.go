package state

import (
	"hash/maphash"
	"sync"

	"github.com/maypok86/otter/v2"
)

// near is the part of a bucket that this process holds. What is read from the
// engine is kept only if nothing was changed meanwhile, so that a change which
// forgets an entry is never undone by a read that began before it.
type near[K comparable, V any] struct {
	local  *otter.Cache[K, V]
	seed   maphash.Seed
	shards [64]shard
}

// shard orders reads and changes of the keys that fall to it.
type shard struct {
	mu      sync.Mutex // guards changes, and the local entries of the shard
	changes uint64
}

func newNear[K comparable, V any](o *otter.Options[K, V]) (*near[K, V], error) {
	local, err := otter.New(o)
	return &near[K, V]{local: local, seed: maphash.MakeSeed()}, err
}

func (n *near[K, V]) shard(k K) *shard {
	return &n.shards[maphash.Comparable(n.seed, k)%uint64(len(n.shards))]
}

// get returns the local value, or what fetch reads.
func (n *near[K, V]) get(k K, fetch func() (v V, found bool, err error)) (v V, found bool, err error) {
	if v, ok := n.local.GetIfPresent(k); ok {
		return v, true, nil
	}
	s := n.shard(k)
	s.mu.Lock()
	before := s.changes
	s.mu.Unlock()
	v, found, err = fetch()
	if err != nil || !found {
		return v, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == before {
		n.local.Set(k, v)
	}
	return v, true, nil
}

// forget drops a key that was changed.
func (n *near[K, V]) forget(k K) {
	s := n.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	n.local.Invalidate(k)
}

// forgetAll drops everything: nobody knows what was changed.
func (n *near[K, V]) forgetAll() {
	for i := range n.shards {
		s := &n.shards[i]
		s.mu.Lock()
		s.changes++
		s.mu.Unlock()
	}
	n.local.InvalidateAll()
}

// close ends the goroutine that otter keeps.
func (n *near[K, V]) close() {
	n.local.StopAllGoroutines()
}
