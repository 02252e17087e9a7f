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
)

// load writes and counts without a pause, and watches what it wrote.
type load struct {
	bucket state.Bucket
	tally  state.Tally
	puts   atomic.Int64 // keys k.1 to k.puts are acknowledged, but for those in refused
	adds   atomic.Int64 // acknowledged
	tried  atomic.Int64 // adds that may have happened
	putGap gap
	addGap gap
	seen   atomic.Uint64 // the revision that the watch has come to
	stop   func()

	mu      sync.Mutex // guards what follows
	refused map[int64]bool
	told    map[string]bool // by the watch
}

func startLoad(t *testing.T, b state.Bucket, tally state.Tally) *load {
	t.Helper()
	l := &load{bucket: b, tally: tally, refused: map[int64]bool{}, told: map[string]bool{}}
	check(t, b.Watch(t.Context(), func(c state.Change) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.told[c.Key] = true
		l.seen.Store(c.Revision)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	l.stop = sync.OnceFunc(func() { cancel(); workers.Wait() })
	t.Cleanup(l.stop)
	workers.Go(func() {
		for ctx.Err() == nil {
			l.put(t)
		}
	})
	workers.Go(func() {
		for ctx.Err() == nil {
			l.add(t)
		}
	})
	return l
}

func (l *load) String() string {
	return fmt.Sprintf("%d values and %d counts acknowledged", l.putGap.marks.Load(), l.adds.Load())
}

func (l *load) put(t *testing.T) {
	n := l.puts.Load() + 1
	_, err := l.bucket.Put(context.Background(), fmt.Sprint("k.", n), nil, 0)
	if err == nil {
		l.putGap.mark()
	} else {
		expectUnavailable(t, err)
		l.mu.Lock()
		l.refused[n] = true
		l.mu.Unlock()
	}
	l.puts.Store(n)
}

func (l *load) add(t *testing.T) {
	l.tried.Add(1)
	n, err := l.tally.Add(context.Background(), "k", 1, time.Minute)
	if err != nil {
		expectUnavailable(t, err)
		return
	}
	l.addGap.mark()
	if sure := l.adds.Add(1); n < sure {
		t.Errorf("the count is %d when %d adds were acknowledged", n, sure)
	}
}

func expectUnavailable(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("during the election: %v", err)
	}
}

// waitFor waits for so many more values and counts.
func (l *load) waitFor(t *testing.T, more int64) {
	t.Helper()
	puts, adds := l.putGap.marks.Load()+more, l.adds.Load()+more
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for l.putGap.marks.Load() < puts || l.adds.Load() < adds {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("traffic does not go on: %s", l)
		}
	}
}

// catchUp waits until the watch has come to the present.
func (l *load) catchUp(t *testing.T) {
	t.Helper()
	last, err := l.bucket.Put(t.Context(), "last", nil, 0)
	check(t, err)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for l.seen.Load() < last {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("the watch has come to revision %d, not to %d", l.seen.Load(), last)
		}
	}
}

// checkAcknowledged looks whether all that was acknowledged is there. A watch may
// be served by a node that has just come back and lags behind the others: it is
// asked again until it has caught up.
func (l *load) checkAcknowledged(t *testing.T) {
	t.Helper()
	l.catchUp(t)
	there := l.all(t)
	for deadline := time.Now().Add(patience); l.missing(there) && time.Now().Before(deadline); {
		there = l.all(t)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.puts.Load() {
		key := fmt.Sprint("k.", n+1)
		if !l.refused[n+1] && !there[key] {
			t.Errorf("%s was acknowledged and is not there", key)
		}
		if there[key] && !l.told[key] {
			t.Errorf("%s is there and the watch was not told", key)
		}
	}
	n, err := l.tally.Get(t.Context(), "k")
	if err != nil || n < l.adds.Load() || n > l.tried.Load() {
		t.Errorf("the count is %d, %v; acknowledged were %d of %d", n, err, l.adds.Load(), l.tried.Load())
	}
}

// missing reports whether a key is not there that was acknowledged.
func (l *load) missing(there map[string]bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.puts.Load() {
		if !l.refused[n+1] && !there[fmt.Sprint("k.", n+1)] {
			return true
		}
	}
	return false
}

// all returns the keys that are there.
func (l *load) all(t *testing.T) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	for deadline := time.Now().Add(patience); ; {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := l.bucket.Watch(ctx, func(c state.Change) {
			l.mu.Lock()
			defer l.mu.Unlock()
			there[c.Key] = true
		})
		if err == nil {
			return there
		}
		if time.Now().After(deadline) { // a new leader of the cluster takes some seconds
			t.Fatal(err)
		}
	}
}

// gap measures the longest time between two marks.
type gap struct {
	marks atomic.Int64

	mu   sync.Mutex // guards what follows
	last time.Time
	max  time.Duration
}

func (g *gap) mark() {
	g.marks.Add(1)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !g.last.IsZero() {
		g.max = max(g.max, now.Sub(g.last))
	}
	g.last = now
}

func (g *gap) longest() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.max.Round(time.Millisecond)
}
