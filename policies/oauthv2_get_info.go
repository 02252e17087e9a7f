package policies

import (
	"context"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

var _ = register(flow.Kind{
	Name:    "GetOAuthV2Info",
	Group:   "security",
	Waits:   true,
	Compile: compileGetOAuthV2Info,
	Doc: flow.Doc{
		Title: "sets variables from what is known of a token, a code or a client",
		Text: `One of AccessToken, RefreshToken, AuthorizationCode and ClientId says which: ref names a variable, the text is the
value itself. The variables are oauthv2accesstoken.POLICY.*, oauthv2refreshtoken.POLICY.*, oauthv2authcode.POLICY.* and
oauthv2client.POLICY.*; attributes of tokens have their name there, and also accesstoken.NAME. An access token, a refresh
token and a client also set apigee.client_id, apigee.developer.app.name, email and id; an access token apigee.access_token
and apigee.apiproduct.name.

An access token must be valid, and one of its products must have this proxy and path; IgnoreAccessTokenStatus also
tells of one that is expired or revoked.`,
		Sample: `<GetOAuthV2Info name="OA-Token-Info">
  <AccessToken ref="request.formparam.access_token"/>
  <IgnoreAccessTokenStatus>false</IgnoreAccessTokenStatus>
</GetOAuthV2Info>`,
	},
})

// oauthv2Info is GetOAuthV2Info: one of these four.
type oauthv2Info struct {
	name   string
	what   *flow.TextOrRef
	tell   func(context.Context, *flow.Exchange, string) error
	ignore bool // IgnoreAccessTokenStatus

	unknown, expired, noProduct *faults.Def
}

func compileGetOAuthV2Info(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "AccessToken", "AuthorizationCode", "ClientId", "RefreshToken", "IgnoreAccessTokenStatus", "Attributes")
	p := &oauthv2Info{
		name:      b.Owner,
		ignore:    b.Bool(el, "IgnoreAccessTokenStatus", false),
		noProduct: b.Fault("InvalidAPICallAsNoApiProductMatchFound"),
	}
	at := oauthv2Only(b, el, "AccessToken", "AuthorizationCode", "ClientId", "RefreshToken")
	p.what = b.TextOrRef(at)
	switch {
	case at == nil: // where the page's table of defaults has it
		p.what = &flow.TextOrRef{Ref: b.Name("request.formparam.access_token")}
		p.tell, p.unknown, p.expired = p.access, b.Fault("invalid_access_token"), b.Fault("access_token_expired")
	case at.Tag == "AccessToken":
		p.tell, p.unknown, p.expired = p.access, b.Fault("invalid_access_token"), b.Fault("access_token_expired")
	case at.Tag == "AuthorizationCode":
		p.tell, p.unknown, p.expired = p.code, b.Fault("invalid_request-authorization_code_invalid"), b.Fault("authorization_code_expired")
	case at.Tag == "RefreshToken":
		p.tell, p.unknown, p.expired = p.refresh, b.Fault("invalid_refresh_token"), b.Fault("refresh_token_expired")
	default:
		p.tell, p.unknown = p.client, b.Fault("invalid_client-invalid_client_id")
	}
	return p
}

// oauthv2Only is the one of these children that there is; two are refused
// (InvalidParameter is documented, though as a runtime fault of OAuthV2).
func oauthv2Only(b *flow.Build, el *etree.Element, tags ...string) *etree.Element {
	var only *etree.Element
	for _, tag := range tags {
		switch at := b.Child(el, tag); {
		case at == nil:
		case only == nil:
			only = at
		default:
			b.RefuseText(at, "InvalidParameter", "both "+only.Tag+" and "+tag+" are given", "leave one of them out")
		}
	}
	return only
}

func (p *oauthv2Info) Execute(ctx context.Context, x *flow.Exchange) error {
	v, _ := p.what.Value(x)
	err := p.tell(ctx, x, oauthv2Unquoted(v.String()))
	if broken := x.Err(); broken != nil {
		return broken
	}
	return oauthv2Told(x, p.name, err)
}

// oauthv2Told sets the variables of a failure, when err is a fault.
func oauthv2Told(x *flow.Exchange, policy string, err error) error {
	if f, ok := err.(*faults.Fault); ok {
		oauthv2Tell(x, policy, f)
	}
	return err
}

// valid is the token of that text. One that is not in force, or is over, is the
// fault that says so.
func (p *oauthv2Info) valid(ctx context.Context, x *flow.Exchange, kind entity.TokenKind, text string) (*entity.Token, error) {
	t, err := oauthv2Find(ctx, x, kind, text)
	switch {
	case err != nil:
		return nil, err
	case t == nil || !t.Approved() && !p.ignores(t):
		return nil, p.unknown.New()
	case t.Expired(x.Now()) && !p.ignores(t):
		return nil, p.expired.New()
	}
	return t, nil
}

func (p *oauthv2Info) ignores(t *entity.Token) bool { return p.ignore && t.Kind == entity.AccessToken }

// held is a valid token and whose it is. Without its app a token is unknown.
func (p *oauthv2Info) held(ctx context.Context, x *flow.Exchange, kind entity.TokenKind, text string) (*entity.Token, entity.Holder, error) {
	t, err := p.valid(ctx, x, kind, text)
	if err != nil {
		return nil, entity.Holder{}, err
	}
	h, known := x.Services.Entities.Holder(t.ClientID)
	if !known {
		return nil, entity.Holder{}, p.unknown.New()
	}
	return t, h, nil
}

func (p *oauthv2Info) access(ctx context.Context, x *flow.Exchange, text string) error {
	t, h, err := p.held(ctx, x, entity.AccessToken, text)
	if err != nil {
		return err
	}
	m, ok := oauthv2Match(x, h, t)
	if !ok {
		return p.noProduct.New()
	}
	p.put(x, "oauthv2accesstoken.", h, t, text, oauthv2Open(text, t.Partner))
	x.Put(identityApigeeToken, flow.Text(text))
	x.Put(identityApigeeProduct, flow.Text(m.Product.Name))
	return nil
}

func (p *oauthv2Info) refresh(ctx context.Context, x *flow.Exchange, text string) error {
	t, h, err := p.held(ctx, x, entity.RefreshToken, text)
	if err != nil {
		return err
	}
	own := *t
	own.RefreshIssuedAt, own.RefreshExpiresAt, own.RefreshStatus = t.IssuedAt, t.ExpiresAt, oauthv2Status(t.Status)
	p.put(x, "oauthv2refreshtoken.", h, &own, oauthv2Open(text, t.Partner), text)
	return nil
}

// put sets the variables of a token of h: an access token and a refresh token that
// came together, of which one is t.
func (p *oauthv2Info) put(x *flow.Exchange, prefix string, h entity.Holder, t *entity.Token, access, refresh string) {
	fields := append(oauthv2TokenFields(x, h, t), oauthv2Field{name: "access_token", text: access})
	fields = append(fields, oauthv2PartnerFields(x, refresh, t)...)
	oauthv2Put(x, prefix+p.name+".", oauthv2WithAttributes(fields, t.Attributes), t.Attributes)
	identityPutApigee(x, h)
}

// code answers 404 to a code that is not valid: so do gateways, in the tests of
// the official identity-facade, where the page says 500.
func (p *oauthv2Info) code(ctx context.Context, x *flow.Exchange, text string) error {
	t, err := p.valid(ctx, x, entity.AuthorizationCode, text)
	if err != nil {
		if f, ok := err.(*faults.Fault); ok && f.Def == p.unknown {
			f.Status = 404
		}
		return err
	}
	oauthv2Put(x, "oauthv2authcode."+p.name+".", oauthv2CodeFields(x, text, t), nil)
	return nil
}

func (p *oauthv2Info) client(_ context.Context, x *flow.Exchange, id string) error {
	h, known := x.Services.Entities.Holder(id)
	if !known {
		return p.unknown.New()
	}
	var fields []oauthv2Field
	for _, a := range append(h.App.Attributes[:len(h.App.Attributes):len(h.App.Attributes)], h.Credential.Attributes...) {
		fields = append(fields, oauthv2Field{name: a.Name, text: a.Value})
	}
	fields = append(fields,
		oauthv2Field{name: "client_id", text: h.Credential.ConsumerKey},
		oauthv2Field{name: "client_secret", text: h.Credential.ConsumerSecret},
		oauthv2Field{name: "redirection_uris", text: h.App.CallbackURL})
	oauthv2Put(x, "oauthv2client."+p.name+".", append(fields, oauthv2AppFields(h)...), nil)
	identityPutApigee(x, h)
	return nil
}

// oauthv2TokenFields are the variables of a stored token.
func oauthv2TokenFields(x *flow.Exchange, h entity.Holder, t *entity.Token) []oauthv2Field {
	fields := []oauthv2Field{
		{name: "client_id", text: t.ClientID},
		{name: "scope", text: strings.Join(t.Scopes, " ")},
		{name: "status", text: oauthv2Status(t.Status)},
		{name: "issued_at", text: oauthv2Number(t.IssuedAt)},
		{name: "expires_in", text: oauthv2Seconds(x, t.ExpiresAt)},
		{name: "token_type", text: t.TokenType},
		{name: "grant_type", text: t.GrantType},
		{name: "organization_name", text: x.Proxy.Organization},
		{name: "api_product_list", text: "[" + strings.Join(t.Products, ", ") + "]"},
		{name: "api_product_list_json", text: oauthv2ListText(t.Products)},
		{name: "refresh_count", text: strconv.Itoa(t.RefreshCount)},
		{name: "app_enduser", text: t.EndUser},
		{name: "revoke_reason", text: t.RevokeReason},
	}
	return append(fields, oauthv2AppFields(h)...)
}

// oauthv2PartnerFields are the variables of the refresh token of t.
func oauthv2PartnerFields(x *flow.Exchange, refresh string, t *entity.Token) []oauthv2Field {
	if refresh == "" {
		return []oauthv2Field{{name: "refresh_token_expires_in", text: "0"}}
	}
	return []oauthv2Field{
		{name: "refresh_token", text: refresh},
		{name: "refresh_token_status", text: oauthv2Status(t.RefreshStatus)},
		{name: "refresh_token_issued_at", text: oauthv2Number(t.RefreshIssuedAt)},
		{name: "refresh_token_expires_in", text: oauthv2Seconds(x, t.RefreshExpiresAt)},
	}
}
