package xpath

import (
	"fmt"
	"strings"
)

// Bounds on the text of an expression: those of xpath() come from message templates.
const (
	maxLength  = 16 << 10
	maxNesting = 64
)

// Compile reads an expression. ns gives the URI of each prefix that it may use; xml is known. As XPath 1.0 has it, a name
// without a prefix means one in no namespace, whatever xmlns says in the document. The only error is a *SyntaxError; a prefix
// that is not in ns is one.
func Compile(text string, ns map[string]string) (*Expr, error) {
	return CompileIn(text, &Scope{Namespaces: ns})
}

func newParser(text string, s *Scope) (*parser, error) {
	if len(text) > maxLength {
		return nil, &SyntaxError{text[:64] + "...", 0, fmt.Sprintf("longer than %d bytes", maxLength)}
	}
	tokens, syntax := lex(text, s.Extended)
	if syntax != nil {
		return nil, syntax
	}
	return &parser{text: text, tokens: tokens, scope: s}, nil
}

// parser follows the grammar of XPath 1.0, section 3, by recursive descent. The first error sticks: it empties the rest of the
// input, and what the productions return after it does not count.
type parser struct {
	text    string
	tokens  []token
	scope   *Scope
	err     error
	nesting int
	// positional is set where position() or last() has been read.
	positional bool
	ranges     []string // variables of for, some and every, innermost last
}

func (p *parser) parse() (expr, error) {
	e := p.sequence()
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

// operators by precedence, the weakest first. Those of XPath 2.0 are no symbols to the lexer unless they are allowed.
var operators = [][]string{
	{"or"}, {"and"}, {"=", "!=", "eq", "ne", "is"}, {"<", "<=", ">", ">=", "lt", "le", "gt", "ge"}, {"to"},
	{"+", "-"}, {"*", "div", "mod", "idiv"},
}

func (p *parser) expr() expr {
	if p.nesting++; p.nesting > maxNesting {
		return p.fail("nested deeper than %d levels", maxNesting)
	}
	defer func() { p.nesting-- }()
	if e, ok := p.extended(); ok {
		return e
	}
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
	case "=", "!=", "eq", "ne":
		return equality{left, right, symbol == "!=" || symbol == "ne"}
	case "is":
		return same{left, right}
	case "to":
		return span{left, right}
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
	for {
		symbol, ok := p.acceptAny(joining)
		if !ok {
			return left
		}
		right := p.path()
		if !mayBeNodes(left) || !mayBeNodes(right) {
			return p.fail("'%s' joins node-sets", symbol)
		}
		if left = (union{left, right}); symbol == "except" || symbol == "intersect" {
			left = selection{left.(union), symbol == "intersect"}
		}
	}
}

// joining are the operators on node-sets. That intersect and except bind stronger than union does not count here.
var joining = []string{"|", "union", "intersect", "except"}

// atPrimary tells a primary expression from a location path: a name is one if a parenthesis follows and it is no node test.
func (p *parser) atPrimary() bool {
	switch t := p.peek(); t.kind {
	case literalToken, numberToken:
		return true
	case symbolToken:
		return t.text == "(" || t.text == "$"
	case nameToken:
		next := p.tokens[1]
		return next.kind == symbolToken && next.text == "(" && !p.isKindTest(t.text)
	}
	return false
}

func (p *parser) isKindTest(name string) bool {
	switch name {
	case "node", "text", "comment", "processing-instruction":
		return true
	case "element", "document-node":
		return p.scope.Extended
	}
	return false
}

func (p *parser) primary() expr {
	switch t := p.peek(); {
	case t.kind == literalToken:
		return literal(p.take().text)
	case t.kind == numberToken:
		return number(parseNumber(p.take().text))
	case p.at("$"):
		return p.variable()
	case p.accept("("):
		return p.parenthesized()
	}
	return p.call()
}

func (p *parser) call() expr {
	name := p.peek()
	f, ok := functions[name.text]
	if !ok {
		return p.otherCall(name.text)
	}
	args := p.arguments()
	p.positional = p.positional || f.position
	switch {
	case len(args) < f.least || len(args) > max(f.least, f.most):
		return p.fail("%s() does not take %d arguments", name.text, len(args))
	case f.ofSet && len(args) > 0 && !mayBeNodes(args[0]):
		return p.fail("%s() needs a node-set", name.text)
	}
	p.expect(")")
	return call{f, args}
}

// arguments reads them up to the closing parenthesis, which the caller expects.
func (p *parser) arguments() []expr {
	p.tokens = p.tokens[2:]
	var args []expr
	for !p.at(")") {
		args = append(args, p.expr())
		if !p.accept(",") {
			break
		}
	}
	return args
}

func (p *parser) variable() expr {
	if p.scope.Variable == nil && len(p.ranges) == 0 {
		return p.fail("variables are not supported")
	}
	p.take()
	name := p.peek()
	if name.kind != nameToken {
		return p.fail("expected the name of a variable")
	}
	for i := len(p.ranges) - 1; i >= 0; i-- {
		if p.ranges[i] == name.text {
			p.take()
			return rangeVariable(len(p.ranges) - 1 - i)
		}
	}
	if space, local, ok := p.qualified(name.text); ok && p.scope.Variable != nil {
		if get, ok := p.scope.Variable(space, local); ok {
			p.take()
			return variable{get}
		}
	}
	return p.fail("no variable is called $%s", name.text)
}

// otherCall is a call of a function that is not of the core library: XPath 2.0's, or the host's.
func (p *parser) otherCall(name string) expr {
	space, local, ok := p.qualified(name)
	if !ok {
		return p.fail("prefix of %q is not declared", name)
	}
	if f, ok := extendedFunction(space, local); ok && p.scope.Extended {
		args := p.arguments()
		p.positional = p.positional || f.position
		if len(args) < f.least || len(args) > max(f.least, f.most) {
			return p.fail("%s() does not take %d arguments", name, len(args))
		}
		p.expect(")")
		return call{f, args}
	}
	if p.scope.Function != nil {
		if f, ok := p.scope.Function(space, local); ok {
			return p.hostCall(name, f)
		}
	}
	return p.fail("no function is called %q", name)
}

func (p *parser) hostCall(name string, f *Function) expr {
	args := p.arguments()
	p.positional = p.positional || f.Positional
	if len(args) < f.Least || len(args) > f.Most {
		return p.fail("%s() does not take %d arguments", name, len(args))
	}
	p.expect(")")
	return hostCall{f, args}
}

// qualified resolves the prefix of a name; one without a prefix is in no namespace.
func (p *parser) qualified(name string) (space, local string, ok bool) {
	prefix, local, hasPrefix := strings.Cut(name, ":")
	if !hasPrefix {
		return "", name, true
	}
	space, ok = p.scope.Namespaces[prefix]
	if prefix == "xml" {
		space, ok = xmlSpace, true
	}
	return space, local, ok
}
