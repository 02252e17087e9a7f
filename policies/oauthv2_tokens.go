package policies

import (
	"context"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Tokens is InvalidateToken and ValidateToken: they revoke tokens and
// approve them again.
type oauthv2Tokens struct {
	oauthv2
	status string // that the tokens get
	tokens []oauthv2Token

	unresolved, wrongType, unknown, unknownRefresh *faults.Def
}

// oauthv2Token is one <Token>.
type oauthv2Token struct {
	kind    entity.TokenKind // "" for a type that there is not
	text    *flow.Name
	cascade bool // its refresh or access token too
}

func compileOAuthV2Tokens(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	t := &oauthv2Tokens{
		oauthv2:        p,
		status:         "revoked",
		unresolved:     b.Fault("FailedToResolveToken"),
		wrongType:      b.Fault("InvalidTokenType"),
		unknown:        b.Fault("invalid_access_token"),
		unknownRefresh: b.Fault("invalid_request/RefreshAccessToken/Invalid Refresh Token"),
	}
	if b.Text(el, "Operation") == "ValidateToken" {
		t.status = "approved"
	}
	list := oauthv2All(el, "Tokens", "Token")
	if len(list) == 0 {
		b.Refuse(el, "TokenValueRequired")
	}
	for _, at := range list {
		text := flow.TextOf(at)
		if text == "" {
			b.Refuse(at, "TokenValueRequired")
			continue
		}
		t.tokens = append(t.tokens, oauthv2Token{oauthv2Kind(b, at), b.Name(text), b.BoolAttr(at, "cascade", false)})
	}
	return t
}

// oauthv2Kind is the type attribute. An unknown one is a fault at each request
// (InvalidTokenType, documented as a runtime fault).
func oauthv2Kind(b *flow.Build, at *etree.Element) entity.TokenKind {
	switch kind := b.Attr(at, "type"); strings.ToLower(kind) {
	case "accesstoken":
		return entity.AccessToken
	case "refreshtoken":
		return entity.RefreshToken
	default:
		b.Warn(at, "InvalidTokenType", "token type "+kind+" is neither accesstoken nor refreshtoken: every request fails", `write type="accesstoken"`)
		return ""
	}
}

func (p *oauthv2Tokens) Execute(ctx context.Context, x *flow.Exchange) error {
	for i := range p.tokens {
		if err := p.set(ctx, x, &p.tokens[i]); err != nil {
			return p.failed(x, err)
		}
	}
	return nil
}

func (p *oauthv2Tokens) set(ctx context.Context, x *flow.Exchange, which *oauthv2Token) error {
	text := x.Get(which.text).String()
	switch {
	case which.kind == "":
		return p.wrongType.New()
	case text == "":
		return p.unresolved.New("variable", which.text.String())
	}
	t, err := oauthv2Find(ctx, x, which.kind, text)
	if err != nil {
		return err
	}
	if t == nil {
		return p.notFound(ctx, x, which.kind, text)
	}
	if err := oauthv2SetStatus(ctx, x, text, t, p.status); err != nil || !which.cascade {
		return err
	}
	other := oauthv2OtherKind(which.kind)
	partner := oauthv2Open(text, t.Partner)
	if t, err = oauthv2Find(ctx, x, other, partner); err != nil || t == nil {
		return err
	}
	return oauthv2SetStatus(ctx, x, partner, t, p.status)
}

// notFound tells a token of the other type from one that nobody knows.
func (p *oauthv2Tokens) notFound(ctx context.Context, x *flow.Exchange, kind entity.TokenKind, text string) error {
	t, err := oauthv2Find(ctx, x, oauthv2OtherKind(kind), text)
	switch {
	case err != nil:
		return err
	case t != nil:
		return p.wrongType.New()
	case kind == entity.RefreshToken:
		return p.unknownRefresh.New()
	}
	return p.unknown.New()
}

func oauthv2OtherKind(kind entity.TokenKind) entity.TokenKind {
	if kind == entity.AccessToken {
		return entity.RefreshToken
	}
	return entity.AccessToken
}

// oauthv2SetStatus gives a stored token a status. A refresh token that was used
// stays used: to approve it again would make it good for a second use.
func oauthv2SetStatus(ctx context.Context, x *flow.Exchange, text string, t *entity.Token, status string) error {
	return oauthv2Change(ctx, x, text, t, func(t *entity.Token) bool {
		if t.Status == "used" || oauthv2Status(t.Status) == status {
			return false
		}
		t.Status = status
		return true
	})
}

// oauthv2MaxTries bounds how often a change is tried again when others change the
// same token at the same time.
const oauthv2MaxTries = 5

// oauthv2Change changes a stored token, and reads it anew when somebody else was
// faster. change reports whether there is anything to write.
func oauthv2Change(ctx context.Context, x *flow.Exchange, text string, t *entity.Token, change func(*entity.Token) bool) error {
	var err error
	for range oauthv2MaxTries {
		if t == nil || !change(t) {
			return nil
		}
		if err = x.Services.Tokens.Save(ctx, text, t); !errors.Is(err, flow.ErrConflict) {
			return err
		}
		var found error
		if t, found = oauthv2Find(ctx, x, t.Kind, text); found != nil {
			return found
		}
	}
	return err
}
