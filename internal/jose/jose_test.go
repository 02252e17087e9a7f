package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
var otherRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
var weakRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })

func ecKey(c elliptic.Curve) *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(c, rand.Reader)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// pair returns a private and a public key that fit the algorithm.
func pair(a *Signing) (private, public any) {
	switch a.Family {
	case HMAC:
		secret := []byte(strings.Repeat("s", a.hash.Size()))
		return secret, secret
	case EC:
		k := ecKey(a.curve)
		return k, &k.PublicKey
	}
	return rsaKey(), &rsaKey().PublicKey
}

func header(alg string) []byte { return fmt.Appendf(nil, `{"alg":%q}`, alg) }

// TestSignaturesMatchGoJose makes a token with each algorithm and has go-jose
// verify it, and the other way round.
func TestSignaturesMatchGoJose(t *testing.T) {
	for name, a := range signings {
		t.Run(name, func(t *testing.T) {
			private, public := pair(a)
			ours, err := Sign(a, private, header(name), []byte(`{"a":1}`))
			if err != nil {
				t.Fatal(err)
			}
			algorithms := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(name)}
			payload, err := must(jose.ParseSignedCompact(ours, algorithms)).Verify(public)
			if err != nil || string(payload) != `{"a":1}` {
				t.Errorf("go-jose says %v, %s", err, payload)
			}
			signer := must(jose.NewSigner(jose.SigningKey{Algorithm: algorithms[0], Key: private}, nil))
			theirs := must(must(signer.Sign([]byte("x"))).CompactSerialize())
			s, err := ParseSigned(theirs)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(a, public); err != nil {
				t.Errorf("a token of go-jose: %v", err)
			}
			checkForgeries(t, a, public, theirs)
		})
	}
}

// checkForgeries changes each part of a token.
func checkForgeries(t *testing.T, a *Signing, public any, token string) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, forged := range []string{
		segment.EncodeToString(header(a.Name+" ")) + "." + parts[1] + "." + parts[2],
		parts[0] + "." + segment.EncodeToString([]byte("y")) + "." + parts[2],
		parts[0] + "." + parts[1] + ".",
		parts[0] + "." + parts[1] + "." + segment.EncodeToString(make([]byte, len(must(decode(parts[2]))))),
		parts[0] + "." + parts[1] + "." + parts[2] + "AAAA",
	} {
		s, err := ParseSigned(forged)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(a, public); !errors.Is(err, ErrSignature) {
			t.Errorf("forgery %d of %s: %v", i, a.Name, err)
		}
	}
}

func TestDetached(t *testing.T) {
	a := LookupSigning("HS256")
	secret, _ := pair(a)
	content := []byte("the content")
	token, err := SignDetached(a, secret, header("HS256"), content)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseSigned(token)
	if err != nil || !s.Detached() {
		t.Fatalf("%v in %s", err, token)
	}
	if err := s.VerifyDetached(a, secret, content); err != nil {
		t.Error(err)
	}
	if err := s.VerifyDetached(a, secret, []byte("other")); !errors.Is(err, ErrSignature) {
		t.Errorf("other content: %v", err)
	}
	if err := s.Verify(a, secret); !errors.Is(err, ErrSignature) {
		t.Errorf("without content: %v", err)
	}
}

func TestParseSigned(t *testing.T) {
	ok := segment.EncodeToString([]byte("{}"))
	for _, c := range []struct {
		name, token string
		want        error
	}{
		{"empty", "", ErrMalformed},
		{"one part", ok, ErrMalformed},
		{"two parts", ok + "." + ok, ErrMalformed},
		{"four parts", ok + "." + ok + "." + ok + "." + ok, ErrMalformed},
		{"five parts", ok + "...." + ok, ErrMalformed},
		{"no header", "." + ok + "." + ok, ErrMalformed},
		{"header with padding", "e30=." + ok + "." + ok, ErrMalformed},
		{"header with a line break", "e3\n0." + ok + "." + ok, ErrMalformed},
		{"header with spare bits", "e31." + ok + "." + ok, ErrMalformed},
		{"header in base64", "++//." + ok + "." + ok, ErrMalformed},
		{"long header", strings.Repeat("AAAA", maxHeader) + "." + ok + "." + ok, ErrMalformed},
		{"signature", ok + "." + ok + ".!", ErrMalformed},
		{"payload", ok + ".!." + ok, ErrPayload},
		{"no signature", ok + "." + ok + ".", nil},
		{"detached", ok + ".." + ok, nil},
	} {
		if _, err := ParseSigned(c.token); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// TestKeysFitOneAlgorithm gives each algorithm keys of other types: above all, a
// public key is never the secret of an HMAC.
func TestKeysFitOneAlgorithm(t *testing.T) {
	p256, p384, p224 := ecKey(elliptic.P256()), ecKey(elliptic.P384()), ecKey(elliptic.P224())
	for _, c := range []struct {
		alg  string
		key  any
		want error
	}{
		{"HS256", &rsaKey().PublicKey, ErrKeyType},
		{"HS256", &p256.PublicKey, ErrKeyType},
		{"HS256", "a string", ErrKeyType},
		{"HS256", nil, ErrKeyType},
		{"HS256", make([]byte, 31), ErrShort},
		{"HS256", make([]byte, 32), nil},
		{"HS384", make([]byte, 47), ErrShort},
		{"HS512", make([]byte, 63), ErrShort},
		{"HS512", make([]byte, 64), nil},
		{"RS256", make([]byte, 99), ErrKeyType},
		{"RS256", p256, ErrKeyType},
		{"RS256", &weakRSAKey().PublicKey, ErrWeak},
		{"PS512", weakRSAKey(), ErrWeak},
		{"RS256", &rsa.PublicKey{}, ErrWeak},
		{"ES256", rsaKey(), ErrKeyType},
		{"ES256", p384, ErrCurve},
		{"ES256", &p224.PublicKey, ErrCurve},
		{"ES384", &p384.PublicKey, nil},
	} {
		if err := LookupSigning(c.alg).Check(c.key); !errors.Is(err, c.want) {
			t.Errorf("%s with %T: %v, want %v", c.alg, c.key, err, c.want)
		}
	}
	if LookupSigning("none") != nil || LookupSigning("") != nil {
		t.Error("there is an algorithm none")
	}
	s := must(ParseSigned("e30.e30.e30"))
	if err := s.Verify(LookupSigning("RS256"), rsaKey()); !errors.Is(err, ErrKeyType) {
		t.Errorf("a private key verifies: %v", err)
	}
	if _, err := Sign(LookupSigning("RS256"), &rsaKey().PublicKey, nil, nil); !errors.Is(err, ErrKeyType) {
		t.Errorf("a public key signs: %v", err)
	}
}

// managed returns keys to encrypt and decrypt with.
func managed(m *KeyManagement, e *Encryption) (to, from any) {
	switch m.Kind {
	case RSAKey:
		return &rsaKey().PublicKey, rsaKey()
	case ECKey:
		k := ecKey(elliptic.P384())
		return &k.PublicKey, k
	case WrapKey:
		return make([]byte, m.Size), make([]byte, m.Size)
	case DirectKey:
		return make([]byte, e.Size), make([]byte, e.Size)
	}
	return []byte("password"), []byte("password")
}

func TestEncryption(t *testing.T) {
	for name, m := range keyManagements {
		for _, e := range AllEncryptions() {
			to, from := managed(m, e)
			o := EncryptOptions{Key: m, Content: e, KeyID: "k1", Compress: true, SaltLength: 8, Iterations: 1000,
				Header: map[string]json.RawMessage{"typ": json.RawMessage(`"JWT"`), "n": json.RawMessage(`[1.0]`)}}
			j := encrypted(t, o, to, "the payload")
			for _, part := range []string{`"kid":"k1"`, `"typ":"JWT"`, `"n":[1.0]`, `"zip":"DEF"`, `"alg":"` + name, `"enc":"` + e.Name} {
				if !strings.Contains(string(j.Header), part) {
					t.Errorf("%s: the header %s lacks %s", name, j.Header, part)
				}
			}
			opens(t, j, m, from, "the payload")
			o.Header["crit"] = json.RawMessage(`["n"]`)
			opens(t, encrypted(t, o, to, "critical"), m, from, "critical")
			o.Compress = false
			opens(t, encrypted(t, o, to, "as it is"), m, from, "as it is")
		}
	}
}

func encrypted(t *testing.T, o EncryptOptions, to any, payload string) *Encrypted {
	t.Helper()
	token, err := Encrypt(o, to, []byte(payload))
	if err != nil {
		t.Fatalf("%s %s: %v", o.Key.Name, o.Content.Name, err)
	}
	return must(ParseEncrypted(token))
}

// opens wants the payload of j, and nothing of what looks nearly like j: with
// another bit in one of the parts, or with a part that is shorter.
func opens(t *testing.T, j *Encrypted, m *KeyManagement, key any, payload string) {
	t.Helper()
	plain, err := j.Decrypt(m, AllEncryptions(), key)
	if err != nil || string(plain) != payload {
		t.Errorf("%s of %s: %v, %s", payload, j.Header, err, plain)
	}
	parts := strings.Split(j.text, ".")
	for i, part := range parts {
		octets := must(decode(part))
		if len(octets) == 0 { // the key of dir and of ECDH-ES
			continue
		}
		forged := slices.Clone(parts)
		for _, change := range [][]byte{changed(i, octets), octets[:len(octets)-1]} {
			forged[i] = segment.EncodeToString(change)
			tampered := must(ParseEncrypted(strings.Join(forged, ".")))
			if plain, err := tampered.Decrypt(m, AllEncryptions(), key); !errors.Is(err, ErrDecrypt) && !(i == 0 && err != nil) {
				t.Errorf("%s with another part %d: %v, %s", j.Header, i, err, plain)
			}
		}
	}
}

// changed changes part i of a token: of the header, white space.
func changed(i int, octets []byte) []byte {
	if i == 0 {
		return append([]byte(" "), octets...)
	}
	octets = slices.Clone(octets)
	octets[len(octets)/2] ^= 1
	return octets
}

func TestDecryptRefuses(t *testing.T) {
	wrap, gcm := LookupKeyManagement("A128KW"), LookupEncryption("A128GCM")
	secret := make([]byte, 16)
	token := func(m *KeyManagement, key any, header string) *Encrypted {
		text := must(Encrypt(EncryptOptions{Key: m, Content: gcm, SaltLength: 8, Iterations: 1000}, key, []byte("x")))
		if header != "" {
			text = segment.EncodeToString([]byte(header)) + text[strings.IndexByte(text, '.'):]
		}
		return must(ParseEncrypted(text))
	}
	password, oaep := LookupKeyManagement("PBES2-HS256+A128KW"), LookupKeyManagement("RSA-OAEP-256")
	p256 := ecKey(elliptic.P256())
	point := string(must(jose.JSONWebKey{Key: &p256.PublicKey}.MarshalJSON()))
	moved := encrypted(t, EncryptOptions{Key: wrap, Content: gcm, Header: map[string]json.RawMessage{"crit": json.RawMessage(`["x"]`)}}, secret, "x")
	parts := strings.Split(moved.text, ".")
	content, tag := must(decode(parts[3])), must(decode(parts[4]))
	last := len(content) - 1
	parts[3], parts[4] = segment.EncodeToString(content[:last]), segment.EncodeToString(append(content[last:], tag...))
	moved.text = strings.Join(parts, ".")
	for _, c := range []struct {
		name     string
		token    *Encrypted
		m        *KeyManagement
		contents []*Encryption
		key      any
		want     error
	}{
		{"another key management", token(wrap, secret, ""), LookupKeyManagement("A128GCMKW"), AllEncryptions(), secret, ErrAlgorithm},
		{"another content encryption", token(wrap, secret, ""), wrap, []*Encryption{LookupEncryption("A256GCM")}, secret, ErrAlgorithm},
		{"no alg", token(wrap, secret, `{"enc":"A128GCM"}`), wrap, AllEncryptions(), secret, ErrAlgorithm},
		{"header not JSON", token(wrap, secret, `{`), wrap, AllEncryptions(), secret, ErrMalformed},
		{"a critical header that was not there", token(wrap, secret, `{"alg":"A128KW","enc":"A128GCM","crit":["x"]}`), wrap, AllEncryptions(), secret, ErrDecrypt},
		{"critical, two algs", token(wrap, secret, `{"alg":"dir","alg":"A128KW","enc":"A128GCM","crit":["x"]}`), wrap, AllEncryptions(), secret, ErrMalformed},
		{"critical, no iterations", token(password, []byte("p"), `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":0,"crit":["x"]}`), password, AllEncryptions(), []byte("p"), ErrDecrypt},
		{"critical, public key", token(oaep, &rsaKey().PublicKey, `{"alg":"RSA-OAEP-256","enc":"A128GCM","crit":["x"]}`), oaep, AllEncryptions(), &rsaKey().PublicKey, ErrDecrypt},
		{"another header", token(wrap, secret, `{"alg":"A128KW","enc":"A128GCM","a":1}`), wrap, AllEncryptions(), secret, ErrDecrypt},
		{"two algs", token(wrap, secret, `{"alg":"dir","alg":"A128KW","enc":"A128GCM"}`), wrap, AllEncryptions(), secret, ErrMalformed},
		{"many iterations", token(password, []byte("p"), `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","P2C":1,"p2c":100001}`), password, AllEncryptions(), []byte("p"), ErrTooCostly},
		{"iterations of another type", token(password, []byte("p"), `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":"9"}`), password, AllEncryptions(), []byte("p"), ErrTooCostly},
		{"critical, epk on another curve", token(LookupKeyManagement("ECDH-ES"), &p256.PublicKey, `{"alg":"ECDH-ES","enc":"A128GCM","crit":["x"],"epk":`+point+`}`), LookupKeyManagement("ECDH-ES"), AllEncryptions(), ecKey(elliptic.P384()), ErrDecrypt},
		{"critical, no epk", token(LookupKeyManagement("ECDH-ES"), &p256.PublicKey, `{"alg":"ECDH-ES","enc":"A128GCM","crit":["x"]}`), LookupKeyManagement("ECDH-ES"), AllEncryptions(), p256, ErrDecrypt},
		{"critical, tag with an octet of the content", moved, wrap, AllEncryptions(), secret, ErrDecrypt},
		{"another secret", token(wrap, secret, ""), wrap, AllEncryptions(), []byte("0123456789abcdef"), ErrDecrypt},
		{"another size", token(wrap, secret, ""), wrap, AllEncryptions(), make([]byte, 24), ErrSize},
		{"RSA key", token(wrap, secret, ""), wrap, AllEncryptions(), rsaKey(), ErrKeyType},
		{"weak RSA key", token(oaep, &rsaKey().PublicKey, ""), oaep, AllEncryptions(), weakRSAKey(), ErrWeak},
		{"other RSA key", token(oaep, &rsaKey().PublicKey, ""), oaep, AllEncryptions(), otherRSAKey(), ErrDecrypt},
	} {
		if _, err := c.token.Decrypt(c.m, c.contents, c.key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, text := range []string{"", "a.b.c", "....", "e30.....", "!...."} {
		if _, err := ParseEncrypted(text); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestDecompressionIsBounded sends a payload of zeros that takes a thousandth of
// its size in the token.
func TestDecompressionIsBounded(t *testing.T) {
	wrap, gcm, secret := LookupKeyManagement("A128KW"), LookupEncryption("A128GCM"), make([]byte, 16)
	for _, header := range []map[string]json.RawMessage{nil, {"crit": json.RawMessage(`["x"]`)}} {
		token := must(Encrypt(EncryptOptions{Key: wrap, Content: gcm, Compress: true, Header: header}, secret, make([]byte, 8<<20)))
		if _, err := must(ParseEncrypted(token)).Decrypt(wrap, AllEncryptions(), secret); !errors.Is(err, ErrDecrypt) {
			t.Errorf("%d bytes became 8 MB: %v", len(token), err)
		}
	}
}

func TestEncryptRefuses(t *testing.T) {
	gcm := LookupEncryption("A256GCM")
	p224 := ecKey(elliptic.P224())
	for _, c := range []struct {
		alg  string
		key  any
		want error
	}{
		{"dir", make([]byte, 31), ErrSize},
		{"A256KW", make([]byte, 31), ErrSize},
		{"PBES2-HS512+A256KW", []byte{}, ErrShort},
		{"RSA-OAEP-256", make([]byte, 32), ErrKeyType},
		{"RSA-OAEP-256", &weakRSAKey().PublicKey, ErrWeak},
		{"ECDH-ES", &p224.PublicKey, ErrCurve},
		{"ECDH-ES", &rsaKey().PublicKey, ErrKeyType},
		{"RSA-OAEP-256", &p224.PublicKey, ErrKeyType},
		{"dir", crypto.SHA256, ErrKeyType},
	} {
		if _, err := Encrypt(EncryptOptions{Key: LookupKeyManagement(c.alg), Content: gcm, SaltLength: 8, Iterations: 1000}, c.key, nil); !errors.Is(err, c.want) {
			t.Errorf("%s with %T: %v, want %v", c.alg, c.key, err, c.want)
		}
	}
}
