package jsonpath

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds on a path's text: paths may come from message templates, that is, from clients.
const (
	maxLength  = 16 << 10
	maxNesting = 32 // filters, parentheses, functions and lists within each other
)

// Compile reads a JSONPath. Blank space around it does not count; a path that does not begin with $ (or @) gets "$." put
// before it, as in Jayway. The only error is a *SyntaxError.
func Compile(path string) (*Path, error) {
	p := &parser{text: strings.TrimSpace(path), until: wholeText}
	switch {
	case len(p.text) > maxLength:
		p.text = p.text[:64] + "..."
		return nil, p.fail(0, "longer than %d bytes", maxLength)
	case p.text == "":
		return nil, p.fail(0, "empty")
	case p.text == "$." || p.text == "$..":
		return &Path{text: p.text, definite: true}, nil
	}
	given := p.text
	if p.text[0] != '$' && p.text[0] != '@' {
		p.text = "$." + p.text
	}
	compiled, err := p.path()
	if err != nil {
		return nil, err
	}
	compiled.text = given
	return compiled, nil
}

// extent tells where a path ends, which depends on what it stands in.
type extent int

const (
	wholeText  extent = iota
	inFilter          // at white space, an operator, a closing parenthesis
	inArgument        // at a comma or a closing parenthesis
)

type parser struct {
	text    string
	pos     int
	nesting int
	until   extent
}

func (p *parser) fail(offset int, format string, args ...any) *SyntaxError {
	return &SyntaxError{Path: p.text, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// peek is the current byte, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) space() {
	for p.pos < len(p.text) && isSpace(p.text[p.pos]) {
		p.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// accept steps over s, after white space, if it is next.
func (p *parser) accept(s string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.pos:], s) {
		return false
	}
	p.pos += len(s)
	return true
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return p.fail(p.pos, "expected %q", s)
	}
	return nil
}

func (p *parser) enter() error {
	if p.nesting++; p.nesting > maxNesting {
		return p.fail(p.pos, "nested deeper than %d levels", maxNesting)
	}
	return nil
}

func (p *parser) leave() { p.nesting-- }

// atEnd tells whether the path that is being read ends here.
func (p *parser) atEnd() bool {
	c := p.peek()
	switch {
	case p.pos >= len(p.text):
		return true
	case p.until == inFilter:
		rest := p.text[p.pos:]
		return isSpace(c) || strings.IndexByte("<>=~!)", c) >= 0 ||
			strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||")
	case p.until == inArgument:
		return isSpace(c) || c == ',' || c == ')'
	}
	return false
}

// path reads from $ or @ to the end.
func (p *parser) path() (*Path, error) {
	start := p.pos
	compiled := &Path{item: p.peek() == '@'}
	p.pos++
	var steps []step
	for !p.atEnd() {
		if c := p.peek(); c != '.' && c != '[' {
			return nil, p.fail(p.pos, "expected '.' or '['")
		}
		s, err := p.step()
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	compiled.text = p.text[start:p.pos]
	compiled.steps, compiled.definite = link(steps)
	return compiled, nil
}

// nested reads a path that stands in a filter or an argument.
func (p *parser) nested(until extent) (*Path, error) {
	before := p.until
	p.until = until
	defer func() { p.until = before }()
	return p.path()
}

func (p *parser) step() (step, error) {
	switch {
	case strings.HasPrefix(p.text[p.pos:], ".."):
		p.pos += 2
		s, err := p.selector()
		return scan{s}, err
	case p.peek() == '.':
		p.pos++
	}
	return p.selector()
}

func (p *parser) selector() (step, error) {
	switch {
	case p.atEnd():
		return nil, p.fail(p.pos, "the path ends with '.'")
	case p.peek() == '[':
		return p.bracket()
	case p.peek() == '*':
		p.pos++
		return wildcard{}, nil
	}
	return p.name()
}

// name reads .name or .function(...). A name may hold anything but what would end it.
func (p *parser) name() (step, error) {
	start := p.pos
	for !p.atEnd() && strings.IndexByte(".[(", p.peek()) < 0 {
		if isSpace(p.peek()) {
			return nil, p.fail(p.pos, "a name with white space must be written ['like this']")
		}
		p.pos++
	}
	name := p.text[start:p.pos]
	switch {
	case name == "":
		return nil, p.fail(start, "expected a name")
	case p.peek() == '(':
		return p.function(name, start)
	}
	return property{name: name}, nil
}

func (p *parser) bracket() (step, error) {
	start := p.pos
	p.pos++
	p.space()
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		return p.bracketNames(c)
	case c == '*':
		p.pos++
		return wildcard{}, p.expect("]")
	case c == '?':
		p.pos++
		return p.filter()
	case c == '-' || c == ':' || c >= '0' && c <= '9':
		return p.numbers()
	}
	return nil, p.fail(start, "expected a quoted name, a number, '*' or '?(' after '['")
}

// bracketNames reads 'a'] or 'a','b']. One kind of quotes throughout, as in Jayway.
func (p *parser) bracketNames(quote byte) (step, error) {
	var names []string
	for {
		p.space()
		if p.peek() != quote {
			return nil, p.fail(p.pos, "expected a name in %c", quote)
		}
		name, err := p.quoted()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if p.accept("]") {
			break
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
	if len(names) == 1 {
		return property{name: names[0]}, nil
	}
	return properties{names: names}, nil
}

// numbers reads 0], 0,2] or 1:3].
func (p *parser) numbers() (step, error) {
	length := strings.IndexByte(p.text[p.pos:], ']')
	if length < 0 {
		return nil, p.fail(p.pos, "'[' is not closed")
	}
	start, inside := p.pos, p.text[p.pos:p.pos+length]
	p.pos += length + 1
	if strings.Contains(inside, ":") {
		return p.slice(start, inside)
	}
	var s indexes
	for text := range strings.SplitSeq(inside, ",") {
		i, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
		if err != nil {
			return nil, p.fail(start, "%q is not an array index", text)
		}
		s.list = append(s.list, int(i))
	}
	return s, nil
}

// slice reads from:to. What follows a second colon, the step, counts for nothing in Jayway.
func (p *parser) slice(start int, inside string) (step, error) {
	var s slice
	parts := strings.Split(inside, ":")
	for i, text := range parts[:2] {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		bound, err := strconv.ParseInt(text, 10, 32)
		switch {
		case err != nil:
			return nil, p.fail(start, "%q is not an array index", text)
		case i == 0:
			s.from, s.hasFrom = int(bound), true
		default:
			s.to, s.hasTo = int(bound), true
		}
	}
	if !s.hasFrom && !s.hasTo {
		return nil, p.fail(start, "a slice needs a beginning or an end")
	}
	return s, nil
}

// link tells each step what stands before and behind it: whether nothing indefinite comes first (strict), and whether it is
// the last (merge). It returns whether the whole path is definite.
func link(steps []step) (linked []step, definite bool) {
	definite = true
	for i, s := range steps {
		s = place(s, definite, i == len(steps)-1)
		steps[i] = s
		definite = definite && s.definite()
	}
	if f, ok := inverted(steps); ok {
		return []step{f}, true
	}
	return steps, definite
}

func place(s step, strict, last bool) step {
	switch s := s.(type) {
	case property:
		s.strict = strict
		return s
	case properties:
		s.strict, s.merge = strict, last
		return s
	case indexes:
		s.strict = strict
		return s
	case slice:
		s.strict = strict
		return s
	case filter:
		s.strict = strict
		return s
	case scan:
		return scan{place(s.step, false, last)}
	}
	return s
}
