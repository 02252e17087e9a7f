package integrations

import (
	"errors"
	"math"
	"slices"
)

// arrayFunctions is the table of the arrays whose elements are of the given kind.
func arrayFunctions(element kind) map[string]function {
	e := string(rune(element))
	table := map[string]function{
		"APPEND":     {kindArray, e, appendAll},
		"APPEND_ALL": {kindArray, e + "*", appendAll},
		"CONTAINS":   {kindArray, e, func(a arguments) (value, error) { return a.index(0) >= 0, nil }},
		"FILTER":     {kindArray, "l", filter},
		"FOR_EACH":   {kindArray, "l", forEach},
		"GET":        {kindArray, "i", getElement},
		"REMOVE":     {kindArray, e, remove},
		"REMOVE_AT":  {kindArray, "i", removeAt},
		"SET":        {kindArray, "i" + e, setAt},
		"SIZE":       {kindArray, "", func(a arguments) (value, error) { return int64(len(a.selfArray())), nil }},
		"TO_JSON":    {kindArray, "", arrayToJSON},
		"TO_SET":     {kindArray, "", distinct},
	}
	if element == kindInt || element == kindDouble {
		table["AVG"] = function{kindArray, "", average}
		table["SUM"] = function{kindArray, "", sum}
		table["MAX"] = function{kindArray, "", extreme(math.Max)}
		table["MIN"] = function{kindArray, "", extreme(math.Min)}
	}
	return table
}

func (a arguments) index(param int) int {
	return slices.IndexFunc(a.selfArray(), func(e value) bool { return equal(e, a.list[param]) })
}

func appendAll(a arguments) (value, error) {
	return slices.Concat(a.selfArray(), a.list), nil
}

// remove takes out the first element that is equal. The page does not speak of repeated ones.
func remove(a arguments) (value, error) {
	i := a.index(0)
	if i < 0 {
		return a.self, nil
	}
	return slices.Delete(slices.Clone(a.selfArray()), i, i+1), nil
}

// at is parameter 0 as an index into the receiver.
func (a arguments) at() (int, error) {
	i, list := a.integer(0), a.selfArray()
	if i < 0 || i >= int64(len(list)) {
		return 0, errIndex(int(i), len(list))
	}
	return int(i), nil
}

func getElement(a arguments) (value, error) {
	i, err := a.at()
	if err != nil {
		return nil, err
	}
	return a.selfArray()[i], nil
}

func removeAt(a arguments) (value, error) {
	i, err := a.at()
	if err != nil {
		return nil, err
	}
	return slices.Delete(slices.Clone(a.selfArray()), i, i+1), nil
}

func setAt(a arguments) (value, error) {
	i, err := a.at()
	if err != nil {
		return nil, err
	}
	out := slices.Clone(a.selfArray())
	out[i] = a.list[1]
	return out, nil
}

// arrayToJSON reads back elements that are JSON objects or arrays as text: TO_STRING_ARRAY makes
// such elements of JSON, and exports convert there and back (sample "Update Nth array element").
func arrayToJSON(a arguments) (value, error) {
	out := make([]any, len(a.selfArray()))
	for i, e := range a.selfArray() {
		out[i] = toJSON(e)
	}
	return out, nil
}

func distinct(a arguments) (value, error) {
	seen := map[string]bool{}
	out := []any{}
	for _, e := range a.selfArray() {
		if key := string(appendJSON(nil, e)); !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out, nil
}

func filter(a arguments) (value, error) {
	out := []any{}
	err := a.m.each(a.selfArray(), a.lambda, func(e, keep value) error {
		ok, err := toBool(keep)
		if ok {
			out = append(out, e)
		}
		return err
	})
	return out, err
}

func forEach(a arguments) (value, error) {
	out := make([]any, 0, len(a.selfArray()))
	total := 0
	err := a.m.each(a.selfArray(), a.lambda, func(_, result value) error {
		out = append(out, result)
		if total += size(result, maxMappedValue); total > maxMappedValue {
			return errValueTooLarge
		}
		return nil
	})
	return out, err
}

var errEmptyArray = errors.New("the array is empty")

func sum(a arguments) (value, error) {
	var total float64
	var whole int64
	integers := true
	for _, e := range a.selfArray() {
		f, err := toDouble(e)
		if err != nil {
			return nil, err
		}
		total += f
		i, ok := e.(int64)
		whole, integers = whole+i, integers && ok
	}
	if integers && math.Abs(total) < 1<<62 {
		return whole, nil
	}
	return total, nil
}

func average(a arguments) (value, error) {
	if len(a.selfArray()) == 0 {
		return nil, errEmptyArray
	}
	total, err := sum(a)
	if err != nil {
		return nil, err
	}
	f, _ := number(total)
	return plainNumber(f / float64(len(a.selfArray()))), nil
}

func extreme(better func(x, y float64) float64) func(arguments) (value, error) {
	return func(a arguments) (value, error) {
		if len(a.selfArray()) == 0 {
			return nil, errEmptyArray
		}
		best, err := toDouble(a.selfArray()[0])
		for _, e := range a.selfArray() {
			f, err2 := toDouble(e)
			if err2 != nil {
				return nil, err2
			}
			best = better(best, f)
		}
		return plainNumber(best), err
	}
}
