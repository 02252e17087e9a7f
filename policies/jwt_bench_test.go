package policies_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"sluice/flow"
)

const benchmarkClaims = `{"iss":"https://idp.example.com","sub":"ada","aud":"orders","exp":4102444800,"nbf":1500000000,"iat":1500000000,` +
	`"jti":"5b0b2a40-6d2c-4a44-a7d1-5f5d2b6f7a11","scope":"read write","email":"ada@example.com","roles":["a","b","c"]}`

func benchmarkJWT(b *testing.B, policy string, x *flow.Exchange) {
	b.Helper()
	p, build := permissive.compile(b, policy)
	if build.Problems.Refused() {
		b.Fatal(build.Problems)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(faultText(err))
		}
	}
}

func BenchmarkVerifyJWTHS256(b *testing.B) {
	x := jwtExchange(jwtKeys{}, sign(b, "HS256", []byte(jwtSecret), `{"alg":"HS256","typ":"JWT"}`, benchmarkClaims))
	benchmarkJWT(b, `<VerifyJWT><Algorithm>HS256</Algorithm><Source>token</Source><SecretKey><Value ref="private.secret"/></SecretKey>
		<Issuer>https://idp.example.com</Issuer><Audience>orders</Audience></VerifyJWT>`, x)
}

// BenchmarkVerifyJWTRS256 is to be compared with BenchmarkVerifyPKCS1v15, which is
// the part that nobody can save of a token seen for the first time. Clients send the
// same one again.
func BenchmarkVerifyJWTRS256(b *testing.B) {
	const policy = `<VerifyJWT><Algorithm>RS256</Algorithm><Source>token</Source><PublicKey><JWKS ref="jwks"/></PublicKey>
		<Issuer>https://idp.example.com</Issuer><Audience>orders</Audience></VerifyJWT>`
	tokens := make([]flow.Value, 1100) // more than are remembered
	for i := range tokens {
		claims := strings.Replace(benchmarkClaims, "5b0b2a40", fmt.Sprintf("%08x", i), 1)
		tokens[i] = flow.Text(sign(b, "RS256", jwtRSA(), `{"alg":"RS256","typ":"JWT","kid":"k1"}`, claims))
	}
	for _, bench := range []struct {
		name   string
		tokens []flow.Value
	}{{"first", tokens}, {"again", tokens[:1]}} {
		b.Run(bench.name, func(b *testing.B) {
			x := jwtExchange(jwtRSAKeys(), "")
			x.Put("jwks", flow.Text(jwks("k1")))
			p, _ := permissive.compile(b, policy)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x.Put("token", bench.tokens[i%len(bench.tokens)])
				if err := p.Execute(b.Context(), x); err != nil {
					b.Fatal(faultText(err))
				}
			}
		})
	}
}

func BenchmarkVerifyPKCS1v15(b *testing.B) {
	digest := sha256.Sum256([]byte("x"))
	signature, err := rsa.SignPKCS1v15(nil, jwtRSA(), crypto.SHA256, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := rsa.VerifyPKCS1v15(&jwtRSA().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeJWT(b *testing.B) {
	x := jwtExchange(jwtKeys{}, sign(b, "HS256", []byte(jwtSecret), `{"alg":"HS256","typ":"JWT"}`, benchmarkClaims))
	benchmarkJWT(b, `<DecodeJWT><Source>token</Source></DecodeJWT>`, x)
}

func BenchmarkGenerateJWTHS256(b *testing.B) {
	benchmarkJWT(b, `<GenerateJWT><Algorithm>HS256</Algorithm><SecretKey><Value ref="private.secret"/><Id>k1</Id></SecretKey>
		<Issuer>https://idp.example.com</Issuer><Subject ref="request.verb"/><Audience>orders</Audience><ExpiresIn>1h</ExpiresIn></GenerateJWT>`, jwtExchange(jwtKeys{}, ""))
}

func BenchmarkGenerateJWTRS256(b *testing.B) {
	benchmarkJWT(b, `<GenerateJWT><Algorithm>RS256</Algorithm><PrivateKey><Value ref="private.key"/></PrivateKey><Subject>ada</Subject></GenerateJWT>`, jwtExchange(jwtRSAKeys(), ""))
}
