package integrations

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A reference names a variable or a part of one: $name$, $name.field.field$, $list[0].x$,
// $`Task_1_responseBody`$, $`Task_1_x`.field$ and $`ErrorInfo.code`$.
type reference struct {
	whole string // all between the dollar signs; a variable of this very name wins
	name  string // up to the first field
	path  []step
}

// A step goes from a value to one of its parts: a field, or an element if isIndex.
type step struct {
	field   string
	index   int
	isIndex bool
}

func (r reference) String() string { return "$" + r.whole + "$" }

// parseReference reads s if all of it is one reference.
func parseReference(s string) (reference, bool) {
	r, n := scanReference(s)
	return r, n > 0 && n == len(s)
}

// scanReference reads the reference at the start of s and returns its length, 0 without one.
func scanReference(s string) (reference, int) {
	if len(s) < 3 || s[0] != '$' {
		return reference{}, 0
	}
	start := 1
	if s[1] == '`' {
		n := strings.IndexByte(s[2:], '`')
		if n < 1 {
			return reference{}, 0
		}
		start = 2 + n + 1
	}
	n := strings.IndexAny(s[start:], "$ \t\r\n\u00a0\"'`{}")
	if n < 0 || s[start+n] != '$' || start+n == 1 {
		return reference{}, 0
	}
	return splitReference(s[1 : start+n]), start + n + 1
}

// splitReference cuts name and path. The dot may stand inside the backticks.
func splitReference(whole string) reference {
	r := reference{whole: whole, name: whole}
	from := 0
	if i := strings.LastIndexByte(whole, '`'); i > 0 && i < len(whole)-1 {
		from = i
	}
	i := strings.IndexAny(whole[from:], ".[")
	if i < 0 {
		return r
	}
	r.name = whole[:from+i]
	path := whole[from+i:]
	if strings.HasPrefix(whole, "`") && from == 0 {
		r.name += "`"
		path = strings.TrimSuffix(path, "`")
	}
	r.path = parsePath(path)
	return r
}

// parsePath reads a.b[0].c; a leading dot is allowed.
func parsePath(s string) []step {
	var path []step
	for _, part := range strings.Split(strings.TrimPrefix(s, "."), ".") {
		name, rest, _ := strings.Cut(part, "[")
		if name != "" {
			path = append(path, step{field: name})
		}
		for rest != "" {
			var digits string
			digits, rest, _ = strings.Cut(rest, "]")
			index, err := strconv.Atoi(digits)
			if err != nil {
				path = append(path, step{field: "[" + digits + "]"})
			} else {
				path = append(path, step{index: index, isIndex: true})
			}
			rest = strings.TrimPrefix(rest, "[")
		}
	}
	return path
}

// getPath is the part of v that path leads to, nil if there is none. A field of an array is the
// array of that field of its elements; exports rely on it ("value.name" of a list answer).
func getPath(v value, path []step) value {
	for i, s := range path {
		switch at := v.(type) {
		case *object:
			v = at.fields[s.field]
		case []any:
			if !s.isIndex {
				return eachPath(at, path[i:])
			}
			if s.index < 0 || s.index >= len(at) {
				return nil
			}
			v = at[s.index]
		default:
			return nil
		}
	}
	return v
}

func eachPath(list []any, path []step) value {
	out := []any{}
	for _, e := range list {
		if part := getPath(e, path); part != nil {
			out = append(out, part)
		}
	}
	return out
}

// setPath is v with the part at path replaced. Missing objects on the way are made.
func setPath(v value, path []step, part value) (value, error) {
	if len(path) == 0 {
		return part, nil
	}
	s := path[0]
	if s.isIndex {
		return setElement(v, s.index, path[1:], part)
	}
	if v == nil {
		v = newObject()
	}
	o, ok := v.(*object)
	if !ok {
		return nil, fmt.Errorf("field %q cannot be set in %s", s.field, show(v))
	}
	inner, err := setPath(o.fields[s.field], path[1:], part)
	if err != nil {
		return nil, err
	}
	return o.with(s.field, inner), nil
}

func setElement(v value, index int, path []step, part value) (value, error) {
	list, err := toList(v)
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= len(list) {
		return nil, errIndex(index, len(list))
	}
	inner, err := setPath(list[index], path, part)
	if err != nil {
		return nil, err
	}
	out := append([]any{}, list...)
	out[index] = inner
	return out, nil
}

func errIndex(index, length int) error {
	return fmt.Errorf("index %d is outside an array of %d", index, length)
}

// A template is text with references in it.
type template struct{ parts []part }

type part struct {
	literal string
	ref     reference
	isRef   bool
}

func parseTemplate(s string) template {
	var t template
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			i = len(s)
		}
		r, n := reference{}, 0
		if i < len(s) {
			r, n = scanReference(s[i:])
		}
		switch {
		case n > 0:
			t.literal(s[:i])
			t.parts = append(t.parts, part{literal: s[i : i+n], ref: r, isRef: true})
		case i < len(s): // a dollar sign that begins nothing
			n = 1
			t.literal(s[:i+1])
		default:
			t.literal(s)
		}
		s = s[i+n:]
	}
	return t
}

func (t *template) literal(s string) {
	if s == "" {
		return
	}
	if n := len(t.parts); n > 0 && !t.parts[n-1].isRef {
		t.parts[n-1].literal += s
		return
	}
	t.parts = append(t.parts, part{literal: s})
}

// value resolves t. A template that is one reference keeps the type of what it names; null if
// there is no such variable. In longer text, what names no variable stays as it is written.
func (t template) value(s *scope) (value, error) {
	if len(t.parts) == 1 && t.parts[0].isRef {
		v, _ := s.lookup(t.parts[0].ref)
		return v, nil
	}
	return wrap(t.text(s))
}

var errTextTooLarge = errors.New("the text with its references resolved is too large")

// text resolves t as text of at most maxText bytes.
func (t template) text(s *scope) (string, error) {
	var b strings.Builder
	for i, p := range t.parts {
		written := p.literal
		if p.isRef {
			if v, ok := s.lookup(p.ref); ok || len(t.parts) == 1 && i == 0 {
				if size(v, maxText) > maxText {
					return "", errTextTooLarge
				}
				written = text(v)
			}
		}
		if b.Len()+len(written) > maxText {
			return "", errTextTooLarge
		}
		b.WriteString(written)
	}
	return b.String(), nil
}
