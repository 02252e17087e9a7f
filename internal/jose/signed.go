package jose

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
)

// maxHeader bounds a header in base64url: it is parsed before anything of the
// token is known to be true.
const maxHeader = 64 << 10

var segment = base64.RawURLEncoding.Strict()

// Signed is a JWS in compact form, cut into its parts. Nothing of it is to be
// believed before Verify.
type Signed struct {
	Header  []byte // JSON, if the token is what it should be
	Payload []byte // empty when it is detached
	// HeaderText is the header in base64url: tokens of one issuer have the same,
	// so it can address what was learned from the last one.
	HeaderText string

	input     string // HEADER.PAYLOAD, which is what is signed
	signature []byte
}

// ParseSigned cuts a compact JWS. Its errors are ErrMalformed, and ErrPayload
// when only the payload is wrong.
func ParseSigned(text string) (*Signed, error) {
	header, rest, ok := strings.Cut(text, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || strings.IndexByte(signature, '.') >= 0 || header == "" || len(header) > maxHeader {
		return nil, fmt.Errorf("%w: it has no three parts", ErrMalformed)
	}
	s := &Signed{HeaderText: header, input: text[:len(header)+1+len(payload)]}
	var err error
	if s.Header, err = decode(header); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	if s.signature, err = decode(signature); err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrMalformed, err)
	}
	if s.Payload, err = decode(payload); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return s, nil
}

// Detached reports whether the token has no payload of its own.
func (s *Signed) Detached() bool { return len(s.Payload) == 0 }

// decode reads base64url. The decoder of the standard library skips line breaks,
// so that a token would have many spellings; here it has one.
func decode(text string) ([]byte, error) {
	for _, lineBreak := range [...]byte{'\r', '\n'} { // each a search of its own: IndexAny looks at one byte at a time
		if i := strings.IndexByte(text, lineBreak); i >= 0 {
			return nil, base64.CorruptInputError(i)
		}
	}
	return segment.DecodeString(text)
}

// Verify checks the signature of the token. The algorithm is that which the
// caller allows and has found in the header. Errors are ErrSignature and those of
// [Signing.Check].
func (s *Signed) Verify(a *Signing, key any) error {
	return a.verify(key, s.input, s.signature)
}

// VerifyDetached is Verify of a token whose payload is content.
func (s *Signed) VerifyDetached(a *Signing, key any, content []byte) error {
	return a.verify(key, s.HeaderText+"."+segment.EncodeToString(content), s.signature)
}

// Sign makes a compact JWS of a header, which is JSON with a fitting "alg", and
// a payload. Errors are those of [Signing.Check].
func Sign(a *Signing, key any, header, payload []byte) (string, error) {
	input := signingInput(header, payload)
	signature, err := a.sign(key, input)
	if err != nil {
		return "", err
	}
	return input + "." + segment.EncodeToString(signature), nil
}

// SignDetached is Sign that leaves the payload out: HEADER..SIGNATURE.
func SignDetached(a *Signing, key any, header, payload []byte) (string, error) {
	signature, err := a.sign(key, signingInput(header, payload))
	if err != nil {
		return "", err
	}
	return segment.EncodeToString(header) + ".." + segment.EncodeToString(signature), nil
}

func signingInput(header, payload []byte) string {
	b := make([]byte, 0, segment.EncodedLen(len(header))+1+segment.EncodedLen(len(payload)))
	b = append(segment.AppendEncode(b, header), '.')
	return string(segment.AppendEncode(b, payload))
}

func (a *Signing) digest(input string) []byte {
	h := a.hash.New()
	h.Write([]byte(input))
	return h.Sum(nil)
}

func (a *Signing) mac(secret []byte, input string) []byte {
	h := hmac.New(a.hash.New, secret)
	h.Write([]byte(input))
	return h.Sum(nil)
}

var pssOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}

func (a *Signing) verify(key any, input string, signature []byte) error {
	if err := a.Check(key); err != nil {
		return err
	}
	ok := false
	switch key := key.(type) {
	case []byte:
		ok = hmac.Equal(a.mac(key, input), signature)
	case *rsa.PublicKey:
		ok = a.verifyRSA(key, a.digest(input), signature) == nil
	case *ecdsa.PublicKey:
		ok = verifyEC(key, a.digest(input), signature)
	default:
		return fmt.Errorf("%w: a private key verifies nothing", ErrKeyType)
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

func (a *Signing) verifyRSA(key *rsa.PublicKey, digest, signature []byte) error {
	if a.Family == PSS {
		return rsa.VerifyPSS(key, a.hash, digest, signature, pssOptions)
	}
	return rsa.VerifyPKCS1v15(key, a.hash, digest, signature)
}

// verifyEC reads the signature as the two halves of RFC 7518, 3.4.
func verifyEC(key *ecdsa.PublicKey, digest, signature []byte) bool {
	size := fieldSize(key)
	if len(signature) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(key, digest, r, s)
}

func fieldSize(key *ecdsa.PublicKey) int { return (key.Params().BitSize + 7) / 8 }

func (a *Signing) sign(key any, input string) ([]byte, error) {
	if err := a.Check(key); err != nil {
		return nil, err
	}
	switch key := key.(type) {
	case []byte:
		return a.mac(key, input), nil
	case *rsa.PrivateKey:
		if a.Family == PSS {
			return rsa.SignPSS(rand.Reader, key, a.hash, a.digest(input), pssOptions)
		}
		return rsa.SignPKCS1v15(nil, key, a.hash, a.digest(input))
	case *ecdsa.PrivateKey:
		return signEC(key, a.digest(input))
	}
	return nil, fmt.Errorf("%w: a public key signs nothing", ErrKeyType)
}

func signEC(key *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		return nil, err
	}
	size := fieldSize(&key.PublicKey)
	signature := make([]byte, 2*size)
	r.FillBytes(signature[:size])
	s.FillBytes(signature[size:])
	return signature, nil
}
