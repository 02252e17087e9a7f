package policies

import (
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
	"sluice/internal/ordjson"
)

const (
	jwtDefaultSource = "request.header.authorization"
	// jwtMaxPayload bounds the payload of a JWT in bytes: it is parsed, and each
	// claim becomes variables. Apigee documents no bound.
	jwtMaxPayload = 1 << 20
	// jwtMaxMembers bounds the claims and the headers for the same reason.
	jwtMaxMembers = 1000
)

// jwtSource is the Source element: where the token is.
type jwtSource struct {
	variable *flow.Name
	bearer   bool // the prefix Bearer must be there, as in the default variable
}

func jwtCompileSource(b *flow.Build, el *etree.Element) jwtSource {
	source := b.Child(el, "Source")
	text := flow.TextOf(source)
	if source != nil && text == "" {
		b.RefuseText(source, "InvalidEmptyElement", "Source is empty", "name the variable that holds the token, or leave Source out for "+jwtDefaultSource)
	}
	if text == "" {
		text = jwtDefaultSource
	}
	return jwtSource{b.Name(text), strings.EqualFold(text, jwtDefaultSource)}
}

// token returns the token's text. A variable that holds no more than blanks is
// InvalidToken, which the page of DecodeJWT tells apart from an absent one without
// saying how (recommended).
func (s *jwtSource) token(x *flow.Exchange) (string, error) {
	v := x.Get(s.variable)
	if v.IsNull() {
		return "", jwtUnresolved(s.variable.String())
	}
	text := jwtUnquoted(strings.TrimSpace(v.String()))
	const bearer = "Bearer "
	switch {
	case len(text) > len(bearer) && strings.EqualFold(text[:len(bearer)], bearer):
		text = strings.TrimSpace(text[len(bearer):])
	case text == "":
		return "", jwtFail("InvalidToken")
	case s.bearer:
		return "", jwtFail("FailedToDecode")
	}
	return text, nil
}

// jwtUnquoted is the text without quotes around it: the features of Google's own
// samples send Authorization: "Bearer ...", quotes included.
func jwtUnquoted(text string) string {
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		return strings.TrimSpace(text[1 : len(text)-1])
	}
	return text
}

// jwtHeader is a parsed header. It is immutable, and shared by the requests whose
// token has the same header text.
type jwtHeader struct {
	text      string // base64url
	content   string // JSON
	node      *ordjson.Node
	algorithm string
	kid       string
}

// jwtMaxKept bounds the header text that a policy remembers.
const jwtMaxKept = 4 << 10

// parseHeader reads a header, of which text is the encoded form and content the
// JSON. What is remembered is only what anybody can compute from text.
func (c *jwtCommon) parseHeader(text string, content []byte) (*jwtHeader, error) {
	if h := c.header.Load(); h != nil && h.text == text {
		return h, nil
	}
	node, err := jwtObject(content)
	if err != nil {
		return nil, err
	}
	h := &jwtHeader{text: strings.Clone(text), content: string(content), node: node}
	h.algorithm, h.kid = jwtText(node.Get("alg")), jwtText(node.Get("kid"))
	if len(text) <= jwtMaxKept {
		c.header.Store(h)
	}
	return h, nil
}

// jwtText is the text of a JSON string, "" for anything else.
func jwtText(n *ordjson.Node) string {
	if n == nil || n.Kind() != ordjson.String {
		return ""
	}
	return n.Text()
}

// jwtObject parses JSON that must be an object, with no more members than a token
// may have.
func jwtObject(content []byte) (*ordjson.Node, error) {
	n, err := ordjson.Parse(content)
	if err != nil {
		return nil, jwtFailCause("InvalidJsonFormat", err)
	}
	if n.Kind() != ordjson.Object || n.Len() > jwtMaxMembers {
		return nil, jwtFail("InvalidJsonFormat")
	}
	return n, nil
}

func (c *jwtCommon) parsePayload(content []byte) (*ordjson.Node, error) {
	if len(content) > jwtMaxPayload {
		return nil, jwtFail("FailedToDecode")
	}
	return jwtObject(content)
}

// parseSigned cuts a signed token and reads its header.
func (c *jwtCommon) parseSigned(text string) (*jose.Signed, *jwtHeader, error) {
	s, err := jose.ParseSigned(text)
	if err != nil {
		return nil, nil, c.decodeFailure(err)
	}
	h, err := c.parseHeader(s.HeaderText, s.Header)
	return s, h, err
}

// parseEncrypted cuts an encrypted token and reads its header.
func (c *jwtCommon) parseEncrypted(text string) (*jose.Encrypted, *jwtHeader, error) {
	e, err := jose.ParseEncrypted(text)
	if err != nil {
		return nil, nil, c.decodeFailure(err)
	}
	h, err := c.parseHeader(e.HeaderText, e.Header)
	return e, h, err
}

// decodeFailure: the pages of the JWS policies have a fault for the payload.
func (c *jwtCommon) decodeFailure(err error) error {
	failure := jwtJoseFailure(err, "FailedToDecode")
	if f := failure.(*jwtFailure); c.jws && errors.Is(err, jose.ErrPayload) {
		f.name = "InvalidPayload"
	}
	return failure
}
