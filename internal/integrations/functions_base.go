package integrations

// baseFunctions have no receiver. ENVIRONMENT of the enum is missing: nobody documents what it gives.
var baseFunctions = map[string]function{
	"GENERATE_UUID":          {kindNone, "", newID},
	"GET_UUID":               {kindNone, "", newID},
	"GET_EXECUTION_ID":       {kindNone, "", func(a arguments) (value, error) { return a.m.r.id, nil }},
	"GET_INTEGRATION_NAME":   {kindNone, "", func(a arguments) (value, error) { return a.m.r.in.name, nil }},
	"GET_INTEGRATION_REGION": {kindNone, "", func(a arguments) (value, error) { return a.m.r.from.Region, nil }},
	"GET_REGION":             {kindNone, "", func(a arguments) (value, error) { return a.m.r.from.Region, nil }},
	"GET_PROJECT_ID":         {kindNone, "", func(a arguments) (value, error) { return a.m.r.from.Project, nil }},
	"INT_LIST":               {kindNone, "ii", intList},
	"NOW_IN_MILLIS":          {kindNone, "", func(a arguments) (value, error) { return a.m.r.now().UnixMilli(), nil }},
}

func newID(a arguments) (value, error) { return a.m.r.newID(), nil }

// intList counts from the first parameter up to, without, the second.
func intList(a arguments) (value, error) {
	from, to := a.integer(0), a.integer(1)
	if to <= from {
		return []any{}, nil
	}
	if n := uint64(to) - uint64(from); n > maxElements {
		return nil, errTooManyItems
	}
	out := make([]any, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out, nil
}
