package oas

import (
	"slices"
	"strings"
)

// Styles of parameters, as OpenAPI calls them.
const (
	styleForm   = "form"
	styleLabel  = "label"
	styleMatrix = "matrix"
	styleSpace  = "spaceDelimited"
	stylePipe   = "pipeDelimited"
	styleDeep   = "deepObject"
)

// array makes a list of the text of a parameter.
func (p *parameter) array(text string) []any {
	list := []any{}
	if text = p.unwrapped(text); text == "" {
		return list
	}
	for item := range strings.SplitSeq(text, p.separator()) {
		if p.style == styleMatrix && p.explode {
			item = strings.TrimPrefix(item, p.name+"=")
		}
		list = append(list, p.shape.items.scalar(strings.TrimSpace(item)))
	}
	return list
}

// unwrapped is the text without what a style puts before the first value.
func (p *parameter) unwrapped(text string) string {
	switch p.style {
	case styleLabel:
		return strings.TrimPrefix(text, ".")
	case styleMatrix:
		text = strings.TrimPrefix(text, ";")
		if !p.explode {
			text = strings.TrimPrefix(text, p.name+"=")
		}
	}
	return text
}

func (p *parameter) separator() string {
	switch {
	case p.style == styleLabel:
		return "." // with explode and without: OpenAPI 3.0, and the validator of Apigee
	case p.style == styleMatrix && p.explode:
		return ";"
	case p.style == styleSpace:
		return " "
	case p.style == stylePipe:
		return "|"
	}
	return ","
}

// object makes an object of the text of a parameter: R,100,G,200 or R=100,G=200.
// A text that is neither is no object, and stays text for the schema to refuse.
func (p *parameter) object(text string) any {
	parts := strings.Split(p.unwrapped(text), p.separator())
	members := map[string]any{}
	if p.explode {
		for _, part := range parts {
			name, value, ok := strings.Cut(part, "=")
			if !ok {
				return text
			}
			members[name] = p.shape.member(name).scalar(value)
		}
		return members
	}
	if len(parts)%2 != 0 {
		return text
	}
	for pair := range slices.Chunk(parts, 2) {
		members[pair[0]] = p.shape.member(pair[0]).scalar(pair[1])
	}
	return members
}

// spread makes an object of parameters that are its members: name[R]=100 in the
// style deepObject, R=100 in the style form. ok is false when none is there.
func (p *parameter) spread(query Query) (object map[string]any, ok bool) {
	object = map[string]any{}
	for _, name := range query.QueryNames() {
		member, known := p.owns(name)
		if !known {
			continue
		}
		s, values := p.shape.member(member), query.QueryValues(name)
		if s.is("array") {
			list := []any{}
			for _, v := range values {
				list = append(list, s.items.scalar(v))
			}
			object[member] = list
			continue
		}
		object[member] = s.scalar(values[0])
	}
	return object, len(object) > 0
}

// owns reports whether a query parameter is a member of this one, and which.
func (p *parameter) owns(name string) (member string, ok bool) {
	if p.style != styleDeep {
		_, ok = p.shape.members[name]
		return name, ok
	}
	rest, ok := strings.CutPrefix(name, p.name+"[")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "]")
}
