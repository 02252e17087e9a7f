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
		Title: "checks the signature, the times and the claims of a JSON Web Token",
		Text: `The token is in the variable Source, by default in the header Authorization after
Bearer. Only the algorithms in Algorithm (signed: one, or several of one family) or
Algorithms (encrypted) are accepted. The key is in SecretKey (HS, A*KW), PublicKey
(RS, PS, ES: Value, Certificate or JWKS), PrivateKey (RSA-OAEP-256, ECDH-ES),
PasswordKey or DirectKey. A key set at uri or uriRef is fetched and remembered.

exp, nbf and iat are always checked, with TimeAllowance. Subject, Issuer, Audience,
Id, AdditionalClaims and AdditionalHeaders must match. With an unresolved variable
they fault; with IgnoreUnresolvedVariables they are compared with the empty string.

A token that a public key has confirmed is not verified again as long as the key is
the same, up to 1024 of them; times, claims and headers are checked each time.

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
	seen       jwtSeen
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
	token, err := p.confirmed(ctx, x, text)
	if err != nil {
		return err
	}
	header, claims, now := token.header, token.claims, x.Now()
	x.PutResults(p.prefix, &jwtResults{header: header, claims: claims, payload: token.payload, now: now})
	if err := p.critical.check(x, &p.jwtCommon, header.node); err != nil {
		return err
	}
	if err := p.compare(x, header.node, &p.headers); err != nil {
		return err
	}
	if err := p.checkTimes(claims, now); err != nil {
		return err
	}
	return p.checkClaims(x, claims)
}

// confirmed is the token whose signature is right, or which could be decrypted.
func (p *verifyJWT) confirmed(ctx context.Context, x *flow.Exchange, text string) (*jwtVerified, error) {
	if p.algorithms.encrypted() {
		return p.decrypted(ctx, x, text)
	}
	if known := p.seen.get(text); known != nil {
		key, err := p.key.get(ctx, x, known.header.kid, known.algorithm.Name, known.algorithm.Family != jose.EC)
		if err != nil {
			return nil, err
		}
		if known.by(key) {
			return known, nil
		}
	}
	return p.signed(ctx, x, text)
}

func (p *verifyJWT) signed(ctx context.Context, x *flow.Exchange, text string) (*jwtVerified, error) {
	if !strings.Contains(text, ".") {
		return nil, jwtFail("InvalidToken") // so the features of Google's samples (auth-schemes) have it
	}
	token, header, err := p.parseSigned(text)
	if err != nil {
		return nil, err
	}
	algorithm, err := p.algorithms.choose(header)
	if err != nil {
		return nil, err
	}
	key, err := p.key.get(ctx, x, header.kid, algorithm.Name, algorithm.Family != jose.EC)
	if err != nil {
		return nil, err
	}
	if err := token.Verify(algorithm, key); err != nil {
		return nil, p.keyFailure(err, p.key.element)
	}
	claims, err := p.parsePayload(token.Payload)
	if err != nil {
		return nil, err
	}
	verified := &jwtVerified{algorithm: algorithm, header: header, payload: token.Payload, claims: claims}
	p.seen.keep(text, verified, key)
	return verified, nil
}

func (p *verifyJWT) decrypted(ctx context.Context, x *flow.Exchange, text string) (*jwtVerified, error) {
	token, header, err := p.parseEncrypted(text)
	if err != nil {
		return nil, err
	}
	if err := p.algorithms.chooseEncrypted(header); err != nil {
		return nil, err
	}
	key, err := p.key.get(ctx, x, header.kid, p.algorithms.key.Name, false)
	if err != nil {
		return nil, err
	}
	plain, err := token.Decrypt(p.algorithms.key, p.algorithms.content, key)
	if err != nil {
		return nil, p.keyFailure(err, p.key.element)
	}
	claims, err := p.parsePayload(plain)
	return &jwtVerified{header: header, payload: plain, claims: claims}, err
}
