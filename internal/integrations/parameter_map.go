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
