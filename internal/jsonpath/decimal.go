package jsonpath

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// compareNumbers is -1, 0 or 1 as a is less than, equal to or greater than b; ok is false where one is not a number.
func compareNumbers(a, b string) (order int, ok bool) {
	if isShort(a) && isShort(b) {
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		return cmp.Compare(x, y), errX == nil && errY == nil
	}
	x, okX := parseDecimal(a)
	y, okY := parseDecimal(b)
	return x.compare(y), okX && okY
}

// isShort tells whether text is a plain decimal of so few digits that no two of them are the same float64.
func isShort(text string) bool {
	const exactDigits = 15
	if len(text) > exactDigits {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !isDigit(c) && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// decimal is a number as text has it: ±0.digits * 10^exp, without leading or trailing zeros in digits, zero being no digits.
// Comparing texts this way costs their length at most; math/big would expand 1e999999999.
type decimal struct {
	negative bool
	digits   string
	exp      int64
}

// parseDecimal reads what Java's BigDecimal reads: digits with one point, anywhere, and an exponent.
func parseDecimal(text string) (d decimal, ok bool) {
	mantissa, exponent, hasExp := text, "", false
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent, hasExp = text[:i], text[i+1:], true
	}
	if hasExp && !readExponent(exponent, &d.exp) {
		return d, false
	}
	if mantissa != "" && (mantissa[0] == '-' || mantissa[0] == '+') {
		d.negative = mantissa[0] == '-'
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return d, false
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	d.exp += int64(len(whole)) - int64(len(whole)+len(fraction)-len(digits))
	if d.digits = strings.TrimRight(digits, "0"); d.digits == "" {
		return decimal{}, true
	}
	return d, true
}

func readExponent(text string, exp *int64) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && !strings.HasSuffix(err.Error(), strconv.ErrRange.Error()) {
		return false
	}
	// Beyond any real number, and far from overflow when the length of a text is added.
	const limit = 1 << 40
	*exp = min(max(n, -limit), limit)
	return true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// compare is -1, 0 or 1 as d is less than, equal to or greater than e.
func (d decimal) compare(e decimal) int {
	if d.negative != e.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	order := d.compareSize(e)
	if d.negative {
		return -order
	}
	return order
}

func (d decimal) compareSize(e decimal) int {
	switch {
	case d.digits == "" && e.digits == "":
		return 0
	case d.digits == "":
		return -1
	case e.digits == "":
		return 1
	case d.exp != e.exp:
		return cmp.Compare(d.exp, e.exp)
	}
	return strings.Compare(d.digits, e.digits)
}

// jsonNumber rewrites what parseDecimal reads, but JSON does not allow (.5, 5., +5, 007), as a JSON number.
func jsonNumber(text string) string {
	sign := ""
	if text[0] == '-' {
		sign = "-"
	}
	mantissa, exponent := strings.TrimLeft(text, "+-"), ""
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		mantissa, exponent = mantissa[:i], mantissa[i:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction + exponent
}

// javaDouble writes f as Java's Double.toString does, which is what Jayway's functions return: 15.0, 1.0E10, 2.5E-5. The
// caller makes sure that f is finite.
func javaDouble(f float64) string {
	if size := math.Abs(f); size == 0 || size >= 1e-3 && size < 1e7 {
		text := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	return mantissa + "E" + sign + strings.TrimLeft(exponent, "+-0")
}
