package flow

import (
	"math"
	"testing"
)

// TestValueText checks that numbers print as Java prints them: what a template
// or a header gets must not depend on the language of the runtime.
func TestValueText(t *testing.T) {
	for _, c := range []struct {
		value Value
		want  string
	}{
		{Value{}, ""},
		{Text("a b"), "a b"},
		{Bool(true), "true"},
		{Bool(false), "false"},
		{Int(-12), "-12"},
		{Int64(math.MinInt64), "-9223372036854775808"},
		{Float64(0), "0.0"},
		{Float64(math.Copysign(0, -1)), "-0.0"},
		{Float64(1), "1.0"},
		{Float64(-1.5), "-1.5"},
		{Float64(0.001), "0.001"},
		{Float64(0.00099), "9.9E-4"},
		{Float64(1e-5), "1.0E-5"},
		{Float64(9999999), "9999999.0"},
		{Float64(1e7), "1.0E7"},
		{Float64(12345678.5), "1.23456785E7"},
		{Float64(1e21), "1.0E21"},
		{Float64(math.MaxFloat64), "1.7976931348623157E308"},
		{Float64(math.NaN()), "NaN"},
		{Float64(math.Inf(1)), "Infinity"},
		{Float64(math.Inf(-1)), "-Infinity"},
		{Float32(0.1), "0.1"},
		{Float32(0.001), "0.001"},
		{Float32(16777216), "1.6777216E7"},
		{Float32(3.4028235e38), "3.4028235E38"},
		{List(nil), "[]"},
		{List([]string{"a", "b"}), "[a, b]"},
		{MessageValue(NewRequest()), ""},
		{ObjectValue(Response), "response"},
		{ObjectValue(struct{}{}), ""},
	} {
		if got := c.value.String(); got != c.want {
			t.Errorf("%s prints as %q, want %q", c.value.Type(), got, c.want)
		}
	}
}

func TestValueNumber(t *testing.T) {
	for _, c := range []struct {
		value Value
		want  float64
		ok    bool
	}{
		{Int(-3), -3, true},
		{Int64(math.MaxInt32 + 1), math.MaxInt32 + 1, true},
		{Float32(0.5), 0.5, true},
		{Float64(0.25), 0.25, true},
		{Bool(true), 1, true},
		{Text(" 10 "), 10, true},
		{Text("-1.5e3"), -1500, true},
		{Text(""), 0, false},
		{Text("0x10"), 0, false},
		{Text("1_000"), 0, false},
		{Text("Inf"), 0, false},
		{Text("NaN"), 0, false},
		{Text("1e999"), 0, false},
		{Text("e"), 0, false},
		{Value{}, 0, false},
		{List([]string{"1"}), 0, false},
	} {
		got, ok := c.value.Number()
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s %q as a number: %v, %v; want %v, %v", c.value.Type(), c.value, got, ok, c.want, c.ok)
		}
	}
}

func TestValueTrue(t *testing.T) {
	for _, v := range []Value{Bool(true), Text("true"), Text("TRUE")} {
		if !v.True() {
			t.Errorf("%s %q is not true", v.Type(), v)
		}
	}
	for _, v := range []Value{{}, Bool(false), Text("yes"), Text(" true"), Int(1), List([]string{"true"})} {
		if v.True() {
			t.Errorf("%s %q is true", v.Type(), v)
		}
	}
}

func TestNothingIsNull(t *testing.T) {
	for name, v := range map[string]Value{"message": MessageValue(nil), "object": ObjectValue(nil), "zero": {}} {
		if !v.IsNull() || v.Type() != Null || v.Message() != nil || v.Items() != nil || v.Ref() != nil {
			t.Errorf("%s: %v is not null", name, v)
		}
	}
	if Text("").IsNull() {
		t.Error("an empty text is null")
	}
}
