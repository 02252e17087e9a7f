package flow

import (
	"errors"
	"fmt"
	"strings"

	"sluice/internal/javaregex"
)

// Limits of a condition. The longest of some 4,000 real ones has 718 bytes.
const (
	maxConditionText  = 64 << 10
	maxConditionDepth = 100  // parentheses and negations
	maxComparisons    = 1000 // and operands that stand alone
)

// conditionParser reads the grammar of runtime.md 4.2:
//
//	chain      = a chain of the tighter connective, joined by the looser one
//	unary      = ("!" | "not") unary | primary
//	primary    = "(" chain ")" | comparison
//	comparison = operand [["not"] operator operand]
//	operand    = variable | text | number | "null" | "true" | "false"
type conditionParser struct {
	lexer conditionLexer
	tok   token
	// connectives of a chain, the looser first. By default "or" binds tighter than
	// "and", as the page on conditional flows says and shows; the conditions
	// reference says "Java precedence" (runtime.md 4.3).
	connectives [2]nodeKind
	name        func(string) *Name
	names       []*Name
	depth       int
	comparisons int
	warnings    []ConditionWarning
}

func parseCondition(text string, o ConditionOptions) (*node, *conditionParser, *ConditionError) {
	p := &conditionParser{lexer: conditionLexer{text: text}, connectives: [2]nodeKind{andNode, orNode}, name: o.Name}
	if o.JavaPrecedence {
		p.connectives = [2]nodeKind{orNode, andNode}
	}
	if p.name == nil {
		p.name = ParseName
	}
	n, err := p.parse()
	return n, p, err
}

func (p *conditionParser) parse() (*node, *ConditionError) {
	if n := len(p.lexer.text); n > maxConditionText {
		return nil, p.fail(0, fmt.Sprintf("the condition has %d bytes, more than %d", n, maxConditionText), "")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == endToken {
		return nil, p.fail(0, "the condition is empty", "leave the Condition element out: that is always true")
	}
	n, err := p.chain(0)
	if err == nil && p.tok.kind != endToken {
		err = p.unexpected()
	}
	return n, err
}

func (p *conditionParser) advance() (err *ConditionError) {
	p.tok, err = p.lexer.next()
	return err
}

func (p *conditionParser) fail(at int, message, hint string) *ConditionError {
	return &ConditionError{Message: message, Hint: hint, Offset: at, text: p.lexer.text}
}

func (p *conditionParser) warn(at int, message, hint string) {
	p.warnings = append(p.warnings, ConditionWarning{message, hint, at})
}

// connective returns the kind of node that joins with the current token, or
// compareNode, which joins nothing.
func (p *conditionParser) connective() nodeKind {
	switch {
	case p.isWord("and"), p.isSymbol("&&"):
		return andNode
	case p.isWord("or"), p.isSymbol("||"):
		return orNode
	}
	return compareNode
}

func (p *conditionParser) isWord(word string) bool {
	return p.tok.kind == wordToken && strings.EqualFold(p.tok.content, word)
}

func (p *conditionParser) isSymbol(s string) bool {
	return p.tok.kind == symbolToken && p.tok.content == s
}

// chain parses operands joined by one connective: level 0 is the looser one,
// level 1 the tighter one, beyond are the operands.
func (p *conditionParser) chain(level int) (*node, *ConditionError) {
	if level == len(p.connectives) {
		return p.unary()
	}
	at := p.tok.at
	first, err := p.chain(level + 1)
	if err != nil || p.connective() != p.connectives[level] {
		return first, err
	}
	joined := &node{kind: p.connectives[level], kids: []*node{first}}
	for p.connective() == joined.kind {
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.chain(level + 1)
		if err != nil {
			return nil, err
		}
		joined.kids = append(joined.kids, n)
	}
	p.warnMixed(joined, at)
	return joined, nil
}

// nested runs a parser one level deeper.
func (p *conditionParser) nested(parse func() (*node, *ConditionError)) (*node, *ConditionError) {
	if p.depth == maxConditionDepth {
		return nil, p.fail(p.tok.at, fmt.Sprintf("nested more than %d deep", maxConditionDepth), "")
	}
	p.depth++
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	return parse()
}

func (p *conditionParser) unary() (*node, *ConditionError) {
	switch {
	case p.isSymbol("!"), p.isWord("not"):
		n, err := p.nested(p.unary)
		if err != nil {
			return nil, err
		}
		return &node{kind: notNode, kids: []*node{n}}, nil
	case p.tok.kind == openToken:
		return p.parenthesis()
	}
	return p.comparison()
}

// parenthesis accepts that the last ")" of a condition is missing: proxies that
// run on Apigee, among them one that Apigee ships, are so.
func (p *conditionParser) parenthesis() (*node, *ConditionError) {
	open := p.tok.at
	n, err := p.nested(func() (*node, *ConditionError) { return p.chain(0) })
	if err != nil {
		return nil, err
	}
	n.enclosed = true
	switch p.tok.kind {
	case closeToken:
		return n, p.advance()
	case endToken:
		p.warn(open, fmt.Sprintf("the ( at character %d is not closed", open+1), "add ) where the group ends; it is taken to end with the condition")
		return n, nil
	}
	return nil, p.unexpected()
}

func (p *conditionParser) comparison() (*node, *ConditionError) {
	if p.comparisons++; p.comparisons > maxComparisons {
		return nil, p.fail(p.tok.at, fmt.Sprintf("more than %d comparisons", maxComparisons), "")
	}
	p.reviewLeft()
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	c := &comparison{op: &opTruth, left: left}
	if !p.atOperator() {
		return &node{comparison: c}, nil
	}
	at := p.tok.at
	if err := p.operator(c); err != nil {
		return nil, err
	}
	right := p.tok
	if c.right, err = p.operand(); err != nil {
		return nil, err
	}
	p.reviewRight(c, at, right)
	return &node{comparison: c}, p.compilePattern(c, right)
}

func (p *conditionParser) atOperator() bool {
	_, ok := operatorOf(p.tok)
	return ok || p.isWord("not")
}

// operator reads an operator, or "not" and an operator, into c.
func (p *conditionParser) operator(c *comparison) *ConditionError {
	from, inverted := p.tok.at, p.isWord("not")
	if inverted {
		if err := p.advance(); err != nil {
			return err
		}
	}
	s, ok := operatorOf(p.tok)
	if !ok || inverted && s.negated {
		return p.fail(p.tok.at, "an operator is missing after not", `for example: x not Matches "*text*"`)
	}
	if s.undocumented {
		p.warn(p.tok.at, p.tok.content+" is not an operator that Apigee documents", "write: not (x "+s.op.name+" ...)")
	}
	c.op, c.spelled = s.op, strings.Join(strings.Fields(p.lexer.text[from:p.tok.end]), " ")
	c.negated = s.negated || inverted
	switch {
	case c.negated && s.op.matcher != nil:
		c.null = negatedPattern
	case c.negated:
		c.null = s.op.null.not()
	default:
		c.null = s.op.null
	}
	return p.advance()
}

func (p *conditionParser) operand() (operand, *ConditionError) {
	t := p.tok
	o := operand{source: p.lexer.text[t.at:t.end]}
	switch t.kind {
	case textToken:
		o.value = Text(t.content)
	case numberToken:
		o.value, _ = parseNumberLiteral(t.content)
	case quotedToken:
		o.name = p.variable(t.content)
	case wordToken:
		if err := p.word(&o); err != nil {
			return o, err
		}
	default:
		return o, p.operandMissing()
	}
	return o, p.advance()
}

// word reads a literal or the name of a variable.
func (p *conditionParser) word(o *operand) *ConditionError {
	switch strings.ToLower(o.source) {
	case "null":
	case "true":
		o.value = Bool(true)
	case "false":
		o.value = Bool(false)
	default:
		if p.connective() != compareNode || p.atOperator() {
			return p.operandMissing()
		}
		o.name = p.variable(o.source)
	}
	return nil
}

func (p *conditionParser) variable(text string) *Name {
	n := p.name(text)
	for _, known := range p.names {
		if known.text == n.text {
			return n
		}
	}
	p.names = append(p.names, n)
	return n
}

// compilePattern compiles the pattern of a literal right side.
func (p *conditionParser) compilePattern(c *comparison, right token) *ConditionError {
	switch {
	case c.op.matcher == nil:
		return nil
	case c.right.name != nil:
		c.recent = new(recentPattern)
		return nil
	}
	var err error
	c.pattern, err = c.op.matcher(c.right.value.String())
	var syntax *javaregex.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && right.kind == textToken:
		return p.fail(right.at+1+syntax.Offset, "invalid regular expression: "+syntax.Msg, "")
	}
	return p.fail(right.at, err.Error(), "")
}
