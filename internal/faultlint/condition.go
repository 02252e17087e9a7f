package faultlint

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"sluice/flow"
)

// condition is a Condition element, cut into its comparisons. flow keeps the tree
// of a condition to itself; all that is read here is where a comparison begins
// and ends. What it means, and what the connectives make of it, flow is asked:
// each comparison is a condition of its own (atom), and the rest, with a variable
// in the place of each comparison, is another one (shape).
type condition struct {
	*document
	el     *element
	text   string
	atoms  []*atom
	shape  *flow.Condition
	shapes [2]*flow.Condition // by default, and with Java's precedence
	broken bool               // it does not parse, or not as this package reads it
}

// atom is a comparison, or a variable that stands alone.
type atom struct {
	text   string // as it is written, with single spaces
	offset int    // in the element's text
	test   *flow.Condition
	names  []string // of the variables in it
}

func newCondition(d *document, el *element, java bool) *condition {
	c := &condition{document: d, el: el, text: el.value()}
	start := strings.Index(el.text, c.text)
	whole, _, err := flow.CompileCondition(c.text, flow.ConditionOptions{JavaPrecedence: java})
	if c.broken = err != nil; c.broken {
		return c
	}
	shape := c.cut(start)
	for i := range c.shapes {
		c.shapes[i], _, err = flow.CompileCondition(shape, flow.ConditionOptions{JavaPrecedence: i == 1})
		c.broken = c.broken || err != nil
	}
	c.shape = c.shapes[0]
	if java {
		c.shape = c.shapes[1]
	}
	c.broken = c.broken || !c.covers(whole)
	return c
}

// covers checks the cut: the atoms name the very variables of the whole.
func (c *condition) covers(whole *flow.Condition) bool {
	names := map[string]bool{}
	for _, a := range c.atoms {
		if a.test == nil {
			return false
		}
		for _, n := range a.names {
			names[n] = true
		}
	}
	for _, n := range whole.Names() {
		if !names[n.String()] {
			return false
		}
	}
	return len(names) == len(whole.Names())
}

// cut fills the atoms and returns the text of the shape.
func (c *condition) cut(start int) string {
	var shape strings.Builder
	rest := c.text
	for {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			return shape.String()
		}
		n, around := piece(rest)
		if around {
			shape.WriteString(" " + rest[:n] + " ")
			rest = rest[n:]
			continue
		}
		n = comparisonLength(rest)
		a := newAtom(rest[:n])
		a.offset = start + len(c.text) - len(rest)
		fmt.Fprintf(&shape, " c%d ", len(c.atoms))
		c.atoms = append(c.atoms, a)
		rest = rest[n:]
	}
}

// comparisonLength measures the comparison that the text begins with. A "not" in
// it belongs to its operator.
func comparisonLength(text string) int {
	n := 0
	for n < len(text) {
		more, around := piece(text[n:])
		if around && !strings.EqualFold(text[n:n+more], "not") {
			break
		}
		n += more
	}
	return n
}

// piece measures what the text begins with: a part of a comparison, or what
// stands around comparisons, which is parentheses and the words and, or and not.
func piece(text string) (n int, around bool) {
	switch c := text[0]; {
	case c == '(' || c == ')':
		return 1, true
	case strings.HasPrefix(text, "&&") || strings.HasPrefix(text, "||"):
		return 2, true
	case c == '!':
		return 1, len(text) == 1 || !strings.ContainsRune("=~/", rune(text[1]))
	case c == '"' || c == '\'':
		return len(text) - len(afterQuote(text[1:], c)), false
	}
	n = wordLength(text)
	switch strings.ToLower(text[:n]) {
	case "and", "or", "not":
		return n, true
	}
	return max(n, 1), false
}

// afterQuote is the rest of the text behind the closing quote.
func afterQuote(text string, quote byte) string {
	_, rest, _ := strings.Cut(text, string(quote))
	return rest
}

func wordLength(text string) int {
	for i, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-$", r) {
			return i
		}
	}
	return len(text)
}

func newAtom(text string) *atom {
	a := &atom{text: strings.Join(strings.Fields(text), " ")}
	test, _, err := flow.CompileCondition(strings.TrimSpace(text), flow.ConditionOptions{})
	if err != nil {
		return a
	}
	a.test = test
	for _, n := range test.Names() {
		a.names = append(a.names, n.String())
	}
	return a
}

// holds evaluates the shape for the values of the atoms.
func holds(shape *flow.Condition, values []bool) bool {
	x := newExchange()
	for i, v := range values {
		x.Put(fmt.Sprintf("c%d", i), flow.Bool(v))
	}
	ok, err := shape.Eval(x)
	return ok && err == nil
}

func newExchange() *flow.Exchange {
	return flow.NewExchange(&flow.ProxyInfo{}, &flow.Services{Now: time.Now}, flow.NewRequest())
}
