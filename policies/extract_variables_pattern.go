package policies

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// extractPattern is a compiled Pattern. It is immutable.
//
// It is not a regexp. No library knows the pattern language, and translated to
// one it needs captures, for which Go's regexp works ten times slower than the
// literal pieces of the pattern searched one after the other. Nothing is tried
// twice: a piece is taken where it is found first, which leaves the most text
// for the rest, and is what a non-greedy regular expression would come to. So
// matching takes time linear in the text, but for "**", which may cost the
// number of segments times the length of the text.
type extractPattern struct {
	captures []string         // names in braces
	elements []extractElement // of a path one for each segment, else exactly one
	path     bool
	fold     bool // ignore the case of ASCII letters, as Java's CASE_INSENSITIVE does
}

// extractElement is a text with wildcards in it, or the "**" of a path.
type extractElement struct {
	deep  bool
	lead  string // literal before the first wildcard
	wilds []extractWild
}

// extractWild is a wildcard and the literal after it.
type extractWild struct {
	capture int // index of the capture; -1 for "*"
	literal string
}

// maxExtractPattern bounds a pattern, in bytes.
const maxExtractPattern = 4 << 10

// compileExtractPattern compiles a Pattern. The error tells in words what is
// wrong with it; a pattern without a capture is none.
func compileExtractPattern(text string, path, fold bool) (*extractPattern, error) {
	if len(text) > maxExtractPattern {
		return nil, errors.New("the pattern is longer than 4 KB")
	}
	if path && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "**") {
		text = "/" + text // what Apigee does is not established
	}
	p := extractParser{rest: text, pattern: &extractPattern{path: path, fold: fold}}
	for p.rest != "" {
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	p.endElement()
	return p.pattern, nil
}

// extractParser reads a pattern: rest is what it has not read.
type extractParser struct {
	rest    string
	pattern *extractPattern
	element extractElement
	literal []byte // before the next wildcard
}

func (p *extractParser) step() error {
	switch c := p.rest[0]; {
	case c == '%' && len(p.rest) > 1 && strings.IndexByte("{}*%", p.rest[1]) >= 0:
		p.literal = append(p.literal, p.rest[1])
		p.rest = p.rest[2:]
	case c == '/' && p.pattern.path:
		p.endElement()
		p.rest = p.rest[1:]
	case c == '*':
		p.stars()
	case c == '{':
		return p.capture()
	case c == '}':
		return errors.New(`"}" without "{"; a literal brace is written %}`)
	default:
		p.literal = append(p.literal, c)
		p.rest = p.rest[1:]
	}
	return nil
}

// stars reads a run of stars. It is "**" if it makes a whole segment of a path,
// else it means the same as one star.
func (p *extractParser) stars() {
	after := strings.TrimLeft(p.rest, "*")
	n := len(p.rest) - len(after)
	p.rest = after
	whole := len(p.literal) == 0 && len(p.element.wilds) == 0 && (after == "" || after[0] == '/')
	if p.pattern.path && n > 1 && whole {
		p.element.deep = true
		return
	}
	p.wild(-1)
}

func (p *extractParser) capture() error {
	end := strings.IndexByte(p.rest, '}')
	if end < 0 {
		return errors.New(`"{" without "}"; a literal brace is written %{`)
	}
	name := strings.TrimSpace(p.rest[1:end])
	if name == "" || strings.ContainsAny(name, "{*%/ \t\r\n") {
		return errors.New("{" + name + "} is not the name of a variable")
	}
	p.wild(len(p.pattern.captures))
	p.pattern.captures = append(p.pattern.captures, name)
	p.rest = p.rest[end+1:]
	return nil
}

func (p *extractParser) wild(capture int) {
	p.endLiteral()
	p.element.wilds = append(p.element.wilds, extractWild{capture: capture})
}

func (p *extractParser) endLiteral() {
	text := string(p.literal)
	if p.pattern.fold {
		text = lowerExtract(text)
	}
	if n := len(p.element.wilds); n > 0 {
		p.element.wilds[n-1].literal = text
	} else {
		p.element.lead = text
	}
	p.literal = p.literal[:0]
}

func (p *extractParser) endElement() {
	p.endLiteral()
	p.pattern.elements = append(p.pattern.elements, p.element)
	p.element = extractElement{}
}

// match reports whether the pattern matches the whole text. Then found, which is
// at least as long as captures, holds what they take. A capture is never empty
// (recommended for paths; for the other sources not established).
func (p *extractPattern) match(text string, found []string) bool {
	folded := text
	if p.fold {
		folded = lowerExtract(text)
	}
	if !p.path {
		return p.elements[0].match(folded, text, found)
	}
	return p.matchPath(folded, text, found)
}

// matchPath walks pattern and path. After a mismatch only the last "**" is
// stretched: what an earlier one could take, that one can take too.
func (p *extractPattern) matchPath(folded, text string, found []string) bool {
	at, from := 0, 0 // element; start of the segment, beyond the end when none is left
	stretchAt, stretchFrom := -1, 0
	for from <= len(folded) {
		end := extractSegmentEnd(folded, from)
		switch {
		case at < len(p.elements) && p.elements[at].deep:
			at, from = at+1, end+1
			stretchAt, stretchFrom = at, from
		case at < len(p.elements) && p.elements[at].match(folded[from:end], text[from:end], found):
			at, from = at+1, end+1
		case stretchAt >= 0:
			stretchFrom = extractSegmentEnd(folded, stretchFrom) + 1
			at, from = stretchAt, stretchFrom
		default:
			return false
		}
	}
	return at == len(p.elements)
}

func extractSegmentEnd(path string, from int) int {
	if i := strings.IndexByte(path[from:], '/'); i >= 0 {
		return from + i
	}
	return len(path)
}

// match looks for the literals in folded and takes the captures from text, which
// is as long.
func (e *extractElement) match(folded, text string, found []string) bool {
	if !strings.HasPrefix(folded, e.lead) {
		return false
	}
	at := len(e.lead)
	for i := range e.wilds {
		w := &e.wilds[i]
		end := w.end(folded, at, i == len(e.wilds)-1)
		if end < 0 {
			return false
		}
		if w.capture >= 0 {
			found[w.capture] = text[at:end]
		}
		at = end + len(w.literal)
	}
	return at == len(folded)
}

// end returns where the wildcard that begins at from ends, or -1: at the first
// place where the literal follows it, the last wildcard where the literal ends
// the text.
func (w *extractWild) end(folded string, from int, last bool) int {
	least := from
	if w.capture >= 0 {
		_, size := utf8.DecodeRuneInString(folded[from:])
		if size == 0 {
			return -1
		}
		least += size
	}
	if last {
		end := len(folded) - len(w.literal)
		if end < least || folded[end:] != w.literal {
			return -1
		}
		return end
	}
	if i := strings.Index(folded[least:], w.literal); i >= 0 {
		return least + i
	}
	return -1
}

// lowerExtract lowers ASCII letters only, so that offsets stay what they are.
func lowerExtract(s string) string {
	isUpper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	i := 0
	for i < len(s) && !isUpper(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	lowered := []byte(s)
	for ; i < len(lowered); i++ {
		if isUpper(lowered[i]) {
			lowered[i] += 'a' - 'A'
		}
	}
	return string(lowered)
}
