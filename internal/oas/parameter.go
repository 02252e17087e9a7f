package oas

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// parameter is a parameter of an operation, or a header of a response.
type parameter struct {
	name, in   string
	required   bool
	allowEmpty bool
	style      string
	explode    bool
	json       bool // a JSON text: content application/json
	schema     *Schema
	shape      *shape
}

func (c *compilation) parameter(p *openapi3.Parameter, in string, s side) (*parameter, error) {
	made := &parameter{name: p.Name, in: in, required: p.Required, allowEmpty: p.AllowEmptyValue}
	own := *p
	own.In = in
	style, err := own.SerializationMethod()
	if err != nil {
		return nil, err
	}
	made.style, made.explode = style.Style, style.Explode
	schema := p.Schema
	if schema == nil {
		for _, media := range sortedKeys(p.Content) {
			made.json = made.json || isJSON(media)
			schema = p.Content[media].Schema
		}
		if !made.json {
			schema = nil // of content that nobody reads here
		}
	}
	made.schema, made.shape, err = c.schema(schema, s)
	return made, err
}

// spreads reports whether the parameter's members are query parameters.
func (p *parameter) spreads() bool {
	return p.in == "query" && (p.style == styleDeep || p.style == styleForm && p.explode && p.shape.is("object") && !p.json)
}

// check looks at the values of a parameter; missing is the sentence when there is
// none and there must be.
func (p *parameter) check(values []string, missing string) Problems {
	switch {
	case len(values) == 0 && p.required:
		return Problems{problem("%s", missing)}
	case len(values) == 0:
		return nil
	case len(values) == 1 && strings.TrimSpace(values[0]) == "":
		return p.checkEmpty()
	case len(values) > 1 && !p.shape.is("array"):
		return Problems{problem("Multiple values found for parameter '%s' but it is not an array.", p.name)}
	case len(values) > 1 && p.in == "query" && !(p.style == styleForm && p.explode):
		return Problems{problem("Parameter '%s' expected an array style of '%s' [explode=%t].", p.name, p.style, p.explode)}
	}
	v, err := p.value(values)
	if err != nil {
		return p.named(Problems{problem("Unable to parse JSON - %s.", err)})
	}
	return p.checkValue(v)
}

// checkEmpty looks at a parameter that is there and empty: an empty text is a
// text, and an empty list a list, but nothing else is empty.
func (p *parameter) checkEmpty() Problems {
	switch {
	case p.allowEmpty && p.in == "query":
		return nil
	case p.shape.is("array"):
		return p.checkValue([]any{})
	case p.required, !p.shape.is("string") && len(p.shape.types) > 0:
		return Problems{problem("Parameter '%s' is required but is missing.", p.name)}
	}
	return p.checkValue("")
}

func (p *parameter) checkValue(v any) Problems {
	if p.schema == nil {
		return nil
	}
	list := ""
	if p.shape.is("array") {
		list = p.name
	}
	return p.named(p.schema.check(v, false, list))
}

// named tells in the brackets which parameter it is; the sentence does not.
func (p *parameter) named(ps Problems) Problems {
	for i := range ps {
		ps[i].Info = append(ps[i].Info, p.in+" parameter '"+p.name+"'")
	}
	return ps
}

// value makes the value that the schema judges of what was sent.
func (p *parameter) value(values []string) (any, error) {
	switch {
	case p.json:
		return decode([]byte(values[0]))
	case p.shape.is("array") && len(values) > 1 || p.shape.is("array") && p.in == "query" && p.style == styleForm && p.explode:
		return p.listed(values), nil
	case p.shape.is("array"):
		return p.array(values[0]), nil
	case p.shape.is("object"):
		return p.object(values[0]), nil
	}
	return p.shape.scalar(values[0]), nil
}

// listed makes a list of values that were sent one by one; a header may hold
// several in each.
func (p *parameter) listed(values []string) []any {
	list := []any{}
	for _, v := range values {
		if p.in == "header" {
			list = append(list, p.array(v)...)
			continue
		}
		list = append(list, p.shape.items.scalar(v))
	}
	return list
}

// find tells whether a parameter is among those of an operation.
func find(list []*parameter, in, name string) bool {
	return slices.ContainsFunc(list, func(p *parameter) bool {
		return p.in == in && (p.name == name || in == "header" && strings.EqualFold(p.name, name))
	})
}
