package state

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"

	"sluice/flow"
	"sluice/internal/entity"
	"sluice/internal/orgdata"
)

// changes are the writes that bring the store to what files say: what it has
// already is not among them.
type changes struct {
	products   []*entity.Product
	developers []*entity.Developer
	apps       []*entity.App
	entries    []entryChange
}

// entryChange is an entry of a map, or the map itself with neither key nor values.
type entryChange struct {
	name   flow.MapName
	key    string
	values []string
}

// settle completes d by what the store has: the developers that apps need, the
// other apps of developers, and the keys that apps have.
func (s *Store) settle(d *orgdata.Data) {
	for _, dev := range d.Developers {
		if old := s.Entities.Directory.Developer(dev.ID); old != nil {
			dev.Apps = union(old.Apps, dev.Apps)
		}
	}
	found := map[string]*entity.Developer{} // of the store, with more apps than before
	for _, n := range d.Needs {
		if n.Developer == "" {
			continue
		}
		old := s.Entities.Directory.Developer(n.Developer)
		dev := found[old.ID]
		if dev == nil {
			c := *old
			dev = &c
			found[old.ID] = dev
		}
		dev.Apps = append(slices.Clip(dev.Apps), n.App.Name)
		n.App.ID = ownedBy(n.App, old)
		n.App.DeveloperID = old.ID
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		found[id].Apps = union(found[id].Apps, nil)
		d.Developers = append(d.Developers, found[id])
	}
	for _, a := range d.Apps {
		s.complete(a)
	}
}

// ownedBy is the ID that an app has when it belongs to a developer of the store.
func ownedBy(a *entity.App, owner *entity.Developer) string {
	if a.ID != "" {
		return a.ID
	}
	owned := *a
	owned.DeveloperID = owner.ID
	return orgdata.AppID(&owned)
}

// union is the names of both lists, each once, in their order.
func union(a, b []string) []string {
	var list []string
	seen := make(map[string]bool, len(a)+len(b))
	for _, name := range slices.Concat(a, b) {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// complete gives credentials without a key one: 48 characters, as Apigee X does,
// of 32 that are possible for each, from the system's random source.
func (s *Store) complete(a *entity.App) {
	old := s.Entities.Directory.App(a.ID)
	for i := range a.Credentials {
		c := &a.Credentials[i]
		if c.ConsumerKey != "" {
			continue
		}
		if old != nil && i < len(old.Credentials) {
			c.ConsumerKey, c.ConsumerSecret = old.Credentials[i].ConsumerKey, old.Credentials[i].ConsumerSecret
			continue
		}
		c.ConsumerKey, c.ConsumerSecret = rand.Text()+rand.Text()[:22], rand.Text()+rand.Text()[:22]
	}
}

func (s *Store) changes(d *orgdata.Data, organization, environment string) *changes {
	directory := s.Entities.Directory
	c := &changes{}
	for _, p := range d.Products {
		if !same(directory.Product(p.Name), p) {
			c.products = append(c.products, p)
		}
	}
	for _, dev := range d.Developers {
		if !same(directory.Developer(dev.ID), dev) {
			c.developers = append(c.developers, dev)
		}
	}
	for _, a := range d.Apps {
		if !same(directory.App(a.ID), a) {
			c.apps = append(c.apps, a)
		}
	}
	for _, m := range d.Maps {
		if m.Environment == "" || m.Environment == environment {
			c.entries = append(c.entries, s.mapChanges(m, organization, environment)...)
		}
	}
	return c
}

// same compares as stored: JSON leaves out what is empty.
func same[T any](old, fresh *T) bool {
	if old == nil {
		return false
	}
	a, err := json.Marshal(old)
	if err != nil {
		return false
	}
	b, err := json.Marshal(fresh)
	return err == nil && bytes.Equal(a, b)
}

func (s *Store) mapChanges(m orgdata.Map, organization, environment string) []entryChange {
	name := flow.MapName{Scope: m.Scope, Organization: organization, Proxy: m.Proxy, Name: m.Name}
	if m.Scope != "organization" {
		name.Environment = environment
	}
	var list []entryChange
	if _, exists := s.Maps.Get(name, ""); !exists {
		list = append(list, entryChange{name: name})
	}
	for _, key := range slices.Sorted(maps.Keys(m.Entries)) {
		values := []string{m.Entries[key]}
		if old, _ := s.Maps.Get(name, key); !slices.Equal(old, values) {
			list = append(list, entryChange{name, key, values})
		}
	}
	return list
}
