package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
)

// TestDocPolicies: each type stands once in the list, with a phrase, and is described under both
// spellings.
func TestDocPolicies(t *testing.T) {
	var list bytes.Buffer
	if err := docPolicies(&list, nil); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(list.String()) {
		fields := strings.Fields(line)
		if name := strings.ToLower(fields[0]); seen[name] {
			t.Errorf("%s is listed twice", fields[0])
		} else {
			seen[name] = true
		}
		if phrase := strings.TrimSpace(line); unicode.IsUpper(rune(fields[2][0])) || strings.HasSuffix(phrase, ".") {
			t.Errorf("%s: not a phrase like the others", phrase)
		}
	}
	for _, name := range [...]string{"ConcurrentRatelimit", "ConcurrentRateLimit"} {
		var one bytes.Buffer
		if err := docPolicies(&one, []string{name}); err != nil || !strings.HasPrefix(one.String(), name+": bounds") {
			t.Errorf("%s: %v\n%s", name, err, one.String())
		}
	}
}
