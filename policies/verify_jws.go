package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
)

var _ = register(flow.Kind{
	Name:    "VerifyJWS",
	Group:   "security",
	Waits:   true, // for a key set
	Compile: compileVerifyJWS,
	Doc: flow.Doc{
		Title: "checks the signature of a JSON Web Signature",
		Text: `The token is in the variable Source, by default in the header Authorization after
Bearer. Only the algorithms in Algorithm, several of one family or one, are
accepted. The key is in SecretKey (HS) or PublicKey (RS, PS, ES: Value, Certificate
or JWKS). DetachedContent names the variable with the payload of a detached token.
AdditionalHeaders must match.

Once the signature is right, header and payload are in the variables jws.POLICY.*,
also when a header then fails; jws.POLICY.valid tells whether all is well.`,
		Sample: `<VerifyJWS name="JWS-Sample">
  <Algorithm>HS256</Algorithm>
  <Source>request.header.x-jws-signature</Source>
  <SecretKey>
    <Value ref="private.secret"/>
  </SecretKey>
  <DetachedContent>request.content</DetachedContent>
</VerifyJWS>`,
	},
})

type verifyJWS struct {
	jwtCommon
	source     jwtSource
	algorithms jwtAlgorithms
	key        *jwtVerifier
	detached   *flow.Name // DetachedContent, or nil
	critical   jwtCritical
	headers    jwtClaims
}

func compileVerifyJWS(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Type", "Algorithm", "Source", "SecretKey", "PublicKey", "DetachedContent", "AdditionalHeaders", "IgnoreCriticalHeaders", "KnownHeaders",
		"IgnoreUnresolvedVariables")
	p := &verifyJWS{source: jwtCompileSource(b, el), critical: jwtCompileCritical(b, el), headers: jwtCompileHeaders(b, b.Child(el, "AdditionalHeaders"))}
	p.init(b, el)
	p.compileDetached(b, b.Child(el, "DetachedContent"))
	var ok bool
	if p.algorithms, ok = jwtCompileAlgorithms(b, el); ok {
		p.key = jwtCompileVerifier(b, el, &p.algorithms)
	}
	return p
}

func (p *verifyJWS) compileDetached(b *flow.Build, el *etree.Element) {
	if el == nil {
		return
	}
	if flow.TextOf(el) == "" {
		b.RefuseText(el, "InvalidEmptyElement", "DetachedContent is empty", "name the variable that holds the payload, such as request.content")
		return
	}
	p.detached = b.Name(flow.TextOf(el))
}

func (p *verifyJWS) Execute(ctx context.Context, x *flow.Exchange) error {
	err := p.verify(ctx, x)
	x.Put(p.prefix+"valid", flow.Bool(err == nil))
	return p.result(x, err)
}

func (p *verifyJWS) verify(ctx context.Context, x *flow.Exchange) error {
	text, err := p.source.token(x)
	if err != nil {
		return err
	}
	token, header, err := p.parseSigned(text)
	if err != nil {
		return err
	}
	algorithm, err := p.algorithms.choose(header)
	if err != nil {
		return err
	}
	payload, err := p.payload(x, token)
	if err != nil {
		return err
	}
	key, err := p.key.get(ctx, x, header.kid, algorithm.Name, algorithm.Family != jose.EC)
	if err != nil {
		return err
	}
	if err := token.VerifyDetached(algorithm, key, payload); err != nil {
		return p.keyFailure(err, p.key.element)
	}
	x.PutResults(p.prefix, &jwtResults{header: header, payload: payload, jws: true})
	if err := p.critical.check(x, &p.jwtCommon, header.node); err != nil {
		return err
	}
	return p.compare(x, header.node, &p.headers)
}

// payload is what must have been signed: that of the token, or with
// DetachedContent that of the variable.
func (p *verifyJWS) payload(x *flow.Exchange, token *jose.Signed) ([]byte, error) {
	switch {
	case p.detached == nil && token.Detached():
		return nil, jwtFail("InvalidSignature")
	case p.detached == nil:
		return token.Payload, nil
	case !token.Detached():
		return nil, jwtFail("ContentIsNotDetached")
	}
	content := x.Get(p.detached).String()
	if content == "" {
		return nil, jwtFail("MissingPayload")
	}
	return []byte(content), nil
}
