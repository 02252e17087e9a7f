package policies

import (
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Client finds out which app a request is for, and whether the app sent
// it.
type oauthv2Client struct {
	id            oauthv2Param
	authorization *flow.Name
	secret        *flow.Name

	external *flow.Name // oauth_external_authorization_status, with ExternalAuthorization; else nil

	unresolved *faults.Def // the element's variable is the bundle's, and unset
	missing    *faults.Def
	invalid    *faults.Def
	states     oauthv2States
}

// oauthv2States are the faults of keys that are not in force.
type oauthv2States [entity.DeveloperInactive + 1]*faults.Def

func compileOAuthV2States(b *flow.Build) oauthv2States {
	return oauthv2States{
		entity.CredentialRevoked: b.Fault("invalid_client-client_id_not_approved"),
		entity.CredentialExpired: b.Fault("consumer_key_expired"),
		entity.AppRevoked:        b.Fault("invalid_client-app_not_approved"),
		entity.DeveloperInactive: b.Fault("DeveloperStatusNotActive"),
	}
}

// check is the fault of a key that is not in force, or nil.
func (s *oauthv2States) check(x *flow.Exchange, h entity.Holder) error {
	if o := h.Obstacle(x.Now()); o != entity.NoObstacle {
		return s[o].New()
	}
	return nil
}

// compileOAuthV2Secret is for operations where the client authenticates: at the
// token endpoint.
func compileOAuthV2Secret(b *flow.Build, el *etree.Element, a oauthv2Answers) oauthv2Client {
	c := compileOAuthV2Client(b, el, "request.formparam.client_id")
	c.secret = b.Name("request.formparam.client_secret")
	c.invalid = b.Fault("InvalidClientIdentifier")
	if a.generate {
		c.invalid = b.Fault("invalid_client/GenerateAccessToken/ClientId is Invalid")
	}
	c.missing = c.invalid
	return c
}

// compileOAuthV2Public is for operations where the client only says who it is: at
// the authorization endpoint. operation is the one that the faults are listed
// under.
func compileOAuthV2Public(b *flow.Build, el *etree.Element, operation string) oauthv2Client {
	c := compileOAuthV2Client(b, el, "request.queryparam.client_id", "request.formparam.client_id")
	c.missing = b.Fault("invalid_request/" + operation + "/The request is missing a required parameter : client_id")
	c.invalid = b.Fault("invalid_request/" + operation + "/Invalid client id : {client_id}. ClientId is Invalid")
	return c
}

func compileOAuthV2Client(b *flow.Build, el *etree.Element, defaults ...string) oauthv2Client {
	c := oauthv2Client{
		id:            compileOAuthV2Param(b, el, "ClientId", defaults...),
		authorization: b.Name("request.header.authorization"),
		unresolved:    b.Fault("FailedToResolveClientId"),
		states:        compileOAuthV2States(b),
	}
	if b.Bool(el, "ExternalAuthorization", false) {
		c.external = b.Name("oauth_external_authorization_status")
	}
	return c
}

// authenticate returns the app that sent the request. An unknown client and a
// wrong secret cost and say the same.
func (c *oauthv2Client) authenticate(x *flow.Exchange) (entity.Holder, error) {
	basicID, secret, basic := oauthv2Basic(x.Get(c.authorization).String())
	if !basic {
		secret = oauthv2Unquoted(x.Get(c.secret).String())
	}
	id, err := c.identify(x, basicID)
	if err != nil {
		return entity.Holder{}, err
	}
	h, known := x.Services.Entities.Holder(id)
	if c.external != nil {
		known = known && x.Get(c.external).True()
	} else {
		known = oauthv2Proves(h, known, secret)
	}
	if !known {
		return entity.Holder{}, c.invalid.New()
	}
	return h, c.states.check(x, h)
}

// oauthv2Proves compares the secret; when nobody has the key, or it has no secret,
// with a text that stands for neither, so that this costs the same.
func oauthv2Proves(h entity.Holder, known bool, secret string) bool {
	const nobodys = "\x00"
	want := nobodys
	if known && h.Credential.ConsumerSecret != "" {
		want = h.Credential.ConsumerSecret
	}
	return oauthv2SameSecret(secret, want) && want != nobodys
}

// known returns the app that the request is for; nobody proves anything. With
// ExternalAuthorization somebody else has said so.
func (c *oauthv2Client) known(x *flow.Exchange) (entity.Holder, error) {
	id, err := c.identify(x, "")
	if err != nil {
		return entity.Holder{}, err
	}
	h, known := x.Services.Entities.Holder(id)
	if !known || c.external != nil && !x.Get(c.external).True() {
		return entity.Holder{}, c.invalid.New("client_id", id)
	}
	return h, c.states.check(x, h)
}

// identify is the client_id: of the element or form, else that of the Basic
// authentication. With neither element nor parameter Basic comes first.
func (c *oauthv2Client) identify(x *flow.Exchange, basic string) (string, error) {
	if c.id.named == nil && basic != "" {
		return basic, nil
	}
	if id := oauthv2Unquoted(c.id.value(x)); id != "" {
		return id, nil
	}
	switch {
	case basic != "":
		return basic, nil
	case c.id.ofBundle():
		return "", c.unresolved.New("variable", c.id.text)
	}
	return "", c.missing.New()
}

// oauthv2Basic reads Basic authentication. Quotes around each part, and around the
// whole header, do not count.
func oauthv2Basic(header string) (id, secret string, ok bool) {
	scheme, text, ok := strings.Cut(oauthv2Unquoted(header), " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(plain), ":")
	return oauthv2Unquoted(id), oauthv2Unquoted(secret), ok
}
