package jose

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

const claims = `{"iss":"https://idp.example.com","sub":"ada","aud":"orders","exp":4102444800,"nbf":1500000000,"iat":1500000000,"scope":"read write"}`

// The three benchmarks of RS256 belong together: the bare operation of the
// standard library, a token of this package, and a token of go-jose.

func BenchmarkRS256Bare(b *testing.B) {
	digest := sha256.Sum256([]byte(claims))
	signature := must(rsa.SignPKCS1v15(nil, rsaKey(), crypto.SHA256, digest[:]))
	b.ReportAllocs()
	for b.Loop() {
		if err := rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRS256(b *testing.B) {
	benchmarkVerify(b, "RS256", rsaKey(), &rsaKey().PublicKey)
}

func BenchmarkRS256GoJose(b *testing.B) {
	token := must(Sign(LookupSigning("RS256"), rsaKey(), header("RS256"), []byte(claims)))
	b.ReportAllocs()
	for b.Loop() {
		s, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{"RS256"})
		if err == nil {
			_, err = s.Verify(&rsaKey().PublicKey)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHS256(b *testing.B) {
	benchmarkVerify(b, "HS256", make([]byte, 32), make([]byte, 32))
}

func BenchmarkES256(b *testing.B) {
	k := ecKey(signings["ES256"].curve)
	benchmarkVerify(b, "ES256", k, &k.PublicKey)
}

func benchmarkVerify(b *testing.B, alg string, private, public any) {
	a := LookupSigning(alg)
	token := must(Sign(a, private, header(alg), []byte(claims)))
	b.ReportAllocs()
	for b.Loop() {
		s, err := ParseSigned(token)
		if err == nil {
			err = s.Verify(a, public)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrypt(b *testing.B) {
	wrap, secret := LookupKeyManagement("A128KW"), make([]byte, 16)
	token := must(Encrypt(EncryptOptions{Key: wrap, Content: LookupEncryption("A128GCM")}, secret, []byte(claims)))
	b.ReportAllocs()
	for b.Loop() {
		e, err := ParseEncrypted(token)
		if err == nil {
			_, err = e.Decrypt(wrap, AllEncryptions(), secret)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
