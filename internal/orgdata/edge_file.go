package orgdata

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"sluice/internal/strays"
)

// edgeScopes are the parts of edge.json.
var edgeScopes = []string{"orgConfig", "envConfig", "apiConfig"}

// edgeFile takes the documents of edge.json, the single file of the config Maven
// plugin:
//
//	{"version": "1.0",
//	 "orgConfig": {"apiProducts": [], ...},
//	 "envConfig": {"test": {"kvms": [], ...}},
//	 "apiConfig": {"PROXY": {"kvms": []}}}
func (r *reader) edgeFile(file string, data []byte) {
	var top map[string]json.RawMessage
	whole := &document{file: file, data: tidy(data), whole: true}
	if err := json.Unmarshal(whole.data, &top); err != nil {
		r.failFile(file, "", "%s", wording(err, whole, "a JSON object"))
		return
	}
	if !slices.ContainsFunc(edgeScopes, func(key string) bool { return top[key] != nil }) {
		r.failFile(file, "", "none of %s is in it: write it in the form of edge.json, or call it one of %s; `sluice doc orgdata` shows all forms",
			strings.Join(edgeScopes, ", "), strings.Join(Files, ", "))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		switch key {
		case "version":
		case "orgConfig":
			r.edgeScope(document{file: file, path: key}, orgScope, top[key])
		case "envConfig":
			for name, d := range r.named(file, key, top[key]) {
				d.environment = name
				r.data.Environments = append(r.data.Environments, name)
				r.edgeScope(d, envScope, d.data)
			}
		case "apiConfig":
			for name, d := range r.named(file, key, top[key]) {
				d.proxy = name
				r.edgeScope(d, apiScope, d.data)
			}
		default:
			r.stray(&document{kind: unknown(key), file: file, path: key}, edgeScopes)
		}
	}
}

// named goes through the environments or proxies of a scope, by name.
func (r *reader) named(file, path string, data []byte) func(yield func(string, document) bool) {
	return func(yield func(string, document) bool) {
		list := r.object(&document{file: file, path: path}, data)
		for _, name := range slices.Sorted(maps.Keys(list)) {
			if !yield(name, document{file: file, path: path + "." + name, data: list[name]}) {
				return
			}
		}
	}
}

// edgeScope takes the lists of one scope. at says where they are.
func (r *reader) edgeScope(at document, scope string, data []byte) {
	lists := r.object(&at, data)
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		if string(lists[name]) == "null" {
			continue
		}
		d := at
		d.kind, d.path, d.data = edgeKind(scope, name), at.path+"."+name, lists[name]
		if d.known() {
			r.documents = append(r.documents, &d)
			continue
		}
		r.stray(&d, kindNames(scope))
	}
}

// stray takes a part that is called nothing that is known. It is a mistake when it
// is called almost so; otherwise it is noted, because later versions of the plugin
// may have more kinds.
func (r *reader) stray(d *document, names []string) {
	if near := strays.Nearest(d.kind.name, names); near != "" {
		r.failFile(d.file, d.path, "no such kind is known: did you mean %q?", near)
		return
	}
	r.documents = append(r.documents, d)
}

func kindNames(scope string) (names []string) {
	for _, k := range edgeKinds[scope] {
		names = append(names, k.name)
	}
	return names
}

func (r *reader) object(d *document, data []byte) (object map[string]json.RawMessage) {
	if err := json.Unmarshal(data, &object); err != nil {
		r.failFile(d.file, d.path, "%s", wording(err, d, "a JSON object"))
	}
	return object
}

func edgeKind(scope, name string) *kind {
	i := slices.IndexFunc(edgeKinds[scope], func(k *kind) bool { return k.name == name })
	if i < 0 {
		return unknown(name)
	}
	return edgeKinds[scope][i]
}
