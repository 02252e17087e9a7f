package policies

import (
	"context"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// oauthv2Implicit is GenerateAccessTokenImplicitGrant: an access token straight
// from the authorization endpoint, in the fragment of the redirect (RFC 6749 4.2).
type oauthv2Implicit struct {
	oauthv2
	oauthv2Issuer
	client       oauthv2Client
	responseType oauthv2Param
	state        oauthv2Param
	redirect     oauthv2Redirect

	noResponseType, notToken *faults.Def
}

func compileOAuthV2Implicit(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	return newOAuthV2Implicit(b, el, p, compileOAuthV2Issuer(b, el, p, oauthv2AccessLife))
}

func newOAuthV2Implicit(b *flow.Build, el *etree.Element, p oauthv2, i oauthv2Issuer) *oauthv2Implicit {
	const operation = "GenerateAccessTokenImplicitGrant"
	return &oauthv2Implicit{
		oauthv2:        p,
		oauthv2Issuer:  i,
		client:         compileOAuthV2Public(b, el, operation),
		responseType:   compileOAuthV2Param(b, el, "ResponseType", "request.queryparam.response_type", "request.formparam.response_type"),
		state:          compileOAuthV2Param(b, el, "State", "request.queryparam.state", "request.formparam.state"),
		redirect:       compileOAuthV2Redirect(b, el, operation),
		noResponseType: b.Fault("invalid_request/" + operation + "/The request is missing a required parameter : response_type"),
		notToken:       b.Fault("invalid_request/" + operation + "/Response type must be token"),
	}
}

func (p *oauthv2Implicit) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.failed(x, p.grant(ctx, x))
}

func (p *oauthv2Implicit) grant(ctx context.Context, x *flow.Exchange) error {
	switch kind := p.responseType.choice(x, "token"); kind {
	case "token":
	case "":
		return p.noResponseType.New()
	default:
		return p.notToken.New()
	}
	h, err := p.client.known(x)
	if err != nil {
		return err
	}
	to, err := p.redirect.where(x, h)
	if err != nil {
		return err
	}
	made, err := p.issue(ctx, x, oauthv2Grant{holder: h, grantType: "implicit", scopes: p.grantedScopes(x, h)})
	if err != nil {
		return err
	}
	oauthv2Put(x, "oauthv2accesstoken."+p.name+".", p.fields(x, made), made.token.Attributes)
	p.oauthv2Answers.redirect(x, p.location(x, to.address, made))
	return nil
}

func (p *oauthv2Implicit) location(x *flow.Exchange, address string, made *oauthv2Issued) string {
	lifetime := ""
	if made.token.ExpiresAt.Set() {
		lifetime = oauthv2Seconds(x, made.token.ExpiresAt)
	}
	return oauthv2WithPairs(address, "#", []string{
		"access_token", made.access, "token_type", made.token.TokenType, "expires_in", lifetime,
		"scope", strings.Join(made.token.Scopes, " "), "state", p.state.value(x),
	})
}
