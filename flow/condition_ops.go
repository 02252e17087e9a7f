package flow

import "strings"

// operator is one of Apigee's comparison operators (runtime.md 4.1).
type operator struct {
	name string
	null nullRow
	// compare is asked only when neither side is null. It gets pointers, as do the
	// functions it calls, because copies of values were a third of the time of a
	// comparison.
	compare func(l, r *Value) bool
	// matcher compiles the right side, for the operators that match patterns.
	matcher func(pattern string) (matcher, error)
	// textOnly is set where apigeelint refuses a variable on the right side.
	textOnly bool
}

// nullRow is what a comparison gives when the left side, the right side or both
// are null.
type nullRow struct{ left, right, both bool }

func (n nullRow) not() nullRow { return nullRow{!n.left, !n.right, !n.both} }

// The null columns are the documented table of Apigee X (runtime.md 4.5), with
// its odd cells: null is greater than 5 and also less than 5. The table of SAP's
// copy differs in ">=" and "<=". It says "not applicable" for a null pattern,
// which is false here.
var (
	opEquals     = operator{name: "Equals", null: nullRow{both: true}, compare: equalValues}
	opNotEquals  = operator{name: "NotEquals", null: nullRow{left: true, right: true}, compare: differentValues}
	opEqualsFold = operator{name: "EqualsCaseInsensitive", null: nullRow{both: true}, compare: equalIgnoringCase, textOnly: true}
	opGreater    = operator{name: "GreaterThan", null: nullRow{left: true}, compare: greater}
	opAtLeast    = operator{name: "GreaterThanOrEquals", null: nullRow{right: true, both: true}, compare: atLeast}
	opLesser     = operator{name: "LesserThan", null: nullRow{left: true}, compare: lesser}
	opAtMost     = operator{name: "LesserThanOrEquals", null: nullRow{left: true, both: true}, compare: atMost}
	opStartsWith = operator{name: "StartsWith", compare: startsWith}
	opMatches    = operator{name: "Matches", matcher: compileGlob, textOnly: true}
	opPath       = operator{name: "MatchesPath", matcher: compilePath, textOnly: true}
	opRegex      = operator{name: "JavaRegex", matcher: compileRegex, textOnly: true}

	// opTruth is the test of an operand that stands alone.
	opTruth = operator{name: "truth", compare: func(l, _ *Value) bool { return l.True() }}
)

// negatedPattern is the row of "!~". It is not the opposite of the row of "~": a
// null pattern makes both false.
var negatedPattern = nullRow{left: true}

// spelling is a way to write an operator.
type spelling struct {
	op           *operator
	negated      bool
	undocumented bool // accepted with a warning
}

// symbolOperators: "/~" and "!~~" stand in bundles, though in no table of the
// documentation.
var symbolOperators = map[string]spelling{
	"=": {op: &opEquals}, "==": {op: &opEquals},
	"!=": {op: &opNotEquals},
	":=": {op: &opEqualsFold},
	">":  {op: &opGreater}, ">=": {op: &opAtLeast},
	"<": {op: &opLesser}, "<=": {op: &opAtMost},
	"=|": {op: &opStartsWith},
	"~":  {op: &opMatches}, "!~": {op: &opMatches, negated: true},
	"~/": {op: &opPath}, "/~": {op: &opPath},
	"!~/": {op: &opPath, negated: true, undocumented: true},
	"!/~": {op: &opPath, negated: true, undocumented: true},
	"~~":  {op: &opRegex}, "!~~": {op: &opRegex, negated: true},
}

// wordOperators are in lower case.
var wordOperators = map[string]spelling{
	"equals": {op: &opEquals}, "is": {op: &opEquals},
	"notequals": {op: &opNotEquals}, "isnot": {op: &opNotEquals},
	"equalscaseinsensitive": {op: &opEqualsFold},
	"greaterthan":           {op: &opGreater}, "greaterthanorequals": {op: &opAtLeast},
	"lesserthan": {op: &opLesser}, "lesserthanorequals": {op: &opAtMost},
	"startswith": {op: &opStartsWith}, "notstartswith": {op: &opStartsWith, negated: true, undocumented: true},
	"matches": {op: &opMatches}, "notmatches": {op: &opMatches, negated: true, undocumented: true},
	"like": {op: &opMatches}, "notlike": {op: &opMatches, negated: true, undocumented: true},
	"matchespath": {op: &opPath}, "notmatchespath": {op: &opPath, negated: true, undocumented: true},
	"likepath": {op: &opPath}, "notlikepath": {op: &opPath, negated: true, undocumented: true},
	"javaregex": {op: &opRegex}, "notjavaregex": {op: &opRegex, negated: true, undocumented: true},
}

// operatorOf returns the operator that a token spells.
func operatorOf(t token) (spelling, bool) {
	switch t.kind {
	case symbolToken:
		s, ok := symbolOperators[t.content]
		return s, ok
	case wordToken:
		s, ok := wordOperators[strings.ToLower(t.content)]
		return s, ok
	}
	return spelling{}, false
}

// operand is one side of a comparison: a variable, or a literal.
type operand struct {
	source string // as it is written
	name   *Name  // nil for a literal
	value  Value
}

// get returns the value of a literal, or reads that of a variable into v.
func (o *operand) get(x *Exchange, v *Value) *Value {
	if o.name == nil {
		return &o.value
	}
	if x.trace == nil {
		*v = x.get(o.name) // what Get does, without a copy of the value
		return v
	}
	*v = x.Get(o.name)
	return v
}

// comparison is a leaf of a condition. It is immutable but for the pattern that
// was compiled last.
type comparison struct {
	op          *operator
	spelled     string // the operator as it is written
	negated     bool
	null        nullRow
	left, right operand
	pattern     matcher        // of a literal right side
	recent      *recentPattern // of a variable right side
}

// holds compares. The error is a regular expression that is invalid, because it
// comes from a variable, or that ran out of time.
func (c *comparison) holds(l, r *Value) (bool, error) {
	if c.op != &opTruth && (l.IsNull() || r.IsNull()) {
		return c.holdsForNull(l, r), nil
	}
	if c.op.matcher == nil {
		return c.op.compare(l, r) != c.negated, nil
	}
	m := c.pattern
	if m == nil {
		var err error
		if m, err = c.recent.compile(c.op, r.String()); err != nil {
			return false, err
		}
	}
	ok, err := m.match(l.String())
	return ok != c.negated, err
}

func (c *comparison) holdsForNull(l, r *Value) bool {
	switch {
	case !r.IsNull():
		return c.null.left
	case !l.IsNull():
		return c.null.right
	}
	return c.null.both
}
