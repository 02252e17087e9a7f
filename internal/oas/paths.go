package oas

import (
	"net/url"
	"slices"
	"strings"
)

// pathTable are the path templates of a description, by their number of segments
// and the most specific first.
type pathTable map[int][]*pathItem

// pathItem is a path template with its operations.
type pathItem struct {
	template   string
	segments   []segment
	fixed      int // letters outside of braces: what makes one path more specific
	operations map[string]*operation
}

// segment is what lies between two slashes: text and names in turn, beginning and
// ending with text: {model}:generate is "", model, ":generate".
type segment struct{ texts, names []string }

func newPathItem(template string) *pathItem {
	p := &pathItem{template: template, operations: map[string]*operation{}}
	for _, text := range segments(template) {
		s := newSegment(text)
		for _, t := range s.texts {
			p.fixed += len(t)
		}
		p.segments = append(p.segments, s)
	}
	return p
}

func newSegment(text string) (s segment) {
	for {
		before, rest, ok := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			s.texts = append(s.texts, text)
			return s
		}
		s.texts, s.names = append(s.texts, before), append(s.names, name)
		text = after
	}
}

// segments cuts a path. A slash at its end means nothing, as to the validator that
// Apigee uses.
func segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func (t pathTable) add(p *pathItem) { t[len(p.segments)] = append(t[len(p.segments)], p) }

func (t pathTable) sort() {
	for _, list := range t {
		slices.SortFunc(list, func(a, b *pathItem) int {
			if a.fixed != b.fixed {
				return b.fixed - a.fixed
			}
			return strings.Compare(a.template, b.template)
		})
	}
}

// find returns the operation for a path and a verb, with the values of the
// path's parameters. The path exists when item is not nil, the operation when it
// is not nil either: of paths that match alike, one that knows the verb wins.
func (t pathTable) find(path, verb string) (item *pathItem, op *operation, values []string) {
	parts := segments(path)
	for _, p := range t[len(parts)] {
		if !p.matches(parts) {
			continue
		}
		if item == nil {
			item = p
		}
		if op := p.operations[verb]; op != nil {
			return p, op, p.values(parts)
		}
	}
	return item, nil, nil
}

func (p *pathItem) matches(parts []string) bool {
	for i := range p.segments {
		if !p.segments[i].match(parts[i], nil) {
			return false
		}
	}
	return true
}

// values are those of the names in the path, in their order, decoded.
func (p *pathItem) values(parts []string) (values []string) {
	for i := range p.segments {
		p.segments[i].match(parts[i], func(value string) {
			if plain, err := url.PathUnescape(value); err == nil {
				value = plain
			}
			values = append(values, value)
		})
	}
	return values
}

// match reports whether text is of this form, and gives the values of its names.
// A name takes at least one letter, and no more than it has to.
func (s *segment) match(text string, give func(string)) bool {
	last := len(s.names)
	if last == 0 {
		return text == s.texts[0]
	}
	rest, ok := strings.CutPrefix(text, s.texts[0])
	for i := 1; ok && i < last; i++ {
		var value string
		value, rest, ok = cutAfterFirst(rest, s.texts[i])
		if ok && give != nil {
			give(value)
		}
	}
	if !ok {
		return false
	}
	value, ok := strings.CutSuffix(rest, s.texts[last])
	if !ok || value == "" {
		return false
	}
	if give != nil {
		give(value)
	}
	return true
}

// cutAfterFirst is strings.Cut at a separator that does not stand first.
func cutAfterFirst(s, sep string) (before, after string, ok bool) {
	if s == "" {
		return "", "", false
	}
	i := strings.Index(s[1:], sep)
	if i < 0 {
		return "", "", false
	}
	return s[:i+1], s[i+1+len(sep):], true
}
