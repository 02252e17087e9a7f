package flow

import "strings"

// Field is one header line: its name as it was written, and its value without
// surrounding white space. It is an alias of a plain struct, so that a wire
// engine can hand over its header lines without knowing this package and
// without copying them.
type Field = struct{ Name, Value string }

// Header is the header of a message: lines in the order and the letter case in
// which they arrived or were set. Names compare without regard to case. The
// zero value is an empty header. Look-up is a scan: real messages carry ten to
// thirty lines, where a scan beats a map and keeps the order for nothing.
type Header []Field

// Get returns the value of the first line called name, and whether there is one.
func (h Header) Get(name string) (string, bool) {
	for i := range h {
		if equalFold(h[i].Name, name) {
			return h[i].Value, true
		}
	}
	return "", false
}

// Value returns the value of the first line called name, or "".
func (h Header) Value(name string) string {
	v, _ := h.Get(name)
	return v
}

// Has reports whether a line called name exists.
func (h Header) Has(name string) bool {
	_, ok := h.Get(name)
	return ok
}

// Values returns the values of all lines called name, in order.
func (h Header) Values(name string) []string {
	var vs []string
	for i := range h {
		if equalFold(h[i].Name, name) {
			vs = append(vs, h[i].Value)
		}
	}
	return vs
}

// Count returns how many lines are called name.
func (h Header) Count(name string) int {
	n := 0
	for i := range h {
		if equalFold(h[i].Name, name) {
			n++
		}
	}
	return n
}

// Names returns each distinct name once, in order of first appearance and as it
// is written there.
func (h Header) Names() []string {
	var names []string
	for i := range h {
		if !containsFold(names, h[i].Name) {
			names = append(names, h[i].Name)
		}
	}
	return names
}

// Add appends a line.
func (h *Header) Add(name, value string) { *h = append(*h, Field{Name: name, Value: value}) }

// Set gives the first line called name the value and drops the others; without
// such a line it appends one. A line that exists keeps its place and its
// spelling.
func (h *Header) Set(name, value string) {
	for i := range *h {
		if equalFold((*h)[i].Name, name) {
			(*h)[i].Value = value
			h.deleteFrom(i+1, name)
			return
		}
	}
	h.Add(name, value)
}

// Del drops every line called name.
func (h *Header) Del(name string) { h.deleteFrom(0, name) }

func (h *Header) deleteFrom(start int, name string) {
	kept := (*h)[:start]
	for _, f := range (*h)[start:] {
		if !equalFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	clear((*h)[len(kept):])
	*h = kept
}

// Clone returns a copy that shares no memory with h.
func (h Header) Clone() Header {
	if h == nil {
		return nil
	}
	return append(make(Header, 0, len(h)+4), h...)
}

// Items splits the lines called name on commas, as Apigee does for
// M.header.NAME.N and M.header.NAME.values (runtime.md 6.1). It splits every
// header, also dates and user agents: that is the documented behaviour.
func (h Header) Items(name string) []string {
	var items []string
	for i := range h {
		if !equalFold(h[i].Name, name) {
			continue
		}
		for part := range strings.SplitSeq(h[i].Value, ",") {
			items = append(items, strings.TrimSpace(part))
		}
	}
	return items
}

// First returns the text before the first comma of the first line called name.
func (h Header) First(name string) (string, bool) {
	v, ok := h.Get(name)
	if !ok {
		return "", false
	}
	if i := strings.IndexByte(v, ','); i >= 0 {
		v = strings.TrimSpace(v[:i])
	}
	return v, true
}

// Joined returns all lines called name as one text, joined with ", ".
func (h Header) Joined(name string) (string, bool) {
	if h.Count(name) > 1 {
		return strings.Join(h.Values(name), ", "), true
	}
	return h.Get(name)
}

// setItem sets the n-th comma-separated item (1-based) of the header called
// name. An n just past the end appends; anything further is ignored.
func (h *Header) setItem(name string, n int, value string) {
	items := h.Items(name)
	switch {
	case n >= 1 && n <= len(items):
		items[n-1] = value
	case n == len(items)+1:
		items = append(items, value)
	default:
		return
	}
	h.Set(name, strings.Join(items, ","))
}

// delItem drops the n-th item (1-based) of the header called name; with a
// single item it does nothing (policies-1.md 4.3, indexed names in Remove).
func (h *Header) delItem(name string, n int) {
	items := h.Items(name)
	if len(items) < 2 || n < 1 || n > len(items) {
		return
	}
	items = append(items[:n-1], items[n:]...)
	h.Set(name, strings.Join(items, ","))
}

// equalFold compares ASCII header names; it is strings.EqualFold without the
// Unicode tables, which header names never need.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func containsFold(list []string, s string) bool {
	for _, v := range list {
		if equalFold(v, s) {
			return true
		}
	}
	return false
}
