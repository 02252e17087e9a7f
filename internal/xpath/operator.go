package xpath

import "math"

type (
	literal string
	number  float64
	// both is and; either is or.
	both   struct{ left, right expr }
	either struct{ left, right expr }
	// arithmetic is + - * div mod.
	arithmetic struct {
		left, right expr
		compute     func(a, b float64) float64
	}
	negation struct{ expr }
)

func (literal) kind() Kind    { return String }
func (number) kind() Kind     { return Number }
func (both) kind() Kind       { return Boolean }
func (either) kind() Kind     { return Boolean }
func (arithmetic) kind() Kind { return Number }
func (negation) kind() Kind   { return Number }

func (l literal) eval(*context) any { return string(l) }
func (n number) eval(*context) any  { return float64(n) }

func (b both) eval(c *context) any {
	return toBoolean(b.left.eval(c)) && toBoolean(b.right.eval(c))
}

func (e either) eval(c *context) any {
	return toBoolean(e.left.eval(c)) || toBoolean(e.right.eval(c))
}

func (a arithmetic) eval(c *context) any {
	return a.compute(c.number(a.left.eval(c)), c.number(a.right.eval(c)))
}

func (n negation) eval(c *context) any { return -c.number(n.expr.eval(c)) }

var computations = map[string]func(a, b float64) float64{
	"+":   func(a, b float64) float64 { return a + b },
	"-":   func(a, b float64) float64 { return a - b },
	"*":   func(a, b float64) float64 { return a * b },
	"div": func(a, b float64) float64 { return a / b },
	"mod": math.Mod,

	"idiv": func(a, b float64) float64 { return math.Trunc(a / b) },
}

// equality is = and, with different, !=.
type equality struct {
	left, right expr
	different   bool
}

func (equality) kind() Kind { return Boolean }

func (e equality) eval(c *context) any {
	left, right := e.left.eval(c), e.right.eval(c)
	a, isSet := left.(nodes)
	b, otherIsSet := right.(nodes)
	switch {
	case isSet && otherIsSet:
		return e.sets(c, a, b)
	case isSet:
		return e.setAndScalar(c, a, right)
	case otherIsSet:
		return e.setAndScalar(c, b, left)
	}
	return e.scalars(c, left, right)
}

// scalars compares as booleans if either is one, else as numbers, else as strings.
func (e equality) scalars(c *context, left, right any) bool {
	_, leftBool := left.(bool)
	_, rightBool := right.(bool)
	_, leftNumber := left.(float64)
	_, rightNumber := right.(float64)
	switch {
	case leftBool || rightBool:
		return (toBoolean(left) == toBoolean(right)) != e.different
	case leftNumber || rightNumber:
		return (c.number(left) == c.number(right)) != e.different
	}
	a, b := toString(left), toString(right)
	if len(a) == len(b) {
		c.spend(len(a) / 16)
	}
	return (a == b) != e.different
}

// setAndScalar asks whether any node compares as wanted; with a boolean the set counts as a whole.
func (e equality) setAndScalar(c *context, set nodes, scalar any) bool {
	if _, ok := scalar.(bool); ok {
		return e.scalars(c, set, scalar)
	}
	for _, n := range set {
		if e.scalars(c, c.text(n), scalar) {
			return true
		}
	}
	return false
}

// sets asks whether any two nodes, one of each set, have equal texts, or different ones.
func (e equality) sets(c *context, a, b nodes) bool {
	texts := make(map[string]bool, len(a))
	for _, n := range a {
		texts[c.text(n)] = true
	}
	for _, n := range b {
		text := c.text(n)
		switch {
		case !e.different && texts[text]:
			return true
		case e.different && (len(texts) > 1 || len(texts) == 1 && !texts[text]):
			return true
		}
	}
	return false
}

// relation is < <= > >=, which compare numbers only.
type relation struct {
	left, right expr
	holds       func(a, b float64) bool
}

func (relation) kind() Kind { return Boolean }

var relations = map[string]func(a, b float64) bool{
	"<":  func(a, b float64) bool { return a < b },
	"<=": func(a, b float64) bool { return a <= b },
	">":  func(a, b float64) bool { return a > b },
	">=": func(a, b float64) bool { return a >= b },
	"lt": func(a, b float64) bool { return a < b },
	"le": func(a, b float64) bool { return a <= b },
	"gt": func(a, b float64) bool { return a > b },
	"ge": func(a, b float64) bool { return a >= b },
}

// eval asks whether the relation holds for any node of a set. If it does for two sets, it does for the least or the greatest
// of each.
func (r relation) eval(c *context) any {
	left, right := r.left.eval(c), r.right.eval(c)
	leftLow, leftHigh := c.bounds(left, right)
	rightLow, rightHigh := c.bounds(right, left)
	return r.holds(leftLow, rightHigh) || r.holds(leftHigh, rightLow)
}

// bounds are the least and the greatest number in v, NaN where there is none. Compared with a boolean, a set is one.
func (c *context) bounds(v, other any) (low, high float64) {
	set, ok := v.(nodes)
	if _, isBool := other.(bool); !ok || isBool {
		if ok {
			v = toBoolean(v)
		}
		f := c.number(v)
		return f, f
	}
	low, high = math.NaN(), math.NaN()
	for _, n := range set {
		f := parseNumber(c.text(n))
		if !(low <= f) && !math.IsNaN(f) {
			low = f
		}
		if !(high >= f) && !math.IsNaN(f) {
			high = f
		}
	}
	return low, high
}

// number is toNumber at the price of the text.
func (c *context) number(v any) float64 {
	switch v.(type) {
	case float64, bool:
		return toNumber(v)
	}
	return parseNumber(c.string(v))
}

// string is toString at the price of the text: who asks for one reads it.
func (c *context) string(v any) string {
	if set, ok := v.(nodes); ok && len(set) > 0 {
		return c.text(set[0])
	}
	s := toString(v)
	c.spend(len(s) / 16)
	return s
}
