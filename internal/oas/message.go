package oas

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Field is a line of a header.
type Field = struct{ Name, Value string }

// Query are the query parameters of a request, decoded.
type Query interface {
	QueryNames() []string // each once
	QueryValues(name string) []string
}

// Body is the body of a message. It is asked only for what the options need.
type Body interface {
	Present() (bool, error) // there is at least one byte
	Content() ([]byte, error)
}

// ErrStreams is the error of a Body's Content that nobody holds: nothing in it is
// looked at.
var ErrStreams = errors.New("the body streams")

// Request is what a description says something of, in a request.
type Request struct {
	Verb   string // GET
	Path   string // below the base path, percent-encoded, without the query
	Header []Field
	Query  Query
	Body   Body
}

// Response is what a description says something of, in a response to a request.
type Response struct {
	Verb, Path string // of the request, as in Request
	Status     int
	Header     []Field
	Body       Body
}

// Options say what else is looked at. The zero value looks at paths, verbs,
// declared parameters, content types, and whether there is a body.
type Options struct {
	Body bool // against its schema
	// Refuse what the description does not name.
	OnlyKnownHeaders, OnlyKnownQuery, OnlyKnownCookies bool
}

// Request compares a request with the description. The error is of its Body.
func (s *Spec) Request(r *Request, o Options) (Problems, error) {
	op, values, ps := s.find(r.Path, r.Verb)
	if op == nil {
		return ps, nil
	}
	ps.add(op.checkKeys(r)...)
	if op.body != nil {
		ps.add(op.body.checkType("Request", header(r.Header, "Content-Type"))...)
	}
	ps.add(op.checkHeaders(r.Header)...)
	ps.add(op.checkPath(values)...)
	body, err := op.checkBody(r, o)
	if err != nil {
		return nil, err
	}
	ps.add(body...)
	ps.add(op.checkQuery(r.Query)...)
	ps.add(op.checkCookies(r.Header)...)
	ps.add(s.checkUnknown(op, r, o)...)
	return ps.trimmed(), nil
}

// find returns the operation, or the problem that there is none.
func (s *Spec) find(path, verb string) (*operation, []string, Problems) {
	item, op, values := s.paths.find(path, verb)
	switch {
	case item == nil:
		return nil, nil, Problems{problem("No API path found that matches request '%s'.", shorten(path))}
	case op == nil:
		return nil, nil, Problems{problem("%s operation not allowed on path '%s'.", shorten(verb), shorten(path))}
	}
	return op, values, nil
}

// checkKeys looks whether the API keys of one alternative are there. Whose they
// are is for VerifyAPIKey to say.
func (op *operation) checkKeys(r *Request) Problems {
	if len(op.keys) == 0 || slices.ContainsFunc(op.keys, func(keys []apiKey) bool { return hasAll(r, keys) }) {
		return nil
	}
	return Problems{problem("%s on path '%s' requires security parameters. None found.", op.verb, shorten(r.Path))}
}

func hasAll(r *Request, keys []apiKey) bool {
	for _, key := range keys {
		var values []string
		switch key.in {
		case "query":
			values = r.Query.QueryValues(key.name)
		case "header":
			values = header(r.Header, key.name)
		case "cookie":
			values = cookies(r.Header)[key.name]
		}
		if len(values) == 0 || values[0] == "" {
			return false
		}
	}
	return true
}

func (op *operation) missing(kind, name string) string {
	return kind + " parameter '" + name + "' is required on path '" + op.path + "' but not found in request."
}

func (op *operation) checkHeaders(fields []Field) (ps Problems) {
	for _, p := range op.parameters {
		if p.in == "header" {
			ps.add(p.check(header(fields, p.name), op.missing("Header", p.name))...)
		}
	}
	return ps
}

func (op *operation) checkPath(values []string) (ps Problems) {
	for i, name := range op.pathNames {
		for _, p := range op.parameters {
			if p.in == "path" && p.name == name {
				ps.add(p.check(values[i:i+1], "")...)
			}
		}
	}
	return ps
}

func (op *operation) checkQuery(query Query) (ps Problems) {
	for _, p := range op.parameters {
		switch {
		case p.in != "query":
		case p.spreads():
			object, ok := p.spread(query)
			if ok || p.required {
				ps.add(p.checkValue(object)...)
			}
		default:
			ps.add(p.check(query.QueryValues(p.name), op.missing("Query", p.name))...)
		}
	}
	return ps
}

func (op *operation) checkCookies(fields []Field) (ps Problems) {
	var sent map[string][]string
	for _, p := range op.parameters {
		if p.in != "cookie" {
			continue
		}
		if sent == nil {
			sent = cookies(fields)
		}
		ps.add(p.check(sent[p.name], op.missing("Cookie", p.name))...)
	}
	return ps
}

// Response compares a response with what the description says of the request's
// operation. The error is of its Body.
func (s *Spec) Response(r *Response, o Options) (Problems, error) {
	op, _, ps := s.find(r.Path, r.Verb)
	if op == nil {
		return ps, nil
	}
	a := op.answer(r.Status)
	if a == nil {
		return Problems{problem("Response status %d not defined for path '%s'.", r.Status, op.path)}, nil
	}
	ps, err := a.checkBody(op, r, o)
	if err != nil {
		return nil, err
	}
	ps.add(a.content.checkType("Response", header(r.Header, "Content-Type"))...)
	for _, p := range a.headers {
		ps.add(p.check(header(r.Header, p.name), "Header '"+p.name+"' is expected on path '"+op.path+"' but not found in response.")...)
	}
	return ps.trimmed(), nil
}

// answer is what is said of a status: of itself, of its hundred, or of all others.
func (op *operation) answer(status int) *answer {
	for _, key := range [...]string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX", "DEFAULT"} {
		if a := op.answers[key]; a != nil {
			return a
		}
	}
	return nil
}

// header returns the values of the lines of that name.
func header(fields []Field, name string) (values []string) {
	for i := range fields {
		if strings.EqualFold(fields[i].Name, name) {
			values = append(values, fields[i].Value)
		}
	}
	return values
}

// cookies are those that a request sends.
func cookies(fields []Field) map[string][]string {
	sent := map[string][]string{}
	for _, line := range header(fields, "Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
				sent[name] = append(sent[name], strings.Trim(value, `"`))
			}
		}
	}
	return sent
}
