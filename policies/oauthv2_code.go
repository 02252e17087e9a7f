package policies

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Code is GenerateAuthorizationCode: the authorization endpoint.
type oauthv2Code struct {
	oauthv2
	oauthv2Issuer
	client       oauthv2Client
	responseType oauthv2Param
	state        oauthv2Param
	redirect     oauthv2Redirect
	challenge    oauthv2Param
	method       oauthv2Param

	noResponseType, notCode *faults.Def
}

func compileOAuthV2Code(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	const operation = "GenerateAuthorizationCode"
	return &oauthv2Code{
		oauthv2:        p,
		oauthv2Issuer:  compileOAuthV2Issuer(b, el, p, oauthv2CodeLife),
		client:         compileOAuthV2Public(b, el, operation),
		responseType:   compileOAuthV2Param(b, el, "ResponseType", "request.queryparam.response_type", "request.formparam.response_type"),
		state:          compileOAuthV2Param(b, el, "State", "request.queryparam.state", "request.formparam.state"),
		redirect:       compileOAuthV2Redirect(b, el, operation),
		challenge:      compileOAuthV2Param(b, nil, "", "request.queryparam.code_challenge", "request.formparam.code_challenge"),
		method:         compileOAuthV2Param(b, nil, "", "request.queryparam.code_challenge_method", "request.formparam.code_challenge_method"),
		noResponseType: b.Fault("invalid_request/" + operation + "/The request is missing a required parameter : response_type"),
		notCode:        b.Fault("invalid_request/" + operation + "/Response type must be code"),
	}
}

func (p *oauthv2Code) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.failed(x, p.generate(ctx, x))
}

func (p *oauthv2Code) generate(ctx context.Context, x *flow.Exchange) error {
	switch kind := p.responseType.choice(x, "code"); kind {
	case "code":
	case "":
		return p.noResponseType.New()
	default:
		return p.notCode.New()
	}
	h, err := p.client.known(x)
	if err != nil {
		return err
	}
	to, err := p.redirect.where(x, h)
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

// oauthv2Redirect finds out where to send the user's agent back to.
type oauthv2Redirect struct {
	address oauthv2Param

	missing, invalid *faults.Def
}

// oauthv2Destination is where, and what of it the request itself asked for.
type oauthv2Destination struct{ address, asked string }

func compileOAuthV2Redirect(b *flow.Build, el *etree.Element, operation string) oauthv2Redirect {
	return oauthv2Redirect{
		address: compileOAuthV2Param(b, el, "RedirectUri", "request.queryparam.redirect_uri", "request.formparam.redirect_uri"),
		missing: b.Fault("invalid_request/" + operation + "/Redirection URI is required"),
		invalid: b.Fault("invalid_request/" + operation + "/Invalid redirection uri {redirect_uri}"),
	}
}

// where checks the redirect_uri against the app's callback, which it must equal
// when there is one. One that is no absolute URL without a fragment is refused
// (RFC 6749 3.1.2); it also keeps line breaks out of the Location header.
func (r *oauthv2Redirect) where(x *flow.Exchange, h entity.Holder) (oauthv2Destination, error) {
	asked, registered := r.address.value(x), h.App.CallbackURL
	switch {
	case asked == "" && registered == "":
		return oauthv2Destination{}, r.missing.New()
	case asked == "":
		return oauthv2Destination{registered, ""}, nil
	}
	u, err := url.Parse(asked)
	if err != nil || !u.IsAbs() || strings.Contains(asked, "#") || registered != "" && asked != registered {
		return oauthv2Destination{}, r.invalid.New("redirect_uri", asked)
	}
	return oauthv2Destination{asked, asked}, nil
}

// oauthv2WithQuery appends parameters that are not empty to an address.
func oauthv2WithQuery(address string, pairs ...string) string {
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return oauthv2WithPairs(address, sign, pairs)
}

func oauthv2WithPairs(address, sign string, pairs []string) string {
	var b strings.Builder
	b.WriteString(address)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			b.WriteString(sign + pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
			sign = "&"
		}
	}
	return b.String()
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
