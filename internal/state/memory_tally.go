package state

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

type memoryTally struct {
	now func() time.Time

	mu     sync.Mutex // guards what follows
	counts map[string]*memoryCount
	lives  lives
	closed bool
}

type memoryCount struct {
	mortal
	total int64
}

func (t *memoryTally) Add(ctx context.Context, key string, n int64, life time.Duration) (int64, error) {
	if err := checkWrite(key, life); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return 0, ErrUnavailable
	}
	now := t.now()
	t.forget(now)
	if n == 0 {
		return t.total(key), nil
	}
	if overflows(t.total(key), n) {
		return 0, fmt.Errorf("state: the count of %q would leave 63 bits", key)
	}
	c, ok := t.counts[key]
	if !ok {
		c = &memoryCount{mortal: mortal{key: key, place: -1}}
		t.counts[key] = c
	}
	c.total += n
	t.lives.set(&c.mortal, now, life)
	return c.total, nil
}

func (t *memoryTally) Get(ctx context.Context, key string) (int64, error) {
	return t.Add(ctx, key, 0, 0)
}

// Shared is part of Tally. Tests have several processes on one engine.
func (t *memoryTally) Shared() bool { return true }

// forget is called with the lock held, like total.
func (t *memoryTally) forget(now time.Time) {
	for key, ok := t.lives.ended(now); ok; key, ok = t.lives.ended(now) {
		delete(t.counts, key)
	}
}

func (t *memoryTally) total(key string) int64 {
	if c, ok := t.counts[key]; ok {
		return c.total
	}
	return 0
}

func (t *memoryTally) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// overflows tells whether a+n leaves int64.
func overflows(a, n int64) bool {
	return n > 0 && a > math.MaxInt64-n || n < 0 && a < math.MinInt64-n
}
