package policies

import (
	"context"
	"errors"

	"sluice/flow"
)

// mapGet is a Get.
type mapGet struct {
	key   mapKey
	to    *flow.Name
	index int // from 1; 0 is the whole list
}

func (g *mapGet) do(_ context.Context, x *flow.Exchange, p *keyValueMap, m flow.MapName) error {
	key := g.key.of(x)
	if broken := x.Err(); broken != nil {
		return broken
	}
	values, exists := x.Services.Maps.Get(m, key)
	if !exists && !p.made {
		return p.notFound.New("map", m.Name)
	}
	v := g.pick(values)
	if v.IsNull() {
		return nil
	}
	err := x.Set(g.to, v)
	if denied, ok := errors.AsType[*flow.SetError](err); ok {
		return p.setFailed.Wrap(denied, "variable", g.to.String())
	}
	return err
}

// pick is the value that index names; without an index a single value is a plain
// string, several are a list (recommended).
func (g *mapGet) pick(values []string) flow.Value {
	switch {
	case g.index > len(values) || len(values) == 0:
		return flow.Value{}
	case g.index > 0:
		return flow.Text(values[g.index-1])
	case len(values) == 1:
		return flow.Text(values[0])
	}
	return flow.List(values)
}

// mapPut is a Put.
type mapPut struct {
	key      mapKey
	values   []*flow.TextOrRef
	override bool
}

func (a *mapPut) do(ctx context.Context, x *flow.Exchange, p *keyValueMap, m flow.MapName) error {
	key, values := a.key.of(x), make([]string, len(a.values))
	for i, v := range a.values {
		value, _ := v.Value(x)
		values[i] = value.String()
	}
	if broken := x.Err(); broken != nil {
		return broken
	}
	there, exists := x.Services.Maps.Get(m, key)
	switch {
	case !exists && !p.made:
		return p.notFound.New("map", m.Name)
	case there != nil && !a.override:
		return nil
	}
	return x.Services.Maps.Put(ctx, m, key, values)
}

// mapDelete is a Delete.
type mapDelete struct{ key mapKey }

func (d *mapDelete) do(ctx context.Context, x *flow.Exchange, _ *keyValueMap, m flow.MapName) error {
	key := d.key.of(x)
	if broken := x.Err(); broken != nil {
		return broken
	}
	return x.Services.Maps.Delete(ctx, m, key)
}
