package statetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/state"
)

func (s *suite) watches() []promise {
	return []promise{
		{"Watch tells all that is there before it returns", s.watchTellsAll},
		{"Watch tells changes in their order", s.watchTellsChanges},
		{"no change is lost between what is there and what comes", s.watchLosesNothing},
		{"a watch is never told twice at once", s.watchOneAtATime},
		{"a removal has a revision of its place", s.removalRevision},
		{"Follow tells changes only", s.followTellsChanges},
		{"a watch ends with its context", s.watchEnds},
	}
}

func (s *suite) watchTellsAll(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "present", false)
	want := map[string]uint64{}
	const keys = 500
	for i := range keys {
		key := fmt.Sprint("k.", i)
		want[key] = value(b.Put(ctx, key, []byte(key), 0))(t)
	}
	must(t, b.Delete(ctx, "k.7"))
	delete(want, "k.7")
	for range 2 { // a second watch is told the same
		r := newRecorder()
		must(t, b.Watch(ctx, r.tell))
		told := map[string]uint64{}
		for key, c := range r.last() {
			told[key] = c.Revision
			if string(c.Value) != key {
				t.Errorf("told %q of %q", c.Value, key)
			}
		}
		if !maps.Equal(told, want) {
			t.Errorf("told of %d keys, there are %d", len(told), len(want))
		}
	}
}

func (s *suite) watchTellsChanges(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "changes", false)
	r := newRecorder()
	must(t, b.Watch(ctx, r.tell))
	value(b.Put(ctx, "k", []byte("1"), 0))(t)
	value(b.Put(ctx, "k", []byte("2"), 0))(t)
	must(t, b.Delete(ctx, "k"))
	last := value(b.Put(ctx, "k", []byte("3"), 0))(t)
	r.wait(t, "k", last)
	var before uint64
	for _, c := range r.all() {
		if c.Key != "k" || c.Revision <= before {
			t.Errorf("told %v after revision %d", c, before)
		}
		before = c.Revision
	}
}

// watchLosesNothing starts a watch while others write, and compares what it knows
// at the end with what is there.
func (s *suite) watchLosesNothing(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "busy", false)
	const writers = 4
	var begun sync.WaitGroup
	begun.Add(writers)
	r := newRecorder()
	together(writers+1, func(i int) {
		if i < writers {
			write(ctx, t, b, fmt.Sprint(i), begun.Done)
			return
		}
		begun.Wait()
		if err := b.Watch(ctx, r.tell); err != nil {
			t.Error(err)
		}
	})
	last := value(b.Put(ctx, "last", nil, 0))(t)
	r.wait(t, "last", last)
	told := r.last()
	for i := range writers * writtenKeys {
		key := fmt.Sprintf("%d.%d", i/writtenKeys, i%writtenKeys)
		e, err := b.Get(ctx, key)
		if c := told[key]; (err != nil) != (c.Value == nil) || err == nil && c.Revision != e.Revision {
			t.Errorf("%s: the watch knows %q of %d, there is %q of %d (%v)", key, c.Value, c.Revision, e.Value, e.Revision, err)
		}
	}
}

// writtenKeys is how many keys below its prefix write goes through.
const writtenKeys = 50

// write puts and deletes keys, and calls begun on the way.
func write(ctx context.Context, t *testing.T, b state.Bucket, prefix string, begun func()) {
	for n := range 4 * writtenKeys {
		key := fmt.Sprintf("%s.%d", prefix, n%writtenKeys)
		var err error
		if n%7 == 6 {
			err = b.Delete(ctx, key)
		} else {
			_, err = b.Put(ctx, key, fmt.Append(nil, n), 0)
		}
		if err != nil {
			t.Error(err)
		}
		if n == 20 {
			begun()
		}
	}
}

func (s *suite) watchOneAtATime(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "single", false)
	r := newRecorder()
	var inside atomic.Int32
	must(t, b.Watch(ctx, func(c state.Change) {
		if inside.Add(1) != 1 {
			t.Error("told twice at once")
		}
		r.tell(c)
		inside.Add(-1)
	}))
	together(4, func(i int) {
		for range 50 {
			if _, err := b.Put(ctx, fmt.Sprint(i), nil, 0); err != nil {
				t.Error(err)
			}
		}
	})
	r.wait(t, "last", value(b.Put(ctx, "last", nil, 0))(t))
}

func (s *suite) removalRevision(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "removals", false)
	r := newRecorder()
	must(t, b.Watch(ctx, r.tell))
	for name, remove := range map[string]func() error{
		"Delete": func() error { return b.Delete(ctx, "k") },
		"Purge":  func() error { return b.Purge(ctx, "k") },
	} {
		before := value(b.Put(ctx, "k", nil, 0))(t)
		must(t, remove())
		removed := r.waitRemoval(t, "k", before)
		after := value(b.Put(ctx, "k", nil, 0))(t)
		if removed.Revision >= after {
			t.Errorf("%s between %d and %d has revision %d", name, before, after, removed.Revision)
		}
		r.wait(t, "k", after)
	}
}

func (s *suite) followTellsChanges(t *testing.T) {
	for i := range 5 { // on a busy host there may be a gap, which is told, and nothing is promised
		told, gap := s.follow(t, fmt.Sprint("follow-", i))
		if gap {
			continue
		}
		if want := []string{"a true", "before false", "b true"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		return
	}
	t.Error("there was a gap each time")
}

func (s *suite) follow(t *testing.T, bucket string) (told []string, gap bool) {
	t.Helper()
	ctx := testContext(t)
	b := s.bucket(t, bucket, false)
	value(b.Put(ctx, "before", []byte("v"), 0))(t)
	r := newRecorder()
	must(t, b.Follow(ctx, r.tell))
	value(b.Put(ctx, "a", []byte("1"), 0))(t)
	must(t, b.Delete(ctx, "before"))
	last := value(b.Put(ctx, "b", nil, 0))(t)
	r.waitFor(t, func(c state.Change) bool { return c.Key == "" || c.Revision == last })
	for _, c := range r.all() {
		told = append(told, fmt.Sprintf("%s %t", c.Key, c.Value != nil))
		gap = gap || c.Key == ""
	}
	return told, gap
}

func (s *suite) watchEnds(t *testing.T) {
	b := s.bucket(t, "ending", false)
	ctx, cancel := context.WithCancel(testContext(t))
	ended, goes := newRecorder(), newRecorder()
	must(t, b.Watch(ctx, ended.tell))
	must(t, b.Watch(testContext(t), goes.tell))
	goes.wait(t, "k", value(b.Put(testContext(t), "k", nil, 0))(t))
	cancel()
	for i := range 50 { // the end may take a moment, in which changes are still told
		goes.wait(t, "k", value(b.Put(testContext(t), "k", fmt.Append(nil, i), 0))(t))
	}
	before := len(ended.all())
	last := value(b.Put(testContext(t), "k", nil, 0))(t)
	goes.wait(t, "k", last)
	if after := len(ended.all()); after != before {
		t.Errorf("told of %d changes, then of %d, long after the end", before, after)
	}
}

// recorder remembers what a watch told.
type recorder struct {
	mu      sync.Mutex // guards what follows
	changes []state.Change
	more    chan struct{} // closed at the next change
}

func newRecorder() *recorder { return &recorder{more: make(chan struct{})} }

func (r *recorder) tell(c state.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = append(r.changes, c)
	close(r.more)
	r.more = make(chan struct{})
}

// all returns what was told so far.
func (r *recorder) all() []state.Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.changes)
}

// last returns the last change of each key.
func (r *recorder) last() map[string]state.Change {
	last := map[string]state.Change{}
	for _, c := range r.all() {
		last[c.Key] = c
	}
	return last
}

// wait waits until the key's revision was told.
func (r *recorder) wait(t *testing.T, key string, revision uint64) state.Change {
	t.Helper()
	return r.waitFor(t, func(c state.Change) bool { return c.Key == key && c.Revision == revision })
}

// waitRemoval waits until a removal was told whose revision is above another.
func (r *recorder) waitRemoval(t *testing.T, key string, above uint64) state.Change {
	t.Helper()
	return r.waitFor(t, func(c state.Change) bool { return c.Key == key && c.Value == nil && c.Revision > above })
}

func (r *recorder) waitFor(t *testing.T, is func(state.Change) bool) state.Change {
	t.Helper()
	limit := time.After(within)
	for {
		r.mu.Lock()
		more := r.more
		r.mu.Unlock()
		all := r.all()
		for _, c := range slices.Backward(all) {
			if is(c) {
				return c
			}
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("it was not told; what was told last is %v", all[max(0, len(all)-5):])
		}
	}
}
