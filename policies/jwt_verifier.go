package policies

import (
	"context"

	"github.com/beevik/etree"

	"sluice/flow"
)

// jwtVerifier is the key that a token is verified or decrypted with.
type jwtVerifier struct {
	element string
	key     *jwtKey    // or
	set     *jwtKeySet // of which the token's kid chooses a key
}

// jwtCompileVerifier reads the key element of a policy that verifies; nil when it
// is refused.
func jwtCompileVerifier(b *flow.Build, el *etree.Element, a *jwtAlgorithms) *jwtVerifier {
	element := jwtKeyElement(b, el, a)
	if element == nil {
		return nil
	}
	b.Known(element, "Value", "Certificate", "JWKS", "Id", "Password", "SaltLength", "PBKDF2Iterations")
	v := &jwtVerifier{element: element.Tag}
	if jwks := b.Child(element, "JWKS"); element.Tag == "PublicKey" && jwks != nil {
		v.set = jwtCompileKeySet(b, jwks)
	} else {
		v.key = jwtCompileKey(b, element)
	}
	return v
}

// get returns the key for a token that names kid, or not.
func (v *jwtVerifier) get(ctx context.Context, x *flow.Exchange, kid, algorithm string, rsaKey bool) (any, error) {
	if v.set == nil {
		return v.key.get(x)
	}
	if kid == "" {
		return nil, jwtFail("KeyIdMissing")
	}
	keys, err := v.set.keys(ctx, x, kid)
	if err != nil {
		return nil, err
	}
	return jwtPick(keys, kid, "sig", algorithm, rsaKey)
}
