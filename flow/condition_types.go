package flow

import (
	"cmp"
	"strings"
)

// This file holds the types of a comparison (runtime.md 4.4): both sides are
// adapted to a common type first.
//
//   - an opaque object or a message with anything: they are not compared, so that
//     even NotEquals is false;
//   - Booleans and numbers: as numbers, of the widest number type present;
//   - a number and text that reads as one: as numbers. The documentation says
//     that anything with a String is compared as text, yet bundles rely on
//     request.header.Content-Length > 10000; what Apigee does is not
//     established, this is the recommended reading;
//   - everything else: as text. A collection is text as Value.String prints it
//     (recommended).

func equalValues(l, r *Value) bool {
	if l.typ == String && r.typ == String { // only faster
		return l.str == r.str
	}
	order, ok := compareValues(l, r)
	return ok && order == 0
}

func differentValues(l, r *Value) bool {
	order, ok := compareValues(l, r)
	return ok && order != 0
}

func greater(l, r *Value) bool {
	order, ok := compareValues(l, r)
	return ok && order > 0
}

func atLeast(l, r *Value) bool {
	order, ok := compareValues(l, r)
	return ok && order >= 0
}

func lesser(l, r *Value) bool {
	order, ok := compareValues(l, r)
	return ok && order < 0
}

func atMost(l, r *Value) bool {
	order, ok := compareValues(l, r)
	return ok && order <= 0
}

// equalIgnoringCase ignores the letter case of text and compares everything else as
// Equals does.
func equalIgnoringCase(l, r *Value) bool {
	if l.opaque() || r.opaque() {
		return false
	}
	return equalValues(l, r) || strings.EqualFold(l.String(), r.String())
}

func startsWith(l, r *Value) bool {
	return !l.opaque() && !r.opaque() && strings.HasPrefix(l.String(), r.String())
}

func (v *Value) opaque() bool { return v.typ == MessageObject || v.typ == Object }

// compareValues orders two values that are not null as cmp.Compare does; ok is
// false when they cannot be compared.
func compareValues(l, r *Value) (order int, ok bool) {
	if l.opaque() || r.opaque() {
		return 0, false
	}
	if adaptToNumber(l.typ, r.typ) {
		if order, ok := compareNumbers(l, r); ok {
			return order, true
		}
	}
	return strings.Compare(l.String(), r.String()), true
}

func adaptToNumber(l, r Type) bool {
	switch {
	case l.Numeric():
		return r.Numeric() || r == Boolean || r == String
	case r.Numeric():
		return l == Boolean || l == String
	}
	return l == Boolean && r == Boolean
}

// compareNumbers fails when one side is text that is no number.
func compareNumbers(l, r *Value) (order int, ok bool) {
	if a, ok := wholeNumber(l); ok {
		if b, ok := wholeNumber(r); ok {
			return cmp.Compare(a, b), true
		}
	}
	a, okA := l.Number()
	b, okB := r.Number()
	if !okA || !okB {
		return 0, false
	}
	if widest := max(numberType(l), numberType(r)); widest == Float {
		return cmp.Compare(float32(a), float32(b)), true
	}
	return cmp.Compare(a, b), true
}

// numberType is the number type of v; text adapts to the other side's.
func numberType(v *Value) Type {
	if v.typ.Numeric() {
		return v.typ
	}
	return Null
}

// wholeNumber returns the value of a Boolean or integer, or of text that is a
// plain integer of up to 18 digits, without loss of precision.
func wholeNumber(v *Value) (int64, bool) {
	switch v.typ {
	case Boolean, Integer, Long:
		return int64(v.num), true
	case String:
		return wholeText(v.str)
	}
	return 0, false
}

// wholeText exists beside strconv.ParseInt because that allocates its error.
func wholeText(s string) (n int64, ok bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 18 {
		return 0, false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
		n = n*10 + int64(digits[i]-'0')
	}
	if len(digits) != len(s) {
		n = -n
	}
	return n, true
}
