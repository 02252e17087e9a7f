package integrations

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A value is what a variable holds, one of nil (null or never set), bool, int64, float64,
// string, []any (elements are values) or *object. Values are immutable: whoever changes one
// makes a new one that shares the unchanged parts.
//
// Google keeps JSON numbers as doubles; here an integral number is an int64, so that 64-bit
// identifiers survive. 1.0 and 1 are the same value, as in Google's answers.
type value = any

// object is a JSON object that keeps the order of its fields.
type object struct {
	names  []string
	fields map[string]value
}

func newObject() *object { return &object{fields: map[string]value{}} }

// put is for the maker of an object, before anybody else sees it.
func (o *object) put(name string, v value) {
	if _, ok := o.fields[name]; !ok {
		o.names = append(o.names, name)
	}
	o.fields[name] = v
}

// get returns the first of the names that is present, nil without one. More than one name is
// for JSON that may be written in camelCase or snake_case.
func (o *object) get(names ...string) value {
	for _, n := range names {
		if v, ok := o.fields[n]; ok {
			return v
		}
	}
	return nil
}

func (o *object) clone() *object {
	c := &object{names: slices.Clone(o.names), fields: make(map[string]value, len(o.fields)+1)}
	for n, v := range o.fields {
		c.fields[n] = v
	}
	return c
}

func (o *object) with(name string, v value) *object {
	c := o.clone()
	c.put(name, v)
	return c
}

func (o *object) without(name string) *object {
	c := o.clone()
	delete(c.fields, name)
	c.names = slices.DeleteFunc(c.names, func(n string) bool { return n == name })
	return c
}

// size is the approximate number of bytes in v. It stops counting above limit, because shared
// parts can make a value exponentially larger than the memory that it takes.
func size(v value, limit int) int {
	n := 16
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, e := range v {
			if n += size(e, limit-n); n > limit {
				return n
			}
		}
	case *object:
		for _, name := range v.names {
			if n += len(name) + size(v.fields[name], limit-n); n > limit {
				return n
			}
		}
	}
	return n
}

func equal(a, b value) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case *object:
		b, ok := b.(*object)
		return ok && equalObjects(a, b)
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y && sameInteger(a, b)
	}
	switch b.(type) {
	case []any, *object:
		return false
	}
	return a == b
}

func equalObjects(a, b *object) bool {
	if len(a.names) != len(b.names) {
		return false
	}
	for _, n := range a.names {
		if other, ok := b.fields[n]; !ok || !equal(a.fields[n], other) {
			return false
		}
	}
	return true
}

// sameInteger tells apart integers that are the same double.
func sameInteger(a, b value) bool {
	x, ok1 := a.(int64)
	y, ok2 := b.(int64)
	return !ok1 || !ok2 || x == y
}

// number is v as a double, if v is a number (not: a text that looks like one).
func number(v value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// text is v inside longer text: strings bare, null empty, the rest as compact JSON. Google's
// line breaks inside such JSON are not documented; compact is our choice.
func text(v value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return string(appendJSON(nil, v))
}

var errNull = errors.New("the value is null")

func toInt(v value) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case float64:
		if i := int64(v); float64(i) == v && math.Abs(v) < 1<<63 {
			return i, nil
		}
	case string:
		if i, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			return i, nil
		}
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return toInt(f)
		}
	case nil:
		return 0, errNull
	}
	return 0, misfit(v, "is not an integer")
}

func toDouble(v value) (float64, error) {
	if f, ok := number(v); ok {
		return f, nil
	}
	switch v := v.(type) {
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && finite(f) {
			return f, nil
		}
	case nil:
		return 0, errNull
	}
	return 0, misfit(v, "is not a number")
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func toBool(v value) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	case nil:
		return false, errNull
	}
	return false, misfit(v, "is not true or false")
}

func toText(v value) (string, error) {
	if v == nil {
		return "", errNull
	}
	return text(v), nil
}

func toList(v value) ([]any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case nil:
		return nil, errNull
	}
	return nil, misfit(v, "is not an array")
}

// show is v for an error message: short, and telling text from other types.
func show(v value) string {
	const most = 60
	if size(v, 4*most) > 4*most {
		switch v := v.(type) {
		case string:
			return strconv.Quote(v[:most]) + "..."
		case []any:
			return fmt.Sprintf("an array of %d", len(v))
		case *object:
			return fmt.Sprintf("an object with %d fields", len(v.names))
		}
	}
	return string(appendJSON(nil, v))
}
