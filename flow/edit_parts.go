package flow

import "strconv"

// fields is a kind of named, repeatable parts of a message, as Set, Add, Copy
// and Remove see it.
type fields struct {
	list, item string // elements: Headers and Header
	requests   bool   // only requests have them
	body       bool   // they are in the payload

	names  func(m *Message) ([]string, error)
	values func(m *Message, name string) ([]string, error)
	items  func(m *Message, name string) ([]string, error) // what NAME.N counts
	set    func(m *Message, name, value string) error
	add    func(m *Message, name, value string) error
	del    func(m *Message, name string, n int) error // n 0: all values
	clear  func(m *Message) error
}

var headers = fields{list: "Headers", item: "Header",
	names:  func(m *Message) ([]string, error) { return m.Header.Names(), nil },
	values: func(m *Message, name string) ([]string, error) { return m.Header.Values(name), nil },
	items:  func(m *Message, name string) ([]string, error) { return m.Header.Items(name), nil },
	set:    func(m *Message, name, value string) error { m.Header.Set(name, value); return nil },
	add:    func(m *Message, name, value string) error { m.Header.Add(name, value); return nil },
	del: func(m *Message, name string, n int) error {
		if n > 0 {
			m.Header.delItem(name, n)
			return nil
		}
		m.Header.Del(name)
		return nil
	},
	clear: func(m *Message) error { m.Header = nil; return nil },
}

var queryParams = fields{list: "QueryParams", item: "QueryParam", requests: true,
	names:  func(m *Message) ([]string, error) { return m.QueryNames(), nil },
	values: func(m *Message, name string) ([]string, error) { return m.QueryValues(name), nil },
	items:  func(m *Message, name string) ([]string, error) { return m.QueryValues(name), nil },
	set:    func(m *Message, name, value string) error { m.SetQueryParam(name, value); return nil },
	add:    func(m *Message, name, value string) error { m.AddQueryParam(name, value); return nil },
	del:    func(m *Message, name string, n int) error { m.DelQueryParam(name, n); return nil },
	clear:  func(m *Message) error { m.Query = ""; return nil },
}

var formParams = fields{list: "FormParams", item: "FormParam", requests: true, body: true,
	names:  (*Message).FormNames,
	values: (*Message).FormValues,
	items:  (*Message).FormValues,
	set:    (*Message).SetFormParam,
	add:    (*Message).AddFormParam,
	del: func(m *Message, name string, n int) error {
		if m.MediaType() != FormType {
			return nil
		}
		return m.DelFormParam(name, n)
	},
	clear: func(m *Message) error {
		if m.MediaType() == FormType {
			m.SetContent(nil)
		}
		return nil
	},
}

var fieldKinds = [...]*fields{&headers, &queryParams, &formParams}

// apply reports whether the message has such parts: parameters of a response
// have no effect. Apigee's documented limits to certain verbs are not enforced
// (policies-1.md 4.3).
func (f *fields) apply(r editRun) bool {
	if f.requests && r.m.Kind != Request {
		r.x.Warn(f.list + " have no effect on a response")
		return false
	}
	return true
}

// copy gives to the values that from has under the name of it, all or the n-th
// of several. What from does not have stays as it is in to.
func (f *fields) copy(to, from *Message, it item) error {
	if it.n > 0 {
		values, err := f.items(from, it.name)
		if err != nil || len(values) < 2 || it.n > len(values) {
			return err
		}
		return f.set(to, it.name, values[it.n-1])
	}
	values, err := f.values(from, it.name)
	if err != nil || len(values) == 0 {
		return err
	}
	if err := f.set(to, it.name, values[0]); err != nil {
		return err
	}
	for _, v := range values[1:] {
		if err := f.add(to, it.name, v); err != nil {
			return err
		}
	}
	return nil
}

// remove drops the values under the name of it, all or the n-th of several.
func (f *fields) remove(m *Message, it item) error {
	if it.n > 0 {
		values, err := f.items(m, it.name)
		if err != nil || len(values) < 2 {
			return err
		}
	}
	return f.del(m, it.name, it.n)
}

// line is a part of the first line of a message. set reports false for a text
// that it cannot be.
type line struct {
	tag  string
	kind MessageKind
	any  bool // requests and responses have it
	get  func(m *Message) string
	set  func(m *Message, text string) bool
}

var lines = [...]*line{
	{tag: "Verb", kind: Request,
		get: func(m *Message) string { return m.Method },
		set: func(m *Message, text string) bool { m.Method = text; return true }},
	{tag: "Path", kind: Request,
		get: func(m *Message) string { return m.Path },
		set: func(m *Message, text string) bool { m.Path = text; return true }},
	{tag: "Version", any: true,
		get: func(m *Message) string { return m.Version },
		set: func(m *Message, text string) bool {
			return plainProperties["version"].set(m, nil, Text(text)) == nil
		}},
	{tag: "StatusCode", kind: Response,
		get: func(m *Message) string { return strconv.Itoa(m.Status) },
		set: setStatusCode},
	{tag: "ReasonPhrase", kind: Response,
		get: func(m *Message) string { return m.Reason },
		set: func(m *Message, text string) bool { m.Reason = text; return true }},
}

// setStatusCode drops the reason phrase of another status, so that a 200 OK does
// not become a 404 OK.
func setStatusCode(m *Message, text string) bool {
	status, err := strconv.Atoi(text)
	if err != nil || status < 100 || status > 999 {
		return false
	}
	if status != m.Status {
		m.Status, m.Reason = status, ""
	}
	return true
}

func (l *line) apply(r editRun) bool {
	if !l.any && l.kind != r.m.Kind {
		r.x.Warn(l.tag + " has no effect on a " + r.m.Kind.String())
		return false
	}
	return true
}

func lineOf(tag string) *line {
	for _, l := range lines {
		if l.tag == tag {
			return l
		}
	}
	return nil
}

func fieldsOf(tag string) *fields {
	for _, f := range fieldKinds {
		if f.list == tag {
			return f
		}
	}
	return nil
}

// tagsOfParts are the elements of all parts of a message.
func tagsOfParts() []string { return append(tagsOfHead(), "Payload") }

// tagsOfHead are the elements of the parts but for the payload.
func tagsOfHead() []string {
	var tags []string
	for _, f := range fieldKinds {
		tags = append(tags, f.list)
	}
	for _, l := range lines {
		tags = append(tags, l.tag)
	}
	return tags
}
