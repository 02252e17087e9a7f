package jose

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/pbkdf2"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
	josecipher "github.com/go-jose/go-jose/v4/cipher"
)

// errOpen is all that is told of why a token does not open: more would help who
// guesses.
var errOpen = errors.New("key or content does not fit")

// decryptCritical does what RFC 7516, 5.2 says, for a token that go-jose has parsed
// and that has critical headers: go-jose refuses to decrypt each of these, and no
// option of it says otherwise. m has checked the key.
func (e *Encrypted) decryptCritical(h jweHeader, m *KeyManagement, content *Encryption, key any) ([]byte, error) {
	var parts [5][]byte
	for i, text := range strings.Split(e.text, ".") {
		part, err := decode(text)
		if err != nil {
			return nil, err
		}
		parts[i] = part
	}
	cek, err := m.contentKey(h, parts[1], content, key)
	if err != nil {
		return nil, err
	}
	if len(cek) != content.Size {
		return nil, errOpen
	}
	aead, err := content.aead(cek)
	if err != nil {
		return nil, err
	}
	plain, err := open(aead, content.tagSize(), parts[2], parts[3], parts[4], []byte(e.HeaderText))
	if _, zipped := h["zip"]; err != nil || !zipped {
		return plain, err
	}
	if string(h["zip"]) != `"DEF"` {
		return nil, errors.New("its compression is not known")
	}
	return inflate(plain)
}

func (c *Encryption) isGCM() bool { return strings.HasSuffix(c.Name, "GCM") }

func (c *Encryption) aead(key []byte) (cipher.AEAD, error) {
	if c.isGCM() {
		return newGCM(key)
	}
	return josecipher.NewCBCHMAC(key, aes.NewCipher)
}

// tagSize is the size of the authentication tag, in bytes: RFC 7518, 5.2 and 5.3.
func (c *Encryption) tagSize() int {
	if c.isGCM() {
		return 16
	}
	return c.Size / 2
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func open(aead cipher.AEAD, tagSize int, iv, sealed, tag, associated []byte) ([]byte, error) {
	if len(iv) != aead.NonceSize() || len(tag) != tagSize {
		return nil, errOpen
	}
	plain, err := aead.Open(nil, iv, append(sealed, tag...), associated)
	if err != nil {
		return nil, errOpen
	}
	return plain, nil
}

// contentKey is the key of the content, which the token has in encrypted form, or
// which follows from the key.
func (m *KeyManagement) contentKey(h jweHeader, encrypted []byte, content *Encryption, key any) ([]byte, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return rsa.DecryptOAEP(sha256.New(), nil, key, encrypted, nil)
	case *ecdsa.PrivateKey:
		return m.agreed(h, encrypted, content, key)
	case []byte:
		return m.unlocked(h, encrypted, key)
	}
	return nil, ErrKeyType
}

// unlocked is for keys that both sides have: RFC 7518, 4.4, 4.5, 4.7 and 4.8.
func (m *KeyManagement) unlocked(h jweHeader, encrypted, key []byte) ([]byte, error) {
	switch {
	case m.Kind == DirectKey:
		return key, nil
	case m.Kind == PasswordKey:
		return m.ofPassword(h, encrypted, string(key))
	case strings.HasSuffix(m.Name, "GCMKW"):
		aead, err := newGCM(key)
		if err != nil {
			return nil, err
		}
		return open(aead, 16, h.octets("iv"), encrypted, h.octets("tag"), nil)
	}
	return unwrap(key, encrypted)
}

// wrap is the algorithm that wraps the content's key after another has made the
// wrapping key, as in ECDH-ES+A128KW; nil if there is none.
func (m *KeyManagement) wrap() *KeyManagement {
	_, name, _ := strings.Cut(m.Name, "+")
	return keyManagements[name]
}

// ofPassword makes the wrapping key of a password. How many iterations that takes
// has been looked at before.
func (m *KeyManagement) ofPassword(h jweHeader, encrypted []byte, password string) ([]byte, error) {
	var count int
	salt := h.octets("p2s")
	if json.Unmarshal(h["p2c"], &count) != nil || count < 1 || len(salt) == 0 {
		return nil, errOpen
	}
	salt = append([]byte(m.Name+"\x00"), salt...)
	name, _, _ := strings.Cut(strings.TrimPrefix(m.Name, "PBES2-"), "+")
	key, err := pbkdf2.Key(signings[name].hash.New, password, salt, count, m.wrap().Size)
	if err != nil {
		return nil, err
	}
	return unwrap(key, encrypted)
}

// agreed is the key that follows from two EC keys, or what is wrapped with it: RFC
// 7518, 4.6.
func (m *KeyManagement) agreed(h jweHeader, encrypted []byte, content *Encryption, key *ecdsa.PrivateKey) ([]byte, error) {
	var epk jose.JSONWebKey
	if epk.UnmarshalJSON(h["epk"]) != nil {
		return nil, errOpen
	}
	public, ok := epk.Key.(*ecdsa.PublicKey)
	if !ok || public.Curve != key.Curve {
		return nil, errOpen
	}
	if _, err := public.ECDH(); err != nil { // not on the curve
		return nil, errOpen
	}
	derived := func(name string, size int) []byte {
		return josecipher.DeriveECDHES(name, h.octets("apu"), h.octets("apv"), key, public, size)
	}
	if wrap := m.wrap(); wrap != nil {
		return unwrap(derived(m.Name, wrap.Size), encrypted)
	}
	return derived(content.Name, content.Size), nil
}

func unwrap(key, encrypted []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return josecipher.KeyUnwrap(block, encrypted)
}

// octets is a header in base64url; nil when it is absent or something else.
func (h jweHeader) octets(name string) []byte {
	var text string
	if json.Unmarshal(h[name], &text) != nil {
		return nil
	}
	octets, err := decode(text)
	if err != nil {
		return nil
	}
	return octets
}

// inflate has the bound of go-jose.
func inflate(content []byte) ([]byte, error) {
	most := max(250_000, 10*len(content))
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(content)), int64(most)+1))
	if err == nil && len(plain) > most {
		err = errors.New("it would become too large")
	}
	if err != nil {
		return nil, err
	}
	return plain, nil
}
