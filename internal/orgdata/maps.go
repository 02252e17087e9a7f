package orgdata

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"sluice/internal/strays"
)

// mapName is what tells one key-value map from another.
type mapName struct{ scope, environment, proxy, name string }

// mapFile is a key-value map in any of the forms that users have. Scope,
// Environment and Proxy are of the emulator's file; elsewhere the place of the
// file says what the map belongs to.
type mapFile struct {
	Name        string `json:"name"`
	Scope       string `json:"scope"`
	Environment string `json:"environment"`
	Proxy       string `json:"proxy"`

	Entries map[string]any `json:"entries"`         // the emulator
	Entry   []mapEntry     `json:"entry"`           // Edge's management API, and the config Maven plugin
	Page    []mapEntry     `json:"keyValueEntries"` // a page of Apigee X's management API
}

type mapEntry struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// readMaps reads the emulator's list of maps.
func (r *reader) readMaps(d *document) {
	list(r, d, func(at place, m *mapFile) {
		name := mapName{m.Scope, m.Environment, m.Proxy, m.Name}
		switch meant := strays.Nearest(m.Scope, []string{"environment", "apiproxy"}); {
		case meant != "" && meant != m.Scope:
			r.fail(at, "there is no scope %q: did you mean %q?", m.Scope, meant)
			return
		case m.Scope == "apiproxy" && m.Proxy == "":
			r.fail(at, `the map %q of scope apiproxy names no proxy: add "proxy"`, m.Name)
			return
		case m.Scope != "environment" && m.Scope != "apiproxy":
			name.scope = "organization" // whatever else stands there (clients.md, emulator)
		}
		r.fill(at, r.mapOf(at, name), m)
	})
}

// readEdgeMaps reads maps of the scope where the document stands.
func (r *reader) readEdgeMaps(d *document) {
	name := mapName{scope: "organization", environment: d.environment, proxy: d.proxy}
	switch {
	case d.proxy != "":
		name.scope = "apiproxy"
	case d.environment != "":
		name.scope = "environment"
	}
	list(r, d, func(at place, m *mapFile) {
		full := name
		full.name = cmp.Or(d.mapName, m.Name)
		r.fill(at, r.mapOf(at, full), m)
	})
}

// fill adds the entries of a map, in whichever form they are.
func (r *reader) fill(at place, out *Map, m *mapFile) {
	for _, k := range slices.Sorted(maps.Keys(m.Entries)) {
		r.entry(at, out, k, m.Entries[k])
	}
	for _, e := range slices.Concat(m.Entry, m.Page) {
		if e.Name == "" {
			r.fail(at, `an entry of map %q has no name: add "name"`, out.Name)
			continue
		}
		r.entry(at, out, e.Name, e.Value)
	}
}

// mapOf returns the map of that name: files may tell of one map in parts.
func (r *reader) mapOf(at place, name mapName) *Map {
	i, ok := r.maps[name]
	if ok {
		return &r.data.Maps[i]
	}
	m := Map{Scope: name.scope, Environment: name.environment, Proxy: name.proxy, Name: name.name, Entries: map[string]string{}}
	if name.name == "" {
		r.fail(at, `the map has no name: add "name"`)
		return &m
	}
	r.maps[name] = len(r.data.Maps)
	r.data.Maps = append(r.data.Maps, m)
	return &r.data.Maps[len(r.data.Maps)-1]
}

// entry adds an entry: a string, or any other JSON value as it is written.
func (r *reader) entry(at place, m *Map, key string, value any) {
	text, ok := value.(string)
	if !ok {
		data, _ := json.Marshal(value) // it was JSON before
		text = string(data)
	}
	if old, twice := m.Entries[key]; twice && old != text {
		r.fail(at, "entry %q of map %q is there twice with different values: remove one", key, m.Name)
		return
	}
	m.Entries[key] = text
}
