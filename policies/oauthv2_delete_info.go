package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

var _ = register(flow.Kind{
	Name:    "DeleteOAuthV2Info",
	Group:   "security",
	Waits:   true,
	Compile: compileDeleteOAuthV2Info,
	Doc: flow.Doc{
		Title: "deletes an access token or an authorization code",
		Text: `AccessToken or AuthorizationCode says which: ref names a variable, the text is the value itself. Nobody finds what
was deleted any more. One of its products must have this proxy and path.`,
		Sample: `<DeleteOAuthV2Info name="OA-Delete-Token">
  <AccessToken ref="request.formparam.access_token"/>
</DeleteOAuthV2Info>`,
	},
})

type oauthv2DeleteInfo struct {
	name string
	what *flow.TextOrRef
	kind entity.TokenKind

	unknown, noProduct *faults.Def
}

func compileDeleteOAuthV2Info(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "AccessToken", "AuthorizationCode", "Attributes")
	p := &oauthv2DeleteInfo{
		name: b.Owner, kind: entity.AccessToken,
		unknown: b.Fault("invalid_access_token"), noProduct: b.Fault("InvalidAPICallAsNoApiProductMatchFound"),
	}
	at := oauthv2Only(b, el, "AccessToken", "AuthorizationCode")
	switch {
	case at == nil:
		b.RefuseText(el, "MissingElement", "neither AccessToken nor AuthorizationCode is given", `add <AccessToken ref="..."/>`)
	case at.Tag == "AuthorizationCode":
		p.kind, p.unknown = entity.AuthorizationCode, b.Fault("invalid_request-authorization_code_invalid")
	}
	p.what = b.TextOrRef(at)
	return p
}

func (p *oauthv2DeleteInfo) Execute(ctx context.Context, x *flow.Exchange) error {
	return oauthv2Told(x, p.name, p.delete(ctx, x))
}

func (p *oauthv2DeleteInfo) delete(ctx context.Context, x *flow.Exchange) error {
	v, _ := p.what.Value(x)
	text := v.String()
	if broken := x.Err(); broken != nil {
		return broken
	}
	t, err := oauthv2Find(ctx, x, p.kind, text)
	if err != nil {
		return err
	}
	if t == nil {
		return p.unknown.New()
	}
	h, known := x.Services.Entities.Holder(t.ClientID)
	if !known {
		return p.unknown.New()
	}
	if _, ok := oauthv2Match(x, h, t); !ok {
		return p.noProduct.New()
	}
	return oauthv2Change(ctx, x, text, t, func(t *entity.Token) bool {
		t.Status, t.Partner, t.Attributes = "deleted", nil, nil
		return true
	})
}
