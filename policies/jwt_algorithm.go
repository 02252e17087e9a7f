package policies

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
)

// jwtAlgorithms are the algorithms that a policy allows: signing ones of one
// family, or one for keys and those for content.
type jwtAlgorithms struct {
	signing []*jose.Signing
	key     *jose.KeyManagement // nil for signed tokens
	content []*jose.Encryption
	both    bool // Algorithm and Algorithms are there: documented as a fault of the request
}

func (a *jwtAlgorithms) encrypted() bool { return a.key != nil }

// jwtCompileAlgorithms reads Algorithm, or Algorithms, and Type, which must agree.
// ok is false when a key cannot be looked for.
func jwtCompileAlgorithms(b *flow.Build, el *etree.Element) (a jwtAlgorithms, ok bool) {
	one, two := b.Child(el, "Algorithm"), b.Child(el, "Algorithms")
	switch {
	case one != nil && two != nil:
		b.Warn(two, "InvalidConfiguration", "Algorithm and Algorithms exclude each other: every request ends in InvalidConfiguration",
			"keep Algorithm for signed tokens, or Algorithms for encrypted ones")
		return jwtAlgorithms{both: true}, false
	case two != nil:
		ok = a.readEncryption(b, two)
	default:
		ok = a.readSigning(b, el, one)
	}
	jwtCheckType(b, b.Child(el, "Type"), two != nil)
	return a, ok
}

func jwtCheckType(b *flow.Build, el *etree.Element, encrypted bool) {
	want := "Signed"
	if encrypted {
		want = "Encrypted"
	}
	if text := flow.TextOf(el); text != "" && !strings.EqualFold(text, want) {
		b.RefuseText(el, "InvalidValueForElement", "Type "+text+" does not fit the algorithm", "write "+want+", or leave Type out")
	}
}

func (a *jwtAlgorithms) readSigning(b *flow.Build, parent, el *etree.Element) bool {
	if flow.TextOf(el) == "" {
		if el == nil {
			el = parent
		}
		b.RefuseText(el, "MissingConfigurationElement", "Algorithm is missing or empty", "add <Algorithm>RS256</Algorithm>")
		return false
	}
	for name := range strings.SplitSeq(flow.TextOf(el), ",") {
		s := jose.LookupSigning(strings.TrimSpace(name))
		if s == nil {
			jwtRefuseAlgorithm(b, el, name, "HS, RS, PS or ES with 256, 384 or 512")
			return false
		}
		if len(a.signing) > 0 && a.signing[0].Family != s.Family {
			b.RefuseText(el, jwtCode(b, "InvalidValueForElement", "InvalidFamiliesForAlgorithm"), "the algorithms "+flow.TextOf(el)+" are of several families",
				"algorithms of one policy share their key: write, for example, RS256,RS384")
			return false
		}
		a.signing = append(a.signing, s)
	}
	if len(a.signing) > 1 && strings.HasPrefix(b.Kind, "Generate") {
		jwtRefuseAlgorithm(b, el, flow.TextOf(el), "one algorithm")
		return false
	}
	return true
}

func (a *jwtAlgorithms) readEncryption(b *flow.Build, el *etree.Element) bool {
	b.Known(el, "Key", "Content")
	key, content := b.Text(el, "Key"), b.Child(el, "Content")
	a.key = jose.LookupKeyManagement(key)
	if a.key == nil {
		jwtRefuseAlgorithm(b, el, key, "a Key such as RSA-OAEP-256, ECDH-ES, A256KW, PBES2-HS256+A128KW or dir")
		return false
	}
	text := flow.TextOf(content)
	switch e := jose.LookupEncryption(text); {
	case e != nil:
		a.content = []*jose.Encryption{e}
	case text == "" && strings.HasPrefix(b.Kind, "Verify"):
		a.content = jose.AllEncryptions()
	default:
		jwtRefuseAlgorithm(b, el, text, "a Content such as A256GCM or A128CBC-HS256")
		return false
	}
	return true
}

func jwtRefuseAlgorithm(b *flow.Build, el *etree.Element, text, want string) {
	b.RefuseText(el, jwtCode(b, "InvalidValueForElement", "InvalidAlgorithm"), "algorithm "+strings.TrimSpace(text)+" is not supported", "write "+want)
}

// jwtCode is the deployment error's name that the JWT pages or the JWS pages have.
func jwtCode(b *flow.Build, jwt, jws string) string {
	if strings.HasSuffix(b.Kind, "JWS") {
		return jws
	}
	return jwt
}

// choose returns the algorithm that a token says it is signed with, if it is
// allowed.
func (a *jwtAlgorithms) choose(h *jwtHeader) (*jose.Signing, error) {
	if h.algorithm == "" {
		return nil, jwtFail("NoAlgorithmFoundInHeader")
	}
	i := slices.IndexFunc(a.signing, func(s *jose.Signing) bool { return s.Name == h.algorithm })
	switch {
	case i >= 0:
		return a.signing[i], nil
	case len(a.signing) > 1:
		return nil, jwtFail("AlgorithmInTokenNotPresentInConfiguration")
	}
	return nil, jwtFail("AlgorithmMismatch")
}

// chooseEncrypted checks that an encrypted token uses the algorithms.
func (a *jwtAlgorithms) chooseEncrypted(h *jwtHeader) error {
	switch {
	case h.algorithm == "":
		return jwtFail("NoAlgorithmFoundInHeader")
	case h.algorithm != a.key.Name:
		return jwtFail("AlgorithmMismatch")
	}
	return nil
}

// keyElement is the element that holds the key: what makes a token has the
// private half of a pair to sign, and the public half to encrypt.
func (a *jwtAlgorithms) keyElement(generates bool) string {
	if !a.encrypted() {
		switch {
		case a.signing[0].Family == jose.HMAC:
			return "SecretKey"
		case generates:
			return "PrivateKey"
		}
		return "PublicKey"
	}
	switch a.key.Kind {
	case jose.WrapKey:
		return "SecretKey"
	case jose.PasswordKey:
		return "PasswordKey"
	case jose.DirectKey:
		return "DirectKey"
	}
	if generates {
		return "PublicKey"
	}
	return "PrivateKey"
}
