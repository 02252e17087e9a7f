package flow

import (
	"bytes"
	"strings"

	"sluice/faults"
)

// MessageKind tells a request message from a response message. IntegrationCallout and
// ServiceCallout fault when a variable holds a message of the wrong kind.
type MessageKind uint8

// The kinds of messages.
const (
	Request MessageKind = iota
	Response
)

func (k MessageKind) String() string {
	if k == Response {
		return "response"
	}
	return "request"
}

// Message is an HTTP message as policies see it. It knows nothing of a
// connection: listeners make requests of it, targets make responses.
// A Message belongs to one Exchange and is not safe for concurrent use.
type Message struct {
	Kind    MessageKind
	Method  string // requests: the verb
	Path    string // requests: as received, still percent-encoded, no query
	Query   string // requests: as received, without "?"
	Version string // "1.1"; HTTP/2 gives "2.0"
	Status  int    // responses
	Reason  string // responses: "" stands for the standard phrase
	Header  Header
	Body    Body
	// Trailer returns the trailer once the body was read to its end; nil when
	// the message cannot have one.
	Trailer func() Header
	// Limit is how many bytes Content may hold; 0 stands for DefaultPayloadLimit.
	Limit int64
	// Streamed keeps Content from holding a body that flows: it is empty for
	// policies then (property request.streaming.enabled, response.streaming.enabled).
	Streamed bool

	share     *share // who pays for what is held; nil: nobody counts
	plain     []byte // the body without its Content-Encoding, once somebody asked
	plainOf   string // the Content-Encoding that plain was decoded from, "" while there is no plain
	recoded   bool   // the body was set by a policy: it is not in Content-Encoding yet
	queryMemo params // Query, parsed
	queryText string // what queryMemo was parsed from
	formMemo  params
	formText  string
	plusKept  bool // "+" in the query stands for itself
}

// NewRequest returns an empty request message, as AssignMessage creates it.
func NewRequest() *Message {
	return &Message{Kind: Request, Method: "GET", Version: "1.1"}
}

// NewResponse returns an empty response message with status 200.
func NewResponse() *Message {
	return &Message{Kind: Response, Status: 200, Version: "1.1"}
}

// limit is the payload limit in bytes.
func (m *Message) limit() int64 {
	if m.Limit > 0 {
		return m.Limit
	}
	return DefaultPayloadLimit
}

// Content returns the payload without its Content-Encoding, and holds it. It
// fails with a *faults.Fault: TooBigBody above the limit, ServiceUnavailable when
// all requests together hold too much, UnsupportedEncoding,
// DecompressionFailureAtRequest or ...AtResponse, and whatever reading from the
// peer failed with.
func (m *Message) Content() ([]byte, error) {
	if m.plainOf != "" {
		return m.plain, nil
	}
	if m.Streamed && !m.Body.heldAlready() {
		return nil, nil
	}
	raw, err := m.Body.hold(m.limit(), m.share)
	if err != nil {
		return nil, m.bodyFault(err)
	}
	if m.recoded || len(raw) == 0 {
		return raw, nil
	}
	coding := m.coding()
	if coding == "" {
		return raw, nil
	}
	plain, err := m.decode(coding, raw)
	if err != nil {
		return nil, err
	}
	m.plain, m.plainOf = plain, coding
	return plain, nil
}

// Hold makes a payload that flows stay, as it came, so that it can be read later
// or sent again. It fails as Content does.
func (m *Message) Hold() error {
	if !m.Body.Flowing() {
		return nil
	}
	_, err := m.Body.hold(m.limit(), m.share)
	return m.bodyFault(err)
}

// Fits reports whether the payload's size is known and within the limit of what
// may be held.
func (m *Message) Fits() bool { return m.Body.Size() >= 0 && m.Body.Size() <= m.limit() }

// SetContent makes data the payload. A Content-Encoding header stays, and is
// applied when the message is sent.
func (m *Message) SetContent(data []byte) {
	m.Body.Set(data)
	m.plain, m.plainOf, m.recoded = nil, "", true
}

// ClearContent drops the payload and its Content-Encoding.
func (m *Message) ClearContent() {
	m.SetContent(nil)
	m.Header.Del("Content-Encoding")
}

// coding returns the message's Content-Encoding in lower case, "" for none.
func (m *Message) coding() string {
	v, ok := m.Header.Get("Content-Encoding")
	if !ok {
		return ""
	}
	if v = strings.ToLower(strings.TrimSpace(v)); v == "identity" {
		return ""
	}
	return v
}

// URI is the path with the query, as it stands on a request line.
func (m *Message) URI() string {
	if m.Query == "" {
		return m.Path
	}
	return m.Path + "?" + m.Query
}

// MediaType is the Content-Type without its parameters, in lower case.
func (m *Message) MediaType() string {
	v, _, _ := strings.Cut(m.Header.Value("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(v))
}

// IsXML reports whether the Content-Type says XML: text/xml, application/xml, and every
// type that ends in +xml. Apigee's pages name application/xml alone. The wider reading is
// the safe one, as long as all who ask ask here: a policy that protects from threats has
// to look at what a policy after it, or the target, reads.
func (m *Message) IsXML() bool {
	t := m.MediaType()
	return t == "text/xml" || t == "application/xml" || strings.HasSuffix(t, "+xml")
}

// IsJSON reports whether the Content-Type says JSON: application/json, text/json, and
// every type that ends in +json. Apigee's pages name application/json alone; see IsXML.
func (m *Message) IsJSON() bool {
	t := m.MediaType()
	return t == "application/json" || t == "text/json" || strings.HasSuffix(t, "+json")
}

// query returns the parsed query; text that a policy assigned to Query since is
// parsed anew.
func (m *Message) query() *params {
	if m.queryText != m.Query || m.queryMemo.pairs == nil {
		m.queryMemo, m.queryText = parseParams(m.Query, !m.plusKept), m.Query
	}
	return &m.queryMemo
}

func (m *Message) storeQuery() {
	m.Query = m.queryMemo.String()
	m.queryText = m.Query
}

// KeepPlus makes "+" in query parameters stand for itself and not for a space
// (property request.queryparams.ignore.content.type.charset).
func (m *Message) KeepPlus(keep bool) { m.plusKept, m.queryText, m.queryMemo = keep, "", params{} }

// QueryParam returns the n-th value (1-based) of a query parameter, decoded.
func (m *Message) QueryParam(name string, n int) (string, bool) { return m.query().get(name, n) }

// QueryValues returns all values of a query parameter, decoded.
func (m *Message) QueryValues(name string) []string { return m.query().values(name) }

// QueryNames returns the distinct names of the query parameters, in order.
func (m *Message) QueryNames() []string { return m.query().names() }

// SetQueryParam gives the parameter exactly one value.
func (m *Message) SetQueryParam(name, value string) {
	m.query().setAll(name, value)
	m.storeQuery()
}

// setQueryItem sets the n-th value of the parameter; one past the end appends.
func (m *Message) setQueryItem(name string, n int, value string) {
	m.query().set(name, n, value)
	m.storeQuery()
}

// AddQueryParam appends a value.
func (m *Message) AddQueryParam(name, value string) {
	m.query().add(name, value)
	m.storeQuery()
}

// DelQueryParam drops the n-th value of the parameter, or all when n is 0.
func (m *Message) DelQueryParam(name string, n int) {
	m.query().del(name, n)
	m.storeQuery()
}

// FormType is the media type of a form body.
const FormType = "application/x-www-form-urlencoded"

// maxFormParams bounds what a form of many tiny parameters costs: parsed, each
// takes fifty times the two bytes that it took on the wire.
const maxFormParams = 10_000

var badFormData = faults.MustRuntime("BadFormData")

// form returns the parsed form body; it is empty unless the Content-Type says
// form.
func (m *Message) form() (*params, error) {
	if m.MediaType() != FormType {
		m.formMemo, m.formText = params{}, ""
		return &m.formMemo, nil
	}
	body, err := m.Content()
	if err != nil {
		return nil, err
	}
	if m.formMemo.pairs != nil && m.formText == string(body) {
		return &m.formMemo, nil
	}
	if bytes.Count(body, []byte("&")) >= maxFormParams {
		return nil, badFormData.New()
	}
	m.formText = string(body)
	m.formMemo = parseParams(m.formText, true)
	return &m.formMemo, nil
}

// changeForm edits the form and makes it the payload.
func (m *Message) changeForm(edit func(*params)) error {
	p, err := m.form()
	if err != nil {
		return err
	}
	edit(p)
	text := p.String()
	m.formText = text
	m.SetContent([]byte(text))
	m.Header.Set("Content-Type", FormType)
	return nil
}

// FormParam returns the n-th value (1-based) of a form parameter.
func (m *Message) FormParam(name string, n int) (string, bool, error) {
	p, err := m.form()
	if err != nil {
		return "", false, err
	}
	v, ok := p.get(name, n)
	return v, ok, nil
}

// FormValues returns all values of a form parameter.
func (m *Message) FormValues(name string) ([]string, error) {
	p, err := m.form()
	if err != nil {
		return nil, err
	}
	return p.values(name), nil
}

// FormNames returns the distinct names of the form parameters, in order.
func (m *Message) FormNames() ([]string, error) {
	p, err := m.form()
	if err != nil {
		return nil, err
	}
	return p.names(), nil
}

// SetFormParam gives the parameter exactly one value; the payload becomes a form.
func (m *Message) SetFormParam(name, value string) error {
	return m.changeForm(func(p *params) { p.setAll(name, value) })
}

// setFormItem sets the n-th value of the parameter; one past the end appends.
func (m *Message) setFormItem(name string, n int, value string) error {
	return m.changeForm(func(p *params) { p.set(name, n, value) })
}

// AddFormParam appends a value; the payload becomes a form.
func (m *Message) AddFormParam(name, value string) error {
	return m.changeForm(func(p *params) { p.add(name, value) })
}

// DelFormParam drops the n-th value of the parameter, or all when n is 0. A
// payload that is no form stays as it is.
func (m *Message) DelFormParam(name string, n int) error {
	if m.MediaType() != FormType {
		return nil
	}
	return m.changeForm(func(p *params) { p.del(name, n) })
}

// Clone returns a copy with its own header. A body that is held is shared, which
// is safe because bytes are never changed in place; a flowing one is held first.
func (m *Message) Clone() (*Message, error) {
	content, err := m.Body.hold(m.limit(), m.share)
	if err != nil {
		return nil, m.bodyFault(err)
	}
	c := *m
	c.Header = m.Header.Clone()
	c.Body = Body{held: content}
	c.queryMemo, c.queryText, c.formMemo, c.formText = params{}, "", params{}, ""
	return &c, nil
}
