package policies

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Code is GenerateAuthorizationCode: a code from the authorization endpoint,
// in the query of the redirect (RFC 6749 4.1).
type oauthv2Code struct {
	oauthv2Endpoint
	challenge oauthv2Param
	method    oauthv2Param
}

func compileOAuthV2Code(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	issuer := compileOAuthV2Issuer(b, el, p, oauthv2CodeLife)
	return &oauthv2Code{
		oauthv2Endpoint: compileOAuthV2Endpoint(b, el, p, issuer, "GenerateAuthorizationCode", "code"),
		challenge:       compileOAuthV2Param(b, nil, "", "request.queryparam.code_challenge", "request.formparam.code_challenge"),
		method:          compileOAuthV2Param(b, nil, "", "request.queryparam.code_challenge_method", "request.formparam.code_challenge_method"),
	}
}

func (p *oauthv2Code) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.failed(x, p.generate(ctx, x))
}

func (p *oauthv2Code) generate(ctx context.Context, x *flow.Exchange) error {
	h, to, err := p.asked(x)
	if err != nil {
		return err
	}
	text, code, err := p.make(ctx, x, h, to)
	if err != nil {
		return err
	}
	oauthv2Put(x, "oauthv2authcode."+p.name+".", oauthv2CodeFields(x, text, code), nil)
	p.oauthv2Answers.redirect(x, oauthv2WithQuery(to.address, "code", text, "state", code.State, "scope", strings.Join(code.Scopes, " ")))
	return nil
}

// make stores a code. It remembers the redirect_uri only when the request had
// one: then the token request must have it too (RFC 6749 4.1.3).
func (p *oauthv2Code) make(ctx context.Context, x *flow.Exchange, h entity.Holder, to oauthv2Destination) (string, *entity.Token, error) {
	texts, err := p.outside.texts(x)
	if err != nil {
		return "", nil, err
	}
	code := p.token(x, oauthv2Grant{holder: h, grantType: "authorization_code", scopes: p.grantedScopes(x, h)})
	code.Kind, code.TokenType, code.State = entity.AuthorizationCode, "", p.state.value(x)
	code.RedirectURI = to.asked
	if code.Challenge = p.challenge.value(x); code.Challenge != "" {
		code.ChallengeMethod = p.method.value(x)
	}
	if texts.code != "" {
		return texts.code, code, p.outside.store(ctx, x, texts.code, code)
	}
	text := oauthv2Text(oauthv2CodeLength)
	return text, code, x.Services.Tokens.Save(ctx, text, code)
}

func oauthv2CodeFields(x *flow.Exchange, text string, code *entity.Token) []oauthv2Field {
	list := []oauthv2Field{
		{name: "code", text: text},
		{name: "client_id", text: code.ClientID},
		{name: "redirect_uri", text: code.RedirectURI},
		{name: "scope", text: strings.Join(code.Scopes, " ")},
		{name: "state", text: code.State},
		{name: "issued_at", text: oauthv2Number(code.IssuedAt)},
		{name: "expires_in", text: oauthv2Seconds(x, code.ExpiresAt)},
		{name: "status", text: oauthv2Status(code.Status)},
		{name: "organization_id", text: "0"},
	}
	// Attributes come last and win: public bundles keep a client_id or a scope of
	// their own with the code, and read it back.
	for _, a := range code.Attributes {
		list = append(list, oauthv2Field{name: a.Name, text: a.Value})
	}
	return list
}

// oauthv2Redeem turns a code into what it entitles to.
type oauthv2Redeem struct {
	text     oauthv2Param
	address  oauthv2Param
	verifier *flow.Name

	unresolved, missing, invalid, noAddress, otherAddress *faults.Def
}

func compileOAuthV2Redeem(b *flow.Build, el *etree.Element) oauthv2Redeem {
	const invalid = "invalid_request/GenerateAccessToken/"
	return oauthv2Redeem{
		text:         compileOAuthV2Param(b, el, "Code", "request.formparam.code"),
		address:      compileOAuthV2Param(b, el, "RedirectUri", "request.formparam.redirect_uri"),
		verifier:     b.Name("request.formparam.code_verifier"),
		unresolved:   b.Fault("FailedToResolveAuthorizationCode"),
		missing:      b.Fault(invalid + "Required param : code"),
		invalid:      b.Fault(invalid + "Invalid Authorization Code"),
		noAddress:    b.Fault(invalid + "Required param : redirect_uri"),
		otherAddress: b.Fault(invalid + "Invalid redirect_uri : {redirect_uri}"),
	}
}

// code spends the code, once everything about it is right. An unknown, expired or
// used one, another client's, and one whose verifier is wrong are all the same
// fault.
func (r *oauthv2Redeem) code(ctx context.Context, x *flow.Exchange, h entity.Holder) (oauthv2Grant, error) {
	text := r.text.value(x)
	switch {
	case text != "":
	case r.text.ofBundle():
		return oauthv2Grant{}, r.unresolved.New("variable", r.text.text)
	default:
		return oauthv2Grant{}, r.missing.New()
	}
	c, err := oauthv2Find(ctx, x, entity.AuthorizationCode, text)
	if err != nil {
		return oauthv2Grant{}, err
	}
	if c == nil || !c.Approved() || c.Expired(x.Now()) || c.ClientID != h.Credential.ConsumerKey || !oauthv2Verifies(c, x.Get(r.verifier).String()) {
		return oauthv2Grant{}, r.invalid.New()
	}
	if err := r.redirected(x, c); err != nil {
		return oauthv2Grant{}, err
	}
	g := oauthv2Grant{holder: h, grantType: "authorization_code", scopes: c.Scopes, endUser: c.EndUser, attributes: c.Attributes, refreshable: true}
	return g, oauthv2Spend(ctx, x, text, c, r.invalid)
}

func (r *oauthv2Redeem) redirected(x *flow.Exchange, c *entity.Token) error {
	switch address := r.address.value(x); {
	case c.RedirectURI == "" || address == c.RedirectURI:
		return nil
	case address == "":
		return r.noAddress.New()
	default:
		return r.otherAddress.New("redirect_uri", address)
	}
}

// oauthv2Verifies checks the verifier of RFC 7636. Without a method the RFC means
// plain; clients that leave it out and hash are as safe, and there are some.
func oauthv2Verifies(c *entity.Token, verifier string) bool {
	if c.Challenge == "" {
		return true
	}
	sum := sha256.Sum256([]byte(verifier))
	hashed := base64.RawURLEncoding.EncodeToString(sum[:])
	plain := subtle.ConstantTimeCompare([]byte(verifier), []byte(c.Challenge)) == 1
	s256 := subtle.ConstantTimeCompare([]byte(hashed), []byte(c.Challenge)) == 1
	switch c.ChallengeMethod {
	case "S256":
		return s256
	case "plain":
		return plain
	case "":
		return plain || s256
	}
	return false
}
