package flow

import (
	"fmt"
	"strconv"
)

// This file holds what the parser says to the author of a condition: warnings of
// what is hardly meant, and errors where the grammar ends.

// maxHint bounds how much of a condition a hint repeats, in bytes.
const maxHint = 1000

// warnMixed warns of "and" beside "or" without parentheses.
func (p *conditionParser) warnMixed(joined *node, at int) {
	for _, kid := range joined.kids {
		if kid.enclosed || kid.kind != andNode && kid.kind != orNode {
			continue
		}
		hint := joined.String()
		if len(hint) > maxHint {
			hint = "a and (b or c), or (a and b) or c"
		}
		p.warn(at, fmt.Sprintf("%q and %q are mixed without parentheses: %[2]q binds tighter here", joined.kind, kid.kind),
			"write the parentheses: "+hint)
		return
	}
}

// reviewLeft warns of a left side in quotes that a name does not need.
func (p *conditionParser) reviewLeft() {
	if t := p.tok; t.kind == quotedToken && nameLength(t.content) == len(t.content) {
		p.warnQuoted(t)
	}
}

func (p *conditionParser) warnQuoted(t token) {
	p.warn(t.at, "'"+t.content+"' is the name of a variable: single quotes do not make text", `for text write "`+t.content+`"`)
}

// reviewRight warns of a right side that can hardly be meant.
func (p *conditionParser) reviewRight(c *comparison, at int, right token) {
	if right.kind == quotedToken {
		p.warnQuoted(right)
	}
	switch {
	case c.right.name != nil && c.op.textOnly:
		p.warn(right.at, "the right side of "+c.spelled+" is a variable", "Apigee documents text in double quotes there")
	case c.right.name == nil && c.right.value.IsNull() && (c.op.matcher != nil || c.op == &opStartsWith):
		p.warn(at, c.spelled+" null does not depend on the left side", "test for null with = null or != null")
	}
}

// operandMissing explains why no operand starts at the current token.
func (p *conditionParser) operandMissing() *ConditionError {
	t := p.tok
	switch {
	case t.kind == endToken:
		return p.fail(t.at, "the condition ends where a variable or a value is missing", "")
	case t.kind == openToken:
		return p.fail(t.at, "a value cannot stand in parentheses", `compare with each value: (x = "a" or x = "b")`)
	case p.isWord("not"):
		return p.fail(t.at, "not cannot stand here", "write x IsNot null, or not (x = null)")
	}
	hint := ""
	if t.kind == wordToken {
		hint = "a variable whose name is an operator is written in single quotes"
	}
	return p.fail(t.at, "a variable or a value is missing before "+t.content, hint)
}

// unexpected explains why the condition cannot go on with the current token.
func (p *conditionParser) unexpected() *ConditionError {
	t := p.tok
	_, operator := operatorOf(t)
	switch {
	case t.kind == closeToken:
		return p.fail(t.at, "there is no ( for this )", "")
	case operator || p.isSymbol("!") || p.isWord("not"):
		return p.fail(t.at, t.content+" cannot stand here", "an operator compares two operands, neither of them in parentheses; join comparisons with and, or")
	case t.kind == numberToken && t.content[0] == '-':
		return p.fail(t.at, "unexpected -: conditions have no arithmetic", "calculate in a policy before")
	case t.kind == wordToken:
		return p.fail(t.at, strconv.Quote(t.content)+" is not an operator", hintForWord(t.content))
	}
	return p.fail(t.at, "an operator is missing here", operatorList)
}
