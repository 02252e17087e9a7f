package appint

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/internal/integrations"
)

// A filter is the filter parameter of the list methods: comparisons with = != < <= > >= and :
// (has), joined with AND, OR, NOT and parentheses (reference integrations.md 2, versions.list).
// As in AIP-160, which the methods follow, OR binds tighter than AND, and two comparisons side by
// side are joined by AND.
type filter interface{ holds(fieldValues) bool }

// fieldValues returns the value of a field of the item at hand; a field that the item's kind does
// not have is refused when the filter is read.
type fieldValues func(name string) string

type (
	and  []filter
	or   []filter
	not  struct{ of filter }
	test struct{ field, op, value string }
)

func (a and) holds(v fieldValues) bool {
	for _, f := range a {
		if !f.holds(v) {
			return false
		}
	}
	return true
}

func (o or) holds(v fieldValues) bool {
	for _, f := range o {
		if f.holds(v) {
			return true
		}
	}
	return false
}

func (n not) holds(v fieldValues) bool { return !n.of.holds(v) }

func (t test) holds(v fieldValues) bool {
	have := v(t.field)
	order := compare(have, t.value)
	switch t.op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return t.value == "*" && have != "" || t.value != "*" && strings.Contains(strings.ToLower(have), strings.ToLower(t.value))
}

// compare orders two values as numbers or times when both are, otherwise as text.
func compare(a, b string) int {
	if x, err := strconv.ParseInt(a, 10, 64); err == nil {
		if y, err := strconv.ParseInt(b, 10, 64); err == nil {
			return sign(x > y, x < y)
		}
	}
	if x, err := time.Parse(time.RFC3339Nano, a); err == nil {
		if y, err := time.Parse(time.RFC3339Nano, b); err == nil {
			return x.Compare(y)
		}
	}
	return strings.Compare(a, b)
}

func sign(above, below bool) int {
	switch {
	case above:
		return 1
	case below:
		return -1
	}
	return 0
}

const (
	filterLimit = 4096 // bytes
	filterDepth = 32
)

// readFilter reads a filter over the given fields, whose names may be in snake_case too. Empty
// text holds for everything.
func readFilter(text string, fields ...string) (filter, error) {
	if len(text) > filterLimit {
		return nil, invalid("The filter has more than %d bytes.", filterLimit)
	}
	p := &filterParser{rest: text, fields: fields}
	f := p.all(0)
	if p.err == nil && p.peek() != "" {
		p.fail("%q was not expected", p.peek())
	}
	if p.err != nil {
		return nil, invalid("Invalid filter %q: %v. Write for example: state=ACTIVE AND snapshotNumber>3", text, p.err)
	}
	return f, nil
}

// filterParser reads a filter by recursive descent. After the first error every method returns
// at once.
type filterParser struct {
	rest   string
	fields []string
	err    error
}

func (p *filterParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// all reads comparisons joined by AND, or by nothing.
func (p *filterParser) all(depth int) filter {
	if depth > filterDepth {
		p.fail("more than %d parentheses", filterDepth)
	}
	var list and
	for p.err == nil && p.peek() != "" && p.peek() != ")" {
		list = append(list, p.any(depth))
		if strings.EqualFold(p.peek(), "AND") {
			p.next()
			if p.peek() == "" || p.peek() == ")" {
				p.fail("something is missing after AND")
			}
		}
	}
	return list
}

func (p *filterParser) any(depth int) filter {
	list := or{p.one(depth)}
	for p.err == nil && strings.EqualFold(p.peek(), "OR") {
		p.next()
		list = append(list, p.one(depth))
	}
	return list
}

func (p *filterParser) one(depth int) filter {
	if p.err != nil || depth > filterDepth {
		p.fail("more than %d levels", filterDepth)
		return nil
	}
	switch word := p.next(); {
	case strings.EqualFold(word, "NOT") || word == "-":
		return not{p.one(depth + 1)}
	case word == "(":
		f := p.all(depth + 1)
		if p.next() != ")" {
			p.fail("a parenthesis is not closed")
		}
		return f
	default:
		return p.test(word)
	}
}

func (p *filterParser) test(field string) filter {
	name := ""
	for _, known := range p.fields {
		if integrations.CamelCase(unquoted(field)) == known {
			name = known
		}
	}
	if name == "" {
		p.fail("%q is not a field; there are %s", field, strings.Join(p.fields, ", "))
		return nil
	}
	op := p.next()
	if !isOperator(op) {
		p.fail("an operator is missing after %s", field)
		return nil
	}
	value := p.next()
	if value == "" || value == ")" || value == "(" || isOperator(value) {
		p.fail("a value is missing after %s%s", field, op)
	}
	return test{name, op, unquoted(value)}
}

func isOperator(word string) bool {
	switch word {
	case "=", "!=", "<", "<=", ">", ">=", ":":
		return true
	}
	return false
}

// unquoted is a word without the quotes around it.
func unquoted(word string) string {
	if len(word) >= 2 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
		return strings.NewReplacer(`\\`, `\`, `\`+word[:1], word[:1]).Replace(word[1 : len(word)-1])
	}
	return word
}

// next takes the next word: a parenthesis, an operator, a quoted text, or what stands up to one of
// these. It is empty at the end.
func (p *filterParser) next() string {
	word := p.peek()
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")[len(word):]
	return word
}

func (p *filterParser) peek() string {
	rest := strings.TrimLeft(p.rest, " \t\r\n")
	if rest == "" {
		return ""
	}
	for _, symbol := range []string{"!=", "<=", ">=", "=", "<", ">", ":", "(", ")"} {
		if strings.HasPrefix(rest, symbol) {
			return symbol
		}
	}
	if rest[0] == '"' || rest[0] == '\'' {
		return quotedWord(rest)
	}
	if rest[0] == '-' && len(rest) > 1 && (rest[1] < '0' || rest[1] > '9') {
		return "-"
	}
	// A colon is an operator after a field and a part of a time such as 2026-01-02T10:00:00Z.
	end := strings.IndexAny(rest, " \t\r\n()=<>!\"'")
	if end < 0 {
		end = len(rest)
	}
	word := rest[:end]
	if colon := strings.IndexByte(word, ':'); colon > 0 && (word[0] < '0' || word[0] > '9') {
		return word[:colon]
	}
	if word == "" { // a lone exclamation mark
		return rest[:1]
	}
	return word
}

func quotedWord(rest string) string {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case rest[0]:
			return rest[:i+1]
		}
	}
	return rest
}
