package policies

import (
	"errors"
	"strings"
	"sync/atomic"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
)

// oauthv2Key is the key of JWT operations. It is read from a variable at each
// request, and parsed again only when its text is another.
type oauthv2Key struct {
	algorithm *jose.Signing
	from      *flow.Name // nil when the key is literal
	literal   string     // of a PublicKey
	parse     func(text string) (any, error)
	last      atomic.Pointer[oauthv2ParsedKey]
}

type oauthv2ParsedKey struct {
	text string
	key  any
}

// compileOAuthV2Key reads Algorithm and the key element for it. rsaElement is
// PrivateKey or PublicKey.
func compileOAuthV2Key(b *flow.Build, el *etree.Element, rsaElement string) *oauthv2Key {
	name := b.Text(el, "Algorithm")
	k := &oauthv2Key{algorithm: jose.LookupSigning(name)}
	element, other := "SecretKey", rsaElement
	switch {
	case k.algorithm != nil && k.algorithm.Family == jose.HMAC:
		k.parse = func(text string) (any, error) { return []byte(text), nil }
	case k.algorithm != nil && k.algorithm.Family == jose.RSA:
		element, other = rsaElement, "SecretKey"
		k.parse = oauthv2RSAParser(rsaElement)
	default:
		b.Refuse(oauthv2Or(b.Child(el, "Algorithm"), el), "InvalidValueForAlgorithm", "algorithm", name)
		return k
	}
	at := b.Child(el, element)
	if at == nil {
		code := "MissingKeyConfiguration"
		if b.Child(el, other) != nil {
			code = "InvalidKeyConfiguration"
		}
		b.Refuse(el, code)
		return k
	}
	k.value(b, at, element != "PublicKey")
	return k
}

func oauthv2RSAParser(element string) func(string) (any, error) {
	if element == "PublicKey" {
		return func(text string) (any, error) { return jose.ParsePublicKey(text) }
	}
	return func(text string) (any, error) { return jose.ParsePrivateKey(text, "") }
}

func oauthv2Or(el, other *etree.Element) *etree.Element {
	if el != nil {
		return el
	}
	return other
}

// value reads <Value ref="private.name"/>, and the text of a public key.
func (k *oauthv2Key) value(b *flow.Build, el *etree.Element, secret bool) {
	value := b.Child(el, "Value")
	if value == nil {
		b.Refuse(el, "EmptyValueElementForKeyConfiguration")
		return
	}
	ref := b.Attr(value, "ref")
	switch {
	case ref == "" && !secret && flow.TextOf(value) != "":
		k.literal = flow.TextOf(value)
	case ref == "":
		b.Refuse(value, "EmptyRefAttributeForKeyconfiguration")
	case secret && !strings.HasPrefix(ref, "private."):
		b.Refuse(value, "InvalidVariableNameForKey", "variable", ref)
	default:
		k.from = b.Name(ref)
	}
}

// read returns the key. Its error says nothing of what is in the variable.
func (k *oauthv2Key) read(x *flow.Exchange) (any, error) {
	text, where := k.literal, "of the policy"
	if k.from != nil {
		text, where = x.Get(k.from).String(), "in variable "+k.from.String()
	}
	if text == "" {
		return nil, &oauthv2KeyError{where, errOAuthV2NoKey}
	}
	if last := k.last.Load(); last != nil && last.text == text {
		return last.key, nil
	}
	key, err := k.parse(text)
	if err == nil {
		err = k.algorithm.Check(key)
	}
	if err != nil {
		return nil, &oauthv2KeyError{where, err}
	}
	k.last.Store(&oauthv2ParsedKey{text, key})
	return key, nil
}

// oauthv2KeyError says that a key cannot be used. Apigee's fault for it is not
// known.
type oauthv2KeyError struct {
	where string
	err   error
}

var errOAuthV2NoKey = errors.New("it does not resolve")

func (e *oauthv2KeyError) Error() string { return "the key " + e.where + ": " + e.err.Error() }

// Unwrap returns the cause.
func (e *oauthv2KeyError) Unwrap() error { return e.err }
