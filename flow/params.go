package flow

import "strings"

// params is a query string or a form body: pairs in their order, each with the
// text it was written as, so that what nobody changes is sent on byte for byte,
// also when it does not parse.
type params struct {
	pairs []pair
}

type pair struct{ raw, name, value string }

// parseParams reads a query string or a form body; with plus "+" stands for a space.
func parseParams(text string, plus bool) params {
	var p params
	if text == "" {
		return p
	}
	for raw := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(raw, "=")
		p.pairs = append(p.pairs, pair{raw, unescape(name, plus), unescape(value, plus)})
	}
	return p
}

func (p *params) String() string {
	if len(p.pairs) == 0 {
		return ""
	}
	var b strings.Builder
	for i := range p.pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.pairs[i].raw)
	}
	return b.String()
}

// get returns the n-th value (1-based) of name.
func (p *params) get(name string, n int) (string, bool) {
	for i := range p.pairs {
		if p.pairs[i].name != name {
			continue
		}
		if n--; n == 0 {
			return p.pairs[i].value, true
		}
	}
	return "", false
}

func (p *params) values(name string) []string {
	var vs []string
	for i := range p.pairs {
		if p.pairs[i].name == name {
			vs = append(vs, p.pairs[i].value)
		}
	}
	return vs
}

func (p *params) names() []string {
	var names []string
	seen := map[string]bool{}
	for i := range p.pairs {
		if n := p.pairs[i].name; n != "" && !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}

func (p *params) add(name, value string) {
	p.pairs = append(p.pairs, newPair(name, value))
}

func newPair(name, value string) pair {
	return pair{escape(name) + "=" + escape(value), name, value}
}

// set replaces the n-th value of name; one past the end appends.
func (p *params) set(name string, n int, value string) {
	for i := range p.pairs {
		if p.pairs[i].name != name {
			continue
		}
		if n--; n == 0 {
			p.pairs[i] = newPair(name, value)
			return
		}
	}
	if n == 1 {
		p.add(name, value)
	}
}

// setAll gives name exactly one value.
func (p *params) setAll(name, value string) {
	kept, found := p.pairs[:0], false
	for _, q := range p.pairs {
		if q.name == name {
			if found {
				continue
			}
			q, found = newPair(name, value), true
		}
		kept = append(kept, q)
	}
	p.pairs = kept
	if !found {
		p.add(name, value)
	}
}

// del drops the n-th value of name, or all of them when n is 0.
func (p *params) del(name string, n int) {
	kept := p.pairs[:0]
	seen := 0
	for _, q := range p.pairs {
		if q.name == name {
			if seen++; n == 0 || seen == n {
				continue
			}
		}
		kept = append(kept, q)
	}
	p.pairs = kept
}

// unescape decodes %XX and, when plus is set, "+". Whatever is no valid escape
// stays as it is: url.QueryUnescape refuses the whole text then, and drops what
// a client really sent.
func unescape(s string, plus bool) string {
	if !strings.Contains(s, "%") && (!plus || !strings.Contains(s, "+")) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		case s[i] == '+' && plus:
			b = append(b, ' ')
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

// escape encodes a name or value that a policy sets: unreserved characters of
// RFC 3986 stay, everything else becomes %XX.
func escape(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = unreserved(s[i])
	}
	if plain {
		return s
	}
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		if unreserved(s[i]) {
			b = append(b, s[i])
			continue
		}
		b = append(b, '%', digits[s[i]>>4], digits[s[i]&15])
	}
	return string(b)
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
