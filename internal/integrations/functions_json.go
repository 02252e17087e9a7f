package integrations

import (
	"errors"
	"slices"
)

var jsonFunctions = map[string]function{
	"APPEND_ELEMENT": {kindJSON, "j", func(a arguments) (value, error) {
		list, err := toList(a.self)
		if err != nil {
			return nil, err
		}
		return slices.Concat(list, a.list), nil
	}},
	"EQUALS":          {kindJSON, "j", func(a arguments) (value, error) { return equal(a.self, a.list[0]), nil }},
	"FILTER":          {kindJSON, "l", ofArray(filter)},
	"FILTER_ELEMENTS": {kindJSON, "l", ofArray(filter)},
	"FLATTEN":         {kindJSON, "", ofArray(flatten(maxJSONDepth))},
	"FLATTEN_ONCE":    {kindJSON, "", ofArray(flatten(1))},
	"FOR_EACH":        {kindJSON, "l", ofArray(forEach)},
	"GET_ELEMENT":     {kindJSON, "i", ofArray(getElement)},
	"GET_PROPERTY":    {kindJSON, "s", getProperty},
	"MERGE":           {kindJSON, "j", merge},
	"REMOVE_PROPERTY": {kindJSON, "s", func(a arguments) (value, error) {
		return removePath(a.self, parsePath(a.str(0))), nil
	}},
	"RESOLVE_TEMPLATE": {kindJSON, "", func(a arguments) (value, error) {
		return resolve(a.self, a.m.r.scope)
	}},
	"SET_PROPERTY": {kindJSON, "js", func(a arguments) (value, error) {
		return setPath(a.self, parsePath(a.str(1)), a.list[0])
	}},
	"SIZE":             {kindJSON, "", sizeOf},
	"TO_BOOLEAN":       {kindJSON, "", converted(booleanValue)},
	"TO_DOUBLE":        {kindJSON, "", converted(doubleValue)},
	"TO_INT":           {kindJSON, "", converted(intValue)},
	"TO_STRING":        {kindJSON, "", converted(stringValue)},
	"TO_BOOLEAN_ARRAY": {kindJSON, "", converted(booleanArray)},
	"TO_DOUBLE_ARRAY":  {kindJSON, "", converted(doubleArray)},
	"TO_INT_ARRAY":     {kindJSON, "", converted(intArray)},
	"TO_STRING_ARRAY":  {kindJSON, "", converted(stringArray)},
}

func converted(t dataType) func(arguments) (value, error) {
	return func(a arguments) (value, error) { return convert(a.self, t) }
}

// ofArray is run for a receiver that must be a JSON array.
func ofArray(run func(arguments) (value, error)) func(arguments) (value, error) {
	return func(a arguments) (value, error) {
		list, err := toList(a.self)
		if err != nil {
			return nil, err
		}
		a.self = list
		return run(a)
	}
}

// getProperty takes a name, or a path with dots.
func getProperty(a arguments) (value, error) {
	if o, ok := a.self.(*object); ok {
		if v, ok := o.fields[a.str(0)]; ok {
			return v, nil
		}
	}
	return getPath(a.self, parsePath(a.str(0))), nil
}

func removePath(v value, path []step) value {
	if len(path) == 0 {
		return v
	}
	switch at := v.(type) {
	case *object:
		if len(path) == 1 {
			return at.without(path[0].field)
		}
		if inner, ok := at.fields[path[0].field]; ok {
			return at.with(path[0].field, removePath(inner, path[1:]))
		}
	case []any: // the property of each element, as the sample "Remove JSON property" needs
		out := make([]any, len(at))
		for i, e := range at {
			out[i] = removePath(e, path)
		}
		return out
	}
	return v
}

// merge joins two objects, where the fields of the second win, or two arrays, where a value
// that is already there is left out (page MERGE: "removes the duplicate value").
func merge(a arguments) (value, error) {
	switch x := a.self.(type) {
	case *object:
		y, ok := a.list[0].(*object)
		if !ok {
			return nil, errors.New("an object merges with an object only")
		}
		out := x.clone()
		for _, n := range y.names {
			out.put(n, y.fields[n])
		}
		return out, nil
	case []any:
		y, err := toList(a.list[0])
		if err != nil {
			return nil, err
		}
		a.self = slices.Concat(x, y)
		return distinct(a)
	}
	return nil, errors.New("MERGE needs an object or an array, not " + show(a.self))
}

func flatten(levels int) func(arguments) (value, error) {
	return func(a arguments) (value, error) {
		out := []any{}
		var add func(list []any, left int) error
		add = func(list []any, left int) error {
			for _, e := range list {
				inner, ok := e.([]any)
				if ok && left > 0 {
					if err := add(inner, left-1); err != nil {
						return err
					}
					continue
				}
				if out = append(out, e); len(out) > maxElements {
					return errTooManyItems
				}
			}
			return nil
		}
		err := add(a.selfArray(), levels)
		return out, err
	}
}

func sizeOf(a arguments) (value, error) {
	switch v := a.self.(type) {
	case []any:
		return int64(len(v)), nil
	case *object:
		return int64(len(v.names)), nil
	}
	return nil, errors.New("SIZE needs an object or an array, not " + show(a.self))
}

// resolve replaces the references in the strings of v; a string that is one reference becomes
// what it names, of whatever type (page RESOLVE_TEMPLATE).
func resolve(v value, s *scope) (value, error) {
	switch v := v.(type) {
	case string:
		if r, ok := parseReference(v); ok {
			if found, declared := s.lookup(r); declared {
				return found, nil
			}
			return v, nil
		}
		return wrap(parseTemplate(v).text(s))
	case []any:
		return resolveArray(v, s)
	case *object:
		out := newObject()
		for _, n := range v.names {
			inner, err := resolve(v.fields[n], s)
			if err != nil {
				return nil, err
			}
			out.put(n, inner)
		}
		return out, nil
	}
	return v, nil
}

func resolveArray(list []any, s *scope) (value, error) {
	out := make([]any, len(list))
	for i, e := range list {
		var err error
		if out[i], err = resolve(e, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}
