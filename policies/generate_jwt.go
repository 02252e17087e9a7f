package policies

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
	"sluice/internal/ordjson"
)

var _ = register(flow.Kind{
	Name:    "GenerateJWT",
	Group:   "security",
	Waits:   true, // for a key set
	Compile: compileGenerateJWT,
	Doc: flow.Doc{
		Title: "makes a signed or encrypted JSON Web Token",
		Text: `Algorithm makes a signed token, Algorithms (Key and Content) an encrypted one. The
key is in SecretKey (HS, A*KW), PrivateKey (RS, PS, ES), PublicKey (RSA-OAEP-256,
ECDH-ES), PasswordKey (PBES2) or DirectKey (dir). Secrets come from variables whose
name begins with private.

The token always has the claim iat. A claim whose variable is unresolved is a
fault, or left out with IgnoreUnresolvedVariables. The text and the variable of a
Claim with type="map" are message templates; so that what a client wrote is not
expanded, set <Properties><Property name="treatRefsAsData">true</Property></Properties>.

The token is in the variable OutputVariable, else in jwt.POLICY.generated_jwt.`,
		Sample: `<GenerateJWT name="JWT-Sample">
  <Algorithm>HS256</Algorithm>
  <SecretKey>
    <Value ref="private.secret"/>
    <Id>key-1</Id>
  </SecretKey>
  <Issuer>urn://sluice</Issuer>
  <Subject ref="user.id"/>
  <Audience>orders,invoices</Audience>
  <ExpiresIn>8h</ExpiresIn>
  <Id/>
  <AdditionalClaims>
    <Claim name="roles" array="true" ref="user.roles"/>
    <Claim name="level" type="number">3</Claim>
  </AdditionalClaims>
  <OutputVariable>token</OutputVariable>
</GenerateJWT>`,
	},
})

type generateJWT struct {
	jwtCommon
	algorithms jwtAlgorithms
	key        *jwtMaker
	output     *flow.Name

	issuer, subject, audience *flow.TextOrRef
	expiresIn, notBefore      *flow.TextOrRef
	id                        *flow.TextOrRef
	random                    *flow.Template // a new id, for an empty Id; else nil
	claims, headers           jwtClaims
	critical                  *flow.TextOrRef
	compress                  bool
	saltLength, iterations    int // of a PasswordKey
}

func compileGenerateJWT(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Type", "Algorithm", "Algorithms", "SecretKey", "PrivateKey", "PublicKey", "PasswordKey", "DirectKey", "Subject", "Issuer",
		"Audience", "ExpiresIn", "NotBefore", "Id", "AdditionalClaims", "AdditionalHeaders", "CriticalHeaders", "Compress", "OutputVariable",
		"IgnoreUnresolvedVariables", "CustomClaims")
	p := &generateJWT{
		issuer: b.TextOrRef(b.Child(el, "Issuer")), subject: b.TextOrRef(b.Child(el, "Subject")), audience: b.TextOrRef(b.Child(el, "Audience")),
		expiresIn: b.TextOrRef(b.Child(el, "ExpiresIn")), notBefore: b.TextOrRef(b.Child(el, "NotBefore")), id: b.TextOrRef(b.Child(el, "Id")),
		claims: jwtCompileClaims(b, b.Child(el, "AdditionalClaims")), headers: jwtCompileHeaders(b, b.Child(el, "AdditionalHeaders")),
		critical: b.TextOrRef(b.Child(el, "CriticalHeaders")), compress: b.Bool(el, "Compress", false),
	}
	p.init(b, el)
	p.output = jwtOutput(b, el, p.prefix+"generated_jwt")
	var ok bool
	if p.algorithms, ok = jwtCompileAlgorithms(b, el); ok {
		p.key = jwtCompileMaker(b, el, &p.algorithms)
	} else if p.algorithms.both {
		return jwtInvalidConfiguration(b, el)
	}
	p.compileDetails(b, el)
	return p
}

func (p *generateJWT) compileDetails(b *flow.Build, el *etree.Element) {
	password := b.Child(el, "PasswordKey")
	p.saltLength, p.iterations = b.Int(password, "SaltLength", 8, 8), b.Int(password, "PBKDF2Iterations", 10_000, 1000)
	if p.iterations > jose.MaxIterations {
		b.Warn(b.Child(password, "PBKDF2Iterations"), "InvalidValue", "VerifyJWT does not accept tokens with more than "+strconv.Itoa(jose.MaxIterations)+" iterations", "write less")
	}
	if p.compress && !p.algorithms.encrypted() {
		b.Warn(b.Child(el, "Compress"), "InvalidValue", "Compress has no effect on a signed token", "leave Compress out")
	}
	if t := p.notBefore; t != nil && t.Text != "" {
		if _, ok := jwtNotBefore(t.Text, time.Unix(0, 0)); !ok {
			b.RefuseText(b.Child(el, "NotBefore"), "InvalidTimeFormat", strconv.Quote(t.Text)+" is no time", "write 6h, or 2026-01-31T12:00:00.000+0000")
		}
	}
	if p.expiresIn != nil {
		jwtFixedSpan(b, b.Child(el, "ExpiresIn"), 0)
	}
	if p.id != nil && p.id.Ref == nil && p.id.Text == "" {
		p.random = b.Template(b.Child(el, "Id"), "{createUuid()}")
	}
}

func (p *generateJWT) Execute(ctx context.Context, x *flow.Exchange) error {
	token, err := p.generate(ctx, x)
	if err == nil {
		err = jwtStore(x, p.output, token)
	}
	return p.result(x, err)
}

func (p *generateJWT) generate(ctx context.Context, x *flow.Exchange) (string, error) {
	claims, err := p.payload(x)
	if err != nil {
		return "", err
	}
	key, kid, err := p.key.get(ctx, x, &p.jwtCommon)
	if err != nil {
		return "", err
	}
	header, err := p.makeHeader(x, kid)
	if err != nil {
		return "", err
	}
	payload := ordjson.Append(nil, claims)
	if !p.algorithms.encrypted() {
		return p.sign(p.algorithms.signing[0], key, ordjson.Append(nil, header), payload, jose.Sign)
	}
	return p.encrypt(key, kid, header, payload)
}

func (p *generateJWT) makeHeader(x *flow.Exchange, kid string) (*ordjson.Node, error) {
	header := ordjson.NewObject().Set("typ", ordjson.NewString("JWT"))
	if !p.algorithms.encrypted() {
		header.Set("alg", ordjson.NewString(p.algorithms.signing[0].Name))
	}
	if kid != "" {
		header.Set("kid", ordjson.NewString(kid))
	}
	if err := p.put(x, header, &p.headers); err != nil {
		return nil, err
	}
	return header, p.putCritical(x, header, p.critical)
}

func (p *generateJWT) encrypt(key any, kid string, header *ordjson.Node, payload []byte) (string, error) {
	extra := map[string]json.RawMessage{}
	for name, value := range header.Members() {
		if name != "kid" || kid == "" {
			extra[name] = ordjson.Append(nil, value)
		}
	}
	token, err := jose.Encrypt(jose.EncryptOptions{
		Key: p.algorithms.key, Content: p.algorithms.content[0], KeyID: kid, Header: extra,
		Compress: p.compress, SaltLength: p.saltLength, Iterations: p.iterations,
	}, key, payload)
	if err == nil {
		return token, nil
	}
	failure := p.keyFailure(err, p.key.element)
	if f, ok := failure.(*jwtFailure); ok && (f.name == "GenerationFailed" || p.algorithms.key.Kind == jose.DirectKey) {
		f.name = "EncryptionFailed"
	}
	return "", failure
}
