package jose

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
)

// KeyKind is what a key management algorithm takes as its key.
type KeyKind uint8

// The kinds of keys.
const (
	RSAKey      KeyKind = iota // *rsa.PublicKey to encrypt, *rsa.PrivateKey to decrypt
	ECKey                      // the same with ecdsa
	WrapKey                    // []byte of KeyManagement.Size
	PasswordKey                // []byte, not empty
	DirectKey                  // []byte of the content algorithm's size
)

// KeyManagement is a key management algorithm of RFC 7518, section 4.
type KeyManagement struct {
	Name string
	Kind KeyKind
	Size int // of a WrapKey, in bytes
}

var keyManagements = map[string]*KeyManagement{
	"RSA-OAEP-256":       {"RSA-OAEP-256", RSAKey, 0},
	"ECDH-ES":            {"ECDH-ES", ECKey, 0},
	"ECDH-ES+A128KW":     {"ECDH-ES+A128KW", ECKey, 0},
	"ECDH-ES+A192KW":     {"ECDH-ES+A192KW", ECKey, 0},
	"ECDH-ES+A256KW":     {"ECDH-ES+A256KW", ECKey, 0},
	"A128KW":             {"A128KW", WrapKey, 16},
	"A192KW":             {"A192KW", WrapKey, 24},
	"A256KW":             {"A256KW", WrapKey, 32},
	"A128GCMKW":          {"A128GCMKW", WrapKey, 16},
	"A192GCMKW":          {"A192GCMKW", WrapKey, 24},
	"A256GCMKW":          {"A256GCMKW", WrapKey, 32},
	"PBES2-HS256+A128KW": {"PBES2-HS256+A128KW", PasswordKey, 0},
	"PBES2-HS384+A192KW": {"PBES2-HS384+A192KW", PasswordKey, 0},
	"PBES2-HS512+A256KW": {"PBES2-HS512+A256KW", PasswordKey, 0},
	"dir":                {"dir", DirectKey, 0},
}

// LookupKeyManagement returns the key management algorithm of that name, or nil.
func LookupKeyManagement(name string) *KeyManagement { return keyManagements[name] }

// Encryption is a content encryption algorithm of RFC 7518, section 5.
type Encryption struct {
	Name string
	Size int // of its key, in bytes
}

var encryptions = map[string]*Encryption{
	"A128CBC-HS256": {"A128CBC-HS256", 32},
	"A192CBC-HS384": {"A192CBC-HS384", 48},
	"A256CBC-HS512": {"A256CBC-HS512", 64},
	"A128GCM":       {"A128GCM", 16},
	"A192GCM":       {"A192GCM", 24},
	"A256GCM":       {"A256GCM", 32},
}

// LookupEncryption returns the content encryption algorithm of that name, or nil.
func LookupEncryption(name string) *Encryption { return encryptions[name] }

// AllEncryptions are the content encryption algorithms, for a policy that allows
// any of them.
func AllEncryptions() []*Encryption {
	list := make([]*Encryption, 0, len(encryptions))
	for _, e := range encryptions {
		list = append(list, e)
	}
	return list
}

// MaxIterations bounds the PBKDF2 iterations that a token may ask for: they are
// spent before anything of the token is known to be true. A hundred thousand take
// some tens of milliseconds; Apigee's policies make 10,000 unless told otherwise.
// go-jose alone would allow a million.
const MaxIterations = 100_000

// Check tells whether key can be used with the algorithm and the content
// encryption: nil, ErrKeyType, ErrSize, ErrShort, ErrCurve or ErrWeak.
func (m *KeyManagement) Check(key any, content *Encryption) error {
	switch key := key.(type) {
	case []byte:
		return m.checkBytes(key, content)
	case *rsa.PublicKey:
		return m.checkRSA(key)
	case *rsa.PrivateKey:
		return m.checkRSA(&key.PublicKey)
	case *ecdsa.PublicKey:
		return m.checkEC(key)
	case *ecdsa.PrivateKey:
		return m.checkEC(&key.PublicKey)
	}
	return fmt.Errorf("%w (%s)", ErrKeyType, m.Name)
}

func (m *KeyManagement) checkBytes(key []byte, content *Encryption) error {
	switch {
	case m.Kind == WrapKey && len(key) != m.Size:
		return fmt.Errorf("%w: %s needs %d bytes", ErrSize, m.Name, m.Size)
	case m.Kind == DirectKey && content != nil && len(key) != content.Size:
		return fmt.Errorf("%w: %s needs %d bytes", ErrSize, content.Name, content.Size)
	case m.Kind == PasswordKey && len(key) == 0:
		return fmt.Errorf("%w: the password is empty", ErrShort)
	case m.Kind == RSAKey || m.Kind == ECKey:
		return fmt.Errorf("%w (%s)", ErrKeyType, m.Name)
	}
	return nil
}

func (m *KeyManagement) checkRSA(key *rsa.PublicKey) error {
	if m.Kind != RSAKey {
		return fmt.Errorf("%w (%s)", ErrKeyType, m.Name)
	}
	return checkModulus(key)
}

// checkEC allows the curves of RFC 7518, 6.2.1.1.
func (m *KeyManagement) checkEC(key *ecdsa.PublicKey) error {
	if m.Kind != ECKey {
		return fmt.Errorf("%w (%s)", ErrKeyType, m.Name)
	}
	for _, name := range [...]string{"ES256", "ES384", "ES512"} {
		if key.Curve == signings[name].curve {
			return nil
		}
	}
	return fmt.Errorf("%w: %s needs P-256, P-384 or P-521", ErrCurve, m.Name)
}

// Encrypted is a JWE in compact form.
type Encrypted struct {
	Header     []byte // JSON, if the token is what it should be
	HeaderText string // in base64url
	text       string
}

// ParseEncrypted cuts a compact JWE. Its error is ErrMalformed.
func ParseEncrypted(text string) (*Encrypted, error) {
	header, _, _ := strings.Cut(text, ".")
	if strings.Count(text, ".") != 4 || header == "" || len(header) > maxHeader {
		return nil, fmt.Errorf("%w: it has no five parts", ErrMalformed)
	}
	plain, err := decode(header)
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	return &Encrypted{Header: plain, HeaderText: header, text: text}, nil
}

// Decrypt returns the payload of a token that uses exactly the key management m
// and one of the content encryptions. Errors: ErrAlgorithm, ErrTooCostly,
// ErrDecrypt, ErrMalformed, and those of [KeyManagement.Check]. A compressed
// payload may be ten times as long as the token, or 250 kB. Whether the headers in
// "crit" are known is for the caller to judge.
func (e *Encrypted) Decrypt(m *KeyManagement, contents []*Encryption, key any) ([]byte, error) {
	header, content, err := e.inspect(m, contents)
	if err != nil {
		return nil, err
	}
	if err := m.Check(key, content); err != nil {
		return nil, err
	}
	token, err := jose.ParseEncryptedCompact(e.text,
		[]jose.KeyAlgorithm{jose.KeyAlgorithm(m.Name)}, []jose.ContentEncryption{jose.ContentEncryption(content.Name)})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	var plain []byte
	if _, critical := header["crit"]; critical {
		plain, err = e.decryptCritical(header, m, content, key)
	} else {
		plain, err = token.Decrypt(key)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecrypt, err)
	}
	return plain, nil
}

// jweHeader is a header by its names, which are compared exactly, as go-jose does:
// a struct would take P2C for p2c.
type jweHeader map[string]json.RawMessage

// inspect looks at the header for what go-jose refuses without an error of its
// own, and for what would be costly; it returns the header and the content
// encryption.
func (e *Encrypted) inspect(m *KeyManagement, contents []*Encryption) (jweHeader, *Encryption, error) {
	var header jweHeader
	if json.Unmarshal(e.Header, &header) != nil {
		return nil, nil, fmt.Errorf("%w: the header is no JSON object", ErrMalformed)
	}
	var alg, enc string
	if json.Unmarshal(header["alg"], &alg) != nil || json.Unmarshal(header["enc"], &enc) != nil || alg != m.Name {
		return nil, nil, ErrAlgorithm
	}
	content := encryptions[enc]
	if content == nil || !slices.Contains(contents, content) {
		return nil, nil, ErrAlgorithm
	}
	if m.Kind == PasswordKey {
		count := 0
		if json.Unmarshal(header["p2c"], &count) != nil || count > MaxIterations {
			return nil, nil, fmt.Errorf("%w: it may ask for %d", ErrTooCostly, MaxIterations)
		}
	}
	return header, content, nil
}

// EncryptOptions say how Encrypt makes a token.
type EncryptOptions struct {
	Key      *KeyManagement
	Content  *Encryption
	KeyID    string                     // kid, "" for none
	Header   map[string]json.RawMessage // further headers
	Compress bool
	// SaltLength and Iterations are for a PasswordKey, in bytes and rounds.
	SaltLength, Iterations int
}

// Encrypt makes a compact JWE. Its errors are those of [KeyManagement.Check], or
// go-jose's own.
func Encrypt(o EncryptOptions, key any, payload []byte) (string, error) {
	if err := o.Key.Check(key, o.Content); err != nil {
		return "", err
	}
	to := jose.Recipient{Algorithm: jose.KeyAlgorithm(o.Key.Name), Key: key, KeyID: o.KeyID}
	if o.Key.Kind == PasswordKey {
		to.PBES2Count, to.PBES2Salt = o.Iterations, make([]byte, o.SaltLength)
		rand.Read(to.PBES2Salt)
	}
	settings := &jose.EncrypterOptions{ExtraHeaders: map[jose.HeaderKey]any{}}
	if o.Compress {
		settings.Compression = jose.DEFLATE
	}
	for name, value := range o.Header {
		settings.ExtraHeaders[jose.HeaderKey(name)] = value
	}
	encrypter, err := jose.NewEncrypter(jose.ContentEncryption(o.Content.Name), to, settings)
	if err != nil {
		return "", err
	}
	token, err := encrypter.Encrypt(payload)
	if err != nil {
		return "", err
	}
	return token.CompactSerialize()
}
