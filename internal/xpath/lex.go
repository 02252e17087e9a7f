package xpath

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endToken      tokenKind = iota
	symbolToken             // ( ) [ ] . .. @ , :: / // | + - = != < <= > >= * $ and the operators and, or, mod, div
	nameToken               // name, prefix:name, prefix:*
	literalToken            // text without its quotes
	numberToken             // text
	wildcardToken           // * where it is a name test
)

type token struct {
	kind   tokenKind
	text   string
	offset int
}

// lex cuts an expression into tokens. The last one is always an endToken.
func lex(text string, extended bool) ([]token, *SyntaxError) {
	l := lexer{text: text, extended: extended}
	for {
		l.space()
		if l.pos >= len(text) {
			return append(l.tokens, token{kind: endToken, offset: l.pos}), nil
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
}

type lexer struct {
	text   string
	pos    int
	tokens []token
	// extended adds the words of XPath 2.0.
	extended bool
}

func (l *lexer) space() {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.pos]) >= 0 {
		l.pos++
	}
}

// symbols, the longer ones first.
var symbols = []string{"..", "::", "//", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">", "$"}

func (l *lexer) next() *SyntaxError {
	rest := l.text[l.pos:]
	switch c := rest[0]; {
	case c == '"' || c == '\'':
		return l.literal(c)
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return l.number()
	case c == '*' && l.operatorPosition():
		return l.emit(symbolToken, 1)
	case c == '*' && l.extended && strings.HasPrefix(rest, "*:"):
		return l.emit(nameToken, 2+nameLength(rest[2:]))
	case c == '*':
		return l.emit(wildcardToken, 1)
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return l.emit(symbolToken, len(s))
		}
	}
	return l.name(rest)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) emit(kind tokenKind, length int) *SyntaxError {
	l.tokens = append(l.tokens, token{kind, l.text[l.pos : l.pos+length], l.pos})
	l.pos += length
	return nil
}

// operatorPosition tells whether a * or a name is an operator here: "if there is a preceding token and the preceding token is
// not one of @, ::, (, [, , or an Operator" (XPath 1.0, section 3.7).
func (l *lexer) operatorPosition() bool {
	if len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	if last.kind != symbolToken {
		return true
	}
	switch last.text {
	case ")", "]", ".", "..":
		return true
	}
	return false
}

func (l *lexer) literal(quote byte) *SyntaxError {
	end := strings.IndexByte(l.text[l.pos+1:], quote)
	if end < 0 {
		return &SyntaxError{l.text, l.pos, "the string is not closed"}
	}
	l.tokens = append(l.tokens, token{literalToken, l.text[l.pos+1 : l.pos+1+end], l.pos})
	l.pos += end + 2
	return nil
}

func (l *lexer) number() *SyntaxError {
	length, points := 0, 0
	for rest := l.text[l.pos:]; length < len(rest); length++ {
		if rest[length] == '.' {
			points++
		} else if !isDigit(rest[length]) {
			break
		}
		if points > 1 {
			break
		}
	}
	return l.emit(numberToken, length)
}

func (l *lexer) name(rest string) *SyntaxError {
	length := nameLength(rest)
	if length == 0 {
		return &SyntaxError{l.text, l.pos, "unexpected character"}
	}
	switch word := rest[:length]; word {
	case "and", "or", "mod", "div":
		if l.operatorPosition() {
			return l.emit(symbolToken, length)
		}
	default:
		if l.extended && slices.Contains(extendedWords, word) && l.operatorPosition() {
			return l.emit(symbolToken, length)
		}
	}
	// A colon belongs to the name, unless it is half of an axis' "::".
	if after := rest[length:]; strings.HasPrefix(after, ":") && !strings.HasPrefix(after, "::") {
		if strings.HasPrefix(after, ":*") {
			return l.emit(nameToken, length+2)
		}
		local := nameLength(after[1:])
		if local == 0 {
			return &SyntaxError{l.text, l.pos + length, "expected a name after ':'"}
		}
		length += 1 + local
	}
	return l.emit(nameToken, length)
}

// extendedWords are the words that XPath 2.0 adds where an operator may stand.
var extendedWords = []string{
	"eq", "ne", "lt", "le", "gt", "ge", "is", "to", "idiv", "union", "intersect", "except",
	"in", "return", "satisfies", "then", "else",
}

// nameLength is the length of the NCName that s begins with.
func nameLength(s string) int {
	for i, r := range s {
		first := r == '_' || unicode.IsLetter(r)
		more := first || r == '-' || r == '.' || r == '·' || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
		if r == utf8.RuneError || !first && (i == 0 || !more) {
			return i
		}
	}
	return len(s)
}

// IsName tells whether s is a name without a prefix.
func IsName(s string) bool { return s != "" && nameLength(s) == len(s) }
