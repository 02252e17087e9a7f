package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "DecodeJWS",
	Group:   "security",
	Compile: compileDecodeJWS,
	Doc: flow.Doc{
		Title: "reads a JSON Web Signature without checking it",
		Text: `Header and payload of the token in the variable Source, by default in the header
Authorization after Bearer, come into the variables jws.POLICY.*. Nothing of it is
to be trusted: that takes VerifyJWS. The payload of a detached token is empty.`,
		Sample: `<DecodeJWS name="JWS-Sample">
  <Source>request.header.x-jws-signature</Source>
</DecodeJWS>`,
	},
})

type decodeJWS struct {
	jwtCommon
	source jwtSource
}

func compileDecodeJWS(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "IgnoreUnresolvedVariables")
	p := &decodeJWS{source: jwtCompileSource(b, el)}
	p.init(b, el)
	return p
}

func (p *decodeJWS) Execute(_ context.Context, x *flow.Exchange) error {
	return p.result(x, p.decode(x))
}

func (p *decodeJWS) decode(x *flow.Exchange) error {
	text, err := p.source.token(x)
	if err != nil {
		return err
	}
	token, header, err := p.parseSigned(text)
	if err != nil {
		return err
	}
	if header.algorithm == "" {
		return jwtFail("NoAlgorithmFoundInHeader")
	}
	x.PutResults(p.prefix, &jwtResults{header: header, payload: token.Payload, jws: true})
	return nil
}
