package policies

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/jose"
)

// jwtKey is a compiled key element other than a JSON Web Key Set.
type jwtKey struct {
	element  string
	value    *flow.Name // variable that holds the key, or nil:
	literal  string     // public keys and certificates only
	password *flow.Name // of a PrivateKey, or nil
	encoding string     // of a secret: "", hex, base64, base64url
	last     atomic.Pointer[jwtParsed]
}

// jwtParsed is the key that the variable held last. The text is compared, so a
// rotated key counts at once; one is kept, so that nothing grows.
type jwtParsed struct {
	text, password string
	key            any
}

// jwtKeyElements are the elements of which a policy has one.
var jwtKeyElements = []string{"SecretKey", "PrivateKey", "PublicKey", "PasswordKey", "DirectKey"}

// jwtKeyElement finds the key element that the algorithms need, and refuses all
// others.
func jwtKeyElement(b *flow.Build, el *etree.Element, a *jwtAlgorithms) *etree.Element {
	need := a.keyElement(strings.HasPrefix(b.Kind, "Generate"))
	for _, tag := range jwtKeyElements {
		if other := b.Child(el, tag); other != nil && tag != need {
			b.RefuseText(other, jwtCode(b, "InvalidConfigurationForActionAndAlgorithm", "InvalidConfigurationForActionAndAlgorithmFamily"),
				tag+" does not fit the algorithm", "the key belongs into "+need)
			return nil
		}
	}
	key := b.Child(el, need)
	if key == nil {
		b.RefuseText(el, "MissingConfigurationElement", need+" is missing", "add <"+need+">: the algorithm needs it")
	}
	return key
}

// jwtCompileKey reads a key element; nil when it is refused.
func jwtCompileKey(b *flow.Build, el *etree.Element) *jwtKey {
	tag := "Value"
	if el.Tag == "PublicKey" && b.Child(el, "Value") == nil {
		tag = "Certificate"
	}
	value := b.Child(el, tag)
	if value == nil {
		b.RefuseText(el, "InvalidKeyConfiguration", el.Tag+" has no Value", `add <Value ref="`+jwtExampleRef(el.Tag)+`"/>`)
		return nil
	}
	k := &jwtKey{element: el.Tag, value: b.Ref(value, "ref"), literal: flow.TextOf(value)}
	switch {
	case el.Tag == "PublicKey":
		return k.compilePublic(b, value)
	case !jwtCheckSecret(b, value):
		return nil
	}
	if password := b.Child(el, "Password"); password != nil {
		if !jwtCheckSecret(b, password) {
			return nil
		}
		k.password = b.Ref(password, "ref")
	}
	return k.compileEncoding(b, el, value)
}

func jwtExampleRef(tag string) string {
	if tag == "PublicKey" {
		return "public.key"
	}
	return "private.key"
}

func (k *jwtKey) compilePublic(b *flow.Build, value *etree.Element) *jwtKey {
	if k.value != nil {
		return k
	}
	if k.literal == "" {
		b.RefuseText(value, "EmptyElementForKeyConfiguration", value.Tag+" is empty", "write the key in PEM, or name its variable with ref")
		return nil
	}
	if _, err := jose.ParsePublicKey(k.literal); err != nil {
		b.Warn(value, "KeyParsingFailed", "the key does not parse, so every request ends in KeyParsingFailed: "+err.Error(), "write the key in PEM, with its BEGIN and END lines")
	}
	return k
}

// jwtCheckSecret refuses an element that does not name a private variable.
func jwtCheckSecret(b *flow.Build, el *etree.Element) bool {
	ref := b.Attr(el, "ref")
	const hint = `name a variable with the prefix private., as in ref="private.key"`
	switch {
	case ref == "" && flow.TextOf(el) != "":
		b.RefuseText(el, "InvalidSecretInConfig", el.Parent().Tag+" carries the secret itself", hint)
	case ref == "":
		b.RefuseText(el, "EmptyElementForKeyConfiguration", "ref of "+el.Tag+" is missing", hint)
	case !strings.HasPrefix(ref, "private."):
		b.RefuseText(el, "InvalidVariableNameForSecret", "variable "+ref+" is not private", hint)
	default:
		return true
	}
	return false
}

// compileEncoding reads @encoding, which stands at the key element or its Value. A
// DirectKey is base64 unless it says otherwise; others are the bytes of the text.
func (k *jwtKey) compileEncoding(b *flow.Build, el, value *etree.Element) *jwtKey {
	k.encoding = strings.ToLower(b.Attr(el, "encoding"))
	if k.encoding == "" {
		k.encoding = strings.ToLower(b.Attr(value, "encoding"))
	}
	switch k.encoding {
	case "":
		if k.element == "DirectKey" {
			k.encoding = "base64"
		}
	case "base16":
		k.encoding = "hex"
	case "utf-8", "utf8":
		k.encoding = ""
	case "hex", "base64", "base64url":
	default:
		b.RefuseText(el, "InvalidValueForElement", "encoding "+k.encoding+" is not supported", "write hex, base16, base64 or base64url")
		return nil
	}
	return k
}

// get returns the key: []byte, or what jose.ParsePrivateKey and
// jose.ParsePublicKey return.
func (k *jwtKey) get(x *flow.Exchange) (any, error) {
	text := k.literal
	if k.value != nil {
		v := x.Get(k.value)
		switch {
		case !v.IsNull():
			text = v.String()
		case text == "":
			return nil, jwtUnresolved(k.value.String())
		}
	}
	password := ""
	if k.password != nil {
		v := x.Get(k.password)
		if v.IsNull() {
			return nil, jwtUnresolved(k.password.String())
		}
		password = v.String()
	}
	if last := k.last.Load(); last != nil && last.text == text && last.password == password {
		return last.key, nil
	}
	key, err := k.parse(text, password)
	if err != nil {
		return nil, err
	}
	k.last.Store(&jwtParsed{strings.Clone(text), strings.Clone(password), key})
	return key, nil
}

func (k *jwtKey) parse(text, password string) (key any, err error) {
	switch k.element {
	case "PrivateKey":
		key, err = jose.ParsePrivateKey(text, password)
	case "PublicKey":
		key, err = jose.ParsePublicKey(text)
	default:
		key, err = k.decode(text)
	}
	return key, jwtJoseFailure(err, "InvalidSecretKey")
}

var errJWTEncoding = errors.New("the secret is not in its encoding")

// decode reads a secret. Hexadecimal may contain white space, base64 may not; its
// padding may be missing (recommended).
func (k *jwtKey) decode(text string) ([]byte, error) {
	var secret []byte
	var err error
	switch k.encoding {
	case "":
		return []byte(text), nil
	case "hex":
		secret, err = hex.DecodeString(strings.Map(withoutJWTSpace, text))
	case "base64":
		secret, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	case "base64url":
		secret, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	if err != nil || k.encoding != "hex" && strings.ContainsAny(text, "\r\n") {
		return nil, errJWTEncoding // err would tell a part of the secret
	}
	return secret, nil
}

func withoutJWTSpace(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

// keyFailure makes a failure of an error about the key: what its element does not
// meet has a fault of its own for each element.
func (c *jwtCommon) keyFailure(err error, element string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jose.ErrWeak) && element == "PrivateKey":
		return jwtFailCause("InvalidPrivateKey", err)
	case errors.Is(err, jose.ErrWeak):
		return jwtFailCause("InvalidPublicKey", err)
	case errors.Is(err, jose.ErrShort) && element == "PasswordKey":
		return jwtFailCause("InvalidPasswordKey", err)
	case errors.Is(err, jose.ErrShort):
		return jwtFailCause("InsufficientKeyLength", err)
	}
	otherwise := "UnknownException"
	if c.generates {
		otherwise = "GenerationFailed"
	}
	return jwtJoseFailure(err, otherwise)
}
