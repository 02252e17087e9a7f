package cases

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/flow"
)

// seen is a variable as it was at the end of an exchange.
type seen struct {
	kind  flow.Type
	text  string
	items []string
}

// look reads the variable, or the captured value of that name.
func (v *variable) look(x *flow.Exchange) seen {
	if v.section != "captured" {
		return show(x.Lookup(v.name))
	}
	for _, c := range x.Captured() {
		if c.Name == v.name {
			return show(c.Value)
		}
	}
	return seen{}
}

func show(v flow.Value) seen {
	return seen{v.Type(), v.String(), slices.Clone(v.Items())}
}

// literal is how a case would write the value.
func (s seen) literal() string {
	switch s.kind {
	case flow.Null:
		return "null"
	case flow.Boolean, flow.Integer, flow.Long:
		return s.text
	case flow.Float, flow.Double:
		return s.text
	case flow.Collection:
		return asJSON(s.items)
	}
	return asJSON(s.text)
}

func asJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // texts: it cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// describe is the value for a report, with its type where the literal leaves it
// open.
func (s seen) describe() string {
	switch s.kind {
	case flow.Null:
		return "null"
	case flow.MessageObject:
		return "(a message: name one of its parts)"
	case flow.String, flow.Boolean:
		return s.literal()
	}
	return s.literal() + " (" + s.kind.String() + ")"
}

// check reports whether the value is as written.
func (v *variable) check(s seen) bool {
	if v.pattern != nil {
		ok, err := v.pattern.MatchString(s.text)
		return ok && err == nil && s.kind != flow.Null
	}
	switch want := v.literal.(type) {
	case nil:
		return s.kind == flow.Null
	case bool:
		return s.kind == flow.Boolean && s.text == strconv.FormatBool(want)
	case json.Number:
		return s.kind.Numeric() && sameNumber(want.String(), s.text)
	case string:
		textual := s.kind == flow.String || s.kind == flow.Collection || s.kind == flow.Object
		return textual && (s.text == want || strings.Contains(want, wild) && compare(want, s.text) == nil)
	case []any:
		return s.kind == flow.Collection && slices.Equal(texts(want), s.items)
	}
	return false
}

func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && x == y
}

func texts(list []any) []string {
	var out []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			s = fmt.Sprint(v)
		}
		out = append(out, s)
	}
	return out
}

// failure compares and tells.
func (v *variable) failure(s seen) []Failure {
	if v.check(s) {
		return nil
	}
	d := &difference{want: v.text, got: s.describe()}
	want, got := d.shorten()
	sign := " = "
	if v.pattern != nil {
		sign = " ~ "
	}
	return []Failure{{Line: v.line, Want: v.name + sign + want, Got: v.name + " = " + got, variable: v.name}}
}
