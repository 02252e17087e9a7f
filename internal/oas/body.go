package oas

import (
	"bytes"
	"errors"
	"mime"
	"net/url"
	"slices"
	"strings"
)

func (op *operation) checkBody(r *Request, o Options) (Problems, error) {
	if op.body == nil && !o.Body || op.body != nil && !op.required && !o.Body {
		return nil, nil
	}
	there, err := r.Body.Present()
	switch {
	case err != nil:
		return nil, err
	case op.body == nil && there:
		return Problems{problem("No request body is expected but one was found.")}, nil
	case op.required && !there:
		return Problems{problem("A request body is required but none found.")}, nil
	case !there || !o.Body:
		return nil, nil
	}
	return op.body.check(header(r.Header, "Content-Type"), r.Body)
}

func (a *answer) checkBody(op *operation, r *Response, o Options) (Problems, error) {
	if len(a.content.types) == 0 || op.verb == "HEAD" {
		return nil, nil
	}
	there, err := r.Body.Present()
	switch {
	case err != nil:
		return nil, err
	case !there:
		return Problems{problem("%s on path '%s' defines a response schema but no response body found.", op.verb, op.path)}, nil
	case !o.Body:
		return nil, nil
	}
	return a.content.check(header(r.Header, "Content-Type"), r.Body)
}

// checkType looks whether a Content-Type is one of those that are named. None is
// no problem, as to the validator that Apigee uses.
func (c *content) checkType(kind string, values []string) Problems {
	if len(values) == 0 || len(c.types) == 0 {
		return nil
	}
	sent, _, err := mime.ParseMediaType(values[0])
	if err != nil || !strings.Contains(sent, "/") {
		return Problems{problem("%s Content-Type header '%s' is not a valid media type", kind, shorten(values[0]))}
	}
	if _, ok := c.match(sent); ok {
		return nil
	}
	shown := shorten(values[0])
	if kind == "Request" {
		shown = "[" + shown + "]" // it prints the list that it made of the header
	}
	return Problems{problem("%s Content-Type header '%s' does not match any allowed types. Must be one of: [%s].", kind, shown, strings.Join(c.types, ", "))}
}

// match returns the type of the description that a media type falls under, the
// most specific one.
func (c *content) match(sent string) (string, bool) {
	group, _, _ := strings.Cut(sent, "/")
	best, rank := "", 0
	for _, name := range c.types {
		plain, _, _ := strings.Cut(name, ";")
		plain = strings.ToLower(strings.TrimSpace(plain))
		switch {
		case plain == sent:
			return name, true
		case plain == group+"/*":
			best, rank = name, 2
		case plain == "*/*" && rank == 0:
			best, rank = name, 1
		}
	}
	return best, rank > 0
}

// maxListed is the size, in separators of JSON, up to which all problems of a
// body are listed; of a larger one only whether there are any.
const maxListed = 10_000

// maxTokens is how many names and indexes the places of all problems of a body
// may have together: the library gives each problem its place, from the root.
const maxTokens = 1_000_000

// sentType is the type that a body is sent as. Without a Content-Type it is the
// first of the description, if that lists only JSON: a target that reads nothing
// else will read it so.
func (c *content) sentType(values []string) string {
	switch {
	case len(values) > 0:
		return values[0]
	case len(c.types) > 0 && !slices.ContainsFunc(c.types, func(name string) bool { return !isJSON(name) }):
		return c.types[0]
	}
	return ""
}

// check compares a body with the schema for its type. Only JSON and forms are
// looked into.
func (c *content) check(types []string, body Body) (Problems, error) {
	sent, _, err := mime.ParseMediaType(c.sentType(types))
	name, ok := c.match(sent)
	if err != nil || !ok || !isRead(sent) {
		return nil, nil
	}
	schema := c.schemas[name]
	if schema == nil {
		return nil, nil
	}
	data, err := body.Content()
	switch {
	case errors.Is(err, ErrStreams):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if sent == formType {
		return schema.check(formValue(data, c.shapes[name]), len(data) > maxListed, ""), nil
	}
	v, err := decode(data)
	if err != nil {
		return Problems{problem("Unable to parse JSON - %s.", err)}, nil
	}
	separators := bytes.Count(data, []byte(","))
	return schema.check(v, separators > maxListed || separators > 0 && depth(v) > maxTokens/separators, ""), nil
}

// depth is how many levels of names and indexes lie in a value.
func depth(v any) (deepest int) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			deepest = max(deepest, depth(item)+1)
		}
	case map[string]any:
		for _, item := range v {
			deepest = max(deepest, depth(item)+1)
		}
	}
	return deepest
}

const formType = "application/x-www-form-urlencoded"

// isRead reports whether bodies of a type are looked into, or of a range of types
// that holds one.
func isRead(name string) bool {
	return isJSON(name) || strings.HasPrefix(name, formType) || strings.Contains(name, "*")
}

func isJSON(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), ";")
	name = strings.TrimSpace(name)
	return name == "application/json" || strings.HasPrefix(name, "application/") && strings.HasSuffix(name, "+json")
}

// formValue makes an object of a form: a field that the schema takes for a list,
// and one that is there several times, is a list.
func formValue(data []byte, s *shape) any {
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return string(data) // no object, which the schema tells
	}
	object := map[string]any{}
	for name, values := range form {
		member := s.member(name)
		if len(values) == 1 && !member.is("array") {
			object[name] = member.scalar(values[0])
			continue
		}
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
			if member != nil {
				list[i] = member.items.scalar(v)
			}
		}
		object[name] = list
	}
	return object
}
