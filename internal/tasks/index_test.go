package tasks

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestIndex compares an index with a map, through random changes that make it grow and shrink.
func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var x index
	want := map[key]*entry{}
	for step := range 60000 {
		k := key{byte(r.IntN(256)), byte(r.IntN(40))}
		grow := step/10000%2 == 0
		switch e := want[k]; {
		case e == nil && (grow || r.IntN(4) == 0):
			e = &entry{key: k}
			want[k] = e
			x.put(e)
		case e != nil && (!grow || r.IntN(4) == 0):
			delete(want, k)
			x.remove(k)
		case x.get(k) != e:
			t.Fatalf("step %d: get(%x) is %v, want %v", step, k, x.get(k), e)
		}
		if step%5000 == 0 {
			compare(t, &x, want, key{byte(r.IntN(256))})
		}
	}
	compare(t, &x, want, key{})
	for k := range want {
		x.remove(k)
		x.remove(k)
	}
	if x.n != 0 || len(x.blocks) != 0 || x.get(key{}) != nil {
		t.Errorf("%d entries, %d blocks after all were removed", x.n, len(x.blocks))
	}
}

func compare(t *testing.T, x *index, want map[key]*entry, from key) {
	t.Helper()
	sorted := slices.SortedFunc(maps.Keys(want), func(a, b key) int { return bytes.Compare(a[:], b[:]) })
	sorted = slices.DeleteFunc(sorted, func(k key) bool { return bytes.Compare(k[:], from[:]) <= 0 })
	var got []key
	x.after(from, func(e *entry) bool {
		got = append(got, e.key)
		return true
	})
	if !slices.Equal(got, sorted) || x.n != len(want) {
		t.Fatalf("%d entries after %x, %d in all; want %d and %d", len(got), from, x.n, len(sorted), len(want))
	}
}
