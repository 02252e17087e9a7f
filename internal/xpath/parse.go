package xpath

import "fmt"

// Bounds on the text of an expression: those of xpath() come from message templates.
const (
	maxLength  = 16 << 10
	maxNesting = 64
)

// Compile reads an expression. ns gives the URI of each prefix that it may use; xml is known. As XPath 1.0 has it, a name
// without a prefix means one in no namespace, whatever xmlns says in the document. The only error is a *SyntaxError; a prefix
// that is not in ns is one.
func Compile(text string, ns map[string]string) (*Expr, error) {
	if len(text) > maxLength {
		return nil, &SyntaxError{text[:64] + "...", 0, fmt.Sprintf("longer than %d bytes", maxLength)}
	}
	tokens, syntax := lex(text)
	if syntax != nil {
		return nil, syntax
	}
	p := &parser{text: text, tokens: tokens, ns: ns}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Expr{text: text, root: root}, nil
}

// parser follows the grammar of XPath 1.0, section 3, by recursive descent. The first error sticks: it empties the rest of the
// input, and what the productions return after it does not count.
type parser struct {
	text    string
	tokens  []token
	ns      map[string]string
	err     error
	nesting int
	// positional is set where position() or last() has been read.
	positional bool
}

func (p *parser) parse() (expr, error) {
	e := p.expr()
	if p.err == nil && p.peek().kind != endToken {
		p.fail("unexpected %q", p.peek().text)
	}
	return e, p.err
}

// none stands for what could not be read.
var none expr = literal("")

func (p *parser) fail(format string, args ...any) expr {
	if p.err == nil {
		p.err = &SyntaxError{p.text, p.peek().offset, fmt.Sprintf(format, args...)}
	}
	p.tokens = p.tokens[len(p.tokens)-1:]
	return none
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != endToken {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) at(symbol string) bool {
	return p.peek().kind == symbolToken && p.peek().text == symbol
}

func (p *parser) accept(symbol string) bool {
	if p.at(symbol) {
		p.take()
		return true
	}
	return false
}

func (p *parser) expect(symbol string) {
	if !p.accept(symbol) {
		p.fail("expected %q", symbol)
	}
}

// operators by precedence, the weakest first.
var operators = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}

func (p *parser) expr() expr {
	if p.nesting++; p.nesting > maxNesting {
		return p.fail("nested deeper than %d levels", maxNesting)
	}
	defer func() { p.nesting-- }()
	return p.binary(0)
}

func (p *parser) binary(level int) expr {
	if level == len(operators) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for {
		symbol, ok := p.acceptAny(operators[level])
		if !ok {
			return left
		}
		left = operation(symbol, left, p.binary(level+1))
	}
}

func (p *parser) acceptAny(symbols []string) (symbol string, ok bool) {
	for _, s := range symbols {
		if p.accept(s) {
			return s, true
		}
	}
	return "", false
}

func operation(symbol string, left, right expr) expr {
	switch symbol {
	case "or":
		return either{left, right}
	case "and":
		return both{left, right}
	case "=", "!=":
		return equality{left, right, symbol == "!="}
	}
	if holds, ok := relations[symbol]; ok {
		return relation{left, right, holds}
	}
	return arithmetic{left, right, computations[symbol]}
}

func (p *parser) unary() expr {
	minus := 0
	for p.accept("-") {
		minus++
	}
	e := p.union()
	if minus == 0 {
		return e
	}
	if minus%2 == 0 {
		e = negation{e} // twice: still a number
	}
	return negation{e}
}

func (p *parser) union() expr {
	left := p.path()
	for p.accept("|") {
		right := p.path()
		if left.kind() != NodeSet || right.kind() != NodeSet {
			return p.fail("'|' joins node-sets")
		}
		left = union{left, right}
	}
	return left
}

// atPrimary tells a primary expression from a location path: a name is one if a parenthesis follows and it is no node test.
func (p *parser) atPrimary() bool {
	switch t := p.peek(); t.kind {
	case literalToken, numberToken:
		return true
	case symbolToken:
		return t.text == "(" || t.text == "$"
	case nameToken:
		next := p.tokens[1]
		return next.kind == symbolToken && next.text == "(" && !isKindTest(t.text)
	}
	return false
}

func isKindTest(name string) bool {
	return name == "node" || name == "text" || name == "comment" || name == "processing-instruction"
}

func (p *parser) primary() expr {
	switch t := p.peek(); {
	case t.kind == literalToken:
		return literal(p.take().text)
	case t.kind == numberToken:
		return number(parseNumber(p.take().text))
	case p.at("$"):
		return p.fail("variables are not supported")
	case p.accept("("):
		e := p.expr()
		p.expect(")")
		return e
	}
	return p.call()
}

func (p *parser) call() expr {
	name := p.peek()
	f, ok := functions[name.text]
	if !ok {
		return p.fail("no function is called %q", name.text)
	}
	p.tokens = p.tokens[2:]
	var args []expr
	for !p.at(")") {
		args = append(args, p.expr())
		if !p.accept(",") {
			break
		}
	}
	p.positional = p.positional || f.position
	switch {
	case len(args) < f.least || len(args) > max(f.least, f.most):
		return p.fail("%s() does not take %d arguments", name.text, len(args))
	case f.ofSet && len(args) > 0 && args[0].kind() != NodeSet:
		return p.fail("%s() needs a node-set", name.text)
	}
	p.expect(")")
	return call{f, args}
}
