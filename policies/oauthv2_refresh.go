package policies

import (
	"context"
	"errors"
	"slices"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Refresh is RefreshAccessToken: a new access token, which takes the place
// of the one that came with the refresh token.
type oauthv2Refresh struct {
	oauthv2
	oauthv2Issuer
	client    oauthv2Client
	grantType oauthv2Param
	text      oauthv2Param
	reuse     bool // ReuseRefreshToken

	noGrantType, unsupported, unresolved, missing, invalid, expired, scopeTooWide *faults.Def
}

func compileOAuthV2Refresh(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	const invalid = "invalid_request/RefreshAccessToken/"
	return &oauthv2Refresh{
		oauthv2:       p,
		oauthv2Issuer: compileOAuthV2Issuer(b, el, p, oauthv2AccessLife),
		client:        compileOAuthV2Secret(b, el, p.oauthv2Answers),
		grantType:     compileOAuthV2Param(b, el, "GrantType", "request.formparam.grant_type"),
		text:          compileOAuthV2Param(b, el, "RefreshToken", "request.formparam.refresh_token"),
		reuse:         b.Bool(el, "ReuseRefreshToken", false),

		noGrantType:  b.Fault("invalid_request/GenerateAccessToken/Required param : grant_type"),
		unsupported:  b.Fault("UnSupportedGrantType"),
		unresolved:   b.Fault("FailedToResolveRefreshToken"),
		missing:      b.Fault("invalid_request"),
		invalid:      b.Fault(invalid + "Invalid Refresh Token"),
		expired:      b.Fault(invalid + "Refresh Token expired"),
		scopeTooWide: b.Fault(invalid + "Invalid Scope"),
	}
}

func (p *oauthv2Refresh) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.failed(x, p.refresh(ctx, x))
}

func (p *oauthv2Refresh) refresh(ctx context.Context, x *flow.Exchange) error {
	switch grant := p.grantType.choice(x, "refresh_token"); grant {
	case "refresh_token":
	case "":
		return p.noGrantType.New()
	default:
		return p.unsupported.New("grant_type", grant)
	}
	h, err := p.client.authenticate(x)
	if err != nil {
		return err
	}
	text, old, err := p.find(ctx, x, h)
	if err != nil {
		return err
	}
	g, err := p.entitled(x, h, text, old)
	if err != nil {
		return err
	}
	if err := p.ready(x); err != nil {
		return err
	}
	if g.attributes, err = p.retire(ctx, x, text, old); err != nil {
		return err
	}
	made, err := p.issue(ctx, x, g)
	if errors.Is(err, flow.ErrConflict) {
		return p.invalid.New()
	}
	if err != nil {
		return err
	}
	p.tell(x, p.oauthv2Answers, made)
	return nil
}

// find returns the refresh token. One that was used or revoked, and one of
// another client, is as unknown.
func (p *oauthv2Refresh) find(ctx context.Context, x *flow.Exchange, h entity.Holder) (string, *entity.Token, error) {
	text := p.text.value(x)
	switch {
	case text != "":
	case p.text.ofBundle():
		return "", nil, p.unresolved.New("variable", p.text.text)
	default:
		f := p.missing.New()
		f.Reason = "Required param : refresh_token"
		return "", nil, f
	}
	t, err := oauthv2Find(ctx, x, entity.RefreshToken, text)
	switch {
	case err != nil:
		return "", nil, err
	case t == nil || !t.Approved() || t.ClientID != h.Credential.ConsumerKey:
		return "", nil, p.invalid.New()
	case t.Expired(x.Now()):
		return "", nil, p.expired.New()
	}
	return text, t, nil
}

// entitled is what the refresh token entitles to: the scopes that it was given
// for, or those of them that the request asks for.
func (p *oauthv2Refresh) entitled(x *flow.Exchange, h entity.Holder, text string, old *entity.Token) (oauthv2Grant, error) {
	g := oauthv2Grant{
		holder: h, grantType: old.GrantType, scopes: old.Scopes, endUser: old.EndUser,
		refreshable: true, refreshCount: old.RefreshCount + 1,
	}
	if p.reuse {
		g.kept = &oauthv2Kept{text, old}
	}
	asked := oauthv2Words(p.scope.value(x))
	if len(asked) == 0 {
		return g, nil
	}
	for _, s := range asked {
		if !slices.Contains(old.Scopes, s) {
			return g, p.scopeTooWide.New()
		}
	}
	g.scopes = asked
	return g, nil
}

// retire spends the refresh token, unless it stays, and then revokes the access
// token that came with it. It returns the attributes, which SetOAuthV2Info may
// have changed since.
func (p *oauthv2Refresh) retire(ctx context.Context, x *flow.Exchange, text string, old *entity.Token) ([]entity.TokenAttribute, error) {
	if !p.reuse {
		if err := oauthv2Spend(ctx, x, text, old, p.invalid); err != nil {
			return nil, err
		}
	}
	access := oauthv2Open(text, old.Partner)
	t, err := oauthv2Find(ctx, x, entity.AccessToken, access)
	if err != nil || t == nil {
		return old.Attributes, err
	}
	return t.Attributes, oauthv2SetStatus(ctx, x, access, t, "revoked")
}
