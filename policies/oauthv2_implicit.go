package policies

import (
	"context"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

// oauthv2Implicit is GenerateAccessTokenImplicitGrant: an access token straight
// from the authorization endpoint, in the fragment of the redirect (RFC 6749 4.2).
type oauthv2Implicit struct{ oauthv2Endpoint }

func compileOAuthV2Implicit(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	return newOAuthV2Implicit(b, el, p, compileOAuthV2Issuer(b, el, p, oauthv2AccessLife))
}

func newOAuthV2Implicit(b *flow.Build, el *etree.Element, p oauthv2, i oauthv2Issuer) *oauthv2Implicit {
	return &oauthv2Implicit{compileOAuthV2Endpoint(b, el, p, i, "GenerateAccessTokenImplicitGrant", "token")}
}

func (p *oauthv2Implicit) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.failed(x, p.grant(ctx, x))
}

func (p *oauthv2Implicit) grant(ctx context.Context, x *flow.Exchange) error {
	h, to, err := p.asked(x)
	if err != nil {
		return err
	}
	made, err := p.issue(ctx, x, oauthv2Grant{holder: h, grantType: "implicit", scopes: p.grantedScopes(x, h)})
	if err != nil {
		return err
	}
	p.put(x, made)
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
