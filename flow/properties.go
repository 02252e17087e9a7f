package flow

import (
	"encoding/base64"
	"strings"
)

// property is a part of a message that a variable can name: M.content,
// M.header.NAME and so on (runtime.md 6.1). A nil set makes it read-only.
type property struct {
	name string // pattern below the message, for the reference
	typ  string
	doc  string
	body bool // reading it needs the payload
	get  func(m *Message, n *Name) (Value, error)
	set  func(m *Message, n *Name, v Value) error
	del  func(m *Message, n *Name) error // what null assigned to it does; nil: it becomes empty
}

// keyedProperty is a family of properties of one named thing, such as a header.
type keyedProperty struct {
	prefix                         string
	one, item, values, count, text *property
}

// plainProperties are the properties without a name inside, by their full text.
var plainProperties = indexProperties([]*property{
	{name: "content", typ: "String", doc: "payload, without its Content-Encoding", body: true,
		get: func(m *Message, _ *Name) (Value, error) {
			return content(m, func(b []byte) string { return string(b) })
		},
		set: func(m *Message, _ *Name, v Value) error { m.SetContent([]byte(v.String())); return nil }},
	{name: "content.as.base64", typ: "String", doc: "payload in base64", body: true,
		get: func(m *Message, _ *Name) (Value, error) { return content(m, base64.StdEncoding.EncodeToString) }},
	{name: "content.as.url.safe.base64", typ: "String", doc: "payload in URL-safe base64", body: true,
		get: func(m *Message, _ *Name) (Value, error) { return content(m, base64.URLEncoding.EncodeToString) }},
	{name: "headers.count", typ: "Integer", doc: "number of distinct header names",
		get: func(m *Message, _ *Name) (Value, error) { return Int(len(m.Header.Names())), nil }},
	{name: "headers.names", typ: "Collection", doc: "distinct header names",
		get: func(m *Message, _ *Name) (Value, error) { return List(m.Header.Names()), nil }},
	{name: "headers.names.string", typ: "String", doc: "distinct header names, comma separated",
		get: func(m *Message, _ *Name) (Value, error) { return Text(strings.Join(m.Header.Names(), ",")), nil }},
	{name: "querystring", typ: "String", doc: "query without \"?\"",
		get: func(m *Message, _ *Name) (Value, error) { return Text(m.Query), nil },
		set: func(m *Message, _ *Name, v Value) error { m.Query = v.String(); return nil }},
	{name: "queryparams.count", typ: "Integer", doc: "number of distinct query parameters",
		get: func(m *Message, _ *Name) (Value, error) { return Int(len(m.QueryNames())), nil }},
	{name: "queryparams.names", typ: "Collection", doc: "names of the query parameters",
		get: func(m *Message, _ *Name) (Value, error) { return List(m.QueryNames()), nil }},
	{name: "queryparams.names.string", typ: "String", doc: "names of the query parameters, comma separated",
		get: func(m *Message, _ *Name) (Value, error) { return Text(strings.Join(m.QueryNames(), ",")), nil }},
	{name: "formstring", typ: "String", doc: "form body as it was sent", body: true,
		get: func(m *Message, _ *Name) (Value, error) {
			p, err := m.form()
			if err != nil {
				return Value{}, err
			}
			return Text(p.String()), nil
		}},
	{name: "formparams.count", typ: "Integer", doc: "number of distinct form parameters", body: true,
		get: func(m *Message, _ *Name) (Value, error) {
			return formNames(m, func(s []string) Value { return Int(len(s)) })
		}},
	{name: "formparams.names", typ: "Collection", doc: "names of the form parameters", body: true,
		get: func(m *Message, _ *Name) (Value, error) { return formNames(m, List) }},
	{name: "formparams.names.string", typ: "String", doc: "names of the form parameters, comma separated", body: true,
		get: func(m *Message, _ *Name) (Value, error) {
			return formNames(m, func(s []string) Value { return Text(strings.Join(s, ",")) })
		}},
	{name: "verb", typ: "String", doc: "HTTP method of a request",
		get: func(m *Message, _ *Name) (Value, error) { return ofKind(m, Request, Text(m.Method)), nil },
		set: func(m *Message, _ *Name, v Value) error { m.Method = v.String(); return nil }},
	{name: "version", typ: "String", doc: "HTTP version: a request's \"1.1\", a response's \"HTTP/1.1\"",
		get: func(m *Message, _ *Name) (Value, error) {
			if m.Kind == Response {
				return Text("HTTP/" + m.Version), nil
			}
			return Text(m.Version), nil
		},
		set: func(m *Message, _ *Name, v Value) error {
			m.Version = strings.TrimPrefix(v.String(), "HTTP/")
			return nil
		}},
	{name: "path", typ: "String", doc: "path without the query",
		get: func(m *Message, _ *Name) (Value, error) { return ofKind(m, Request, Text(m.Path)), nil },
		set: func(m *Message, _ *Name, v Value) error { m.Path = v.String(); return nil }},
	{name: "uri", typ: "String", doc: "path with the query",
		get: func(m *Message, _ *Name) (Value, error) { return ofKind(m, Request, Text(m.URI())), nil },
		set: func(m *Message, _ *Name, v Value) error {
			m.Path, m.Query, _ = strings.Cut(v.String(), "?")
			return nil
		}},
	{name: "status.code", typ: "Integer", doc: "status of a response",
		get: func(m *Message, _ *Name) (Value, error) { return ofKind(m, Response, Int(m.Status)), nil },
		set: setStatus},
	{name: "reason.phrase", typ: "String", doc: "reason phrase of a response",
		get: func(m *Message, _ *Name) (Value, error) { return ofKind(m, Response, Text(m.ReasonPhrase())), nil },
		set: func(m *Message, _ *Name, v Value) error { m.Reason = v.String(); return nil }},
})

// keyedProperties are the families of headers, query and form parameters.
var keyedProperties = []keyedProperty{
	{prefix: "header.",
		one: &property{name: "header.NAME", typ: "String", doc: "header; with commas in it, the text before the first",
			get: func(m *Message, n *Name) (Value, error) { return found(m.Header.First(n.key)) },
			set: func(m *Message, n *Name, v Value) error { return setHeader(m, n, v) },
			del: func(m *Message, n *Name) error { m.Header.Del(n.key); return nil }},
		item: &property{name: "header.NAME.N", typ: "String", doc: "N-th item of a header, from 1, split on commas",
			get: func(m *Message, n *Name) (Value, error) { return nth(m.Header.Items(n.key), n.n), nil },
			set: func(m *Message, n *Name, v Value) error { m.Header.setItem(n.key, n.n, v.String()); return nil },
			del: func(m *Message, n *Name) error { m.Header.delItem(n.key, n.n); return nil }},
		values: &property{name: "header.NAME.values", typ: "Collection", doc: "items of a header",
			get: func(m *Message, n *Name) (Value, error) { return collection(m.Header.Items(n.key)), nil }},
		count: &property{name: "header.NAME.values.count", typ: "Integer", doc: "number of items of a header",
			get: func(m *Message, n *Name) (Value, error) { return Int(len(m.Header.Items(n.key))), nil }},
		text: &property{name: "header.NAME.values.string", typ: "String", doc: "whole text of a header",
			get: func(m *Message, n *Name) (Value, error) { return found(m.Header.Joined(n.key)) }}},
	{prefix: "queryparam.",
		one: &property{name: "queryparam.NAME", typ: "String", doc: "first value of a query parameter, decoded",
			get: func(m *Message, n *Name) (Value, error) { return found(m.QueryParam(n.key, 1)) },
			set: func(m *Message, n *Name, v Value) error { m.SetQueryParam(n.key, v.String()); return nil },
			del: func(m *Message, n *Name) error { m.DelQueryParam(n.key, 0); return nil }},
		item: &property{name: "queryparam.NAME.N", typ: "String", doc: "N-th value of a query parameter, from 1",
			get: func(m *Message, n *Name) (Value, error) { return found(m.QueryParam(n.key, n.n)) },
			set: func(m *Message, n *Name, v Value) error { m.setQueryItem(n.key, n.n, v.String()); return nil },
			del: func(m *Message, n *Name) error { m.DelQueryParam(n.key, n.n); return nil }},
		values: &property{name: "queryparam.NAME.values", typ: "Collection", doc: "values of a query parameter",
			get: func(m *Message, n *Name) (Value, error) { return collection(m.QueryValues(n.key)), nil }},
		count: &property{name: "queryparam.NAME.values.count", typ: "Integer", doc: "number of values of a query parameter",
			get: func(m *Message, n *Name) (Value, error) { return Int(len(m.QueryValues(n.key))), nil }}},
	{prefix: "formparam.",
		one: &property{name: "formparam.NAME", typ: "String", doc: "first value of a form parameter, decoded", body: true,
			get: func(m *Message, n *Name) (Value, error) { return formParam(m, n.key, 1) },
			set: func(m *Message, n *Name, v Value) error { return m.SetFormParam(n.key, v.String()) },
			del: func(m *Message, n *Name) error { return m.DelFormParam(n.key, 0) }},
		item: &property{name: "formparam.NAME.N", typ: "String", doc: "N-th value of a form parameter, from 1", body: true,
			get: func(m *Message, n *Name) (Value, error) { return formParam(m, n.key, n.n) },
			set: func(m *Message, n *Name, v Value) error { return m.setFormItem(n.key, n.n, v.String()) },
			del: func(m *Message, n *Name) error { return m.DelFormParam(n.key, n.n) }},
		values: &property{name: "formparam.NAME.values", typ: "Collection", doc: "values of a form parameter", body: true,
			get: func(m *Message, n *Name) (Value, error) {
				vs, err := m.FormValues(n.key)
				return collection(vs), err
			}},
		count: &property{name: "formparam.NAME.values.count", typ: "Integer", doc: "number of values of a form parameter", body: true,
			get: func(m *Message, n *Name) (Value, error) {
				vs, err := m.FormValues(n.key)
				return Int(len(vs)), err
			}}},
}

func indexProperties(list []*property) map[string]*property {
	index := make(map[string]*property, len(list))
	for _, p := range list {
		index[p.name] = p
	}
	return index
}

func content(m *Message, render func([]byte) string) (Value, error) {
	b, err := m.Content()
	if err != nil {
		return Value{}, err
	}
	return Text(render(b)), nil
}

func formNames(m *Message, render func([]string) Value) (Value, error) {
	names, err := m.FormNames()
	if err != nil {
		return Value{}, err
	}
	return render(names), nil
}

func formParam(m *Message, name string, n int) (Value, error) {
	v, ok, err := m.FormParam(name, n)
	if err != nil || !ok {
		return Value{}, err
	}
	return Text(v), nil
}

func found(s string, ok bool) (Value, error) {
	if !ok {
		return Value{}, nil
	}
	return Text(s), nil
}

func nth(items []string, n int) Value {
	if n < 1 || n > len(items) {
		return Value{}
	}
	return Text(items[n-1])
}

// collection is null for nothing at all, so that "= null" holds for a parameter
// that was not sent.
func collection(items []string) Value {
	if len(items) == 0 {
		return Value{}
	}
	return List(items)
}

func ofKind(m *Message, k MessageKind, v Value) Value {
	if m.Kind != k {
		return Value{}
	}
	return v
}

func setHeader(m *Message, n *Name, v Value) error {
	if items := v.Items(); items != nil {
		m.Header.Set(n.key, strings.Join(items, ", "))
		return nil
	}
	m.Header.Set(n.key, v.String())
	return nil
}

// setStatus ignores what is no status, as the runtime ignores writes that make
// no sense.
func setStatus(m *Message, _ *Name, v Value) error {
	if n, ok := v.Number(); ok && m.Kind == Response && n >= 100 && n < 1000 {
		m.Status = int(n)
	}
	return nil
}
