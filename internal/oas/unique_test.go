package oas

import (
	"testing"
)

// TestUniqueItems: items are equal by value, not by how they are written.
func TestUniqueItems(t *testing.T) {
	for _, schema := range []string{
		"{type: array, uniqueItems: true}",
		"{type: array, format: int32, uniqueItems: true, allOf: [{maxItems: 9}]}", // has a format already
		"{type: array, uniqueItems: true, items: {pattern: '(?=)'}}",              // has a meter
	} {
		s := described(t, schema30(schema))
		for _, tt := range []struct {
			body   string
			differ bool
		}{
			{`[]`, true},
			{`[1]`, true},
			{`[1, 1.0]`, false},
			{`[1e2, 100]`, false},
			{`[0, -0]`, false},
			{`[0.1, 1e-1]`, false},
			{`[1, "1", true, "true", null, "null", [], {}, [null]]`, true},
			{`[{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}]`, false},
			{`[{"a": 1}, {"a": 1, "b": 1}, {"b": 1}, ["a", 1]]`, true},
			{`[["a", "b"], ["a\",\"b"], ["ab"], [["a"], "b"]]`, true},
			{`["\u00e9", "é"]`, false},
		} {
			got := post(t, s, tt.body)
			if differ := got == "[]"; differ != tt.differ {
				t.Errorf("%s %s: %s", schema, tt.body, got)
			}
		}
	}
	got := post(t, described(t, schema30("{uniqueItems: true}")), `[1, 1]`)
	if want := "[ERROR - Array must not contain duplicate elements: []]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := post(t, described(t, schema30("{uniqueItems: false}")), `[1, 1]`); got != "[]" {
		t.Error(got)
	}
}
