package oas

import "strings"

// discriminate binds each alternative to its values of the discriminator, so that
// one that would match as well does not: list are the alternatives as they are
// written, lowered what they became.
func discriminate(m map[string]any, list, lowered []any) {
	d, _ := m["discriminator"].(map[string]any)
	property, _ := d["propertyName"].(string)
	if property == "" {
		return
	}
	mapping, _ := d["mapping"].(map[string]any)
	for i, value := range list {
		alternative, _ := value.(map[string]any)
		ref, _ := alternative["$ref"].(string)
		names := discriminatorValues(mapping, ref)
		if len(names) == 0 {
			continue
		}
		lowered[i] = map[string]any{"$comment": wrapper, "allOf": []any{map[string]any{
			"required":   []any{property},
			"properties": map[string]any{property: map[string]any{"enum": names}},
		}, lowered[i]}}
	}
}

// discriminatorValues are the values that stand for the schema that ref names:
// what the mapping says, otherwise the schema's name.
func discriminatorValues(mapping map[string]any, ref string) (names []any) {
	if ref == "" {
		return nil
	}
	own := ref[strings.LastIndexByte(ref, '/')+1:]
	for _, value := range sortedKeys(mapping) {
		if target := mapping[value]; target == ref || target == own {
			names = append(names, value)
		}
	}
	if names == nil {
		return []any{own}
	}
	return names
}
