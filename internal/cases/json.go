package cases

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"sluice/internal/javaregex"
	"sluice/internal/jsonpath"
	"sluice/internal/ordjson"
)

// member is one line of a json section: what a JSONPath must find in the body of
// the response.
type member struct {
	line    int // in the file
	path    *jsonpath.Path
	text    string // of the literal or the pattern
	literal any    // as encoding/json reads it, numbers as json.Number
	pattern *javaregex.Regexp
}

func (r *reader) json(s section) {
	x := r.current(s)
	for row, line := range strings.Split(strings.TrimSuffix(s.text, "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		m, err := parseMember(line)
		if err != nil {
			r.fail(s.line+row, "%v", err)
			continue
		}
		m.line = s.line + row
		x.members = append(x.members, m)
	}
}

func parseMember(line string) (m member, err error) {
	path, text, sign := cutSign(line)
	if sign == "" {
		return m, fmt.Errorf("a line of section json is written: JSONPath = JSON literal, or JSONPath ~ regular expression")
	}
	if m.path, err = jsonpath.Compile(path); err != nil {
		return m, err
	}
	m.text = text
	if sign == "~" {
		m.pattern, err = javaregex.Compile(text, javaregex.Options{})
		return m, err
	}
	if m.literal, err = readJSON(text); err != nil {
		return m, fmt.Errorf("%s is no JSON literal: put a text in quotes", text)
	}
	return m, nil
}

// cutSign cuts a line at the first " = " or " ~ ".
func cutSign(line string) (left, right, sign string) {
	for i := 0; i+3 <= len(line); i++ {
		if s := line[i : i+3]; s == " = " || s == " ~ " {
			return strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+3:]), s[1:2]
		}
	}
	return "", "", ""
}

func readJSON(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("more than one value")
	}
	return v, nil
}

// checkJSON compares the members of a response's body.
func (w *world) checkJSON(x *exchange, body string) {
	if len(x.members) == 0 {
		return
	}
	root, err := ordjson.Parse([]byte(body))
	if err != nil {
		w.script.fail("json", Failure{Line: x.members[0].line, Want: "a response with a JSON body", Got: err.Error()})
		return
	}
	for i := range x.members {
		w.script.fail("json", x.members[i].failure(root)...)
	}
}

func (m *member) failure(root *ordjson.Node) []Failure {
	got := "nothing"
	found, err := m.path.Value(root)
	switch {
	case err != nil:
		got = err.Error()
	case found != nil:
		got = string(ordjson.Append(nil, found))
		if m.matches(got) {
			return nil
		}
	}
	sign := " = "
	if m.pattern != nil {
		sign = " ~ "
	}
	return []Failure{{Line: m.line, Want: m.path.String() + sign + m.text, Got: m.path.String() + " = " + got}}
}

// matches compares a value, as JSON text. A pattern must match the whole text of a
// string, or the JSON of anything else.
func (m *member) matches(text string) bool {
	got, err := readJSON(text)
	if err != nil {
		return false
	}
	if m.pattern == nil {
		return sameJSON(m.literal, got)
	}
	if s, ok := got.(string); ok {
		text = s
	}
	ok, err := m.pattern.MatchString(text)
	return ok && err == nil
}

// sameJSON compares values: numbers by what they say, texts with wildcards.
func sameJSON(want, got any) bool {
	switch want := want.(type) {
	case json.Number:
		n, ok := got.(json.Number)
		return ok && sameNumber(want.String(), n.String())
	case string:
		s, ok := got.(string)
		return ok && (s == want || strings.Contains(want, wild) && compare(want, s) == nil)
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !sameJSON(want[i], list[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for name, v := range want {
			other, ok := object[name]
			if !ok || !sameJSON(v, other) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(want, got)
}
