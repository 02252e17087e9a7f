package policies

import (
	"context"
	"errors"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2MaxText is the longest text of a token: Apigee's bound for imported ones
// is 2 KB (policies-2.md 8.1); signed ones are longer.
const (
	oauthv2MaxText    = 16 << 10
	oauthv2MaxOutside = 2 << 10
)

// oauthv2Outside imports tokens and codes that another system has made
// (ExternalAccessToken, ExternalRefreshToken, ExternalAuthorizationCode).
type oauthv2Outside struct {
	access, refresh, code *flow.Name // nil without the element
	keep                  bool       // StoreToken

	unresolvedAccess, unresolvedCode, both, tooLong, foreign *faults.Def
}

// oauthv2Texts are what the other system calls them; "" for what it did not make.
type oauthv2Texts struct{ access, refresh, code string }

func compileOAuthV2Outside(b *flow.Build, el *etree.Element) oauthv2Outside {
	name := func(element string) *flow.Name {
		if text := b.Text(el, element); text != "" {
			return b.Name(text)
		}
		return nil
	}
	return oauthv2Outside{
		access: name("ExternalAccessToken"), refresh: name("ExternalRefreshToken"), code: name("ExternalAuthorizationCode"),
		keep:             b.Bool(el, "StoreToken", false),
		unresolvedAccess: b.Fault("FailedToResolveAccessToken"),
		unresolvedCode:   b.Fault("FailedToResolveAuthorizationCode"),
		both:             b.Fault("InvalidParameter"),
		tooLong:          b.Fault("invalid_request"),
		foreign:          b.Fault("invalid_access_token"),
	}
}

// texts reads the variables. A refresh token may be missing: not every grant has
// one.
func (o *oauthv2Outside) texts(x *flow.Exchange) (t oauthv2Texts, err error) {
	read := func(n *flow.Name) (text string) {
		if n == nil {
			return ""
		}
		if text = x.Get(n).String(); len(text) > oauthv2MaxOutside {
			f := o.tooLong.New()
			f.Reason = "The token in variable " + n.String() + " is longer than 2048 bytes"
			err = f
		}
		return text
	}
	t = oauthv2Texts{read(o.access), read(o.refresh), read(o.code)}
	switch {
	case err != nil:
	case t.access != "" && t.code != "":
		err = o.both.New()
	case o.access != nil && t.access == "" && t.code == "":
		err = o.unresolvedAccess.New("variable", o.access.String())
	case o.code != nil && t.code == "" && t.access == "":
		err = o.unresolvedCode.New("variable", o.code.String())
	}
	return t, err
}

// store stores an imported token, when StoreToken says so. One that is there
// already is replaced if it is the same client's.
func (o *oauthv2Outside) store(ctx context.Context, x *flow.Exchange, text string, t *entity.Token) error {
	t.External = true
	if !o.keep {
		return nil
	}
	err := x.Services.Tokens.Save(ctx, text, t)
	if !errors.Is(err, flow.ErrConflict) {
		return err
	}
	old, err := x.Services.Tokens.Find(ctx, t.Kind, text)
	if err != nil {
		return err
	}
	if old == nil || old.ClientID != t.ClientID {
		return o.foreign.New()
	}
	t.Revision = old.Revision
	return x.Services.Tokens.Save(ctx, text, t)
}
