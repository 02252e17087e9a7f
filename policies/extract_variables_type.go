package policies

import (
	"math"
	"strconv"
	"strings"

	"sluice/flow"
)

// extractType is the type attribute of a Variable below JSONPayload or
// XMLPayload.
type extractType string

// The types. Without the attribute a variable is a string: the page prints
// Boolean as the default of XMLPayload, which its own examples contradict.
const (
	extractString  extractType = "string"
	extractBoolean extractType = "boolean"
	extractInteger extractType = "integer"
	extractLong    extractType = "long"
	extractFloat   extractType = "float"
	extractDouble  extractType = "double"
	extractNodeset extractType = "nodeset"
)

// extractTypeNamed reads the attribute, without regard to case.
func extractTypeNamed(name string) (t extractType, ok bool) {
	switch t = extractType(strings.ToLower(name)); t {
	case "":
		return extractString, true
	case extractString, extractBoolean, extractInteger, extractLong, extractFloat, extractDouble, extractNodeset:
		return t, true
	}
	return extractString, false
}

// cast converts text and gives it to a variable.
func (p *extractVariables) cast(x *flow.Exchange, n *flow.Name, t extractType, text string) error {
	v, ok := t.value(text)
	if !ok {
		return p.badCast.New("value", text, "TYPE", strings.ToUpper(string(t)))
	}
	return p.set(x, n, v)
}

// value converts text as Java's parsers do, but for white space around it, which
// XML text often has.
func (t extractType) value(text string) (v flow.Value, ok bool) {
	trimmed := strings.TrimSpace(text)
	switch t {
	case extractBoolean:
		yes := strings.EqualFold(trimmed, "true")
		return flow.Bool(yes), yes || strings.EqualFold(trimmed, "false")
	case extractInteger:
		n, err := strconv.ParseInt(trimmed, 10, 32)
		return flow.Int(int(n)), err == nil
	case extractLong:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		return flow.Int64(n), err == nil
	case extractFloat:
		n, ok := flow.Text(trimmed).Number()
		return flow.Float32(float32(n)), ok && math.Abs(n) <= math.MaxFloat32
	case extractDouble:
		n, ok := flow.Text(trimmed).Number()
		return flow.Float64(n), ok
	}
	return flow.Text(text), true
}
