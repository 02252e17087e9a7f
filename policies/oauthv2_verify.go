package policies

import (
	"context"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Verify is VerifyAccessToken.
type oauthv2Verify struct {
	oauthv2
	bearer    oauthv2Bearer
	admission oauthv2Admission

	expired, notApproved *faults.Def
}

func compileOAuthV2Verify(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	p.challenge = true
	oauthv2CheckCacheExpiry(b, el)
	return &oauthv2Verify{
		oauthv2:     p,
		bearer:      compileOAuthV2Bearer(b, el),
		admission:   compileOAuthV2Admission(b, el),
		expired:     b.Fault("access_token_expired"),
		notApproved: b.Fault("access_token_not_approved"),
	}
}

// oauthv2CheckCacheExpiry checks an element that has no effect, see Doc.Text.
func oauthv2CheckCacheExpiry(b *flow.Build, el *etree.Element) {
	at := b.Child(el, "CacheExpiryInSeconds")
	b.Ref(at, "ref")
	b.Int(el, "CacheExpiryInSeconds", 0, -1)
}

func (p *oauthv2Verify) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.failed(x, p.verify(ctx, x))
}

func (p *oauthv2Verify) verify(ctx context.Context, x *flow.Exchange) error {
	text, err := p.bearer.token(x)
	if err != nil {
		return err
	}
	t, err := oauthv2Find(ctx, x, entity.AccessToken, text)
	switch {
	case err != nil:
		return err
	case t == nil:
		return p.admission.unknown.New()
	case t.Expired(x.Now()):
		return p.expired.New()
	case !t.Approved():
		return p.notApproved.New()
	}
	if err := p.admission.admit(x, t); err != nil {
		return err
	}
	oauthv2PutToken(x, text, t)
	return nil
}

// oauthv2Bearer finds the access token of a request: after a prefix in the
// Authorization header, or where AccessToken says.
type oauthv2Bearer struct {
	from   oauthv2Param
	prefix string // with the blank after it; "" for none

	absent, unresolved *faults.Def
}

func compileOAuthV2Bearer(b *flow.Build, el *etree.Element) oauthv2Bearer {
	t := oauthv2Bearer{
		from:       compileOAuthV2Param(b, el, "AccessToken"),
		prefix:     b.Text(el, "AccessTokenPrefix"),
		absent:     b.Fault("oauth.v2.InvalidAccessToken"),
		unresolved: b.Fault("FailedToResolveAccessToken"),
	}
	if t.from.named == nil {
		t.from.named = b.Name("request.header.authorization")
		if t.prefix == "" {
			t.prefix = "Bearer"
		}
	}
	if t.prefix != "" {
		t.prefix += " "
	}
	return t
}

// token is the bare token. The letter case of the prefix does not count, as in
// every authentication scheme.
func (t *oauthv2Bearer) token(x *flow.Exchange) (string, error) {
	text := oauthv2Unquoted(x.Get(t.from.named).String())
	if text == "" && t.from.ofBundle() {
		return "", t.unresolved.New("variable", t.from.text)
	}
	if len(text) < len(t.prefix) || !strings.EqualFold(text[:len(t.prefix)], t.prefix) {
		return "", t.absent.New()
	}
	if text = strings.TrimSpace(text[len(t.prefix):]); text == "" {
		return "", t.absent.New()
	}
	return text, nil
}

// oauthv2Admission decides whether a good token is good for this request, and
// tells whose it is.
type oauthv2Admission struct {
	scopes    []string
	required  string // the scopes as they are written
	identity  *identityVariables
	states    oauthv2States
	unknown   *faults.Def
	noProduct *faults.Def
	tooNarrow *faults.Def
}

func compileOAuthV2Admission(b *flow.Build, el *etree.Element) oauthv2Admission {
	a := oauthv2Admission{
		scopes:    oauthv2Words(b.Text(el, "Scope")),
		identity:  newIdentityVariables("", "oauthv2accesstoken."+b.Owner+"."),
		states:    compileOAuthV2States(b),
		unknown:   b.Fault("invalid_access_token"),
		noProduct: b.Fault("InvalidAPICallAsNoApiProductMatchFound"),
		tooNarrow: b.Fault("InsufficientScope"),
	}
	a.required = strings.Join(a.scopes, " ")
	return a
}

// admit checks app and developer, then the product, then the scope (policies-2.md
// 8.3). A token whose app is gone is unknown.
func (a *oauthv2Admission) admit(x *flow.Exchange, t *entity.Token) error {
	h, ok := x.Services.Entities.Holder(t.ClientID)
	if !ok {
		return a.unknown.New()
	}
	if err := a.states.check(x, h); err != nil {
		return err
	}
	m, ok := oauthv2Match(x, h, t)
	if !ok {
		return a.noProduct.New()
	}
	if !a.wide(t) {
		return a.tooNarrow.New("scopes", a.required)
	}
	a.identity.set(x, h, m)
	return nil
}

// wide reports whether the token has one of the required scopes. The page is read
// as if it wanted all of them; the official samples' tests pass with one.
func (a *oauthv2Admission) wide(t *entity.Token) bool {
	if len(a.scopes) == 0 {
		return true
	}
	for _, s := range a.scopes {
		if slices.Contains(t.Scopes, s) {
			return true
		}
	}
	return false
}

// oauthv2Match finds the product, of those that the token was issued for, that
// lets this request through.
func oauthv2Match(x *flow.Exchange, h entity.Holder, t *entity.Token) (entity.Match, bool) {
	payload, _ := x.Held(identityPayload)
	call := entity.Call{
		Environment: x.Proxy.Environment, Proxy: x.Proxy.Name, BasePath: x.Proxy.BasePath,
		Suffix: x.Path.Suffix, Method: x.Request.Method, Operation: payload.String(),
	}
	return h.Match(call, func(p *entity.Product) bool { return slices.Contains(t.Products, p.Name) })
}

// oauthv2PutToken sets the variables of a token that was verified (policies-2.md
// 8.4); those of its app, developer and product are set before.
func oauthv2PutToken(x *flow.Exchange, text string, t *entity.Token) {
	for _, a := range t.Attributes {
		x.Put("accesstoken."+a.Name, flow.Text(a.Value))
	}
	x.Put("organization_name", flow.Text(x.Proxy.Organization))
	x.Put("access_token", flow.Text(text))
	x.Put(identityApigeeToken, flow.Text(text))
	x.Put("grant_type", flow.Text(t.GrantType))
	x.Put("token_type", flow.Text(t.TokenType))
	x.Put("status", flow.Text(oauthv2Status(t.Status)))
	x.Put("scope", flow.Text(strings.Join(t.Scopes, " ")))
	x.Put("issued_at", flow.Text(oauthv2Number(t.IssuedAt)))
	x.Put("expires_in", flow.Text(oauthv2Seconds(x, t.ExpiresAt)))
	if t.EndUser != "" {
		x.Put("app_enduser", flow.Text(t.EndUser)) // the name is recalled
	}
}
