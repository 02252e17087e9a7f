package policies

import (
	"cmp"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "OAuthV2",
	Group:   "security",
	Waits:   true,
	Compile: compileOAuthV2,
	Doc: flow.Doc{
		Title: "issues, verifies and revokes OAuth 2.0 tokens and authorization codes",
		Text: `Operation says what the policy does: GenerateAccessToken (client_credentials, password,
authorization_code, implicit), GenerateAccessTokenImplicitGrant, GenerateAuthorizationCode, RefreshAccessToken,
VerifyAccessToken, InvalidateToken, ValidateToken, and with tokens that are signed JWTs GenerateJWTAccessToken,
GenerateJWTAccessTokenImplicitGrant, RefreshJWTAccessToken, VerifyJWTAccessToken.

The elements that say where a parameter is, such as ClientId, GrantType or Code, hold the name of a variable; without
the element the parameter is read where RFC 6749 has it. A client authenticates with Basic authentication or with the
form parameters client_id and client_secret; quotes around them, and around the Authorization header, do not count.

Access tokens have 28 random letters and digits (166 bits), refresh tokens 32 (190 bits), codes 28, all from the
system's cryptographic random source. A code and a refresh token are good for one use; with ReuseRefreshToken a refresh
token stays. A code that was asked for with code_challenge wants the matching code_verifier (RFC 7636); a challenge
without a method is taken as plain or S256.

Tokens are stored, unless StoreToken is false; those of another system, which ExternalAccessToken and ExternalRefreshToken
name, only when it is true.

GenerateResponse makes the answer to the client, JSON, or Format FORM_PARAM or XML; policies after this one still run, and
a target's answer replaces it. GenerateErrorResponse likewise answers with the error when continueOnError is set.
RFCCompliantRequestResponse gives token_type Bearer, numbers for lifetimes, Cache-Control: no-store, and errors as
{"error", "error_description"}.

What issues or verifies an access token sets apigee.access_token, apigee.client_id and apigee.developer.app.name, email and
id; a verification also apigee.apiproduct.name.

JWT access tokens are not stored: nobody can revoke them, and they have no attributes but the AdditionalClaims.

The Scope of VerifyAccessToken is a list of scopes of which the token must have one. CacheExpiryInSeconds has no effect:
tokens are always read from the store, and a revoked one is refused at once.`,
		Sample: `<OAuthV2 name="OA-Token">
  <Operation>GenerateAccessToken</Operation>
  <ExpiresIn ref="propertyset.oauth.lifetime">1800000</ExpiresIn>
  <RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>
  <SupportedGrantTypes>
    <GrantType>client_credentials</GrantType>
    <GrantType>authorization_code</GrantType>
  </SupportedGrantTypes>
  <GrantType>request.formparam.grant_type</GrantType>
  <Attributes>
    <Attribute name="department" ref="request.formparam.department" display="false">none</Attribute>
  </Attributes>
  <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>
  <GenerateResponse enabled="true"/>
</OAuthV2>`,
	},
})

// oauthv2 is what all operations have: how they are called, and how they answer.
type oauthv2 struct {
	name string // of the policy
	oauthv2Answers
}

// oauthv2Operation is one value of Operation. The last three tell which elements
// it takes.
type oauthv2Operation struct {
	compile                       func(*flow.Build, *etree.Element, oauthv2) flow.Policy
	expires, refreshExpires, many bool // ExpiresIn, RefreshTokenExpiresIn, SupportedGrantTypes
}

func oauthv2Operations() map[string]oauthv2Operation {
	return map[string]oauthv2Operation{
		"GenerateAccessToken":                 {compileOAuthV2Generate, true, true, true},
		"GenerateAccessTokenImplicitGrant":    {compileOAuthV2Implicit, true, false, false},
		"GenerateAuthorizationCode":           {compileOAuthV2Code, true, false, false},
		"RefreshAccessToken":                  {compileOAuthV2Refresh, true, true, false},
		"VerifyAccessToken":                   {compileOAuthV2Verify, false, false, false},
		"InvalidateToken":                     {compileOAuthV2Tokens, false, false, false},
		"ValidateToken":                       {compileOAuthV2Tokens, false, false, false},
		"GenerateJWTAccessToken":              {compileOAuthV2Generate, true, true, true},
		"GenerateJWTAccessTokenImplicitGrant": {compileOAuthV2Implicit, true, false, false},
		"RefreshJWTAccessToken":               {compileOAuthV2Refresh, true, true, false},
		"VerifyJWTAccessToken":                {compileOAuthV2VerifyJWT, false, false, false},
	}
}

var oauthv2Elements = []string{
	"Operation", "GrantType", "ClientId", "Code", "UserName", "PassWord", "RedirectUri", "RefreshToken", "ResponseType", "State",
	"AppEndUser", "Scope", "AccessToken", "AccessTokenPrefix", "SupportedGrantTypes", "ExpiresIn", "RefreshTokenExpiresIn",
	"ReuseRefreshToken", "GenerateResponse", "GenerateErrorResponse", "Attributes", "ExternalAuthorization", "ExternalAccessToken",
	"ExternalRefreshToken", "ExternalAuthorizationCode", "StoreToken", "Tokens", "RFCCompliantRequestResponse", "CacheExpiryInSeconds",
	"Algorithm", "SecretKey", "PrivateKey", "PublicKey", "AdditionalClaims",
}

func compileOAuthV2(b *flow.Build, el *etree.Element) flow.Policy {
	b.NeedState(el)
	b.Known(el, oauthv2Elements...)
	name := oauthv2OperationName(b, el)
	operation, ok := oauthv2Operations()[name]
	if !ok {
		if name != "" {
			b.Refuse(b.Child(el, "Operation"), "InvalidOperation", "operation", name)
		}
		return nil
	}
	oauthv2CheckElements(b, el, operation)
	return operation.compile(b, el, oauthv2{b.Owner, compileOAuthV2Answers(b, el)})
}

// oauthv2OperationName is the Operation. An empty one is refused; without the
// element, which the documentation asks for and public bundles leave out, the
// operation is guessed from the others.
func oauthv2OperationName(b *flow.Build, el *etree.Element) string {
	at := b.Child(el, "Operation")
	if at == nil {
		name := oauthv2GuessOperation(el)
		b.WarnText(el, "OperationRequired", "taken for "+name+": add <Operation>"+name+"</Operation>")
		return name
	}
	if flow.TextOf(at) == "" {
		b.Refuse(at, "OperationRequired")
	}
	return flow.TextOf(at)
}

func oauthv2GuessOperation(el *etree.Element) string {
	for _, sign := range [...]struct{ element, operation string }{
		{"RefreshToken", "RefreshAccessToken"},
		{"ResponseType", "GenerateAuthorizationCode"},
		{"Code", "GenerateAccessToken"},
		{"GrantType", "GenerateAccessToken"},
		{"ExpiresIn", "GenerateAccessToken"},
	} {
		if flow.Child(el, sign.element) != nil {
			return sign.operation
		}
	}
	if len(oauthv2All(el, "SupportedGrantTypes", "GrantType")) > 0 {
		return "GenerateAccessToken"
	}
	if len(oauthv2All(el, "Tokens", "Token")) > 0 {
		return "InvalidateToken"
	}
	return "VerifyAccessToken"
}

func oauthv2CheckElements(b *flow.Build, el *etree.Element, o oauthv2Operation) {
	for _, c := range [...]struct {
		element string
		takes   bool
		code    string
	}{
		{"ExpiresIn", o.expires, "ExpiresInNotApplicableForOperation"},
		{"RefreshTokenExpiresIn", o.refreshExpires, "RefreshTokenExpiresInNotApplicableForOperation"},
	} {
		if at := b.Child(el, c.element); at != nil && !c.takes {
			b.Refuse(at, c.code)
		}
	}
	if types := oauthv2All(el, "SupportedGrantTypes", "GrantType"); len(types) > 0 && !o.many {
		b.Refuse(types[0], "GrantTypesNotApplicableForOperation")
	}
}

// oauthv2All returns the inner elements of all outer ones: bundles have an empty
// <Attributes/> before the one that counts.
func oauthv2All(el *etree.Element, outer, inner string) []*etree.Element {
	var list []*etree.Element
	for _, o := range flow.Children(el, outer) {
		list = append(list, flow.Children(o, inner)...)
	}
	return list
}

// oauthv2Param is a parameter of a request: where the element says, or where
// RFC 6749 has it.
type oauthv2Param struct {
	named    *flow.Name // of the element; nil without
	text     string     // of the element
	defaults []*flow.Name
}

// compileOAuthV2Param reads the element; bundles also write its variable in
// braces.
func compileOAuthV2Param(b *flow.Build, el *etree.Element, element string, defaults ...string) oauthv2Param {
	var p oauthv2Param
	p.text = strings.TrimSuffix(strings.TrimPrefix(b.Text(el, element), "{"), "}")
	if p.text != "" {
		p.named = b.Name(p.text)
	}
	for _, name := range defaults {
		p.defaults = append(p.defaults, b.Name(name))
	}
	return p
}

// value is the parameter, "" when it is not there. When the element's variable
// does not resolve, the default place counts: public bundles name variables that
// nobody sets (policies-2.md 8.3).
func (p *oauthv2Param) value(x *flow.Exchange) string {
	if p.named != nil {
		if text := x.Get(p.named).String(); text != "" {
			return text
		}
	}
	for _, n := range p.defaults {
		if text := x.Get(n).String(); text != "" {
			return text
		}
	}
	return ""
}

// choice is value for a parameter that has one of few values: the element may
// hold the value itself.
func (p *oauthv2Param) choice(x *flow.Exchange, values ...string) string {
	if p.named != nil && x.Get(p.named).IsNull() {
		for _, v := range values {
			if v == p.text {
				return v
			}
		}
	}
	return p.value(x)
}

// ofBundle reports whether the element names a variable of the bundle's own, so
// that its absence is the bundle's fault; a part of a message is the client's.
func (p *oauthv2Param) ofBundle() bool { return p.named != nil && p.named.Message() == "" }

// oauthv2Unquoted drops the quotes that public feature files send around
// credentials.
func oauthv2Unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// oauthv2Words are the scopes in a list: words between spaces, each once.
func oauthv2Words(list string) []string {
	var words []string
	for w := range strings.FieldsSeq(list) {
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}

// oauthv2AddNew appends the words that the list does not have. The list may be
// shared with others.
func oauthv2AddNew(list []string, words ...string) []string {
	list = slices.Clip(list)
	for _, w := range words {
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

func oauthv2Status(status string) string { return cmp.Or(status, "approved") }
