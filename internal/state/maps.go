package state

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"sluice/flow"
)

// Maps are the key-value maps: written through to the engine, read from a local
// replica that a watch keeps fresh.
type Maps struct {
	bucket   Bucket
	progress Progress
	mu       sync.RWMutex // guards records and maps
	records  map[string]*mapRecord
	maps     map[flow.MapName]map[string][]string
}

// mapRecord is one entry as it is stored, under a key made of digests, because
// names and keys are texts of up to 2 KB. The one with an empty Key and no Values
// stands for the map itself.
type mapRecord struct {
	Map    flow.MapName
	Key    string   `json:",omitempty"`
	Values []string `json:",omitempty"`
}

func openMaps(ctx, watching context.Context, engine Engine) (*Maps, error) {
	bucket, err := engine.Bucket(ctx, BucketConfig{Name: "maps", Durable: true})
	if err != nil {
		return nil, fmt.Errorf("key-value maps: %w", err)
	}
	m := &Maps{bucket: bucket, records: map[string]*mapRecord{}, maps: map[flow.MapName]map[string][]string{}}
	if err := bucket.Watch(watching, m.change); err != nil {
		return nil, fmt.Errorf("key-value maps: %w", err)
	}
	return m, nil
}

func (m *Maps) change(c Change) {
	defer m.progress.Advance(c.Revision)
	if c.Value == nil {
		m.drop(c.Key)
		return
	}
	r := &mapRecord{}
	if err := json.Unmarshal(c.Value, r); err != nil {
		return // not written by this program
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records[c.Key] = r
	if m.maps[r.Map] == nil {
		m.maps[r.Map] = map[string][]string{}
	}
	if r.Values != nil {
		m.maps[r.Map][r.Key] = r.Values
	}
}

func (m *Maps) drop(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.records[id]
	if r == nil {
		return
	}
	delete(m.records, id)
	if r.Values == nil {
		return
	}
	delete(m.maps[r.Map], r.Key)
}

// Get implements flow.KeyValueMaps.
func (m *Maps) Get(name flow.MapName, key string) (values []string, exists bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	entries, exists := m.maps[name]
	return entries[key], exists
}

// Put implements flow.KeyValueMaps.
func (m *Maps) Put(ctx context.Context, name flow.MapName, key string, values []string) error {
	data, err := json.Marshal(mapRecord{name, key, values})
	if err != nil {
		return fmt.Errorf("map %s: %w", name.Name, err)
	}
	revision, err := m.bucket.Put(ctx, recordKey(name, key, values == nil), data, 0)
	if err != nil {
		return fmt.Errorf("map %s: %w", name.Name, err)
	}
	return m.progress.Reach(ctx, revision)
}

// Delete implements flow.KeyValueMaps. The map stays, even when it is empty.
func (m *Maps) Delete(ctx context.Context, name flow.MapName, key string) error {
	if _, exists := m.Get(name, key); !exists {
		return nil
	}
	if err := m.Put(ctx, name, "", nil); err != nil {
		return err
	}
	id := recordKey(name, key, false)
	if err := m.bucket.Delete(ctx, id); err != nil {
		return fmt.Errorf("map %s: %w", name.Name, err)
	}
	m.drop(id)
	return nil
}

// recordKey is digest(map).digest(key), and digest(map).map for the map itself.
func recordKey(n flow.MapName, key string, whole bool) string {
	data, _ := json.Marshal(n) // strings only: it cannot fail
	if whole {
		return digest(string(data)) + ".map"
	}
	return digest(string(data)) + "." + digest(key)
}

// Names returns the maps that exist.
func (m *Maps) Names() []flow.MapName {
	m.mu.RLock()
	defer m.mu.RUnlock()
	list := make([]flow.MapName, 0, len(m.maps))
	for n := range m.maps {
		list = append(list, n)
	}
	return list
}
