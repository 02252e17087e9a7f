package state

import (
	"errors"
	"strconv"
	"testing"

	"github.com/maypok86/otter/v2"
)

func newTestNear(t *testing.T) *near[string, int] {
	t.Helper()
	n, err := newNear(&otter.Options[string, int]{MaximumSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	return n
}

// reads gets k from n, where the engine has the value; meanwhile happens between
// the engine's answer and the end of the read. It tells whether the engine was asked.
func (n *near[K, V]) reads(t *testing.T, k K, value V, meanwhile func()) (v V, asked bool) {
	t.Helper()
	v, found, err := n.get(k, func() (V, bool, error) {
		asked = true
		meanwhile()
		return value, true, nil
	})
	if err != nil || !found {
		t.Fatalf("%v: %v, %v", k, found, err)
	}
	return v, asked
}

// TestNearKeepsNothingThatChanged: what a read brings from the engine is old when
// its key is forgotten before the read ends; the next one must ask again.
func TestNearKeepsNothingThatChanged(t *testing.T) {
	nothing := func() {}
	for _, tt := range []struct {
		name      string
		meanwhile func(n *near[string, int])
		kept      bool
	}{
		{"nothing", func(*near[string, int]) {}, true},
		{"the key", func(n *near[string, int]) { n.forget("k") }, false},
		{"everything", func(n *near[string, int]) { n.forgetAll() }, false},
		{"the key, which another read has kept since", func(n *near[string, int]) { n.forget("k"); n.reads(t, "k", 2, nothing) }, false},
		{"a key of another shard", func(n *near[string, int]) { n.forget(elsewhere(n, "k")) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newTestNear(t)
			if v, asked := n.reads(t, "k", 1, func() { tt.meanwhile(n) }); v != 1 || !asked {
				t.Fatalf("the first read: %d, asked %v", v, asked)
			}
			v, asked := n.reads(t, "k", 2, nothing)
			if want := map[bool]int{true: 1, false: 2}[tt.kept]; v != want || tt.kept && asked {
				t.Errorf("the next read: %d, asked %v; want %d", v, asked, want)
			}
		})
	}
}

// elsewhere is a key that falls to another shard than k.
func elsewhere(n *near[string, int], k string) string {
	for i := range 1000 {
		if other := strconv.Itoa(i); n.shard(other) != n.shard(k) {
			return other
		}
	}
	panic("all keys fall to one shard")
}

// TestNearKeepsNoFailure: what is not there, or could not be read, is asked for anew.
func TestNearKeepsNoFailure(t *testing.T) {
	n, broken := newTestNear(t), errors.New("no answer")
	for _, err := range []error{broken, nil} {
		if _, found, got := n.get("k", func() (int, bool, error) { return 1, err != nil, err }); found || !errors.Is(got, err) {
			t.Errorf("found %v, %v; want %v", found, got, err)
		}
	}
	if v, asked := n.reads(t, "k", 2, func() {}); v != 2 || !asked {
		t.Errorf("%d, asked %v", v, asked)
	}
}
