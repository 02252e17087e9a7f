package integrations

import "fmt"

// An entry of a ParameterMap: text templates on both sides. Exports write a literalValue or a
// referenceKey.
type entry struct{ key, value template }

// entries reads a parameter that is a ParameterMap, or nothing.
func (p parameters) entries(name string, errs *[]error) []entry {
	v, err := p.typed(name)
	if err != nil {
		*errs = append(*errs, err)
		return nil
	}
	o, ok := v.(*object)
	if !ok {
		return nil
	}
	list, _ := o.get("entries").([]any)
	var out []entry
	for i, e := range list {
		pair, ok := e.(*object)
		if !ok {
			*errs = append(*errs, fmt.Errorf("parameter %s: entry %d is not an object", name, i))
			continue
		}
		key, err1 := readEntrySide(pair.get("key"))
		val, err2 := readEntrySide(pair.get("value"))
		if err1 != nil || err2 != nil {
			*errs = append(*errs, fmt.Errorf("parameter %s: entry %d has no readable key and value", name, i))
			continue
		}
		out = append(out, entry{parseTemplate(key), parseTemplate(val)})
	}
	return out
}

// A pairing is an entry of a ParameterMap between the variables of two integrations.
type pairing struct{ from, to reference }

// pairings reads a parameter that is such a ParameterMap. Exports write bare names of variables.
func (p parameters) pairings(name string, errs *[]error) []pairing {
	var out []pairing
	for _, e := range p.entries(name, errs) {
		from, ok1 := e.key.variable()
		to, ok2 := e.value.variable()
		if !ok1 || !ok2 {
			*errs = append(*errs, fmt.Errorf("parameter %s: an entry does not name two variables", name))
			continue
		}
		out = append(out, pairing{from, to})
	}
	return out
}

// variable is the variable that t names: a reference or a bare name.
func (t template) variable() (reference, bool) {
	switch {
	case len(t.parts) != 1:
		return reference{}, false
	case t.parts[0].isRef:
		return t.parts[0].ref, true
	}
	return splitReference(t.parts[0].literal), true
}

func readEntrySide(v value) (string, error) {
	o, ok := v.(*object)
	if !ok {
		return "", nil
	}
	if ref := o.get("referenceKey", "reference_key"); ref != nil {
		return text(ref), nil
	}
	literal, _, err := readValueType(o.get("literalValue", "literal_value"))
	return text(literal), err
}
