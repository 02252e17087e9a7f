package policies

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
	"sluice/internal/jose"
	"sluice/internal/ordjson"
)

// JWT access tokens (RFC 9068). Header and the claims iss, sub and client_id are
// documented ("Using JWT OAuth tokens"); the others are those of RFC 9068, and
// api_product_list, which is ours, says what the token is good for. They are not
// stored: a verification asks the key, the clock, and who the client is now.

// oauthv2Signer makes JWT access tokens.
type oauthv2Signer struct {
	key    *oauthv2Key
	header []byte
	claims []oauthv2Claim // AdditionalClaims
}

type oauthv2Claim struct {
	name  string
	kind  string // string, number, boolean, map
	value *flow.TextOrRef
}

func compileOAuthV2Signer(b *flow.Build, el *etree.Element) *oauthv2Signer {
	s := &oauthv2Signer{key: compileOAuthV2Key(b, el, "PrivateKey")}
	if s.key.algorithm != nil {
		s.header = []byte(`{"alg":"` + s.key.algorithm.Name + `","typ":"at+JWT"}`)
	}
	for _, at := range oauthv2All(el, "AdditionalClaims", "Claim") {
		name, kind := b.Attr(at, "name"), strings.ToLower(b.Attr(at, "type"))
		if name == "" {
			b.RefuseText(at, "MissingClaim", "claim name is missing", `write <Claim name="...">`)
		}
		s.claims = append(s.claims, oauthv2Claim{name, kind, b.TextOrRef(at)})
	}
	return s
}

// sign makes the text of an access token. Claims that the runtime sets win over
// additional ones.
func (s *oauthv2Signer) sign(x *flow.Exchange, made *oauthv2Issued) (string, error) {
	key, err := s.key.read(x)
	if err != nil {
		return "", err
	}
	o := ordjson.NewObject()
	for _, c := range s.claims {
		if v, ok := c.value.Value(x); ok {
			o.Set(c.name, c.node(v))
		}
	}
	oauthv2Claims(x, o, made.token)
	return jose.Sign(s.key.algorithm, key, s.header, ordjson.Append(nil, o))
}

// node is the claim's value; what does not read as its type is a string.
func (c *oauthv2Claim) node(v flow.Value) *ordjson.Node {
	text := v.String()
	switch c.kind {
	case "number", "boolean", "map", "json":
		if n, err := ordjson.Parse([]byte(text)); err == nil {
			return n
		}
	}
	return ordjson.NewString(text)
}

func oauthv2Claims(x *flow.Exchange, o *ordjson.Node, t *entity.Token) {
	subject := t.EndUser
	if subject == "" {
		subject = t.ClientID
	}
	for _, c := range [...]struct{ name, text string }{
		{"iss", x.Client.Scheme + "://" + x.Client.Host + x.Proxy.BasePath},
		{"sub", subject},
		{"client_id", t.ClientID},
		{"application_name", t.AppID},
		{"grant_type", t.GrantType},
		{"scope", strings.Join(t.Scopes, " ")},
		{"jti", oauthv2Text(oauthv2AccessLength)},
	} {
		o.Set(c.name, ordjson.NewString(c.text))
	}
	products := ordjson.NewArray()
	for _, p := range t.Products {
		products.Push(ordjson.NewString(p))
	}
	o.Set("api_product_list", products)
	o.Set("iat", ordjson.NewInt(int64(t.IssuedAt)/1000))
	if t.ExpiresAt.Set() {
		o.Set("exp", ordjson.NewInt(int64(t.ExpiresAt)/1000))
	}
}

// oauthv2VerifyJWT is VerifyJWTAccessToken.
type oauthv2VerifyJWT struct {
	oauthv2
	key       *oauthv2Key
	bearer    oauthv2Bearer
	admission oauthv2Admission

	undecoded, expired *faults.Def
}

func compileOAuthV2VerifyJWT(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	p.challenge = true
	oauthv2CheckCacheExpiry(b, el)
	return &oauthv2VerifyJWT{
		oauthv2:   p,
		key:       compileOAuthV2Key(b, el, "PublicKey"),
		bearer:    compileOAuthV2Bearer(b, el),
		admission: compileOAuthV2Admission(b, el),
		undecoded: b.Fault("JWTDecodingFailed"),
		expired:   b.Fault("access_token_expired"),
	}
}

func (p *oauthv2VerifyJWT) Execute(_ context.Context, x *flow.Exchange) error {
	return p.failed(x, p.verify(x))
}

func (p *oauthv2VerifyJWT) verify(x *flow.Exchange) error {
	text, err := p.bearer.token(x)
	if err != nil {
		return err
	}
	key, err := p.key.read(x)
	if err != nil {
		return err
	}
	t, ok := p.decode(text, key)
	if !ok {
		return p.undecoded.New()
	}
	if now := x.Now(); t.Expired(now) || now.Before(time.UnixMilli(int64(t.notBefore))) {
		return p.expired.New()
	}
	if t.Products == nil {
		t.Products = oauthv2ProductsOf(x, t.ClientID)
	}
	if err := p.admission.admit(x, &t.Token); err != nil {
		return err
	}
	oauthv2PutToken(x, text, &t.Token)
	return nil
}

// oauthv2ProductsOf are the products of a token that does not tell: another issuer
// with the same key has made it, and it is good for all that its client may use.
func oauthv2ProductsOf(x *flow.Exchange, clientID string) []string {
	h, ok := x.Services.Entities.Holder(clientID)
	if !ok {
		return nil
	}
	return oauthv2ProductNames(h)
}

// oauthv2Decoded is a token as its claims tell it.
type oauthv2Decoded struct {
	entity.Token
	notBefore entity.Millis
}

// decode believes a token that the key has signed with the algorithm of the
// policy, and whose header asks for nothing else.
func (p *oauthv2VerifyJWT) decode(text string, key any) (*oauthv2Decoded, bool) {
	if len(text) > oauthv2MaxText {
		return nil, false
	}
	signed, err := jose.ParseSigned(text)
	if err != nil {
		return nil, false
	}
	var header struct {
		Algorithm string          `json:"alg"`
		Type      string          `json:"typ"`
		Critical  json.RawMessage `json:"crit"`
	}
	if json.Unmarshal(signed.Header, &header) != nil || header.Algorithm != p.key.algorithm.Name || header.Critical != nil {
		return nil, false
	}
	if kind := strings.ToLower(header.Type); kind != "at+jwt" && kind != "application/at+jwt" {
		return nil, false // another kind of token, such as an ID token (RFC 9068, 4)
	}
	if signed.Verify(p.key.algorithm, key) != nil {
		return nil, false
	}
	return oauthv2ReadClaims(signed.Payload)
}

func oauthv2ReadClaims(payload []byte) (*oauthv2Decoded, bool) {
	var c struct {
		ClientID    string      `json:"client_id"`
		Subject     string      `json:"sub"`
		Application string      `json:"application_name"`
		GrantType   string      `json:"grant_type"`
		Scope       string      `json:"scope"`
		Products    []string    `json:"api_product_list"`
		Issued      json.Number `json:"iat"`
		Expires     json.Number `json:"exp"`
		NotBefore   json.Number `json:"nbf"`
	}
	if json.Unmarshal(payload, &c) != nil || c.ClientID == "" {
		return nil, false
	}
	t := &oauthv2Decoded{notBefore: oauthv2Numeric(c.NotBefore)}
	t.Token = entity.Token{
		Kind: entity.AccessToken, Status: "approved", TokenType: "Bearer", GrantType: c.GrantType, ClientID: c.ClientID,
		AppID: c.Application, Scopes: oauthv2Words(c.Scope), Products: c.Products,
		IssuedAt: oauthv2Numeric(c.Issued), ExpiresAt: oauthv2Numeric(c.Expires),
	}
	if c.Subject != c.ClientID {
		t.EndUser = c.Subject
	}
	return t, true
}

// oauthv2Numeric reads seconds since 1970, which may have a fraction.
func oauthv2Numeric(n json.Number) entity.Millis {
	f, err := n.Float64()
	if err != nil || f <= 0 {
		return 0
	}
	return entity.Millis(min(f, oauthv2MaxLife/1000) * 1000)
}
