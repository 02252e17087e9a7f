package policies

import (
	"context"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "DecodeJWT",
	Group:   "security",
	Compile: compileDecodeJWT,
	Doc: flow.Doc{
		Title: "reads a JSON Web Token without checking it",
		Text: `The content of the token in the variable Source, by default in the header
Authorization after Bearer, comes into the variables jwt.POLICY.*, whatever its
algorithm and whether or not it is expired. Nothing of it is to be trusted: that
takes VerifyJWT. Of an encrypted token only the header can be read.`,
		Sample: `<DecodeJWT name="JWT-Sample">
  <Source>request.header.authorization</Source>
</DecodeJWT>`,
	},
})

type decodeJWT struct {
	jwtCommon
	source jwtSource
}

func compileDecodeJWT(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "IgnoreUnresolvedVariables")
	p := &decodeJWT{source: jwtCompileSource(b, el)}
	p.init(b, el)
	return p
}

func (p *decodeJWT) Execute(_ context.Context, x *flow.Exchange) error {
	return p.result(x, p.decode(x))
}

func (p *decodeJWT) decode(x *flow.Exchange) error {
	text, err := p.source.token(x)
	if err != nil {
		return err
	}
	if strings.Count(text, ".") == 4 {
		_, header, err := p.parseEncrypted(text)
		if err != nil {
			return jwtFailCause("FailedToDecode", err)
		}
		x.PutResults(p.prefix, &jwtResults{header: header})
		return nil
	}
	token, header, err := p.parseSigned(text)
	if err != nil {
		return jwtFailCause("FailedToDecode", err)
	}
	claims, err := p.parsePayload(token.Payload)
	if err != nil {
		return jwtFailCause("FailedToDecode", err)
	}
	x.PutResults(p.prefix, &jwtResults{header: header, claims: claims, payload: token.Payload, now: x.Now()})
	return nil
}
