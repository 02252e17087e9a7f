package integrations

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"
)

var (
	errOverflow   = errors.New("the result does not fit 64 bits")
	errDivideZero = errors.New("division by zero")
)

func errRange(from, to int64, length int) error {
	return fmt.Errorf("range %d to %d is outside a length of %d", from, to, length)
}

// intFunctions compute in 64 bits. Google does not say what an overflow gives; here it fails.
var intFunctions = map[string]function{
	"ADD":      {kindInt, "i", bigInt((*big.Int).Add)},
	"SUBTRACT": {kindInt, "i", bigInt((*big.Int).Sub)},
	"MULTIPLY": {kindInt, "i", bigInt((*big.Int).Mul)},
	"DIVIDE":   {kindInt, "i", nonZero((*big.Int).Quo)},
	"MOD":      {kindInt, "i", nonZero((*big.Int).Rem)},
	"EXPONENT": {kindInt, "i", exponent},
	"EQUALS":   {kindInt, "i", compareInt(func(c int) bool { return c == 0 })},

	"GREATER_THAN":             {kindInt, "i", compareInt(func(c int) bool { return c > 0 })},
	"GREATER_THAN_EQUAL_TO":    {kindInt, "i", compareInt(func(c int) bool { return c >= 0 })},
	"GREATER_THAN_OR_EQUAL_TO": {kindInt, "i", compareInt(func(c int) bool { return c >= 0 })},
	"LESS_THAN":                {kindInt, "i", compareInt(func(c int) bool { return c < 0 })},
	"LESS_THAN_EQUAL_TO":       {kindInt, "i", compareInt(func(c int) bool { return c <= 0 })},
	"LESS_THAN_OR_EQUAL_TO":    {kindInt, "i", compareInt(func(c int) bool { return c <= 0 })},

	"EPOCH_TO_HUMAN_READABLE_TIME": {kindInt, "ss", func(a arguments) (value, error) {
		return wrap(formatTime(time.UnixMilli(a.selfInt()), a.str(0), a.str(1)))
	}},
	"TO_DOUBLE": {kindInt, "", asDouble},
	"TO_JSON":   {kindInt, "", same},
	"TO_STRING": {kindInt, "", asText},
}

func bigInt(op func(z, x, y *big.Int) *big.Int) func(arguments) (value, error) {
	return func(a arguments) (value, error) {
		z := op(new(big.Int), big.NewInt(a.selfInt()), big.NewInt(a.integer(0)))
		if !z.IsInt64() {
			return nil, errOverflow
		}
		return z.Int64(), nil
	}
}

func nonZero(op func(z, x, y *big.Int) *big.Int) func(arguments) (value, error) {
	run := bigInt(op)
	return func(a arguments) (value, error) {
		if a.integer(0) == 0 {
			return nil, errDivideZero
		}
		return run(a)
	}
}

func exponent(a arguments) (value, error) {
	base, n := a.selfInt(), a.integer(0)
	switch {
	case n < 0:
		return nil, errors.New("a negative exponent needs a double")
	case base == 0 || base == 1:
		n = min(n, 1)
	case base == -1:
		n %= 2
	case n > 63:
		return nil, errOverflow
	}
	z := new(big.Int).Exp(big.NewInt(base), big.NewInt(n), nil)
	if !z.IsInt64() {
		return nil, errOverflow
	}
	return z.Int64(), nil
}

func compareInt(holds func(int) bool) func(arguments) (value, error) {
	return func(a arguments) (value, error) {
		return holds(big.NewInt(a.selfInt()).Cmp(big.NewInt(a.integer(0)))), nil
	}
}

var doubleFunctions = map[string]function{
	"ADD":      {kindDouble, "d", arithmetic(func(x, y float64) float64 { return x + y })},
	"SUBTRACT": {kindDouble, "d", arithmetic(func(x, y float64) float64 { return x - y })},
	"MULTIPLY": {kindDouble, "d", arithmetic(func(x, y float64) float64 { return x * y })},
	"DIVIDE":   {kindDouble, "d", arithmetic(func(x, y float64) float64 { return x / y })},
	"MOD":      {kindDouble, "d", arithmetic(math.Mod)},
	"EXPONENT": {kindDouble, "d", arithmetic(math.Pow)},
	"EQUALS":   {kindDouble, "d", compareDouble(func(x, y float64) bool { return x == y })},

	"GREATER_THAN":             {kindDouble, "d", compareDouble(func(x, y float64) bool { return x > y })},
	"GREATER_THAN_EQUALS":      {kindDouble, "d", compareDouble(func(x, y float64) bool { return x >= y })},
	"GREATER_THAN_OR_EQUAL_TO": {kindDouble, "d", compareDouble(func(x, y float64) bool { return x >= y })},
	"LESS_THAN":                {kindDouble, "d", compareDouble(func(x, y float64) bool { return x < y })},
	"LESS_THAN_EQUALS":         {kindDouble, "d", compareDouble(func(x, y float64) bool { return x <= y })},
	"LESS_THAN_OR_EQUAL_TO":    {kindDouble, "d", compareDouble(func(x, y float64) bool { return x <= y })},

	"CEIL":      {kindDouble, "", rounded(math.Ceil)},
	"FLOOR":     {kindDouble, "", rounded(math.Floor)},
	"ROUND":     {kindDouble, "", rounded(func(f float64) float64 { return math.Floor(f + 0.5) })}, // halves go up, as in Java
	"TO_JSON":   {kindDouble, "", same},
	"TO_STRING": {kindDouble, "", asText},
}

// arithmetic fails where the result is no number (x/0, overflow): JSON cannot carry it.
func arithmetic(op func(x, y float64) float64) func(arguments) (value, error) {
	return func(a arguments) (value, error) {
		z := op(a.selfDouble(), a.double(0))
		if !finite(z) {
			return nil, errors.New("the result is not a number")
		}
		return z, nil
	}
}

func compareDouble(holds func(x, y float64) bool) func(arguments) (value, error) {
	return func(a arguments) (value, error) { return holds(a.selfDouble(), a.double(0)), nil }
}

func rounded(op func(float64) float64) func(arguments) (value, error) {
	return func(a arguments) (value, error) { return plainNumber(op(a.selfDouble())), nil }
}
