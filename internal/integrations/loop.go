package integrations

import (
	"context"
	"fmt"
)

// Limits of the loops (reference: integrations.md 1).
const (
	maxIterations         = 8000
	maxParallelIterations = 10_000
	maxLoopInput          = 20 << 20
	maxLoopOutput         = 50 << 20
)

// A loop is what For Each, For Each Parallel and While share: calls of one integration, and
// lists that collect an output of each.
type loop struct {
	callee
	collect  []pairing // from an output there to a list here
	metadata target
}

func compileLoop(p parameters, errs *[]error) loop {
	return loop{
		callee:   compileCallee(p, "requestParameterMapping", errs),
		collect:  p.pairings("aggregatorParameterMapping", errs),
		metadata: p.target("loopMetadata", errs),
	}
}

// A collector gathers the outputs of the rounds of one loop.
type collector struct {
	pairs []pairing
	types map[string]dataType
	lists [][]any
	size  int
}

func (l loop) collector(a *attempt) *collector {
	c := &collector{pairs: l.collect, types: a.scope.types, lists: make([][]any, len(l.collect))}
	for i := range c.lists {
		c.lists[i] = []any{}
	}
	return c
}

var errLoopOutput = fmt.Errorf("the loop collects more than %d MB", maxLoopOutput>>20)

// add takes the outputs of one round. A list of texts or numbers that is to go into a list of the
// same kind adds its elements.
func (c *collector) add(there *scope) error {
	for i, p := range c.pairs {
		v, _ := there.lookup(p.from)
		if v == nil {
			continue
		}
		if c.size += size(v, maxLoopOutput); c.size > maxLoopOutput {
			return errLoopOutput
		}
		list, isList := v.([]any)
		if elementTypes[c.types[p.to.whole]] != "" && isList {
			c.lists[i] = append(c.lists[i], list...)
		} else {
			c.lists[i] = append(c.lists[i], v)
		}
	}
	return nil
}

// set assigns the lists, as far as they are.
func (c *collector) set(a *attempt) error {
	for i, p := range c.pairs {
		if err := a.scope.set(p.to, c.lists[i]); err != nil {
			return fmt.Errorf("collected output %s: %w", p.from.whole, err)
		}
	}
	return nil
}

// A progress is the loopMetadata of a loop. Its fields have a second, deprecated name each.
type progress struct {
	count   int
	ids     []any
	element value
	failure error
}

func (p *progress) object() *object {
	o := newObject()
	put := func(name, old string, v value) {
		o.put(name, v)
		o.put(old, v)
	}
	put("current_iteration_count", "Current Iteration Count", int64(p.count))
	put("sub_integration_execution_ids", "Sub-integration Execution Ids", p.ids)
	if p.element != nil {
		put("current_element", "Current Element", p.element)
		put("iteration_element", "Iteration Element", p.element)
	}
	if p.failure != nil {
		put("failure_location", "Failure Location", int64(p.count))
		put("failure_message", "Failure Message", shorten(p.failure.Error()))
	}
	return o
}

// round runs one sequential round.
func (l loop) round(ctx context.Context, a *attempt, c subCall, p *progress, to *collector) (*scope, error) {
	c.number = p.count
	id, there, err := a.call(ctx, c)
	if id != "" {
		p.ids = append(p.ids, id)
	}
	if err != nil {
		return nil, fmt.Errorf("round %d: %w", p.count, err)
	}
	p.count++
	return there, to.add(there)
}

// finish sets what the loop has come to, also when it failed.
func (l loop) finish(a *attempt, p *progress, to *collector, err error) error {
	p.failure = err
	if err2 := l.metadata.set(a, p.object()); err == nil {
		err = err2
	}
	if err2 := to.set(a); err == nil {
		err = err2
	}
	return err
}

// elements is the list that a loop goes through: an array, or JSON text that is one.
func elements(t template, s *scope, most int) ([]any, error) {
	v, err := t.value(s)
	if err != nil {
		return nil, err
	}
	list, err := toList(toJSON(v))
	if err != nil {
		return nil, fmt.Errorf("the list to go through: %w", err)
	}
	if len(list) > most {
		return nil, fmt.Errorf("the list has %d elements; a loop has at most %d", len(list), most)
	}
	if size(list, maxLoopInput) > maxLoopInput {
		return nil, fmt.Errorf("the list exceeds %d MB", maxLoopInput>>20)
	}
	return list, nil
}
