package appint

import (
	"context"
	"math"
	"sync"

	"sluice/internal/state"
)

// mirror keeps in memory what this process needs to know of every entry of a bucket, to list,
// to search and to decide without reading the bucket. A watch keeps it fresh; writes of this
// process enter it at once, so that whoever wrote finds what it wrote.
type mirror[T any] struct {
	// read makes of an entry what is kept; false leaves out what cannot be read.
	read func(key string, value []byte) (T, bool)
	// changed is told of every change, without a lock. There is none when key is gone. It must
	// not wait for anything.
	changed func(key string, value T, there bool)

	mu      sync.RWMutex // guards entries
	entries map[string]mirrored[T]
}

type mirrored[T any] struct {
	value    T
	revision uint64
}

// follow fills the mirror and keeps it fresh until ctx ends.
func (m *mirror[T]) follow(ctx context.Context, b state.Bucket) error {
	if m.entries == nil {
		m.entries = map[string]mirrored[T]{}
	}
	return b.Watch(ctx, func(c state.Change) {
		if c.Value == nil {
			m.removed(c.Key, c.Revision)
			return
		}
		m.wrote(c.Key, c.Value, c.Revision)
	})
}

// wrote takes in an entry, unless a later one is known.
func (m *mirror[T]) wrote(key string, value []byte, revision uint64) {
	v, ok := m.read(key, value)
	if !ok {
		return
	}
	m.mu.Lock()
	later := m.entries[key].revision >= revision
	if !later {
		m.entries[key] = mirrored[T]{v, revision}
	}
	m.mu.Unlock()
	if !later && m.changed != nil {
		m.changed(key, v, true)
	}
}

// removed takes an entry out, unless it was written again since.
func (m *mirror[T]) removed(key string, revision uint64) {
	m.mu.Lock()
	e, there := m.entries[key]
	there = there && e.revision < revision
	if there {
		delete(m.entries, key)
	}
	m.mu.Unlock()
	if there && m.changed != nil {
		m.changed(key, e.value, false)
	}
}

// forget takes out an entry that this process has removed from the bucket.
func (m *mirror[T]) forget(key string) { m.removed(key, math.MaxUint64) }

func (m *mirror[T]) get(key string) (T, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e, ok := m.entries[key]
	return e.value, ok
}

// revision is that of the entry as it is known; 0 when there is none.
func (m *mirror[T]) revision(key string) uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.entries[key].revision
}

// list returns what keep holds for, in no order.
func (m *mirror[T]) list(keep func(T) bool) []T {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []T
	for _, e := range m.entries {
		if keep(e.value) {
			out = append(out, e.value)
		}
	}
	return out
}

func (m *mirror[T]) len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.entries)
}
