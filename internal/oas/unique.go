package oas

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// uniqueFormat is the format that lower.go writes for uniqueItems. The library
// looks at hashes of the items that leave lengths out: many items with one hash
// are easily made, and each is compared with all before it.
const uniqueFormat = "sluice-unique"

var errDuplicates = errors.New("array must not contain duplicate elements")

// uniqueItems is the format; m counts it as a step, nil where nothing is counted.
func uniqueItems(m *meter) *jsonschema.Format {
	return &jsonschema.Format{Name: uniqueFormat, Validate: func(v any) error {
		if m != nil {
			m.step()
		}
		items, _ := v.([]any)
		if !unique(items) {
			return errDuplicates
		}
		if m != nil && len(items) > 1 {
			m.checkTime()
		}
		return nil
	}}
}

// unique reports whether no two items are equal as JSON Schema has it, in a time
// that grows with their size.
func unique(items []any) bool {
	if len(items) < 2 {
		return true
	}
	var text []byte
	seen := make(map[[sha256.Size]byte]bool, len(items))
	for _, item := range items {
		text = canonical(text[:0], item)
		sum := sha256.Sum256(text)
		if seen[sum] {
			return false
		}
		seen[sum] = true
	}
	return true
}

// canonical appends a value to text as equal ones are written and no others.
func canonical(text []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(text, "null"...)
	case bool:
		return strconv.AppendBool(text, v)
	case string:
		return strconv.AppendQuote(text, v)
	case json.Number:
		return append(text, canonicalNumber(string(v))...)
	case []any:
		text = append(text, '[')
		for _, item := range v {
			text = append(canonical(text, item), ',')
		}
		return append(text, ']')
	case map[string]any:
		text = append(text, '{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			text = append(strconv.AppendQuote(text, name), ':')
			text = append(canonical(text, v[name]), ',')
		}
		return append(text, '}')
	}
	return text // decode makes no others
}

// canonicalNumber writes 1, 1.0 and 10e-1 alike.
func canonicalNumber(text string) string {
	if text != "-0" && !strings.ContainsAny(text, ".eE") {
		return text
	}
	if r, ok := new(big.Rat).SetString(text); ok {
		return r.RatString()
	}
	return text
}
