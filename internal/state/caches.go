package state

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"sluice/flow"
)

// Caches keep values for a time: on the engine for all processes, and in front of
// it in this one.
type Caches struct {
	bucket Bucket
	now    func() time.Time
	local  *near[string, cached]
}

// cached is a value with the end of its life.
type cached struct {
	value   []byte
	expires time.Time
}

const localCacheBytes = 64 << 20

func openCaches(ctx, watching context.Context, engine Engine, now func() time.Time) (*Caches, error) {
	bucket, err := engine.Bucket(ctx, BucketConfig{Name: "caches"})
	if err != nil {
		return nil, fmt.Errorf("caches: %w", err)
	}
	c := &Caches{bucket: bucket, now: now}
	c.local, err = newNear(&otter.Options[string, cached]{
		MaximumWeight: localCacheBytes,
		Weigher:       func(k string, v cached) uint32 { return uint32(len(k) + len(v.value)) },
	})
	if err == nil {
		err = bucket.Follow(watching, c.changed)
	}
	if err != nil {
		return nil, fmt.Errorf("caches: %w", err)
	}
	return c, nil
}

// changed forgets what was put or removed, here or by another process.
func (c *Caches) changed(ch Change) {
	if ch.Key == "" {
		c.local.forgetAll()
		return
	}
	c.local.forget(ch.Key)
}

// Get implements flow.Caches.
func (c *Caches) Get(ctx context.Context, k flow.CacheKey) (value []byte, hit bool) {
	id := cacheID(k)
	v, found, err := c.local.get(id, func() (cached, bool, error) { return c.fetch(ctx, id) })
	if err != nil || !found || !c.now().Before(v.expires) {
		return nil, false
	}
	return v.value, true
}

func (c *Caches) fetch(ctx context.Context, id string) (cached, bool, error) {
	e, err := c.bucket.Get(ctx, id)
	if err != nil || len(e.Value) < 8 {
		return cached{}, false, err
	}
	return cached{e.Value[8:], time.UnixMilli(int64(binary.BigEndian.Uint64(e.Value)))}, true, nil
}

// Put implements flow.Caches. A value is stored behind the time when its life
// ends, in milliseconds, eight bytes.
func (c *Caches) Put(ctx context.Context, k flow.CacheKey, value []byte, life time.Duration) error {
	if len(value) > flow.MaxCached {
		return fmt.Errorf("the value of %d bytes is larger than a cache entry may be (%d)", len(value), flow.MaxCached)
	}
	id, expires := cacheID(k), c.now().Add(life)
	data := append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(value)), uint64(expires.UnixMilli())), value...)
	_, err := c.bucket.Put(ctx, id, data, life)
	c.local.forget(id)
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

// Remove implements flow.Caches.
func (c *Caches) Remove(ctx context.Context, k flow.CacheKey, children bool) error {
	if children {
		err := c.bucket.Purge(ctx, cachePrefix(k))
		c.local.forgetAll()
		return err
	}
	id := cacheID(k)
	err := c.bucket.Delete(ctx, id)
	c.local.forget(id)
	return err
}

// cacheID is digest(resource).digest(prefix).digest(key): keys are texts of up to
// 2 KB, and what shares a prefix can be purged together.
func cacheID(k flow.CacheKey) string { return cachePrefix(k) + "." + digest(k.Key) }

func cachePrefix(k flow.CacheKey) string { return digest(k.Resource) + "." + digest(k.Prefix) }
