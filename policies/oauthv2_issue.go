package policies

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Issuer makes access and refresh tokens, for all operations that do.
type oauthv2Issuer struct {
	policy        string
	rfc           bool
	expiry        oauthv2Expiry
	refreshExpiry oauthv2Expiry
	attributes    []oauthv2Attribute
	scope         oauthv2Param
	endUser       *flow.Name
	outside       oauthv2Outside
	forget        bool           // StoreToken is false: what is issued is only told
	jwt           *oauthv2Signer // of JWT access tokens; nil for opaque ones
}

// compileOAuthV2Issuer reads what the issuing operations share; life is how long
// what they issue is good for without ExpiresIn.
func compileOAuthV2Issuer(b *flow.Build, el *etree.Element, p oauthv2, life time.Duration) oauthv2Issuer {
	i := oauthv2Issuer{
		policy:        p.name,
		rfc:           p.rfc,
		expiry:        compileOAuthV2Expiry(b, el, "ExpiresIn", life),
		refreshExpiry: compileOAuthV2Expiry(b, el, "RefreshTokenExpiresIn", oauthv2RefreshLife),
		attributes:    compileOAuthV2Attributes(b, el),
		scope:         compileOAuthV2Param(b, el, "Scope", "request.formparam.scope", "request.queryparam.scope"),
		outside:       compileOAuthV2Outside(b, el),
		forget:        strings.EqualFold(b.Text(el, "StoreToken"), "false"),
	}
	if text := b.Text(el, "AppEndUser"); text != "" {
		i.endUser = b.Name(text)
	}
	if strings.Contains(b.Text(el, "Operation"), "JWT") {
		i.jwt = compileOAuthV2Signer(b, el)
	}
	return i
}

// oauthv2Grant is what somebody is entitled to.
type oauthv2Grant struct {
	holder       entity.Holder
	grantType    string
	scopes       []string
	endUser      string
	attributes   []entity.TokenAttribute // of the code or token that it comes from
	refreshable  bool                    // a refresh token comes with it
	refreshCount int
	kept         *oauthv2Kept // the refresh token that stays
}

// oauthv2Kept is a refresh token that is used again (ReuseRefreshToken).
type oauthv2Kept struct {
	text  string
	token *entity.Token
}

// oauthv2Issued is what came of a grant.
type oauthv2Issued struct {
	access  string
	refresh string // "" for none
	token   *entity.Token
	holder  entity.Holder
}

// ready reports what would keep a token from being issued, before a code or a
// refresh token is spent for it.
func (i *oauthv2Issuer) ready(x *flow.Exchange) error {
	if _, err := i.outside.texts(x); err != nil || i.jwt == nil {
		return err
	}
	_, err := i.jwt.key.read(x)
	return err
}

// issue makes the tokens and stores them: the refresh token first, since it is
// worth nothing to anybody as long as no answer has it.
func (i *oauthv2Issuer) issue(ctx context.Context, x *flow.Exchange, g oauthv2Grant) (*oauthv2Issued, error) {
	texts, err := i.outside.texts(x)
	if err != nil {
		return nil, err
	}
	made := &oauthv2Issued{token: i.token(x, g), holder: g.holder, access: texts.access}
	if g.refreshable {
		made.refresh = texts.refresh
	}
	if err := i.nameTexts(x, g, made); err != nil {
		return nil, err
	}
	if made.refresh != "" {
		if err := i.storeRefresh(ctx, x, g, made, texts); err != nil {
			return nil, err
		}
	}
	return made, i.storeAccess(ctx, x, made, texts)
}

// nameTexts gives the tokens that no outside system named their texts.
func (i *oauthv2Issuer) nameTexts(x *flow.Exchange, g oauthv2Grant, made *oauthv2Issued) (err error) {
	switch {
	case g.kept != nil:
		made.refresh = g.kept.text
	case g.refreshable && made.refresh == "":
		made.refresh = oauthv2Text(oauthv2RefreshLength)
	}
	switch {
	case made.access != "":
	case i.jwt != nil:
		made.access, err = i.jwt.sign(x, made)
	default:
		made.access = oauthv2Text(oauthv2AccessLength)
	}
	return err
}

// token is the access token of a grant, without its refresh token.
func (i *oauthv2Issuer) token(x *flow.Exchange, g oauthv2Grant) *entity.Token {
	now := x.Now()
	t := &entity.Token{
		Kind: entity.AccessToken, Status: "approved", TokenType: "BearerToken", GrantType: g.grantType,
		ClientID: g.holder.Credential.ConsumerKey, AppID: g.holder.App.ID, EndUser: g.endUser,
		Scopes: g.scopes, Products: oauthv2ProductNames(g.holder), ExpiresAt: i.expiry.from(x, now),
		RefreshCount: g.refreshCount, Attributes: g.attributes,
	}
	t.Issue(now)
	if i.rfc {
		t.TokenType = "Bearer"
	}
	if g.holder.Developer != nil {
		t.DeveloperID = g.holder.Developer.ID
	}
	if i.endUser != nil {
		if text := x.Get(i.endUser).String(); text != "" {
			t.EndUser = text
		}
	}
	oauthv2Attributes(x, i.attributes, t)
	return t
}

func oauthv2ProductNames(h entity.Holder) []string {
	var names []string
	for _, p := range h.Products() {
		names = append(names, p.Name)
	}
	return names
}

// storeRefresh stores the refresh token and notes it in the access token.
func (i *oauthv2Issuer) storeRefresh(ctx context.Context, x *flow.Exchange, g oauthv2Grant, made *oauthv2Issued, texts oauthv2Texts) (err error) {
	r := made.token.Clone()
	r.Kind, r.ExpiresAt = entity.RefreshToken, i.refreshExpiry.from(x, x.Now())
	if g.kept != nil {
		r.Revision, r.IssuedAt, r.IssuedNanos, r.ExpiresAt = g.kept.token.Revision, g.kept.token.IssuedAt, g.kept.token.IssuedNanos, g.kept.token.ExpiresAt
	}
	t := made.token
	t.RefreshIssuedAt, t.RefreshExpiresAt, t.RefreshStatus = r.IssuedAt, r.ExpiresAt, "approved"
	if t.Partner, err = oauthv2Seal(made.access, made.refresh); err != nil {
		return err
	}
	if r.Partner, err = oauthv2Seal(made.refresh, made.access); err != nil {
		return err
	}
	switch {
	case texts.refresh != "":
		return i.outside.store(ctx, x, made.refresh, r)
	case i.forget:
		return nil
	}
	return x.Services.Tokens.Save(ctx, made.refresh, r)
}

// storeAccess stores the access token; a JWT is not stored, it speaks for itself.
// StoreToken is documented for imported tokens, where its default is false; an official
// sample writes false to check a secret "without storing the generated access token".
func (i *oauthv2Issuer) storeAccess(ctx context.Context, x *flow.Exchange, made *oauthv2Issued, texts oauthv2Texts) error {
	switch {
	case texts.access != "":
		return i.outside.store(ctx, x, made.access, made.token)
	case i.jwt != nil, i.forget:
		return nil
	}
	return x.Services.Tokens.Save(ctx, made.access, made.token)
}

// grantedScopes are the scopes of the holder's products, or those of them that
// the request asks for (policies-2.md 8.2).
func (i *oauthv2Issuer) grantedScopes(x *flow.Exchange, h entity.Holder) []string {
	var offered []string
	for _, p := range h.Products() {
		offered = oauthv2AddNew(offered, p.Scopes...)
	}
	asked := oauthv2Words(i.scope.value(x))
	if len(asked) == 0 {
		return offered
	}
	var granted []string
	for _, s := range asked {
		if slices.Contains(offered, s) {
			granted = append(granted, s)
		}
	}
	return granted
}

// oauthv2Find is Find for a token that is not deleted.
func oauthv2Find(ctx context.Context, x *flow.Exchange, kind entity.TokenKind, text string) (*entity.Token, error) {
	if text == "" || len(text) > oauthv2MaxText {
		return nil, nil
	}
	t, err := x.Services.Tokens.Find(ctx, kind, text)
	if err != nil || t == nil || t.Status == "deleted" {
		return nil, err
	}
	return t, nil
}

// oauthv2Spend makes the token that was found used, so that it is good for nobody
// else; taken is the fault when somebody was faster.
func oauthv2Spend(ctx context.Context, x *flow.Exchange, text string, t *entity.Token, taken *faults.Def) error {
	t.Status = "used"
	err := x.Services.Tokens.Save(ctx, text, t)
	if errors.Is(err, flow.ErrConflict) {
		return taken.New()
	}
	return err
}
