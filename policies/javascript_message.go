package policies

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"sluice/flow"
	"sluice/internal/script"
)

// javascriptMessage is a message as scripts see it.
type javascriptMessage struct {
	x *flow.Exchange
	m *flow.Message
}

// IsRequest implements script.Message.
func (m *javascriptMessage) IsRequest() bool { return m.m.Kind == flow.Request }

// Part implements script.Message.
func (m *javascriptMessage) Part(p script.Part) (any, error) {
	switch p {
	case script.Content:
		content, err := m.m.Content()
		return string(content), err
	case script.Method:
		return m.m.Method, nil
	case script.Status:
		return int64(m.m.Status), nil
	case script.Reason:
		return m.m.ReasonPhrase(), nil
	}
	return m.address(p), nil
}

// SetPart implements script.Message. A status that is none is ignored.
func (m *javascriptMessage) SetPart(p script.Part, v string) error {
	switch p {
	case script.Content:
		m.m.SetContent([]byte(v))
	case script.Method:
		m.m.Method = v
	case script.Reason:
		m.m.Reason = v
	case script.Status:
		if n, err := strconv.Atoi(v); err == nil && n >= 100 && n < 1000 {
			m.m.Status = n
		}
	default:
		return m.setAddress(p, v)
	}
	return nil
}

// address is a part of the URL: of what is called, in a target flow, otherwise of
// what the client called.
func (m *javascriptMessage) address(p script.Part) any {
	u := m.url()
	switch p {
	case script.URL:
		return u.String()
	case script.Protocol:
		return u.Scheme
	case script.Host:
		return u.Hostname()
	case script.Port:
		return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	case script.Path:
		return u.EscapedPath()
	}
	return nil
}

// toTarget reports whether the message is the one that is sent to the target.
func (m *javascriptMessage) toTarget() bool {
	return m.m == m.x.Request && (m.x.Phase == flow.TargetRequest || m.x.Phase == flow.TargetResponse)
}

// url is the whole URL of a request. That of the target is put together as the
// runtime will: its own path, proxy.pathsuffix unless that is not copied, the query.
func (m *javascriptMessage) url() *url.URL {
	if !m.toTarget() {
		return &url.URL{Scheme: m.x.Client.Scheme, Host: m.x.Client.Host, Opaque: "", Path: javascriptPath(m.m.Path), RawPath: m.m.Path, RawQuery: m.m.Query}
	}
	u, err := url.Parse(m.x.Lookup("target.url").String())
	if err != nil {
		return &url.URL{}
	}
	if copied := m.x.Target.CopySuffix; copied.IsNull() || copied.True() {
		path := strings.TrimSuffix(u.EscapedPath(), "/") + m.x.Path.Suffix
		u.Path, u.RawPath = javascriptPath(path), path
	}
	u.RawQuery = strings.Trim(u.RawQuery+"&"+m.m.Query, "&")
	return u
}

// javascriptPath decodes a path; one that does not decode stays.
func javascriptPath(escaped string) string {
	if path, err := url.PathUnescape(escaped); err == nil {
		return path
	}
	return escaped
}

// setAddress changes the URL. In a target flow it becomes target.url, to which the
// runtime then adds no path; elsewhere only the path and the query of a request can
// change.
func (m *javascriptMessage) setAddress(p script.Part, v string) error {
	u := m.url()
	switch p {
	case script.URL:
		parsed, err := url.Parse(v)
		if err != nil {
			m.x.Warn("the URL that a script has set does not parse, and is ignored")
			return nil
		}
		u = parsed
	case script.Protocol:
		u.Scheme = v
	case script.Host:
		u.Host = javascriptHostPort(v, u.Port())
	case script.Port:
		u.Host = javascriptHostPort(u.Hostname(), v)
	case script.Path:
		u.Path, u.RawPath = javascriptPath(v), v
	}
	return m.send(u)
}

func javascriptHostPort(host, port string) string {
	if port == "" {
		return host
	}
	return host + ":" + port
}

// send makes u the URL of the message.
func (m *javascriptMessage) send(u *url.URL) error {
	m.m.Query = u.RawQuery
	if !m.toTarget() {
		m.m.Path = u.EscapedPath()
		return nil
	}
	u.RawQuery = ""
	m.x.Target.CopySuffix = flow.Bool(false)
	return m.x.Set(flow.ParseName("target.url"), flow.Text(u.String()))
}

// Fields implements script.Message.
func (m *javascriptMessage) Fields(k script.FieldKind) script.Fields {
	switch k {
	case script.Headers:
		return javascriptHeaders{m.m}
	case script.QueryParams:
		return javascriptQuery{m.m}
	}
	return javascriptForm{m.m}
}

// javascriptHeaders are the header lines. A header's values are its items, split on
// commas as for flow variables; as a text it is whole.
type javascriptHeaders struct{ m *flow.Message }

func (h javascriptHeaders) Names() ([]string, error) { return h.m.Header.Names(), nil }

func (h javascriptHeaders) Values(name string) ([]string, string, error) {
	text, ok := h.m.Header.Joined(name)
	if !ok {
		return nil, "", nil
	}
	return h.m.Header.Items(name), text, nil
}

func (h javascriptHeaders) Set(name string, values []string) error {
	if len(values) == 0 {
		h.m.Header.Del(name)
		return nil
	}
	h.m.Header.Set(name, values[0])
	for _, v := range values[1:] {
		h.m.Header.Add(name, v)
	}
	return nil
}

// javascriptQuery are the query parameters; as a text, one is its first value.
type javascriptQuery struct{ m *flow.Message }

func (q javascriptQuery) Names() ([]string, error) { return q.m.QueryNames(), nil }

func (q javascriptQuery) Values(name string) ([]string, string, error) {
	values := q.m.QueryValues(name)
	if len(values) == 0 {
		return nil, "", nil
	}
	return values, values[0], nil
}

func (q javascriptQuery) Set(name string, values []string) error {
	if len(values) == 0 {
		q.m.DelQueryParam(name, 0)
		return nil
	}
	q.m.SetQueryParam(name, values[0])
	for _, v := range values[1:] {
		q.m.AddQueryParam(name, v)
	}
	return nil
}

// javascriptForm are the form parameters.
type javascriptForm struct{ m *flow.Message }

func (f javascriptForm) Names() ([]string, error) { return f.m.FormNames() }

func (f javascriptForm) Values(name string) ([]string, string, error) {
	values, err := f.m.FormValues(name)
	if err != nil || len(values) == 0 {
		return nil, "", err
	}
	return values, values[0], nil
}

func (f javascriptForm) Set(name string, values []string) error {
	if len(values) == 0 {
		return f.m.DelFormParam(name, 0)
	}
	if err := f.m.SetFormParam(name, values[0]); err != nil {
		return err
	}
	for _, v := range values[1:] {
		if err := f.m.AddFormParam(name, v); err != nil {
			return err
		}
	}
	return nil
}
