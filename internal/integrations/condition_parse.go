package integrations

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// parseCondition reads an edge condition (reference: integrations.md 4, and the page "Edge and
// edge conditions"):
//
//	or      = and { "OR" and } .
//	and     = not { "AND" not } .
//	not     = "NOT" not | "(" or ")" | test .
//	test    = function "(" operand ")" | operand [ operator operand ] .
//	operand = $reference$ | "text" | 'text' | [ JSON array ] | word .
//
// Operators: = != < <= > >= and ":" (contains). White space, U+00A0 included, may be left out.
// An empty condition is nil: the edge is always taken. It is written by hand because the
// language is Google's own; an expression library would bring its own grammar.
func parseCondition(s string) (condition, error) {
	p := &conditionParser{jsonParser{text: s}}
	if p.skip() == len(s) {
		return nil, nil
	}
	c, err := p.or(0)
	if err == nil && p.skip() < len(s) {
		err = p.fail("AND, OR or the end is expected")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

const maxConditionDepth = 100

// conditionParser shares white space, strings and arrays with JSON.
type conditionParser struct{ jsonParser }

func (p *conditionParser) fail(problem string) error {
	return fmt.Errorf("condition %q, byte %d: %s", p.text, p.at, problem)
}

// keyword passes w, in any case, if it stands here as a whole word.
func (p *conditionParser) keyword(w string) bool {
	at := p.skip()
	rest := p.text[at:]
	if len(rest) < len(w) || !strings.EqualFold(rest[:len(w)], w) {
		return false
	}
	if len(rest) > len(w) && (isConditionWord(rest[len(w):]) || rest[len(w)] == '.') {
		return false
	}
	p.at += len(w)
	return true
}

func (p *conditionParser) or(depth int) (condition, error) {
	left, err := p.and(depth)
	for err == nil && p.keyword("OR") {
		var right condition
		right, err = p.and(depth)
		left = or{left, right}
	}
	return left, err
}

func (p *conditionParser) and(depth int) (condition, error) {
	left, err := p.not(depth)
	for err == nil && p.keyword("AND") {
		var right condition
		right, err = p.not(depth)
		left = and{left, right}
	}
	return left, err
}

func (p *conditionParser) not(depth int) (condition, error) {
	if depth > maxConditionDepth {
		return nil, p.fail(fmt.Sprintf("nested deeper than %d", maxConditionDepth))
	}
	if p.keyword("NOT") {
		c, err := p.not(depth + 1)
		return not{c}, err
	}
	if !p.accept('(') {
		return p.test()
	}
	c, err := p.or(depth + 1)
	if err == nil && !p.accept(')') {
		err = p.fail("')' is missing")
	}
	return c, err
}

// presence are the functions. The reference saw exists in exports; the others are named after
// the operators of the legacy API (EXISTS, DOES_NOT_EXIST, IS_EMPTY, IS_NOT_EMPTY).
var presence = map[string]present{
	"exists":       {want: true},
	"doesnotexist": {want: false},
	"isempty":      {want: false, filled: true},
	"isnotempty":   {want: true, filled: true},
}

func (p *conditionParser) test() (condition, error) {
	if f, ok := p.function(); ok {
		of, err := p.operand()
		if err == nil && !p.accept(')') {
			err = p.fail("')' is missing")
		}
		f.of = of
		return f, err
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	op := p.operator()
	if op == "" {
		return truth{left}, nil
	}
	right, err := p.operand()
	return compare{left: left, op: op, right: right}, err
}

// function passes the name of a function and its opening parenthesis.
func (p *conditionParser) function() (present, bool) {
	start := p.skip()
	name := strings.ToLower(strings.ReplaceAll(p.bareWord(), "_", ""))
	f, ok := presence[name]
	if ok && p.accept('(') {
		return f, true
	}
	p.at = start
	return f, false
}

func (p *conditionParser) operator() string {
	p.skip()
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">", ":"} {
		if strings.HasPrefix(p.text[p.at:], op) {
			p.at += len(op)
			return op
		}
	}
	return ""
}

func (p *conditionParser) operand() (operand, error) {
	switch p.peek() {
	case '$':
		r, n := scanReference(p.text[p.at:])
		if n == 0 {
			return operand{}, p.fail("a reference is not closed with $")
		}
		p.at += n
		return operand{ref: r, isRef: true}, nil
	case '"', '\'':
		s, err := p.quoted()
		return operand{literal: s}, err
	case '[':
		v, err := p.array(0)
		return operand{literal: v}, err
	}
	if w := p.bareWord(); w != "" {
		return operand{literal: word(w)}, nil
	}
	return operand{}, p.fail("a value is missing")
}

func (p *conditionParser) bareWord() string {
	start := p.at
	for isConditionWord(p.text[p.at:]) {
		_, n := utf8.DecodeRuneInString(p.text[p.at:])
		p.at += n
	}
	return p.text[start:p.at]
}

// isConditionWord tells whether s goes on with a character of a bare word.
func isConditionWord(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && !isSpace(r) && !strings.ContainsRune(`$"'()[]{}=!<>:,`, r)
}
