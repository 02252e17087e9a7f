package flow

import (
	"strings"
	"sync/atomic"

	"sluice/internal/javaregex"
)

// matcher is a compiled pattern. It is immutable.
type matcher interface {
	match(s string) (bool, error)
}

// recentPattern keeps the pattern that a variable gave last, because it is
// usually the same every time.
type recentPattern struct {
	last atomic.Pointer[compiledPattern]
}

type compiledPattern struct {
	source string
	matcher
}

func (p *recentPattern) compile(op *operator, source string) (matcher, error) {
	if c := p.last.Load(); c != nil && c.source == source {
		return c.matcher, nil
	}
	m, err := op.matcher(source)
	if err != nil {
		return nil, err
	}
	p.last.Store(&compiledPattern{strings.Clone(source), m})
	return m, nil
}

// regex is the pattern of JavaRegex: the whole value must match.
type regex struct{ *javaregex.Regexp }

func (r regex) match(s string) (bool, error) { return r.MatchString(s) }

func compileRegex(pattern string) (matcher, error) {
	r, err := javaregex.Compile(pattern, javaregex.Options{})
	if err != nil {
		return nil, err
	}
	return regex{r}, nil
}

// glob is the pattern of Matches: the literal pieces between its stars, each of
// which stands for any text. A pattern without a star is one piece.
type glob []string

func (g glob) match(s string) (bool, error) { return g.matches(s), nil }

// matches takes the leftmost place for each piece: that leaves the most for the
// pieces after it, so it never has to try again.
func (g glob) matches(s string) bool {
	first, last := g[0], g[len(g)-1]
	if len(g) == 1 {
		return s == first
	}
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, piece := range g[1 : len(g)-1] {
		i := strings.Index(s, piece)
		if i < 0 {
			return false
		}
		s = s[i+len(piece):]
	}
	return true
}

// compileGlob reads a pattern of Matches: "*" stands for any text, also with "/"
// in it, "%" takes the next character literally (runtime.md 4.6).
func compileGlob(pattern string) (matcher, error) {
	var g globBuilder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			g.star()
		case c == '%' && i+1 < len(pattern):
			i++
			g.piece = append(g.piece, pattern[i])
		default:
			g.piece = append(g.piece, c)
		}
	}
	return g.glob(), nil
}

// globBuilder collects the pieces of a glob.
type globBuilder struct {
	pieces []string
	piece  []byte
}

// star ends a piece. Stars in a row are one.
func (b *globBuilder) star() {
	if len(b.piece) > 0 || len(b.pieces) == 0 {
		b.pieces = append(b.pieces, string(b.piece))
	}
	b.piece = b.piece[:0]
}

func (b *globBuilder) glob() glob {
	g := append(b.pieces, string(b.piece))
	*b = globBuilder{}
	return g
}

// pathPattern is the pattern of MatchesPath: one entry for each element between
// slashes. An entry is nil when any number of elements may stand there.
type pathPattern []glob

// anyElements is the entry for any number of elements, also none.
var anyElements glob

func (p pathPattern) match(value string) (bool, error) { return p.matches(value), nil }

// matches walks pattern and value. After a mismatch only the last anyElements
// is stretched: what an earlier one could take, that one can take too.
func (p pathPattern) matches(value string) bool {
	at, from := 0, 0 // entry; start of the element of the value, beyond its end when none is left
	stretchAt, stretchFrom := -1, 0
	for from <= len(value) {
		end := elementEnd(value, from)
		switch {
		case at < len(p) && p[at] == nil:
			at++
			stretchAt, stretchFrom = at, from
		case at < len(p) && p[at].matches(value[from:end]):
			at++
			from = end + 1
		case stretchAt >= 0:
			stretchFrom = elementEnd(value, stretchFrom) + 1
			at, from = stretchAt, stretchFrom
		default:
			return false
		}
	}
	for at < len(p) && p[at] == nil {
		at++
	}
	return at == len(p)
}

func elementEnd(value string, from int) int {
	if i := strings.IndexByte(value[from:], '/'); i >= 0 {
		return from + i
	}
	return len(value)
}

// compilePath reads a pattern of MatchesPath (runtime.md 4.6): "*" and "{name}"
// stand for one element, which may be empty, "**" for one or more; "%" takes the
// next character literally. "/a/**" so matches "/a/" but not "/a", and the slash
// at the end of a path counts (both recommended: what Apigee does is not
// established). Not documented either, but written in bundles: within an element
// "*" and "{name}" stand for any text without a slash, and "**" at its start or
// end goes on into other elements, so that "/quotas**" matches "/quotas/1".
func compilePath(pattern string) (matcher, error) {
	b := pathBuilder{rest: pattern}
	for b.rest != "" {
		b.step()
	}
	b.endElement()
	return b.entries, nil
}

// pathBuilder collects the entries of a pathPattern.
type pathBuilder struct {
	rest    string
	entries pathPattern
	element globBuilder
	after   bool // any elements may follow the element
}

func (b *pathBuilder) step() {
	n := 1
	switch c := b.rest[0]; {
	case c == '/':
		b.endElement()
	case c == '%' && len(b.rest) > 1:
		b.escaped(b.rest[1])
		n = 2
	case c == '*':
		n = len(b.rest) - len(strings.TrimLeft(b.rest, "*"))
		b.stars(n)
	case c == '{' && placeholder(b.rest) > 0:
		n = placeholder(b.rest)
		b.element.star()
	default:
		b.element.piece = append(b.element.piece, c)
	}
	b.rest = b.rest[n:]
}

// escaped adds a literal character; a slash divides elements all the same.
func (b *pathBuilder) escaped(c byte) {
	if c == '/' {
		b.endElement()
		return
	}
	b.element.piece = append(b.element.piece, c)
}

// stars adds n stars: several of them at the start of an element are any
// elements and one more, at its end one and any elements.
func (b *pathBuilder) stars(n int) {
	atStart := len(b.element.pieces) == 0 && len(b.element.piece) == 0
	atEnd := n == len(b.rest) || b.rest[n] == '/'
	if n > 1 && atEnd {
		b.after = true
	} else if n > 1 && atStart {
		b.entries = append(b.entries, anyElements)
	}
	b.element.star()
}

func (b *pathBuilder) endElement() {
	b.entries = append(b.entries, b.element.glob())
	if b.after {
		b.entries = append(b.entries, anyElements)
	}
	b.after = false
}

// placeholder returns the length of the "{name}" that s starts with, or 0.
func placeholder(s string) int {
	end := strings.IndexAny(s, "}/")
	if end < 0 || s[end] == '/' {
		return 0
	}
	return end + 1
}
