package flow

import (
	"context"
	"math/rand/v2"
	"testing"
)

// TestSharedVariables compares an exchange that is given sets with one that is
// given their variables one by one.
func TestSharedVariables(t *testing.T) {
	names := []string{"a", "b", "a.b", "c", "d", "e"}
	var sets []*SharedVariables
	for i := range 4 {
		values := map[string]Value{}
		for j, name := range names {
			if (i+j)%2 == 0 {
				values[name] = Int(i*10 + j)
			}
		}
		sets = append(sets, NewSharedVariables(values))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		x, y := newTestExchange(), newTestExchange()
		for range 30 {
			name := names[r.IntN(len(names))]
			switch r.IntN(4) {
			case 0:
				set := sets[r.IntN(len(sets))]
				x.PutAll(set)
				for n, v := range set.values {
					y.Put(n, v)
				}
			case 1:
				v := Int(r.IntN(1000))
				errX, errY := x.Set(ParseName(name), v), y.Set(ParseName(name), v)
				if (errX == nil) != (errY == nil) {
					t.Fatalf("Set %s: %v and %v", name, errX, errY)
				}
			case 2:
				x.Remove(name)
				y.Remove(name)
			case 3:
				x.Put(name, Value{})
				y.Put(name, Value{})
			}
			for _, n := range names {
				vx, okX := x.Held(n)
				vy, okY := y.Held(n)
				if vx != vy || okX != okY || x.Lookup(n) != y.Lookup(n) {
					t.Fatalf("%s is %v, %v and should be %v, %v", n, vx, okX, vy, okY)
				}
			}
		}
	}
}

func TestSharedVariablesEndWithTheExchange(t *testing.T) {
	x := newTestExchange()
	x.PutAll(NewSharedVariables(map[string]Value{"a": Int(1), "null": {}}))
	d := x.Detach()
	x.Reset()
	if v := x.Lookup("a"); !v.IsNull() {
		t.Errorf("after Reset a is %v", v)
	}
	if v := d.Lookup("a"); v.Int() != 1 {
		t.Errorf("the detached exchange has a = %v", v)
	}
	if _, ok := d.Held("null"); ok {
		t.Error("a null is held")
	}
}

// A flag that a shared set holds goes back to false when its step passes.
func TestSharedFlag(t *testing.T) {
	x := newTestExchange()
	x.PutAll(NewSharedVariables(map[string]Value{"kind.s.failed": Bool(true)}))
	x.failed = true
	step := Step{Name: "s", Flags: []string{"kind.s.failed"}, Policy: nothing}
	if err := RunSteps(context.Background(), x, []Step{step}); err != nil {
		t.Fatal(err)
	}
	if x.Lookup("kind.s.failed").True() {
		t.Error("the flag is still true")
	}
}
