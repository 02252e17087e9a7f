package flow

import (
	"math"
	"strconv"
	"strings"
)

// Type is the type of a flow variable's value, as runtime.md 4.4 names them.
type Type uint8

// The types of values. Null is the type of an unresolved variable.
const (
	Null Type = iota
	Boolean
	Integer
	Long
	Float
	Double
	String
	Collection
	MessageObject
	Object
)

var typeNames = [...]string{"null", "Boolean", "Integer", "Long", "Float", "Double", "String", "Collection", "Message", "Object"}

func (t Type) String() string { return typeNames[t] }

// Numeric reports whether t is one of the four number types.
func (t Type) Numeric() bool { return t >= Integer && t <= Double }

// Value is what a flow variable holds. It is a plain struct and not an
// interface so that reading a variable allocates nothing. The zero Value is
// null.
type Value struct {
	typ Type
	num uint64
	str string
	ref any
}

// Text returns a String value.
func Text(s string) Value { return Value{typ: String, str: s} }

// Bool returns a Boolean value.
func Bool(b bool) Value {
	if b {
		return Value{typ: Boolean, num: 1}
	}
	return Value{typ: Boolean}
}

// Int returns an Integer value.
func Int(n int) Value { return Value{typ: Integer, num: uint64(n)} }

// Int64 returns a Long value.
func Int64(n int64) Value { return Value{typ: Long, num: uint64(n)} }

// Float32 returns a Float value.
func Float32(f float32) Value { return Value{typ: Float, num: math.Float64bits(float64(f))} }

// Float64 returns a Double value.
func Float64(f float64) Value { return Value{typ: Double, num: math.Float64bits(f)} }

// List returns a Collection value.
func List(items []string) Value { return Value{typ: Collection, ref: items} }

// MessageValue returns a value that holds a message; nil gives null.
func MessageValue(m *Message) Value {
	if m == nil {
		return Value{}
	}
	return Value{typ: MessageObject, ref: m}
}

// ObjectValue returns a value that holds something opaque, such as a parsed
// token; nil gives null.
func ObjectValue(v any) Value {
	if v == nil {
		return Value{}
	}
	return Value{typ: Object, ref: v}
}

// Type returns the value's type.
func (v Value) Type() Type { return v.typ }

// IsNull reports whether the variable was unresolved.
func (v Value) IsNull() bool { return v.typ == Null }

// Message returns the message that v holds, or nil.
func (v Value) Message() *Message {
	m, _ := v.ref.(*Message)
	return m
}

// Items returns the strings of a Collection, or nil.
func (v Value) Items() []string {
	items, _ := v.ref.([]string)
	return items
}

// Ref returns the opaque content of an Object, or nil.
func (v Value) Ref() any { return v.ref }

// True reports whether v is Boolean true or the text "true" in any letter case:
// the truth of a bare variable in a condition (runtime.md 4.5, recalled).
func (v Value) True() bool {
	return v.typ == Boolean && v.num == 1 || v.typ == String && strings.EqualFold(v.str, "true")
}

// Int returns the value of an Integer or Long.
func (v Value) Int() int64 { return int64(v.num) }

// Number returns the value as a float64: of any number type, of a Boolean (1 or
// 0), and of a String that reads as a number. ok is false for everything else.
func (v Value) Number() (n float64, ok bool) {
	switch v.typ {
	case Integer, Long, Boolean:
		return float64(int64(v.num)), true
	case Float, Double:
		return math.Float64frombits(v.num), true
	case String:
		return parseNumber(v.str)
	}
	return 0, false
}

// parseNumber reads a decimal number. It refuses what strconv accepts beyond
// that: hexadecimal, underscores, "Inf", "NaN".
func parseNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// String returns the text of v as Java would print it: null is "", a collection
// is "[a, b]" (recalled), a double keeps its ".0".
func (v Value) String() string {
	switch v.typ {
	case String:
		return v.str
	case Boolean:
		return strconv.FormatBool(v.num == 1)
	case Integer, Long:
		return strconv.FormatInt(int64(v.num), 10)
	case Float:
		return javaFloat(math.Float64frombits(v.num), 32)
	case Double:
		return javaFloat(math.Float64frombits(v.num), 64)
	case Collection:
		return "[" + strings.Join(v.Items(), ", ") + "]"
	case Object:
		if s, ok := v.ref.(interface{ String() string }); ok {
			return s.String()
		}
	}
	return ""
}

// javaFloat prints a number as Java's Double.toString does: plain notation from
// 10^-3 up to 10^7, otherwise with an exponent, always with a fraction.
func javaFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0, math.Abs(f) >= 1e-3 && math.Abs(f) < 1e7:
		return withFraction(strconv.FormatFloat(f, 'f', -1, bits))
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, bits), "e")
	n, _ := strconv.Atoi(exponent)
	return withFraction(mantissa) + "E" + strconv.Itoa(n)
}

func withFraction(s string) string {
	if strings.Contains(s, ".") {
		return s
	}
	return s + ".0"
}
