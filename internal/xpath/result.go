package xpath

import (
	"math"
	"strconv"
	"strings"
)

// Kind is a type of XPath 1.0.
type Kind uint8

// The four types, and Any for what only an evaluation can tell.
const (
	NodeSet Kind = iota
	String
	Number
	Boolean
	Any
)

var kindNames = [...]string{"node-set", "string", "number", "boolean", "any"}

// String names the kind as the recommendation does.
func (k Kind) String() string { return kindNames[k] }

// Result is what an expression comes to.
type Result struct {
	value any // nodes, string, float64 or bool
}

// The values that a host language gives to variables and functions.
func OfNodes(list ...*Node) Result { return Result{nodes(list)} }
func OfString(s string) Result     { return Result{s} }
func OfNumber(f float64) Result    { return Result{f} }
func OfBool(b bool) Result         { return Result{b} }

// Nodes are those of a node-set, which nobody may change; none for the other kinds.
func (r Result) Nodes() []*Node {
	set, _ := r.value.(nodes)
	return set
}

// nodes is a node-set: in document order, without duplicates.
type nodes []*Node

// Kind is the kind of the result, the same as the expression's unless that is Any.
func (r Result) Kind() Kind {
	switch r.value.(type) {
	case string:
		return String
	case float64:
		return Number
	case bool:
		return Boolean
	}
	return NodeSet
}

// Len counts the nodes of a node-set; it is 0 for the other kinds.
func (r Result) Len() int {
	set, _ := r.value.(nodes)
	return len(set)
}

// String is the result as by string(): of a node-set the text of the first node, "" if there is none; 1, not 1.0, of a number.
func (r Result) String() string { return toString(r.value) }

// Number is the result as by number(); NaN where there is none.
func (r Result) Number() float64 { return toNumber(r.value) }

// Bool is the result as by boolean(): whether a node-set has nodes, a string characters, a number a value but 0 and NaN.
func (r Result) Bool() bool { return toBoolean(r.value) }

// XML is the XML text of all nodes, in document order, one right after the other, an attribute being written name="value". A
// result that is no node-set gives its String. The only error is ErrTooLarge.
func (r Result) XML() (string, error) {
	set, ok := r.value.(nodes)
	if !ok {
		return r.String(), nil
	}
	s := serializer{bound: map[string]string{}}
	for _, n := range set {
		s.write(n)
	}
	if s.Len() > MaxBytes {
		return "", ErrTooLarge
	}
	return s.String(), nil
}

func toString(v any) string {
	switch v := v.(type) {
	case nodes:
		if len(v) == 0 {
			return ""
		}
		return v[0].Value()
	case float64:
		return formatNumber(v)
	case bool:
		return strconv.FormatBool(v)
	case string:
		return v
	}
	return ""
}

// formatNumber writes no exponent, no ".0" and no "-0".
func formatNumber(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func toNumber(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	}
	return parseNumber(toString(v))
}

// parseNumber reads the numbers of the recommendation: no plus sign, no exponent. Anything else is NaN.
func parseNumber(s string) float64 {
	s = strings.Trim(s, " \t\r\n")
	digits := strings.TrimPrefix(s, "-")
	if strings.Trim(digits, "0123456789.") != "" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

func toBoolean(v any) bool {
	switch v := v.(type) {
	case nodes:
		return len(v) > 0
	case float64:
		return v != 0 && !math.IsNaN(v)
	case string:
		return v != ""
	case bool:
		return v
	}
	return false
}
