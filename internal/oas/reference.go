package oas

import (
	"net/url"
	"strconv"
	"strings"
)

// maxReferences bounds how many references are followed one after another.
const maxReferences = 32

// follow returns what a schema refers to, or the schema.
func follow(doc map[string]any, v any) any {
	for range maxReferences {
		m, _ := v.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok {
			return v
		}
		v, _ = resolve(doc, ref)
	}
	return nil
}

// resolve returns what a reference within the document, #/a/b, points at.
func resolve(doc map[string]any, ref string) (v any, ok bool) {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok || path != "" && path[0] != '/' {
		return nil, false
	}
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	v = doc
	for _, token := range strings.Split(path, "/")[1:] {
		if v, ok = child(v, strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")); !ok {
			return nil, false
		}
	}
	return v, true
}

func child(v any, token string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		c, ok := v[token]
		return c, ok
	case []any:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}
