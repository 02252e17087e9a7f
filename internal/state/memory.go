package state

import (
	"context"
	"sync"
	"time"
)

// NewMemory returns an engine that keeps everything in this process and forgets
// it at the end: for tests, of ours and of bundles. Lives are measured with
// now. What is past its life is gone for every call, while watches hear of it
// with the next call of the bucket, since an injected clock wakes nobody. Watches
// are told of writes before these return.
func NewMemory(now func() time.Time) Engine {
	return &memory{now: now, buckets: map[string]*memoryBucket{}, tallies: map[string]*memoryTally{}}
}

type memory struct {
	now func() time.Time

	mu      sync.Mutex // guards what follows
	buckets map[string]*memoryBucket
	tallies map[string]*memoryTally
	closed  bool
}

func (m *memory) Bucket(ctx context.Context, c BucketConfig) (Bucket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.mayOpen(ctx, c.Name); err != nil {
		return nil, err
	}
	b, ok := m.buckets[c.Name]
	if !ok {
		b = &memoryBucket{now: m.now, entries: map[string]*memoryEntry{}, watches: map[*memoryWatch]struct{}{}}
		m.buckets[c.Name] = b
	}
	return b, nil
}

func (m *memory) Tally(ctx context.Context, name string) (Tally, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.mayOpen(ctx, name); err != nil {
		return nil, err
	}
	t, ok := m.tallies[name]
	if !ok {
		t = &memoryTally{now: m.now, counts: map[string]*memoryCount{}}
		m.tallies[name] = t
	}
	return t, nil
}

// mayOpen is called with the lock held.
func (m *memory) mayOpen(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.closed {
		return ErrUnavailable
	}
	return checkName(name)
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, b := range m.buckets {
		b.close()
	}
	for _, t := range m.tallies {
		t.close()
	}
	return nil
}

type memoryBucket struct {
	now func() time.Time

	mu       sync.Mutex // guards what follows, and is held while a watch is told
	entries  map[string]*memoryEntry
	lives    lives
	watches  map[*memoryWatch]struct{}
	revision uint64 // of the last write
	closed   bool
}

type memoryEntry struct {
	mortal
	Entry
}

type memoryWatch struct {
	ctx context.Context
	do  func(Change)
}

// enter takes the lock and forgets what is past its life. On an error the lock is
// not held.
func (b *memoryBucket) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return ErrUnavailable
	}
	now := b.now()
	for key, ok := b.lives.ended(now); ok; key, ok = b.lives.ended(now) {
		b.remove(key)
	}
	return nil
}

func (b *memoryBucket) Get(ctx context.Context, key string) (Entry, error) {
	if err := checkKey(key); err != nil {
		return Entry{}, err
	}
	if err := b.enter(ctx); err != nil {
		return Entry{}, err
	}
	defer b.mu.Unlock()
	e, ok := b.entries[key]
	if !ok {
		return Entry{}, ErrNotFound
	}
	return e.Entry, nil
}

func (b *memoryBucket) Put(ctx context.Context, key string, value []byte, life time.Duration) (uint64, error) {
	if err := checkWrite(key, life); err != nil {
		return 0, err
	}
	if err := b.enter(ctx); err != nil {
		return 0, err
	}
	defer b.mu.Unlock()
	return b.write(key, value, life), nil
}

func (b *memoryBucket) Replace(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	if err := checkWrite(key, life); err != nil {
		return 0, err
	}
	if err := b.enter(ctx); err != nil {
		return 0, err
	}
	defer b.mu.Unlock()
	var present uint64
	if e, ok := b.entries[key]; ok {
		present = e.Revision
	}
	if present != revision {
		return 0, ErrRevision
	}
	return b.write(key, value, life), nil
}

func (b *memoryBucket) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := b.enter(ctx); err != nil {
		return err
	}
	defer b.mu.Unlock()
	b.remove(key)
	return nil
}

func (b *memoryBucket) Purge(ctx context.Context, prefix string) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	defer b.mu.Unlock()
	for key := range b.entries {
		if within(key, prefix) {
			b.remove(key)
		}
	}
	return nil
}

func (b *memoryBucket) Watch(ctx context.Context, do func(Change)) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	defer b.mu.Unlock()
	for key, e := range b.entries {
		do(Change{Key: key, Value: e.Value, Revision: e.Revision})
	}
	b.watch(ctx, do)
	return nil
}

func (b *memoryBucket) Follow(ctx context.Context, do func(Change)) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	defer b.mu.Unlock()
	b.watch(ctx, do)
	return nil
}

// watch is called with the lock held, like write, remove and tell.
func (b *memoryBucket) watch(ctx context.Context, do func(Change)) {
	w := &memoryWatch{ctx, do}
	b.watches[w] = struct{}{}
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watches, w)
	})
}

func (b *memoryBucket) write(key string, value []byte, life time.Duration) uint64 {
	e, ok := b.entries[key]
	if !ok {
		e = &memoryEntry{mortal: mortal{key: key, place: -1}}
		b.entries[key] = e
	}
	b.revision++
	e.Entry = Entry{Value: append([]byte{}, value...), Revision: b.revision}
	b.lives.set(&e.mortal, b.now(), life)
	b.tell(Change{Key: key, Value: e.Value, Revision: e.Revision})
	return b.revision
}

func (b *memoryBucket) remove(key string) {
	e, ok := b.entries[key]
	if !ok {
		return
	}
	b.lives.set(&e.mortal, time.Time{}, 0)
	delete(b.entries, key)
	b.revision++
	b.tell(Change{Key: key, Revision: b.revision})
}

func (b *memoryBucket) tell(c Change) {
	for w := range b.watches {
		if w.ctx.Err() == nil {
			w.do(c)
		}
	}
}

func (b *memoryBucket) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	clear(b.watches)
}
