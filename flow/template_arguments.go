package flow

import "strings"

// arguments reads arguments up to and with the closing parenthesis and
// delimiter. end is -1 when that is no call.
func (p *templateParser) arguments(at, limit int) (args []templateArgument, end int) {
	if end = p.afterCall(at); end >= 0 {
		return nil, end
	}
	for at < limit {
		to := p.argumentEnd(at, limit)
		if to < 0 {
			return nil, -1
		}
		args = append(args, p.argument(at, to))
		if end = p.afterCall(to); end >= 0 {
			return args, end
		}
		at = to + 1
	}
	return nil, -1
}

// afterCall returns where the text goes on when ")" and the closing delimiter
// stand at i, else -1.
func (p *templateParser) afterCall(i int) int {
	if i < p.end && p.text[i] == ')' && p.closes(i+1) {
		return i + 1 + len(p.close)
	}
	return -1
}

// argumentEnd returns where the argument at from ends: at a comma or at the end
// of the call; -1 when it is no argument.
func (p *templateParser) argumentEnd(from, limit int) int {
	if p.text[from] == '\'' {
		return p.quotedEnd(from, limit)
	}
	depth := 0
	for i := from; i < limit; i++ {
		c := p.text[i]
		switch {
		case depth == 0 && (c == ',' || p.afterCall(i) >= 0):
			return i
		case isTemplateSpace(c) || c == '{' || c == '}':
			return -1
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if depth < 0 {
			return -1
		}
	}
	return -1
}

// quotedEnd is argumentEnd for a quoted literal. Apigee has no escape for a
// quote, and bundles write '$.a[?(@.b=='c')].d': the quote that ends a literal is
// the one that a comma or the end of the call follows.
func (p *templateParser) quotedEnd(from, limit int) int {
	for i := from + 1; i+1 < limit && !isLineEnd(p.text[i]); i++ {
		if p.text[i] == '\'' && (p.text[i+1] == ',' || p.afterCall(i+1) >= 0) {
			return i + 1
		}
	}
	return -1
}

func (p *templateParser) argument(from, to int) templateArgument {
	text := p.text[from:to]
	if text == "" || isPlainNumber(text) || text == "true" || text == "false" {
		return templateArgument{text: text, fixed: true, offset: from}
	}
	if text[0] == '\'' {
		return templateArgument{text: text[1 : len(text)-1], fixed: true, offset: from}
	}
	return templateArgument{text: text, offset: from}
}

// bind makes names of the arguments that can be variables.
func (p *templateParser) bind(args []templateArgument) {
	for i := range args {
		a := &args[i]
		if a.fixed {
			continue
		}
		if name, fallback, ok := strings.Cut(a.text, ":"); ok && isTemplateName(name) {
			a.name, a.fallback, a.hasDefault = p.name(name), fallback, true
		} else if isTemplateName(a.text) {
			a.name = p.name(a.text)
		}
	}
}

// isPlainNumber reports whether s is an optional minus sign and digits: no
// variable has such a name, so it needs no quotes.
func isPlainNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return digits != ""
}
