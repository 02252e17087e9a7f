package policies

import (
	"context"
	"slices"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

var _ = register(flow.Kind{
	Name:    "SetOAuthV2Info",
	Group:   "security",
	Waits:   true,
	Compile: compileSetOAuthV2Info,
	Doc: flow.Doc{
		Title: "adds attributes to an access token, or changes them",
		Text: `The token must be valid. Attributes are custom ones: what the token is by itself, such as its scope or its lifetime,
stays as it is. The refresh token that came with the access token gets them too, so that they outlive it. Variables:
oauthv2accesstoken.POLICY.*.`,
		Sample: `<SetOAuthV2Info name="OA-Token-Note">
  <AccessToken ref="oauthv2accesstoken.OA-Token.access_token"/>
  <Attributes>
    <Attribute name="department" ref="request.formparam.department">none</Attribute>
  </Attributes>
</SetOAuthV2Info>`,
	},
})

type oauthv2SetInfo struct {
	name       string
	what       *flow.TextOrRef
	attributes []oauthv2Attribute

	unresolved, unknown, expired *faults.Def
}

// oauthv2Own are names that a token has by itself (policies-2.md 9).
var oauthv2Own = []string{"scope", "status", "expires_in", "developer_email", "client_id", "org_name", "refresh_count"}

func compileSetOAuthV2Info(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "AccessToken", "Attributes", "IgnoreUnresolvedVariables")
	at := b.Child(el, "AccessToken")
	if at == nil || b.Attr(at, "ref") == "" && flow.TextOf(at) == "" {
		b.RefuseText(oauthv2Or(at, el), "MissingElement", "element AccessToken is missing or empty", `add <AccessToken ref="..."/>`)
	}
	p := &oauthv2SetInfo{
		name: b.Owner, what: b.TextOrRef(at),
		unresolved: b.Fault("FailedToResolveAccessToken"), unknown: b.Fault("invalid_access_token"), expired: b.Fault("access_token_expired"),
	}
	for _, a := range compileOAuthV2Attributes(b, el) {
		if slices.Contains(oauthv2Own, a.name) {
			b.Warn(el, "FixedAttribute", "attribute "+a.name+" of a token cannot be changed and is ignored", "use a name of your own")
			continue
		}
		p.attributes = append(p.attributes, a)
	}
	return p
}

func (p *oauthv2SetInfo) Execute(ctx context.Context, x *flow.Exchange) error {
	return oauthv2Told(x, p.name, p.set(ctx, x))
}

func (p *oauthv2SetInfo) set(ctx context.Context, x *flow.Exchange) error {
	v, ok := p.what.Value(x)
	text := v.String()
	if broken := x.Err(); broken != nil {
		return broken
	}
	if !ok || text == "" {
		return p.unresolved.New()
	}
	t, err := oauthv2Find(ctx, x, entity.AccessToken, text)
	switch {
	case err != nil:
		return err
	case t == nil || !t.Approved():
		return p.unknown.New()
	case t.Expired(x.Now()):
		return p.expired.New()
	}
	if t, err = p.write(ctx, x, text, t); err != nil {
		return err
	}
	p.tell(x, text, t)
	return nil
}

// write changes the token and its refresh token.
func (p *oauthv2SetInfo) write(ctx context.Context, x *flow.Exchange, text string, t *entity.Token) (*entity.Token, error) {
	written := t
	note := func(t *entity.Token) bool {
		oauthv2Attributes(x, p.attributes, t)
		written = t
		return true
	}
	if err := oauthv2Change(ctx, x, text, t, note); err != nil {
		return nil, err
	}
	result := written
	refresh := oauthv2Open(text, t.Partner)
	r, err := oauthv2Find(ctx, x, entity.RefreshToken, refresh)
	if err != nil {
		return nil, err
	}
	return result, oauthv2Change(ctx, x, refresh, r, note)
}

func (p *oauthv2SetInfo) tell(x *flow.Exchange, text string, t *entity.Token) {
	h, ok := x.Services.Entities.Holder(t.ClientID)
	if !ok {
		return
	}
	fields := append(oauthv2TokenFields(x, h, t), oauthv2Field{name: "access_token", text: text},
		oauthv2Field{name: "refresh_token_expires_in", text: oauthv2Seconds(x, t.RefreshExpiresAt)})
	oauthv2Put(x, "oauthv2accesstoken."+p.name+".", oauthv2WithAttributes(fields, t.Attributes), t.Attributes)
}
