package state

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sluice/internal/entity"
)

// Entities is the durable side of an entity.Directory: it writes products,
// developers and apps, and a watch of each bucket keeps the directory fresh.
type Entities struct {
	Directory  *entity.Directory
	products   *kept[entity.Product]
	developers *kept[entity.Developer]
	apps       *kept[entity.App]
}

func openEntities(ctx, watching context.Context, engine Engine) (*Entities, error) {
	d := entity.NewDirectory()
	e := &Entities{Directory: d}
	e.products = &kept[entity.Product]{put: d.PutProduct, remove: d.RemoveProduct}
	e.developers = &kept[entity.Developer]{put: d.PutDeveloper, remove: d.RemoveDeveloper}
	e.apps = &kept[entity.App]{put: d.PutApp, remove: d.RemoveApp}
	if err := e.products.open(ctx, watching, engine, "products"); err != nil {
		return nil, err
	}
	if err := e.developers.open(ctx, watching, engine, "developers"); err != nil {
		return nil, err
	}
	return e, e.apps.open(ctx, watching, engine, "apps")
}

// PutProduct writes a product durably; it is in the directory afterwards.
func (e *Entities) PutProduct(ctx context.Context, p *entity.Product) error {
	return e.products.write(ctx, p.Name, p)
}

// PutDeveloper writes a developer durably.
func (e *Entities) PutDeveloper(ctx context.Context, d *entity.Developer) error {
	return e.developers.write(ctx, d.ID, d)
}

// PutApp writes an app with its credentials durably.
func (e *Entities) PutApp(ctx context.Context, a *entity.App) error {
	return e.apps.write(ctx, a.ID, a)
}

// RemoveProduct removes a product durably.
func (e *Entities) RemoveProduct(ctx context.Context, name string) error {
	return e.products.delete(ctx, name)
}

// RemoveDeveloper removes a developer durably.
func (e *Entities) RemoveDeveloper(ctx context.Context, id string) error {
	return e.developers.delete(ctx, id)
}

// RemoveApp removes an app durably.
func (e *Entities) RemoveApp(ctx context.Context, id string) error { return e.apps.delete(ctx, id) }

// kept is a bucket of values that a directory shows.
type kept[T any] struct {
	name     string
	bucket   Bucket
	put      func(*T)
	remove   func(id string)
	progress Progress
}

func (k *kept[T]) open(ctx, watching context.Context, engine Engine, name string) (err error) {
	k.name = name
	if k.bucket, err = engine.Bucket(ctx, BucketConfig{Name: name, Durable: true}); err == nil {
		err = k.bucket.Watch(watching, k.change)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// change applies what the watch tells. A value that does not parse was not
// written by this program: the old one stays.
func (k *kept[T]) change(c Change) {
	defer k.progress.Advance(c.Revision)
	if c.Value == nil {
		k.remove(unescape(c.Key))
		return
	}
	v := new(T)
	if err := json.Unmarshal(c.Value, v); err == nil {
		k.put(v)
	}
}

func (k *kept[T]) write(ctx context.Context, id string, v *T) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", k.name, id, err)
	}
	revision, err := k.bucket.Put(ctx, escape(id), data, 0)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", k.name, id, err)
	}
	return k.progress.Reach(ctx, revision)
}

func (k *kept[T]) delete(ctx context.Context, id string) error {
	if err := k.bucket.Delete(ctx, escape(id)); err != nil {
		return fmt.Errorf("%s: %s: %w", k.name, id, err)
	}
	k.remove(id)
	return nil
}

var (
	dots   = strings.NewReplacer("%", "%25", ".", "%2E")
	undots = strings.NewReplacer("%2E", ".", "%25", "%")
)

// escape makes an ID one part of a key: dots separate parts.
func escape(id string) string    { return dots.Replace(id) }
func unescape(key string) string { return undots.Replace(key) }
