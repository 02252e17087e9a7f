package policies

import (
	"context"
	"errors"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
)

// jwtMaker is the key that a token is made with, and its kid.
type jwtMaker struct {
	element   string
	id        *flow.TextOrRef
	key       *jwtKey    // or
	set       *jwtKeySet // for encryption, with id
	algorithm *jose.KeyManagement
}

// jwtCompileMaker reads the key element of a policy that makes tokens; nil when
// it is refused.
func jwtCompileMaker(b *flow.Build, el *etree.Element, a *jwtAlgorithms) *jwtMaker {
	element := jwtKeyElement(b, el, a)
	if element == nil {
		return nil
	}
	b.Known(element, "Value", "Certificate", "JWKS", "Id", "Password", "SaltLength", "PBKDF2Iterations")
	m := &jwtMaker{element: element.Tag, id: b.TextOrRef(b.Child(element, "Id")), algorithm: a.key}
	jwks := b.Child(element, "JWKS")
	if element.Tag != "PublicKey" || jwks == nil {
		m.key = jwtCompileKey(b, element)
		return m
	}
	if m.id == nil {
		b.RefuseText(element, "MissingConfigurationElement", "Id is missing", "add <Id>: it names the key of the set")
	}
	m.set = jwtCompileKeySet(b, jwks)
	return m
}

// get returns the key and the key ID, "" for none.
func (m *jwtMaker) get(ctx context.Context, x *flow.Exchange, c *jwtCommon) (key any, kid string, err error) {
	id, _, err := c.resolve(x, m.id)
	if err != nil {
		return nil, "", err
	}
	kid = id.String()
	if m.set == nil {
		key, err = m.key.get(x)
		return key, kid, err
	}
	keys, err := m.set.keys(ctx, x, kid)
	if err != nil {
		return nil, "", err
	}
	key, err = jwtPick(keys, kid, "enc", m.algorithm.Name, m.algorithm.Kind == jose.RSAKey)
	return key, kid, err
}

// sign makes a signed token with how, which is jose.Sign or jose.SignDetached.
func (c *jwtCommon) sign(a *jose.Signing, key any, header, payload []byte, how func(*jose.Signing, any, []byte, []byte) (string, error)) (string, error) {
	token, err := how(a, key, header, payload)
	switch {
	case err == nil:
		return token, nil
	case errors.Is(err, jose.ErrShort) && a.Name != "HS256":
		// The pages have InsufficientKeyLength for HS256 and this for the others.
		return "", jwtFailCause("SigningFailed", err)
	case a.Family == jose.HMAC:
		return "", c.keyFailure(err, "SecretKey")
	}
	return "", c.keyFailure(err, "PrivateKey")
}

func jwtOutput(b *flow.Build, el *etree.Element, def string) *flow.Name {
	if text := b.Text(el, "OutputVariable"); text != "" {
		return b.Name(text)
	}
	return b.Name(def)
}

// jwtStore sets the output variable; one that cannot be set is GenerationFailed.
func jwtStore(x *flow.Exchange, output *flow.Name, token string) error {
	if err := x.Set(output, flow.Text(token)); err != nil {
		return jwtFailCause("GenerationFailed", err)
	}
	return nil
}
