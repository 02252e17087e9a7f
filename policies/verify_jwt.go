package policies

import (
	"context"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
)

var _ = register(flow.Kind{
	Name:    "VerifyJWT",
	Group:   "security",
	Waits:   true, // for a key set
	Compile: compileVerifyJWT,
	Doc: flow.Doc{
		Title: "Checks the signature, the times and the claims of a JSON Web Token.",
		Text: `The token is in the variable Source, by default in the header Authorization after
Bearer. Only the algorithms in Algorithm (signed: one, or several of one family) or
Algorithms (encrypted) are accepted. The key is in SecretKey (HS, A*KW), PublicKey
(RS, PS, ES: Value, Certificate or JWKS), PrivateKey (RSA-OAEP-256, ECDH-ES),
PasswordKey or DirectKey. A key set at uri or uriRef is fetched and remembered.

exp, nbf and iat are always checked, with TimeAllowance. Subject, Issuer, Audience,
Id, AdditionalClaims and AdditionalHeaders must match. With an unresolved variable
they fault; with IgnoreUnresolvedVariables they are compared with the empty string.

Once the signature is right the content of the token is in the variables
jwt.POLICY.*, also when a claim then fails; jwt.POLICY.valid tells whether all is
well.`,
		Sample: `<VerifyJWT name="JWT-Sample">
  <Algorithm>RS256,RS384</Algorithm>
  <Source>request.header.authorization</Source>
  <PublicKey>
    <Value ref="public.key"/>
  </PublicKey>
  <Issuer>https://idp.example.com</Issuer>
  <Audience>orders</Audience>
  <AdditionalClaims>
    <Claim name="scope" ref="wanted.scope"/>
  </AdditionalClaims>
  <TimeAllowance>30s</TimeAllowance>
  <MaxLifespan useIssueTime="true">1h</MaxLifespan>
</VerifyJWT>`,
	},
})

type verifyJWT struct {
	jwtCommon
	source     jwtSource
	algorithms jwtAlgorithms
	key        *jwtVerifier
	critical   jwtCritical
	headers    jwtClaims

	issuer, subject, audience *flow.TextOrRef
	id                        *flow.TextOrRef
	anyID                     bool // an empty Id: there must be one
	claims                    jwtClaims
	required                  *flow.TextOrRef
	allowance                 time.Duration
	maxLifespan               time.Duration // 0 for any
	sinceIssued               bool          // the lifespan begins at iat, not at nbf
	ignoreIssuedAt            bool
}

func compileVerifyJWT(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Type", "Algorithm", "Algorithms", "Source", "SecretKey", "PrivateKey", "PublicKey", "PasswordKey", "DirectKey", "Subject", "Issuer",
		"Audience", "Id", "AdditionalClaims", "AdditionalHeaders", "RequiredClaims", "TimeAllowance", "MaxLifespan", "IgnoreIssuedAt",
		"IgnoreCriticalHeaders", "KnownHeaders", "IgnoreUnresolvedVariables", "CustomClaims")
	lifespan := b.Child(el, "MaxLifespan")
	p := &verifyJWT{
		source: jwtCompileSource(b, el), critical: jwtCompileCritical(b, el),
		issuer: jwtExpected(b, el, "Issuer"), subject: jwtExpected(b, el, "Subject"), audience: jwtExpected(b, el, "Audience"),
		claims: jwtCompileClaims(b, b.Child(el, "AdditionalClaims")), headers: jwtCompileHeaders(b, b.Child(el, "AdditionalHeaders")),
		required: b.TextOrRef(b.Child(el, "RequiredClaims")), allowance: jwtFixedSpan(b, b.Child(el, "TimeAllowance"), 0),
		maxLifespan: jwtFixedSpan(b, lifespan, 0), sinceIssued: b.BoolAttr(lifespan, "useIssueTime", false),
		ignoreIssuedAt: b.Bool(el, "IgnoreIssuedAt", false),
	}
	p.init(b, el)
	if id := b.TextOrRef(b.Child(el, "Id")); id != nil && id.Ref == nil && id.Text == "" {
		p.anyID = true // whether Apigee wants one then is not documented
	} else {
		p.id = id
	}
	var ok bool
	if p.algorithms, ok = jwtCompileAlgorithms(b, el); ok {
		p.key = jwtCompileVerifier(b, el, &p.algorithms)
	} else if p.algorithms.both {
		return jwtInvalidConfiguration(b, el)
	}
	return p
}

// jwtExpected reads a claim to compare with; an element that says nothing asks
// for nothing.
func jwtExpected(b *flow.Build, el *etree.Element, tag string) *flow.TextOrRef {
	c := b.Child(el, tag)
	t := b.TextOrRef(c)
	if t != nil && t.Ref == nil && t.Text == "" {
		b.Warn(c, "EmptyElement", tag+" is empty, so nothing is compared", "write the expected value, or leave "+tag+" out")
		return nil
	}
	return t
}

func (p *verifyJWT) Execute(ctx context.Context, x *flow.Exchange) error {
	err := p.verify(ctx, x)
	x.Put(p.prefix+"valid", flow.Bool(err == nil))
	return p.result(x, err)
}

// verify checks in this order, which is inferred: form, algorithm, key, signature,
// headers, times, claims.
func (p *verifyJWT) verify(ctx context.Context, x *flow.Exchange) error {
	text, err := p.source.token(x)
	if err != nil {
		return err
	}
	var header *jwtHeader
	var payload []byte
	if p.algorithms.encrypted() {
		header, payload, err = p.decrypted(ctx, x, text)
	} else {
		header, payload, err = p.signed(ctx, x, text)
	}
	if err != nil {
		return err
	}
	claims, err := p.parsePayload(payload)
	if err != nil {
		return err
	}
	jwtPut(x, header.variables)
	p.putPayload(x, claims, payload)
	if err := p.critical.check(x, &p.jwtCommon, header.node); err != nil {
		return err
	}
	if err := p.compare(x, header.node, &p.headers); err != nil {
		return err
	}
	if err := p.checkTimes(claims, x.Now()); err != nil {
		return err
	}
	return p.checkClaims(x, claims)
}

func (p *verifyJWT) signed(ctx context.Context, x *flow.Exchange, text string) (*jwtHeader, []byte, error) {
	if !strings.Contains(text, ".") {
		return nil, nil, jwtFail("InvalidToken") // so the features of Google's samples (auth-schemes) have it
	}
	token, header, err := p.parseSigned(text)
	if err != nil {
		return nil, nil, err
	}
	algorithm, err := p.algorithms.choose(header)
	if err != nil {
		return nil, nil, err
	}
	key, err := p.key.get(ctx, x, header.kid, algorithm.Name, algorithm.Family != jose.EC)
	if err != nil {
		return nil, nil, err
	}
	return header, token.Payload, p.keyFailure(token.Verify(algorithm, key), p.key.element)
}

func (p *verifyJWT) decrypted(ctx context.Context, x *flow.Exchange, text string) (*jwtHeader, []byte, error) {
	token, header, err := p.parseEncrypted(text)
	if err != nil {
		return nil, nil, err
	}
	if err := p.algorithms.chooseEncrypted(header); err != nil {
		return nil, nil, err
	}
	key, err := p.key.get(ctx, x, header.kid, p.algorithms.key.Name, false)
	if err != nil {
		return nil, nil, err
	}
	plain, err := token.Decrypt(p.algorithms.key, p.algorithms.content, key)
	return header, plain, p.keyFailure(err, p.key.element)
}
