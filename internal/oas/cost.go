package oas

// maxPlain bounds how many schemas one value may meet without a meter: alternatives
// of alternatives multiply.
const maxPlain = 20_000

// costs tells which schemas need a meter.
type costs struct {
	doc    map[string]any
	known  map[string]int // schemas that a reference leads to; open while it is counted
	costly bool           // the schema asked for
}

const open = -1

// needsMeter reports whether a value can cost a schema more than its size tells:
// because it refers to itself, has many alternatives in alternatives, a pattern
// that backtracks, or compiles patterns of the value.
func (c *costs) needsMeter(schema any) bool {
	c.costly = false
	n := c.count(schema)
	return c.costly || n > maxPlain
}

func (c *costs) count(v any) int {
	m, ok := v.(map[string]any)
	if !ok || c.costly {
		return 1
	}
	n := 1
	if source, ok := m["pattern"].(string); ok {
		c.pattern(source)
	}
	if ref, ok := m["$ref"].(string); ok {
		n += c.reference(ref)
	}
	if _, ok := m["$dynamicRef"]; ok || m["format"] == "regex" {
		c.costly = true
	}
	eachSchema(m, func(name string, child any) {
		if name == "patternProperties" {
			c.costly = true // rare, and their patterns are no member of a schema
		}
		n = min(n+c.count(child), maxPlain+1)
	})
	return n
}

func (c *costs) pattern(source string) {
	if p, err := compilePattern(source, nil); err == nil && p.exact != nil {
		c.costly = true
	}
}

func (c *costs) reference(ref string) int {
	n, ok := c.known[ref]
	switch {
	case ok && n == open:
		c.costly = true
		return 1
	case ok:
		return n
	}
	c.known[ref] = open
	target, _ := resolve(c.doc, ref)
	n = c.count(target)
	if c.costly {
		n = maxPlain + 1 // to others too, whatever else they hold
	}
	c.known[ref] = n
	return n
}

// eachSchema calls do for each schema in a schema, with the member that holds it.
func eachSchema(m map[string]any, do func(name string, child any)) {
	for _, name := range schemaMembers {
		if value, ok := m[name]; ok {
			do(name, value)
		}
	}
	for _, name := range schemaLists {
		list, _ := m[name].([]any)
		for _, value := range list {
			do(name, value)
		}
	}
	for _, name := range schemaMaps {
		members, _ := m[name].(map[string]any)
		for _, value := range members {
			do(name, value)
		}
	}
}
