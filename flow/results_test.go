package flow

import (
	"context"
	"iter"
	"maps"
	"math/rand/v2"
	"testing"
)

// TestSharedVariables compares an exchange that is given sets with one that is
// given their variables one by one.
func TestSharedVariables(t *testing.T) {
	names := []string{"a", "b", "a.b", "c", "d", "e"}
	var sets []*SharedVariables
	for i := range maxGiven + 4 {
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

// results are of one run of a policy.
type results map[string]Value

func (r results) Result(name string) Value      { return r[name] }
func (r results) All() iter.Seq2[string, Value] { return maps.All(r) }

// TestResults: the newest wins, and a second run takes the place of the first.
func TestResults(t *testing.T) {
	x := newTestExchange()
	check := func(name, want string) {
		t.Helper()
		if got := x.Lookup(name).String(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	x.Put("p.a", Text("before"))
	x.PutResults("p.", results{"a": Text("first"), "b": Text("first")})
	check("p.a", "first")
	x.Put("p.b", Text("own"))
	check("p.b", "own")
	x.PutResults("p.", results{"a": Text("second")})
	check("p.a", "second")
	check("p.b", "own")
	x.Remove("p.a")
	check("p.a", "")
	x.PutResults("p.", results{"a": Text("third"), "c": Text("third")})
	check("p.a", "third")
	x.PutResults("p.", results{})
	check("p.c", "")
	check("p.", "")
}

// settings are the variables that a trace was told of.
type settings map[string]string

func (s settings) Event(_ *Exchange, e Event) {
	if e.Kind == SetVariable {
		s[e.Name] = e.Value.String()
	}
}

// TestResultsAreTraced: what nobody has asked for yet was set all the same.
func TestResultsAreTraced(t *testing.T) {
	x, told := newTestExchange(), settings{}
	x.Observe(told)
	x.PutResults("p.", results{"a": Text("1"), "b": Text("2")})
	if told["p.a"] != "1" || told["p.b"] != "2" || x.Lookup("p.b").String() != "2" {
		t.Errorf("the trace has %v, and p.b is %q", told, x.Lookup("p.b").String())
	}
}
