package javaregex

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// A dialect writes what the two engines spell differently.
type dialect struct {
	any, none string
	assert    func(*node) string
}

var linearDialect = dialect{
	any:    `(?s:.)`,
	none:   `[^\x00-\x{10FFFF}]`,
	assert: linearAssertion,
}

var exactDialect = dialect{
	any:    `[\s\S]`,
	none:   `(?!)`,
	assert: exactAssertion,
}

var errProgramTooLarge = errors.New("needs too large a program")

// translate writes n in the syntax of an engine. The text uses no flags, no
// shorthand classes and no named groups: nothing whose meaning differs from Java's.
func (d *dialect) translate(n *node) (string, error) {
	e := &emitter{dialect: d}
	e.emit(n)
	if e.b.Len() > maxProgram {
		return "", errProgramTooLarge
	}
	return e.b.String(), nil
}

type emitter struct {
	*dialect
	b strings.Builder
}

func (e *emitter) emit(n *node) {
	if e.b.Len() > maxProgram {
		return
	}
	switch n.op {
	case opEmpty:
		e.b.WriteString("(?:)")
	case opLiteral:
		e.literal(n.r)
	case opSet:
		e.set(n.set)
	case opConcat:
		for _, sub := range n.subs {
			e.emitPart(sub)
		}
	case opAlternate:
		e.alternate(n.subs)
	case opRepeat:
		e.repeat(n)
	case opCapture:
		e.group("(", n.subs[0])
	case opAtomic:
		e.group("(?>", n.subs[0])
	case opLook:
		e.group(lookOpening(n), n.subs[0])
	default:
		e.b.WriteString(e.assert(n))
	}
}

func (e *emitter) group(opening string, n *node) {
	e.b.WriteString(opening)
	e.emit(n)
	e.b.WriteByte(')')
}

// emitPart writes a member of a concatenation.
func (e *emitter) emitPart(n *node) {
	if n.op == opAlternate {
		e.group("(?:", n)
		return
	}
	e.emit(n)
}

func (e *emitter) alternate(subs []*node) {
	for i, sub := range subs {
		if i > 0 {
			e.b.WriteByte('|')
		}
		e.emit(sub)
	}
}

func (e *emitter) repeat(n *node) {
	if n.greed == possessive {
		e.b.WriteString("(?>")
		defer e.b.WriteByte(')')
	}
	switch sub := n.subs[0]; {
	case sub.op == opLiteral || sub.op == opSet:
		e.emit(sub)
	case n.greed == possessive: // Java gives up choices with each iteration
		e.group("(?>", sub)
	case sub.op == opCapture:
		e.emit(sub)
	default:
		e.group("(?:", sub)
	}
	e.b.WriteString(quantifier(n.min, n.max))
	if n.greed == lazy {
		e.b.WriteByte('?')
	}
}

func quantifier(least, most int) string {
	switch {
	case least == 0 && most == 1:
		return "?"
	case least == 0 && most == infinite:
		return "*"
	case least == 1 && most == infinite:
		return "+"
	case most == infinite:
		return fmt.Sprintf("{%d,}", least)
	}
	return fmt.Sprintf("{%d,%d}", least, most)
}

func lookOpening(n *node) string {
	switch {
	case n.ahead && n.negated:
		return "(?!"
	case n.ahead:
		return "(?="
	case n.negated:
		return "(?<!"
	}
	return "(?<="
}

func (e *emitter) literal(r rune) {
	if r < ' ' || r > '~' {
		e.codePoint(r)
		return
	}
	if strings.ContainsRune(`\.+*?()|[]{}^$#-&`, r) {
		e.b.WriteByte('\\')
	}
	e.b.WriteRune(r)
}

func (e *emitter) codePoint(r rune) {
	e.b.WriteString(`\x{`)
	e.b.WriteString(strconv.FormatInt(int64(r), 16))
	e.b.WriteByte('}')
}

// set writes s as a class of literal ranges, negated where that is shorter.
func (e *emitter) set(s set) {
	switch {
	case len(s) == 0:
		e.b.WriteString(e.none)
		return
	case s.isAny():
		e.b.WriteString(e.any)
		return
	}
	opening := "["
	if s[len(s)-1].hi == unicode.MaxRune {
		opening, s = "[^", s.negate()
	}
	e.b.WriteString(opening)
	for _, sp := range s {
		e.member(sp.lo)
		if sp.hi > sp.lo {
			e.b.WriteByte('-')
			e.member(sp.hi)
		}
	}
	e.b.WriteByte(']')
}

func (e *emitter) member(r rune) {
	if r < unicode.MaxASCII && (isASCIILetter(r) || r >= '0' && r <= '9') {
		e.b.WriteRune(r)
		return
	}
	e.codePoint(r)
}

// linearAssertion writes for package regexp what means the same there, but for
// the inputs that caveats names.
func linearAssertion(n *node) string {
	switch n.op {
	case opBegin:
		return `\A`
	case opEnd, opFinalEnd:
		return `\z`
	case opBoundary:
		if n.negated {
			return `\B`
		}
		return `\b`
	}
	panic(fmt.Sprintf("javaregex: op %d is not linear", n.op)) // needsExact keeps these away
}

const (
	// java17Word is a character that \b takes for part of a word, as JDK 17 does: a
	// letter, digit or underscore, or a mark on a letter or digit. (Since JDK 19 \b
	// is ASCII. Which JDK Apigee's workers run is not known.)
	java17Word = `(?:[_\p{L}\p{Nd}]|(?<=[\p{L}\p{Nd}]\p{Mn}*)\p{Mn})`
	// unicodeWord is the same under (?U).
	unicodeWord = `(?:[\p{L}\p{Nl}\p{Other_Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}])`
)

// exactAssertion writes for regexp2, whose \z \A \G \X are Java's; the rest is
// spelled out with lookaround.
func exactAssertion(n *node) string {
	switch n.op {
	case opBegin:
		return `\A`
	case opEnd:
		return `\z`
	case opLastMatch:
		return `\G`
	case opGrapheme:
		return `\X`
	case opBackref:
		return backref(n)
	case opBoundary:
		return boundary(n)
	}
	return lineAssertion(n)
}

func backref(n *node) string {
	switch {
	case n.n == 0:
		return `(?!)`
	case n.fold:
		return fmt.Sprintf(`(?i:\%d)`, n.n)
	}
	return fmt.Sprintf(`(?:\%d)`, n.n)
}

func boundary(n *node) string {
	w := java17Word
	if n.unicode {
		w = unicodeWord
	}
	form := `(?:(?<=%[1]s)(?!%[1]s)|(?<!%[1]s)(?=%[1]s))`
	if n.negated {
		form = `(?:(?<=%[1]s)(?=%[1]s)|(?<!%[1]s)(?!%[1]s))`
	}
	return fmt.Sprintf(form, w)
}

// lineAssertion spells out Java's ^, $ and \Z: a \r\n is one terminator, with no
// place inside, and (?m)^ does not match at the end of the input.
func lineAssertion(n *node) string {
	switch {
	case n.op == opFinalEnd && n.unix:
		return `(?=\n?\z)`
	case n.op == opFinalEnd:
		return `(?:(?=(?:\r\n?|[\x{85}\x{2028}\x{2029}])?\z)|(?<!\r)(?=\n\z))`
	case n.op == opLineBegin && n.unix:
		return `(?:(?:\A|(?<=\n))(?!\z))`
	case n.op == opLineBegin:
		return `(?:(?:\A|(?<=[\n\x{85}\x{2028}\x{2029}])|(?<=\r)(?!\n))(?!\z))`
	case n.unix:
		return `(?=\n|\z)`
	}
	return `(?:(?=[\r\x{85}\x{2028}\x{2029}]|\z)|(?<!\r)(?=\n))`
}
