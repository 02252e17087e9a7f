package pace

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// TestPass follows one key through a schedule: 10 messages per second, one every
// 100 ms.
func TestPass(t *testing.T) {
	const slot = 100 * time.Millisecond
	p := NewPacer()
	for _, step := range []struct {
		at   time.Duration // since noon
		slot time.Duration
		pass bool
	}{
		{0, slot, true},            // the first always passes
		{0, slot, false},           //
		{slot - 1, slot, false},    //
		{slot, slot, true},         // refused ones did not move the slot
		{2 * slot, 3 * slot, true}, // a message of weight 3
		{4 * slot, slot, false},    //
		{5 * slot, 0, true},        // weight 0 takes nothing
		{5 * slot, slot, true},     //
		{5*slot + slot/2, 0, true}, // and never waits
		{time.Hour, slot, true},    //
	} {
		if got := p.Pass("p", "k", noon.Add(step.at), step.slot); got != step.pass {
			t.Errorf("after %s: %v, want %v", step.at, got, step.pass)
		}
	}
	if !p.Pass("p", "other", noon, slot) || !p.Pass("other", "k", noon, slot) {
		t.Error("keys share a slot")
	}
}

// TestPassModel compares with the definition on random sequences.
func TestPassModel(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		p, free, now := NewPacer(), map[string]time.Time{}, noon
		for i := range 2000 {
			now = now.Add(time.Duration(r.IntN(50)) * time.Millisecond)
			key := strings.Repeat("k", 1+r.IntN(3)*100) // one above longestKey
			slot := time.Duration(r.IntN(5)) * 30 * time.Millisecond
			want := slot == 0 || !now.Before(free[key])
			if want && slot > 0 {
				free[key] = now.Add(slot)
			}
			if got := p.Pass("p", key, now, slot); got != want {
				t.Fatalf("seed %d, message %d: %v, want %v", seed, i, got, want)
			}
		}
	}
}

// TestPassConcurrently: of many at once, one passes.
func TestPassConcurrently(t *testing.T) {
	p := NewPacer()
	for round := range 20 {
		var passed atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if p.Pass("p", "k", noon.Add(time.Duration(round)*time.Second), time.Second) {
					passed.Add(1)
				}
			})
		}
		all.Wait()
		if passed.Load() != 1 {
			t.Fatalf("%d passed at once", passed.Load())
		}
	}
}

// TestPacerIsBounded: keys beyond the bound do not pass, and none is forgotten
// for them; when slots end there is room again.
func TestPacerIsBounded(t *testing.T) {
	p, passed := NewPacer(), 0
	for i := range 2 * pacerShards * pacerKeys {
		if p.Pass("p", fmt.Sprint(i), noon, time.Minute) {
			passed++
		}
	}
	if passed > pacerShards*pacerKeys || passed < pacerShards*pacerKeys*9/10 {
		t.Errorf("%d keys passed, the bound is %d", passed, pacerShards*pacerKeys)
	}
	if p.Pass("p", "0", noon.Add(time.Second), time.Minute) {
		t.Error("a key was forgotten before its slot was over")
	}
	for i := range 1000 {
		if !p.Pass("p", fmt.Sprint("new", i), noon.Add(time.Minute), time.Minute) {
			t.Fatal("there is no room although all slots are over")
		}
	}
}

func TestGates(t *testing.T) {
	g := NewGates()
	enter := func(key string, limit int, now time.Time, life time.Duration, wantHeld int) *Hold {
		t.Helper()
		h, held := g.Enter(key, limit, now, life)
		if held != wantHeld {
			t.Errorf("%d held, want %d", held, wantHeld)
		}
		return h
	}
	a := enter("k", 2, noon, 0, 1)
	b := enter("k", 2, noon, 5*time.Second, 2)
	if enter("k", 2, noon, 0, 2) != nil {
		t.Error("a third passed")
	}
	if enter("other", 1, noon, 0, 1) == nil {
		t.Error("keys share a gate")
	}
	if n := a.Release(); n != 1 {
		t.Errorf("%d held after a release", n)
	}
	a.Release()
	c := enter("k", 2, noon, 0, 2)
	if c == nil {
		t.Error("releasing twice gave no place, or two")
	}
	if enter("k", 2, noon.Add(5*time.Second-1), 0, 2) != nil {
		t.Error("a hold ended before its life")
	}
	d := enter("k", 2, noon.Add(5*time.Second), 0, 2) // b is over
	b.Release()
	if enter("k", 2, noon.Add(5*time.Second), 0, 2) != nil {
		t.Error("releasing a hold that was over gave a place")
	}
	c.Release()
	d.Release()
	if enter("k", 0, noon, 0, 0) != nil {
		t.Error("a limit of 0 let one in")
	}
	if len(g.gates) != 1 {
		t.Errorf("%d gates are remembered, only one has holders", len(g.gates))
	}
}

// TestGatesModel: at no time are there more holders than the limit, and whoever
// is turned away found that many.
func TestGatesModel(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		g, now := NewGates(), noon
		ends := map[*Hold]time.Time{}
		for range 500 {
			now = now.Add(time.Duration(r.IntN(500)) * time.Millisecond)
			for h, end := range ends {
				if !now.Before(end) {
					delete(ends, h)
				} else if r.IntN(4) == 0 {
					h.Release()
					delete(ends, h)
				}
			}
			life := time.Duration(1+r.IntN(3)) * time.Second
			h, held := g.Enter("k", 5, now, life)
			if (h != nil) != (len(ends) < 5) {
				t.Fatalf("seed %d: let in %v with %d holders", seed, h != nil, len(ends))
			}
			if h != nil {
				ends[h] = now.Add(life)
			}
			if held != len(ends) {
				t.Fatalf("seed %d: %d held, want %d", seed, held, len(ends))
			}
		}
	}
}

func TestGatesAreBounded(t *testing.T) {
	g := NewGates()
	for i := range gateKeys {
		g.Enter(fmt.Sprint(i), 1, noon, time.Minute)
	}
	if h, _ := g.Enter("one more", 1, noon, time.Minute); h != nil {
		t.Error("a key beyond the bound got a place")
	}
	if h, _ := g.Enter("one more", 1, noon.Add(time.Minute), time.Minute); h == nil {
		t.Error("there is no room although all holds are over")
	}
}

func TestGatesConcurrently(t *testing.T) {
	g := NewGates()
	var inside, most atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 200 {
				h, _ := g.Enter("k", 7, noon, time.Minute)
				if h == nil {
					continue
				}
				n := inside.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				inside.Add(-1)
				h.Release()
			}
		})
	}
	all.Wait()
	if most.Load() > 7 || len(g.gates) != 0 {
		t.Errorf("%d were inside at once, %d gates are left", most.Load(), len(g.gates))
	}
}

func BenchmarkPass(b *testing.B) {
	for _, keys := range []int{1, 10_000} {
		b.Run(fmt.Sprint(keys, " keys"), func(b *testing.B) {
			p, names := NewPacer(), make([]string, keys)
			for i := range names {
				names[i] = fmt.Sprint("client-", i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.Pass("p", names[i%keys], noon.Add(time.Duration(i)), time.Millisecond)
			}
		})
	}
}

func BenchmarkEnter(b *testing.B) {
	g := NewGates()
	b.ReportAllocs()
	for b.Loop() {
		h, _ := g.Enter("k", 10, noon, time.Second)
		h.Release()
	}
}
