package statetest

import (
	"errors"
	"testing"
	"time"

	"sluice/internal/state"
)

func (s *suite) removals() []promise {
	return []promise{
		{"Delete", s.deleteKey},
		{"Purge goes by parts", s.purgeParts},
		{"Purge of everything", s.purgeAll},
		{"a life ends", s.lifeEnds},
		{"a later write ends the life of the former", s.lifeIsOfTheWrite},
	}
}

func (s *suite) deleteKey(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "delete", false)
	must(t, b.Delete(ctx, "k")) // which is not there
	value(b.Put(ctx, "k", []byte("v"), 0))(t)
	for range 2 {
		must(t, b.Delete(ctx, "k"))
		if _, err := b.Get(ctx, "k"); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("after: %v, want ErrNotFound", err)
		}
	}
}

func (s *suite) purgeParts(t *testing.T) {
	ctx := testContext(t)
	tests := []struct {
		prefix string
		gone   []string
		stay   []string
	}{
		{"a", []string{"a", "a.b", "a.b.c", "a.", "a..x"}, []string{"ab", "b.a", "A", ".a"}},
		{"a.b", []string{"a.b", "a.b.c"}, []string{"a", "a.bc", "a.c", "b"}},
		{"ä ", []string{"ä .x", "ä "}, []string{"ä", "ä x"}},
		{"a.", []string{"a.", "a..b"}, []string{"a.b", "a"}},
		{"*", []string{"*", "*.a"}, []string{"a", "a.b"}},
		{"none", nil, []string{"a"}},
	}
	for i, tt := range tests {
		b := s.bucket(t, "purge"+string(rune('0'+i)), false)
		for _, key := range append(append([]string{}, tt.gone...), tt.stay...) {
			value(b.Put(ctx, key, nil, 0))(t)
		}
		must(t, b.Purge(ctx, tt.prefix))
		for _, key := range tt.gone {
			if _, err := b.Get(ctx, key); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("Purge(%q): %q is there: %v", tt.prefix, key, err)
			}
		}
		for _, key := range tt.stay {
			if _, err := b.Get(ctx, key); err != nil {
				t.Errorf("Purge(%q): %q is gone: %v", tt.prefix, key, err)
			}
		}
	}
}

func (s *suite) purgeAll(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "purgeall", false)
	for _, key := range strangeKeys {
		value(b.Put(ctx, key, nil, 0))(t)
	}
	r := newRecorder()
	must(t, b.Watch(ctx, r.tell))
	must(t, b.Purge(ctx, ""))
	last := value(b.Put(ctx, "after", nil, 0))(t)
	r.wait(t, "after", last)
	told := r.last()
	for _, key := range strangeKeys {
		if _, err := b.Get(ctx, key); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("%q is there: %v", key, err)
		}
		if told[key].Value != nil {
			t.Errorf("the watch was not told that %q is gone", key)
		}
	}
}

func (s *suite) lifeEnds(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "lives", false)
	r := newRecorder()
	must(t, b.Watch(ctx, r.tell))
	const life = 1100 * time.Millisecond // an engine with whole seconds must not cut it
	start := time.Now()
	written := map[string]uint64{
		"put":     value(b.Put(ctx, "put", []byte("v"), life))(t),
		"replace": value(b.Replace(ctx, "replace", []byte("v"), 0, life))(t),
	}
	value(b.Put(ctx, "stays", []byte("v"), 0))(t)
	for key, revision := range written {
		waitGone(t, b, key)
		if lived := time.Since(start); lived < life {
			t.Errorf("%q was gone after %s", key, lived)
		}
		r.waitRemoval(t, key, revision)
		value(b.Replace(ctx, key, []byte("again"), 0, 0))(t)
	}
	if _, err := b.Get(ctx, "stays"); err != nil {
		t.Error(err)
	}
}

func (s *suite) lifeIsOfTheWrite(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "renewed", false)
	value(b.Put(ctx, "k", []byte("short"), time.Second))(t)
	value(b.Put(ctx, "k", []byte("long"), 0))(t)
	value(b.Put(ctx, "clock", nil, 2*time.Second))(t)
	waitGone(t, b, "clock")
	if e, err := b.Get(ctx, "k"); string(e.Value) != "long" {
		t.Errorf("got %q, %v", e.Value, err)
	}
}

// waitGone asks until a key is gone: no engine says when.
func waitGone(t *testing.T, b state.Bucket, key string) {
	t.Helper()
	ctx := testContext(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := b.Get(ctx, key)
		switch {
		case errors.Is(err, state.ErrNotFound):
			return
		case err != nil:
			t.Fatal(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%q is still there", key)
		}
	}
}
