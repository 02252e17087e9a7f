package flow

import (
	"slices"
	"strings"
	"testing"
)

// parseHeader reads "Name: value" pairs divided by "|".
func parseHeader(text string) Header {
	var h Header
	for line := range strings.SplitSeq(text, "|") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			h.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return h
}

func formatHeader(h Header) string {
	lines := make([]string, len(h))
	for i, f := range h {
		lines[i] = f.Name + ": " + f.Value
	}
	return strings.Join(lines, " | ")
}

func TestHeaderEdits(t *testing.T) {
	for _, c := range []struct {
		name, before string
		edit         func(h *Header)
		after        string
	}{
		{"add keeps the others", "A: 1", func(h *Header) { h.Add("a", "2") }, "A: 1 | a: 2"},
		{"set keeps place and spelling", "X: 1 | Aa: 1 | B: 2 | aA: 3", func(h *Header) { h.Set("AA", "9") }, "X: 1 | Aa: 9 | B: 2"},
		{"set appends", "A: 1", func(h *Header) { h.Set("b", "2") }, "A: 1 | b: 2"},
		{"set on nothing", "", func(h *Header) { h.Set("b", "2") }, "b: 2"},
		{"del all", "A: 1 | B: 2 | a: 3", func(h *Header) { h.Del("a") }, "B: 2"},
		{"del what is not there", "A: 1", func(h *Header) { h.Del("aa") }, "A: 1"},
		{"set an item", "A: 1, 2 ,3", func(h *Header) { h.setItem("a", 2, "x") }, "A: 1,x,3"},
		{"set an item of several lines", "A: 1 | B: 0 | A: 2", func(h *Header) { h.setItem("a", 2, "x") }, "A: 1,x | B: 0"},
		{"set the item past the end", "A: 1", func(h *Header) { h.setItem("a", 2, "x") }, "A: 1,x"},
		{"set the first item of nothing", "", func(h *Header) { h.setItem("a", 1, "x") }, "a: x"},
		{"set an item far past the end", "A: 1", func(h *Header) { h.setItem("a", 3, "x") }, "A: 1"},
		{"set item 0", "A: 1", func(h *Header) { h.setItem("a", 0, "x") }, "A: 1"},
		{"del an item", "A: 1,2,3", func(h *Header) { h.delItem("a", 2) }, "A: 1,3"},
		{"del the only item: nothing (policies-1.md 4.3)", "A: 1", func(h *Header) { h.delItem("a", 1) }, "A: 1"},
		{"del an item that is not there", "A: 1,2", func(h *Header) { h.delItem("a", 3) }, "A: 1,2"},
	} {
		h := parseHeader(c.before)
		c.edit(&h)
		if got := formatHeader(h); got != c.after {
			t.Errorf("%s: got %q, want %q", c.name, got, c.after)
		}
	}
}

func TestHeaderReads(t *testing.T) {
	h := parseHeader("Accept: text/html, */* | X: 1 | Date: Sat, 21 Nov 2026 | x: 2 | Empty:")
	if v, ok := h.First("ACCEPT"); v != "text/html" || !ok {
		t.Errorf("First: %q, %v", v, ok)
	}
	if v, ok := h.First("date"); v != "Sat" || !ok {
		t.Errorf("First splits every header: %q, %v", v, ok)
	}
	if v, ok := h.Joined("x"); v != "1, 2" || !ok {
		t.Errorf("Joined: %q, %v", v, ok)
	}
	if v, ok := h.Joined("accept"); v != "text/html, */*" || !ok {
		t.Errorf("Joined of one line: %q, %v", v, ok)
	}
	if v, ok := h.Get("empty"); v != "" || !ok || !h.Has("EMPTY") {
		t.Errorf("an empty header: %q, %v", v, ok)
	}
	if _, ok := h.First("none"); ok || h.Has("none") || h.Value("none") != "" || h.Values("none") != nil || h.Items("none") != nil {
		t.Error("a header that is not there is found")
	}
	if got, want := h.Items("accept"), []string{"text/html", "*/*"}; !slices.Equal(got, want) {
		t.Errorf("Items: %q, want %q", got, want)
	}
	if got, want := h.Values("X"), []string{"1", "2"}; !slices.Equal(got, want) || h.Count("X") != 2 {
		t.Errorf("Values: %q, want %q", got, want)
	}
	if got, want := h.Names(), []string{"Accept", "X", "Date", "Empty"}; !slices.Equal(got, want) {
		t.Errorf("Names: %q, want %q", got, want)
	}
}

func TestHeaderCloneSharesNothing(t *testing.T) {
	h := parseHeader("A: 1 | B: 2")
	c := h.Clone()
	c.Set("A", "9")
	c.Add("C", "3")
	h.Del("B")
	if got := formatHeader(c); got != "A: 9 | B: 2 | C: 3" {
		t.Errorf("the clone: %q", got)
	}
	if got := formatHeader(h); got != "A: 1" {
		t.Errorf("the original: %q", got)
	}
	if Header(nil).Clone() != nil {
		t.Error("the clone of nothing is something")
	}
}

// TestHeaderDropsWhatWasDeleted: a pooled header must not keep secrets alive.
func TestHeaderDropsWhatWasDeleted(t *testing.T) {
	h := parseHeader("A: 1 | Authorization: secret")
	h.Del("authorization")
	if rest := h[:2][1]; rest != (Field{}) {
		t.Errorf("the deleted line is still in memory: %v", rest)
	}
}
