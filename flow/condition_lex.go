package flow

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // a name, an operator's word, true, false, null
	textToken             // "..."
	quotedToken           // '...', which quotes the name of a variable
	numberToken
	symbolToken // an operator's symbol
	openToken
	closeToken
)

// token is a piece of a condition: text[at:end].
type token struct {
	kind    tokenKind
	content string // what it says; for quoted pieces without the quotes
	at, end int
}

// conditionLexer cuts a condition into tokens, one at a time, so that the first
// error in reading order is the one reported.
type conditionLexer struct {
	text string
	pos  int
}

func (l *conditionLexer) next() (token, *ConditionError) {
	l.pos += len(l.text[l.pos:]) - len(strings.TrimLeft(l.text[l.pos:], " \t\r\n"))
	if l.pos == len(l.text) {
		return token{kind: endToken, at: l.pos, end: l.pos}, nil
	}
	rest := l.text[l.pos:]
	switch c := rest[0]; {
	case c == '(':
		return l.take(openToken, 1), nil
	case c == ')':
		return l.take(closeToken, 1), nil
	case c == '"':
		return l.quoted(textToken, '"')
	case c == '\'':
		return l.quoted(quotedToken, '\'')
	case startsNumber(rest):
		return l.number()
	}
	if n := nameLength(rest); n > 0 {
		return l.take(wordToken, n), nil
	}
	return l.symbol()
}

func (l *conditionLexer) take(kind tokenKind, n int) token {
	t := token{kind, l.text[l.pos : l.pos+n], l.pos, l.pos + n}
	l.pos += n
	return t
}

func (l *conditionLexer) fail(message, hint string) (token, *ConditionError) {
	return token{}, &ConditionError{Message: message, Hint: hint, Offset: l.pos, text: l.text}
}

// quoted reads up to the next quote: no escape is known (runtime.md 4.2).
func (l *conditionLexer) quoted(kind tokenKind, quote byte) (token, *ConditionError) {
	n := strings.IndexByte(l.text[l.pos+1:], quote)
	if n < 0 {
		return l.fail("the quote "+string(quote)+" is not closed", "text is written as \"...\"; it cannot hold a double quote")
	}
	t := l.take(kind, n+2)
	t.content = t.content[1 : n+1]
	return t, nil
}

func (l *conditionLexer) number() (token, *ConditionError) {
	n := 1
	for n < len(l.text)-l.pos && isNameByte(l.text[l.pos+n]) {
		n++
	}
	content := l.text[l.pos : l.pos+n]
	if _, ok := parseNumberLiteral(content); !ok {
		if onlyDigits(content) {
			return l.fail("the number "+content+" is too large", "")
		}
		return l.fail(strconv.Quote(content)+" is neither a number nor a name",
			"text is written in double quotes, a variable whose name does not start with a letter in single quotes")
	}
	return l.take(numberToken, n), nil
}

// symbols are the operators that are no words, with no symbol before a longer
// one that starts with it.
var symbols = [...]string{
	"!~~", "!~/", "!/~", "!~", "!=", "!", "&&", "||", "==", "=|", "=", ":=", "~~", "~/", "/~", "~", ">=", ">", "<=", "<",
}

func (l *conditionLexer) symbol() (token, *ConditionError) {
	rest := l.text[l.pos:]
	for _, r := range refusedSymbols {
		if strings.HasPrefix(rest, r.spelling) {
			return l.fail("there is no operator "+r.spelling, r.hint)
		}
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return l.take(symbolToken, len(s)), nil
		}
	}
	return l.fail(unexpectedCharacter(rest))
}

// nameLength returns how many bytes of s are the name of a variable: letters,
// digits and "_.-$", the first of them a letter or "_$". The documented
// alphabet is ASCII without "$"; letters beyond it are unambiguous.
func nameLength(s string) int {
	for i, r := range s {
		inner := r >= '0' && r <= '9' || r == '.' || r == '-'
		if unicode.IsLetter(r) || r == '_' || r == '$' || inner && i > 0 {
			continue
		}
		return i
	}
	return len(s)
}

func isNameByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == '-' || c == '$'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// startsNumber reports whether s starts with a digit after an optional minus and
// an optional point.
func startsNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	s = strings.TrimPrefix(s, ".")
	return s != "" && isDigit(s[0])
}

// parseNumberLiteral reads a number of a condition: without a suffix an Integer,
// beyond 32 bits a Long (recommended), with a fraction a Double; the suffixes f,
// d and l, in either case, say Float, Double and Long.
func parseNumberLiteral(s string) (Value, bool) {
	digits, suffix := s, byte(0)
	if last := s[len(s)-1]; !isDigit(last) {
		digits, suffix = s[:len(s)-1], last|0x20
	}
	whole, fraction, point := strings.Cut(strings.TrimPrefix(digits, "-"), ".")
	if !onlyDigits(whole) || !onlyDigits(fraction) || point && fraction == "" || whole+fraction == "" {
		return Value{}, false
	}
	switch {
	case suffix == 'f':
		f, err := strconv.ParseFloat(digits, 32)
		return Float32(float32(f)), err == nil
	case suffix == 'd' || suffix == 0 && point:
		f, err := strconv.ParseFloat(digits, 64)
		return Float64(f), err == nil
	case suffix != 0 && suffix != 'l' || point:
		return Value{}, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if suffix == 0 && n == int64(int32(n)) {
		return Int(int(n)), err == nil
	}
	return Int64(n), err == nil
}

func onlyDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// unexpectedCharacter explains the first character of s, which no condition may
// hold outside quotes.
func unexpectedCharacter(s string) (message, hint string) {
	r, _ := utf8.DecodeRuneInString(s)
	switch {
	case r == '{' || r == '}':
		return "braces have no meaning in a condition", "write the variable's name without braces: request.verb = \"GET\""
	case r == '&' || r == '|':
		return "unexpected " + string(r), "write and (&&, in XML &amp;&amp;) or or (||)"
	case r == '/':
		return "unexpected /", "a path is written in double quotes; conditions have no arithmetic"
	case strings.ContainsRune("+-*%", r):
		return "unexpected " + string(r) + ": conditions have no arithmetic", "calculate in a policy before; text and patterns are written in double quotes"
	case strings.ContainsRune("\u201c\u201d\u201e\u2018\u2019", r):
		return "typographic quote " + string(r), "write text in straight double quotes (\")"
	case unicode.IsSpace(r):
		return "unexpected space character " + strconv.QuoteRuneToASCII(r), "write a plain space"
	}
	return "unexpected " + strconv.QuoteRune(r), "text is written in double quotes, a variable with such a character in its name in single quotes"
}
