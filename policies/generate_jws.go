package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
	"sluice/internal/ordjson"
)

var _ = register(flow.Kind{
	Name:    "GenerateJWS",
	Group:   "security",
	Compile: compileGenerateJWS,
	Doc: flow.Doc{
		Title: "signs a payload as a JSON Web Signature",
		Text: `The payload is the message template Payload, or what the variable Payload/@ref
holds, which is expanded too; so that what a client wrote is not, set
<Properties><Property name="treatRefsAsData">true</Property></Properties>. The key is
in SecretKey (HS) or PrivateKey (RS, PS, ES), in a variable whose name begins with
private. With DetachContent the token is HEADER..SIGNATURE.

The token is in the variable OutputVariable, else in jws.POLICY.generated_jws.`,
		Sample: `<GenerateJWS name="JWS-Sample">
  <Algorithm>HS256</Algorithm>
  <SecretKey>
    <Value ref="private.secret"/>
    <Id>key-1</Id>
  </SecretKey>
  <Payload>{"id": "{messageid}"}</Payload>
  <AdditionalHeaders>
    <Claim name="typ">JOSE</Claim>
  </AdditionalHeaders>
  <DetachContent>true</DetachContent>
  <OutputVariable>signature</OutputVariable>
</GenerateJWS>`,
	},
})

type generateJWS struct {
	jwtCommon
	algorithms jwtAlgorithms
	key        *jwtMaker
	output     *flow.Name
	ref        *flow.Name // of Payload, or nil
	payload    *flow.Template
	headers    jwtClaims
	critical   *flow.TextOrRef
	detach     bool
}

func compileGenerateJWS(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Type", "Algorithm", "SecretKey", "PrivateKey", "Payload", "DetachContent", "AdditionalHeaders", "CriticalHeaders", "OutputVariable", "IgnoreUnresolvedVariables")
	p := &generateJWS{
		headers:  jwtCompileHeaders(b, b.Child(el, "AdditionalHeaders")),
		critical: b.TextOrRef(b.Child(el, "CriticalHeaders")), detach: b.Bool(el, "DetachContent", false),
	}
	p.init(b, el)
	p.output = jwtOutput(b, el, p.prefix+"generated_jws")
	p.compilePayload(b, el)
	var ok bool
	if p.algorithms, ok = jwtCompileAlgorithms(b, el); ok {
		p.key = jwtCompileMaker(b, el, &p.algorithms)
	}
	return p
}

// compilePayload reads Payload, whose white space counts: it is signed.
func (p *generateJWS) compilePayload(b *flow.Build, el *etree.Element) {
	payload := b.Child(el, "Payload")
	if payload == nil {
		b.RefuseText(el, "MissingConfigurationElement", "Payload is missing", `add <Payload ref="request.content"/>`)
		return
	}
	p.ref = b.Ref(payload, "ref")
	p.payload = b.Template(payload, flow.RawText(payload))
	p.headers.asData = p.headers.asData || jwtRefsAreData(b, payload)
}

func (p *generateJWS) Execute(ctx context.Context, x *flow.Exchange) error {
	token, err := p.generate(ctx, x)
	if err == nil {
		err = jwtStore(x, p.output, token)
	}
	return p.result(x, err)
}

func (p *generateJWS) generate(ctx context.Context, x *flow.Exchange) (string, error) {
	payload, err := p.content(x)
	if err != nil {
		return "", err
	}
	key, kid, err := p.key.get(ctx, x, &p.jwtCommon)
	if err != nil {
		return "", err
	}
	algorithm := p.algorithms.signing[0]
	header := ordjson.NewObject().Set("alg", ordjson.NewString(algorithm.Name))
	if kid != "" {
		header.Set("kid", ordjson.NewString(kid))
	}
	if err := p.put(x, header, &p.headers); err != nil {
		return "", err
	}
	if err := p.putCritical(x, header, p.critical); err != nil {
		return "", err
	}
	how := jose.Sign
	if p.detach {
		how = jose.SignDetached
	}
	return p.sign(algorithm, key, ordjson.Append(nil, header), []byte(payload), how)
}

// content is the payload. An empty one is MissingPayload; a template that fails
// is InvalidPayload (recommended).
func (p *generateJWS) content(x *flow.Exchange) (string, error) {
	text, err := p.resolvePayload(x)
	if f, ok := err.(*jwtFailure); ok && f.name == "GenerationFailed" {
		f.name = "InvalidPayload"
	}
	if err == nil && text == "" {
		err = jwtFail("MissingPayload")
	}
	return text, err
}

func (p *generateJWS) resolvePayload(x *flow.Exchange) (string, error) {
	var v flow.Value
	if p.ref != nil {
		v = x.Get(p.ref)
	}
	if v.IsNull() && p.ref != nil && p.payload.String() == "" && !p.ignoreUnresolved {
		return "", jwtUnresolved(p.ref.String())
	}
	switch {
	case v.IsNull():
		text, err := p.payload.Expand(x, p.ignoreUnresolved)
		return text, jwtTemplateFailure(err)
	case p.headers.asData:
		return v.String(), nil
	}
	return jwtExpand(x, v.String(), p.ignoreUnresolved)
}
