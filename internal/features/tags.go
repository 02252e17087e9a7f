package features

import (
	"fmt"
	"slices"
	"strings"
)

// Tags is a tag expression: "@a and not (@b or @c)".
//
// The Cucumber project's own reader (github.com/cucumber/tag-expressions) would
// be the library for it, but no version of it could be had with this Go module.
type Tags struct{ matches func(tags []string) bool }

// Match reports whether a scenario with these tags is asked for.
func (t *Tags) Match(tags []string) bool { return t.matches(tags) }

// maxTags bounds an expression, and so how deep its parentheses go.
const maxTags = 1000

// ParseTags reads a tag expression. Not binds tighter than and, and tighter than
// or; "\" before a character takes it as it is. An empty expression matches all.
func ParseTags(text string) (*Tags, error) {
	p := tagParser{words: tagWords(text)}
	switch {
	case len(p.words) == 0:
		return &Tags{func([]string) bool { return true }}, nil
	case len(p.words) > maxTags:
		return nil, fmt.Errorf("tag expression has more than %d words", maxTags)
	}
	m := p.or()
	if p.problem == "" && len(p.words) > 0 {
		p.problem = fmt.Sprintf("%q follows a complete expression: is an \"and\" or \"or\" missing?", p.words[0])
	}
	if p.problem != "" {
		return nil, fmt.Errorf("tag expression %q: %s", text, p.problem)
	}
	return &Tags{m}, nil
}

// tagWords splits an expression at blanks and parentheses.
func tagWords(text string) []string {
	var words []string
	word, escaped := "", false
	end := func() {
		if word != "" {
			words = append(words, word)
		}
		word = ""
	}
	for _, c := range text {
		switch {
		case escaped:
			word, escaped = word+string(c), false
		case c == '\\':
			escaped = true
		case c == ' ' || c == '\t' || c == '\n':
			end()
		case c == '(' || c == ')':
			end()
			words = append(words, string(c))
		default:
			word += string(c)
		}
	}
	end()
	return words
}

type tagMatch func(tags []string) bool

// tagParser descends: or, and, not, a tag or parentheses.
type tagParser struct {
	words   []string
	problem string // the first
}

func (p *tagParser) take(word string) bool {
	if len(p.words) > 0 && p.words[0] == word {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *tagParser) or() tagMatch {
	left := p.and()
	for p.take("or") {
		l, r := left, p.and()
		left = func(tags []string) bool { return l(tags) || r(tags) }
	}
	return left
}

func (p *tagParser) and() tagMatch {
	left := p.not()
	for p.take("and") {
		l, r := left, p.not()
		left = func(tags []string) bool { return l(tags) && r(tags) }
	}
	return left
}

func (p *tagParser) not() tagMatch {
	if p.take("not") {
		m := p.not()
		return func(tags []string) bool { return !m(tags) }
	}
	if p.take("(") {
		m := p.or()
		if !p.take(")") {
			p.fail(`a ")" is missing`)
		}
		return m
	}
	return p.tag()
}

func (p *tagParser) tag() tagMatch {
	if len(p.words) == 0 {
		return p.fail("it ends where a tag is expected")
	}
	word := p.words[0]
	p.words = p.words[1:]
	if !strings.HasPrefix(word, "@") {
		return p.fail(fmt.Sprintf("%q is no tag; write it with @, as in \"@smoke and not @slow\"", word))
	}
	return func(tags []string) bool { return slices.Contains(tags, word) }
}

func (p *tagParser) fail(problem string) tagMatch {
	if p.problem == "" {
		p.problem = problem
	}
	return func([]string) bool { return false }
}
