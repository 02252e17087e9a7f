package flow

import (
	"iter"
	"maps"
	"slices"
)

// Results are variables that a policy sets together, such as what VerifyJWT tells of a
// token. Only what somebody asks for is made: most flows read two or three of forty.
// Results never change, because a detached exchange shares them, and hold no messages,
// which belong to one exchange.
type Results interface {
	// Result is the variable of that name, which is without the prefix under which
	// the results were put; null if there is none.
	Result(name string) Value
	// All are all of them, for the trace.
	All() iter.Seq2[string, Value]
}

// SharedVariables are Results that are the same in many requests, such as what
// VerifyAPIKey tells of a caller. They are made once, and cost a request nothing for
// each.
type SharedVariables struct{ values map[string]Value }

// NewSharedVariables returns the variables; nulls among them are left out.
func NewSharedVariables(values map[string]Value) *SharedVariables {
	kept := maps.Clone(values)
	maps.DeleteFunc(kept, func(_ string, v Value) bool { return v.IsNull() })
	return &SharedVariables{kept}
}

// Result implements Results.
func (vs *SharedVariables) Result(name string) Value { return vs.values[name] }

// All implements Results.
func (vs *SharedVariables) All() iter.Seq2[string, Value] { return maps.All(vs.values) }

// stored is a variable that was put by itself.
type stored struct {
	Value
	after int // how many Results the exchange had been given by then
}

// given are Results that the exchange was given.
type given struct {
	prefix  string
	results Results
	order   int // of them all, counted from 1: what is stored with less is older
}

// maxGiven bounds how many Results an exchange looks through for a name.
const maxGiven = 8

// PutAll is Put for all of them.
func (x *Exchange) PutAll(vs *SharedVariables) {
	if i := slices.IndexFunc(x.given, func(g given) bool { return g.results == Results(vs) }); i >= 0 {
		x.given = slices.Delete(x.given, i, i+1) // it comes last again
	}
	x.give("", vs)
}

// PutResults is Put for all of them, under names that begin with prefix. They take the
// place of earlier results under the same prefix, which must not be empty: those of
// the policy's earlier run.
func (x *Exchange) PutResults(prefix string, r Results) {
	for i := range x.given {
		if x.given[i].prefix == prefix {
			x.given = append(x.given[:i], x.given[i+1:]...)
			break
		}
	}
	x.give(prefix, r)
}

func (x *Exchange) give(prefix string, r Results) {
	if x.trace != nil {
		for name, v := range r.All() {
			x.trace.Event(x, Event{Kind: SetVariable, Name: prefix + name, Value: v})
		}
	}
	if len(x.given) == maxGiven {
		x.spread()
	}
	x.gifts++
	x.given = append(x.given, given{prefix, r, x.gifts})
}

// spread stores the oldest results one by one.
func (x *Exchange) spread() {
	g := x.given[0]
	x.given = slices.Delete(x.given, 0, 1)
	if x.vars == nil {
		x.vars = map[string]stored{}
	}
	for name, v := range g.results.All() {
		name = g.prefix + name
		if own, ok := x.vars[name]; !ok || own.after < g.order {
			x.vars[name] = stored{v, g.order}
		}
	}
}

// held returns a stored variable: what was put last.
func (x *Exchange) held(name string) (Value, bool) {
	own, ok := x.vars[name]
	for i := len(x.given) - 1; i >= 0 && (!ok || x.given[i].order > own.after); i-- {
		if v := x.given[i].value(name); !v.IsNull() {
			return v, true
		}
	}
	return own.Value, !own.IsNull()
}

func (g *given) value(name string) Value {
	if len(name) < len(g.prefix) || name[:len(g.prefix)] != g.prefix {
		return Value{}
	}
	return g.results.Result(name[len(g.prefix):])
}

// drop removes a stored variable. A null is stored where results would be seen again.
func (x *Exchange) drop(name string) {
	delete(x.vars, name)
	if _, ok := x.held(name); ok {
		x.keep(name, Value{})
	}
}

func (x *Exchange) keep(name string, v Value) {
	if x.vars == nil {
		x.vars = make(map[string]stored, 16)
	}
	x.vars[name] = stored{v, x.gifts}
}
