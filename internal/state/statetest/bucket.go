package statetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/state"
)

func (s *suite) buckets() []promise {
	return []promise{
		{"what is put is got", s.putAndGet},
		{"Get sees what was acknowledged", s.getIsFresh},
		{"keys are any bytes", s.anyKey},
		{"keys and lives are checked", s.argumentsAreChecked},
		{"values are any bytes", s.anyValue},
		{"revisions grow", s.revisionsGrow},
		{"Replace replaces one revision", s.replace},
		{"Replace of revision 0 makes", s.replaceNothing},
		{"one of many makers wins", s.oneMaker},
		{"replacing loses no change", s.replaceInTurns},
		{"buckets are apart", s.bucketsApart},
		{"an ended context is an error", s.endedContext},
	}
}

func (s *suite) putAndGet(t *testing.T) {
	ctx := testContext(t)
	for _, durable := range []bool{false, true} {
		b := s.bucket(t, map[bool]string{false: "plain", true: "durable"}[durable], durable)
		if _, err := b.Get(ctx, "k"); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("before: %v, want ErrNotFound", err)
		}
		for _, v := range []string{"one", "two"} {
			revision := value(b.Put(ctx, "k", []byte(v), 0))(t)
			e := value(b.Get(ctx, "k"))(t)
			if string(e.Value) != v || e.Revision != revision {
				t.Errorf("got %q of revision %d, put %q of %d", e.Value, e.Revision, v, revision)
			}
		}
	}
}

// getIsFresh reads at once what was written. A replica that is behind would answer
// with something older, or that there is nothing.
func (s *suite) getIsFresh(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "fresh", false)
	tally := value(s.engine.Tally(ctx, "fresh"))(t)
	for i := range 200 {
		key := fmt.Sprint("k.", i)
		revision := value(b.Put(ctx, key, nil, 0))(t)
		for range 2 {
			if e, err := b.Get(ctx, key); e.Revision != revision {
				t.Fatalf("after revision %d of %s it is %d, %v", revision, key, e.Revision, err)
			}
		}
		total := value(tally.Add(ctx, "k", 1, time.Minute))(t)
		if n := value(tally.Get(ctx, "k"))(t); n != total {
			t.Fatalf("after a total of %d it is %d", total, n)
		}
	}
}

// strangeKeys are keys that no two engines would write alike.
var strangeKeys = []string{
	"plain", "a.b.c", ".", "..", ".a", "a.", "a..b", "=", "=2E", "a=2Eb", "*", ">", "a.*", "a.>", " ", "a b", "\x00", "\n",
	"\xff\xfe", "ä.ö", "日本", "$KV", "_kv", "/a/b", "-", "a\tb", "\"", "\\", strings.Repeat(".", 512), strings.Repeat("\xff", 512),
	strings.Repeat("a.", 256), strings.Repeat("k", 512), "A", "a",
}

func (s *suite) anyKey(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "strange", false)
	for _, key := range strangeKeys {
		value(b.Put(ctx, key, []byte("of "+key), 0))(t)
	}
	for _, key := range strangeKeys {
		if e := value(b.Get(ctx, key))(t); string(e.Value) != "of "+key {
			t.Errorf("the key %q has the value %q", key, e.Value)
		}
	}
	r := newRecorder()
	must(t, b.Watch(ctx, r.tell))
	told := r.last()
	for _, key := range strangeKeys {
		if string(told[key].Value) != "of "+key {
			t.Errorf("the watch told %q of %q", told[key].Value, key)
		}
	}
	if len(told) != len(strangeKeys) {
		t.Errorf("the watch told of %d keys, there are %d", len(told), len(strangeKeys))
	}
}

func (s *suite) argumentsAreChecked(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "arguments", false)
	tally := value(s.engine.Tally(ctx, "arguments"))(t)
	for _, key := range []string{"", strings.Repeat("k", 513)} {
		for name, do := range map[string]func() error{
			"Get":       func() error { _, err := b.Get(ctx, key); return err },
			"Put":       func() error { _, err := b.Put(ctx, key, nil, 0); return err },
			"Replace":   func() error { _, err := b.Replace(ctx, key, nil, 0, 0); return err },
			"Delete":    func() error { return b.Delete(ctx, key) },
			"Add":       func() error { _, err := tally.Add(ctx, key, 1, 0); return err },
			"Tally.Get": func() error { _, err := tally.Get(ctx, key); return err },
		} {
			if err := do(); err == nil || errors.Is(err, state.ErrNotFound) || errors.Is(err, state.ErrUnavailable) {
				t.Errorf("%s of a key of %d bytes: %v", name, len(key), err)
			}
		}
	}
	for name, do := range map[string]func() error{
		"Put":     func() error { _, err := b.Put(ctx, "k", nil, -1); return err },
		"Replace": func() error { _, err := b.Replace(ctx, "k", nil, 0, -1); return err },
		"Add":     func() error { _, err := tally.Add(ctx, "k", 1, -1); return err },
	} {
		if do() == nil {
			t.Errorf("%s took a negative life", name)
		}
	}
}

func (s *suite) anyValue(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "values", true)
	r := newRecorder()
	must(t, b.Watch(ctx, r.tell))
	for _, v := range [][]byte{nil, {}, {0}, bytes.Repeat([]byte{0, 255, '\n', '\r'}, 1<<18)} {
		given := bytes.Clone(v)
		revision := value(b.Put(ctx, "k", given, 0))(t)
		for i := range given {
			given[i]++ // the caller goes on to use its slice
		}
		e := value(b.Get(ctx, "k"))(t)
		if !bytes.Equal(e.Value, v) || e.Value == nil {
			t.Errorf("%d bytes came back as %d, nil: %t", len(v), len(e.Value), e.Value == nil)
		}
		if c := r.wait(t, "k", revision); !bytes.Equal(c.Value, v) || c.Value == nil {
			t.Errorf("%d bytes were told as %d, nil: %t", len(v), len(c.Value), c.Value == nil)
		}
	}
}

func (s *suite) revisionsGrow(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "revisions", false)
	var last uint64
	for i := range 20 {
		key := []string{"a", "b"}[i%2]
		revision := value(b.Put(ctx, key, nil, 0))(t)
		if revision <= last {
			t.Errorf("revision %d after %d", revision, last)
		}
		last = revision
		if i%3 == 0 {
			must(t, b.Delete(ctx, key))
		}
	}
}

func (s *suite) replace(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "replace", false)
	first := value(b.Put(ctx, "k", []byte("1"), 0))(t)
	second := value(b.Replace(ctx, "k", []byte("2"), first, 0))(t)
	if second <= first {
		t.Errorf("revision %d after %d", second, first)
	}
	for _, wrong := range []uint64{0, first, second + 1} {
		if _, err := b.Replace(ctx, "k", []byte("3"), wrong, 0); !errors.Is(err, state.ErrRevision) {
			t.Errorf("Replace of %d when %d is there: %v", wrong, second, err)
		}
	}
	if e := value(b.Get(ctx, "k"))(t); string(e.Value) != "2" || e.Revision != second {
		t.Errorf("got %q of %d", e.Value, e.Revision)
	}
	must(t, b.Delete(ctx, "k"))
	if _, err := b.Replace(ctx, "k", []byte("4"), second, 0); !errors.Is(err, state.ErrRevision) {
		t.Errorf("Replace of what was deleted: %v", err)
	}
}

func (s *suite) replaceNothing(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "make", true)
	for range 3 {
		value(b.Replace(ctx, "k", []byte("1"), 0, 0))(t)
		if _, err := b.Replace(ctx, "k", []byte("2"), 0, 0); !errors.Is(err, state.ErrRevision) {
			t.Errorf("a second one was made: %v", err)
		}
		must(t, b.Delete(ctx, "k"))
	}
}

func (s *suite) oneMaker(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "makers", false)
	var made atomic.Int32
	together(20, func(int) {
		switch _, err := b.Replace(ctx, "k", nil, 0, 0); {
		case err == nil:
			made.Add(1)
		case !errors.Is(err, state.ErrRevision):
			t.Error(err)
		}
	})
	if made.Load() != 1 {
		t.Errorf("%d of 20 made the key", made.Load())
	}
}

// replaceInTurns counts in a value. What two write at once would lose a count.
func (s *suite) replaceInTurns(t *testing.T) {
	ctx := testContext(t)
	b := s.bucket(t, "turns", false)
	value(b.Put(ctx, "k", []byte{0}, 0))(t)
	const writers, times = 4, 10
	together(writers, func(int) {
		for range times {
			if err := increment(ctx, b); err != nil {
				t.Error(err)
			}
		}
	})
	if e := value(b.Get(ctx, "k"))(t); e.Value[0] != writers*times {
		t.Errorf("counted to %d, want %d", e.Value[0], writers*times)
	}
}

func increment(ctx context.Context, b state.Bucket) error {
	for {
		e, err := b.Get(ctx, "k")
		if err != nil {
			return err
		}
		_, err = b.Replace(ctx, "k", []byte{e.Value[0] + 1}, e.Revision, 0)
		if !errors.Is(err, state.ErrRevision) {
			return err
		}
	}
}

func (s *suite) bucketsApart(t *testing.T) {
	ctx := testContext(t)
	a, b := s.bucket(t, "apart", false), s.bucket(t, "apart-2", false)
	value(a.Put(ctx, "k", []byte("a"), 0))(t)
	if _, err := b.Get(ctx, "k"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("another bucket has it: %v", err)
	}
	if e := value(s.bucket(t, "apart", false).Get(ctx, "k"))(t); string(e.Value) != "a" {
		t.Errorf("opened again it has %q", e.Value)
	}
}

func (s *suite) endedContext(t *testing.T) {
	b := s.bucket(t, "ended", false)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	if _, err := b.Put(ctx, "k", nil, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v", err)
	}
	if err := b.Watch(ctx, func(state.Change) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("Watch: %v", err)
	}
	if _, err := b.Get(testContext(t), "k"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("it was written: %v", err)
	}
}

// together calls do n times at once.
func together(n int, do func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
