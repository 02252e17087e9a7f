package state

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"sluice/internal/entity"
)

// write writes products before the apps that use them, so that a key that works
// works whole.
func (s *Store) write(ctx context.Context, c *changes) error {
	e := s.Entities
	if err := e.products.writeAll(ctx, c.products, func(p *entity.Product) string { return p.Name }); err != nil {
		return err
	}
	if err := e.developers.writeAll(ctx, c.developers, func(d *entity.Developer) string { return d.ID }); err != nil {
		return err
	}
	if err := e.apps.writeAll(ctx, c.apps, func(a *entity.App) string { return a.ID }); err != nil {
		return err
	}
	return s.Maps.writeAll(ctx, c.entries)
}

// writeAll writes many values; they are in the directory afterwards.
func (k *kept[T]) writeAll(ctx context.Context, list []*T, id func(*T) string) error {
	for some := range slices.Chunk(list, batchLimit) {
		values := make([]keyValue, len(some))
		for i, v := range some {
			data, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", k.name, id(v), err)
			}
			values[i] = keyValue{escape(id(v)), data}
		}
		revision, err := putAll(ctx, k.bucket, values)
		if err == nil {
			err = k.progress.Reach(ctx, revision)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}

// writeAll writes many entries and maps.
func (m *Maps) writeAll(ctx context.Context, list []entryChange) error {
	for some := range slices.Chunk(list, batchLimit) {
		values := make([]keyValue, len(some))
		for i, e := range some {
			data, err := json.Marshal(mapRecord{e.name, e.key, e.values})
			if err != nil {
				return fmt.Errorf("map %s: %w", e.name.Name, err)
			}
			values[i] = keyValue{recordKey(e.name, e.key, e.values == nil), data}
		}
		revision, err := putAll(ctx, m.bucket, values)
		if err == nil {
			err = m.progress.Reach(ctx, revision)
		}
		if err != nil {
			return fmt.Errorf("key-value maps: %w", err)
		}
	}
	return nil
}
