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
	Name:    "RevokeOAuthV2",
	Group:   "security",
	Waits:   true,
	Compile: compileRevokeOAuthV2,
	Doc: flow.Doc{
		Title: "revokes the access tokens of an app, of an end user, or of an end user in an app",
		Text: `AppId and EndUserId say whose tokens, at least one is needed; an end user is known when the policy that issued the
token had AppEndUser. RevokeBeforeTimestamp is a time in milliseconds since 1970: tokens that were issued before it are
revoked, without it all that there are now. Cascade revokes refresh tokens too.`,
		Sample: `<RevokeOAuthV2 name="OA-Revoke">
  <AppId ref="request.queryparam.app"/>
  <EndUserId ref="request.queryparam.enduser"/>
  <RevokeBeforeTimestamp ref="request.queryparam.before"/>
  <Cascade>true</Cascade>
</RevokeOAuthV2>`,
	},
})

type oauthv2Revoke struct {
	name    string
	app     *flow.TextOrRef
	endUser *flow.TextOrRef
	before  *flow.TextOrRef
	cascade bool

	nobody, unknownApp *faults.Def
}

func compileRevokeOAuthV2(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, "AppId", "EndUserId", "RevokeBeforeTimestamp", "Cascade")
	p := &oauthv2Revoke{
		name:    b.Owner,
		app:     b.TextOrRef(b.Child(el, "AppId")),
		endUser: b.TextOrRef(b.Child(el, "EndUserId")),
		before:  b.TextOrRef(b.Child(el, "RevokeBeforeTimestamp")),
		cascade: b.Bool(el, "Cascade", false),

		nobody:     b.Fault("EmptyAppAndEndUserId"),
		unknownApp: b.Fault("app_id_not_found"),
	}
	if p.app == nil && p.endUser == nil {
		b.RefuseText(el, "MissingElement", "neither AppId nor EndUserId is given", `add <AppId ref="..."/> or <EndUserId ref="..."/>`)
	}
	if p.before != nil && p.before.Text != "" {
		if _, ok := oauthv2Moment(p.before.Text); !ok {
			b.RefuseText(b.Child(el, "RevokeBeforeTimestamp"), "InvalidValue", strconv.Quote(p.before.Text)+" is no time in milliseconds since 1970", "write 1767323045000")
		}
	}
	return p
}

func (p *oauthv2Revoke) Execute(ctx context.Context, x *flow.Exchange) error {
	return oauthv2Told(x, p.name, p.revoke(ctx, x))
}

func (p *oauthv2Revoke) revoke(ctx context.Context, x *flow.Exchange) error {
	app, _ := p.app.Value(x)
	user, _ := p.endUser.Value(x)
	r := entity.Revocation{AppID: app.String(), EndUser: user.String(), Cascade: p.cascade}
	p.until(x, &r)
	if broken := x.Err(); broken != nil {
		return broken
	}
	switch {
	case r.AppID == "" && r.EndUser == "":
		return p.nobody.New()
	case r.AppID != "" && x.Services.Entities.App(r.AppID) == nil:
		return p.unknownApp.New()
	}
	return x.Services.Tokens.Revoke(ctx, r)
}

// until sets the time up to which tokens are revoked: the given one, or now. A
// variable that is no time counts as none, which revokes more and not less.
func (p *oauthv2Revoke) until(x *flow.Exchange, r *entity.Revocation) {
	r.RevokedUntil(x.Now())
	if v, ok := p.before.Value(x); ok {
		if m, ok := oauthv2Moment(v.String()); ok {
			r.Before, r.Nanos = m, 0
		}
	}
}

func oauthv2Moment(text string) (entity.Millis, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return entity.Millis(n), err == nil && n > 0
}
