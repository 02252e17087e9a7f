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

// oauthv2Generate is GenerateAccessToken: the token endpoint.
type oauthv2Generate struct {
	oauthv2
	oauthv2Issuer
	client       oauthv2Client
	grants       []string // SupportedGrantTypes
	grantType    oauthv2Param
	responseType oauthv2Param
	user         oauthv2Param
	password     oauthv2Param
	redeem       oauthv2Redeem
	implicit     *oauthv2Implicit

	unsupported, noGrantType, noGrantForToken, noUser, noPassword *faults.Def
}

var oauthv2GrantTypes = []string{"client_credentials", "password", "authorization_code", "implicit"}

func compileOAuthV2Generate(b *flow.Build, el *etree.Element, p oauthv2) flow.Policy {
	const invalid = "invalid_request/GenerateAccessToken/"
	g := &oauthv2Generate{
		oauthv2:       p,
		oauthv2Issuer: compileOAuthV2Issuer(b, el, p, oauthv2AccessLife),
		client:        compileOAuthV2Secret(b, el, p.oauthv2Answers),
		grants:        compileOAuthV2Grants(b, el),
		grantType:     compileOAuthV2Param(b, el, "GrantType", "request.formparam.grant_type"),
		responseType:  compileOAuthV2Param(b, el, "ResponseType", "request.formparam.response_type", "request.queryparam.response_type"),
		user:          compileOAuthV2Param(b, el, "UserName", "request.formparam.username"),
		password:      compileOAuthV2Param(b, el, "PassWord", "request.formparam.password"),
		redeem:        compileOAuthV2Redeem(b, el),

		unsupported:     b.Fault("UnSupportedGrantType"),
		noGrantType:     b.Fault(invalid + "Required param : grant_type"),
		noGrantForToken: b.Fault("MissingParameter"),
		noUser:          b.Fault(invalid + "Required param : username"),
		noPassword:      b.Fault(invalid + "Required param : password"),
	}
	if slices.Contains(g.grants, "implicit") {
		g.implicit = newOAuthV2Implicit(b, el, p, g.oauthv2Issuer)
	}
	return g
}

// compileOAuthV2Grants reads SupportedGrantTypes. Without it, authorization_code
// and implicit are supported (policies-2.md 8.1, documented).
func compileOAuthV2Grants(b *flow.Build, el *etree.Element) []string {
	var grants []string
	for _, at := range oauthv2All(el, "SupportedGrantTypes", "GrantType") {
		grant := strings.ToLower(flow.TextOf(at))
		if !slices.Contains(oauthv2GrantTypes, grant) {
			b.Refuse(at, "InvalidGrantType", "grant_type", flow.TextOf(at))
		}
		grants = append(grants, grant)
	}
	if grants == nil {
		grants = []string{"authorization_code", "implicit"}
	}
	return grants
}

func (p *oauthv2Generate) Execute(ctx context.Context, x *flow.Exchange) error {
	return p.failed(x, p.generate(ctx, x))
}

func (p *oauthv2Generate) generate(ctx context.Context, x *flow.Exchange) error {
	grant := p.grantType.choice(x, oauthv2GrantTypes...)
	switch {
	case grant == "" && p.responseType.choice(x, "token") == "token":
		return p.noGrantForToken.New()
	case grant == "":
		return p.noGrantType.New()
	case !slices.Contains(p.grants, grant):
		return p.unsupported.New("grant_type", grant)
	case grant == "implicit":
		return p.implicit.grant(ctx, x)
	}
	h, err := p.client.authenticate(x)
	if err != nil {
		return err
	}
	if err := p.ready(x); err != nil {
		return err
	}
	g, err := p.entitled(ctx, x, grant, h)
	if err != nil {
		return err
	}
	made, err := p.issue(ctx, x, g)
	if err != nil {
		return err
	}
	p.tell(x, p.oauthv2Answers, made)
	return nil
}

// entitled is what the grant entitles the client to. Whether a user's password is
// right the bundle has checked before.
func (p *oauthv2Generate) entitled(ctx context.Context, x *flow.Exchange, grant string, h entity.Holder) (oauthv2Grant, error) {
	if grant == "authorization_code" {
		return p.redeem.code(ctx, x, h)
	}
	g := oauthv2Grant{holder: h, grantType: grant, scopes: p.grantedScopes(x, h)}
	if grant == "client_credentials" {
		return g, nil
	}
	g.refreshable = true
	if p.user.value(x) == "" {
		return g, p.noUser.New()
	}
	if p.password.value(x) == "" {
		return g, p.noPassword.New()
	}
	return g, nil
}

// tell sets the variables and answers.
func (i *oauthv2Issuer) tell(x *flow.Exchange, a oauthv2Answers, made *oauthv2Issued) {
	a.respond(x, i.put(x, made))
}

// put sets the variables, and returns those that an answer may have.
func (i *oauthv2Issuer) put(x *flow.Exchange, made *oauthv2Issued) []oauthv2Field {
	fields := i.fields(x, made)
	oauthv2Put(x, "oauthv2accesstoken."+i.policy+".", fields, made.token.Attributes)
	identityPutApigee(x, made.holder)
	x.Put(identityApigeeToken, flow.Text(made.access))
	return fields
}
