package policies_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/jose"
)

// jwtKeys are keys made for one run of the tests, in PEM.
type jwtKeys struct{ private, public string }

func newJWTKeys(private any, public any) jwtKeys {
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	armor := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return jwtKeys{armor("PRIVATE KEY", key), armor("PUBLIC KEY", pub)}
}

var jwtRSA = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// jwtRSAKeys are those of jwtRSA.
var jwtRSAKeys = sync.OnceValue(func() jwtKeys { return newJWTKeys(jwtRSA(), &jwtRSA().PublicKey) })

func jwtECKeys(c elliptic.Curve) jwtKeys {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return newJWTKeys(k, &k.PublicKey)
}

const jwtSecret = "a secret of sixty-four bytes, for tests: a secret of sixty-four!"

// jwtExchange is an exchange that holds the keys and a token.
func jwtExchange(k jwtKeys, token string) *flow.Exchange {
	x := client()
	x.Put("private.key", flow.Text(k.private))
	x.Put("public.key", flow.Text(k.public))
	x.Put("private.secret", flow.Text(jwtSecret))
	x.Put("token", flow.Text(token))
	return x
}

// TestJWTRoundTrips makes a token with each algorithm and verifies it.
func TestJWTRoundTrips(t *testing.T) {
	curves := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
	for _, alg := range []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"} {
		make, verify := `<PrivateKey><Value ref="private.key"/></PrivateKey>`, `<PublicKey><Value ref="public.key"/></PublicKey>`
		keys := jwtRSAKeys()
		switch alg[:2] {
		case "HS":
			make = `<SecretKey><Value ref="private.secret"/></SecretKey>`
			verify = make
		case "ES":
			keys = jwtECKeys(curves[alg])
		}
		roundTrip(t, keys, "<Algorithm>"+alg+"</Algorithm>", make, verify)
		if alg[0] != 'H' {
			jwsRoundTrip(t, keys, "<Algorithm>"+alg+"</Algorithm>", make, verify)
		}
	}
	for _, key := range []string{"RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"} {
		keys := jwtRSAKeys()
		if key[0] == 'E' {
			keys = jwtECKeys(elliptic.P256())
		}
		for _, content := range []string{"A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"} {
			roundTrip(t, keys, "<Algorithms><Key>"+key+"</Key><Content>"+content+"</Content></Algorithms>",
				`<PublicKey><Value ref="public.key"/></PublicKey>`, `<PrivateKey><Value ref="private.key"/></PrivateKey>`)
		}
	}
	for key, size := range map[string]int{"A128KW": 16, "A192KW": 24, "A256KW": 32, "A128GCMKW": 16, "A192GCMKW": 24, "A256GCMKW": 32} {
		element := `<SecretKey encoding="base64"><Value ref="private.key"/></SecretKey>`
		keys := jwtKeys{private: base64.StdEncoding.EncodeToString(make([]byte, size))}
		roundTrip(t, keys, "<Algorithms><Key>"+key+"</Key><Content>A128GCM</Content></Algorithms>", element, element)
	}
}

func roundTrip(t *testing.T, keys jwtKeys, algorithm, make, verify string) {
	t.Helper()
	x := jwtExchange(keys, "")
	if err := permissive.run(t, x, "<GenerateJWT>"+algorithm+make+"<Subject>ada</Subject><OutputVariable>token</OutputVariable></GenerateJWT>"); err != nil {
		t.Errorf("%s: %s", algorithm, faultText(err))
		return
	}
	if err := permissive.run(t, x, "<VerifyJWT>"+algorithm+verify+"<Source>token</Source><Subject>ada</Subject></VerifyJWT>"); err != nil {
		t.Errorf("%s: %s", algorithm, faultText(err))
	}
	if got := x.Lookup("jwt.P.claim.subject").String(); got != "ada" {
		t.Errorf("%s: subject %q", algorithm, got)
	}
}

func jwsRoundTrip(t *testing.T, keys jwtKeys, algorithm, make, verify string) {
	t.Helper()
	x := jwtExchange(keys, "")
	if err := permissive.run(t, x, "<GenerateJWS>"+algorithm+make+"<Payload>p</Payload><DetachContent>true</DetachContent><OutputVariable>token</OutputVariable></GenerateJWS>"); err != nil {
		t.Errorf("%s: %s", algorithm, faultText(err))
		return
	}
	x.Put("content", flow.Text("p"))
	if err := permissive.run(t, x, "<VerifyJWS>"+algorithm+verify+"<Source>token</Source><DetachedContent>content</DetachedContent></VerifyJWS>"); err != nil {
		t.Errorf("%s: %s", algorithm, faultText(err))
	}
}

// sign makes a token with a key of the tests.
func sign(t testing.TB, alg string, key any, header, claims string) string {
	t.Helper()
	token, err := jose.Sign(jose.LookupSigning(alg), key, []byte(header), []byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestJWTAlgorithmConfusion uses the public key, which everybody knows, as the
// secret of an HMAC.
func TestJWTAlgorithmConfusion(t *testing.T) {
	keys := jwtRSAKeys()
	token := sign(t, "HS256", []byte(keys.public), `{"alg":"HS256"}`, `{}`)
	for _, algorithm := range []string{"RS256", "RS256,RS384,RS512"} {
		x := jwtExchange(keys, token)
		err := permissive.run(t, x, `<VerifyJWT><Algorithm>`+algorithm+`</Algorithm><Source>token</Source><PublicKey><Value ref="public.key"/></PublicKey></VerifyJWT>`)
		if text := faultText(err); !strings.Contains(text, "steps.jwt.Algorithm") {
			t.Errorf("%s: %s", algorithm, text)
		}
	}
}

// TestJWTKeyRotation changes the key between requests, and uses one policy for
// many at once: what it remembers must never outlive the variable.
func TestJWTKeyRotation(t *testing.T) {
	old, fresh := jwtECKeys(elliptic.P256()), jwtECKeys(elliptic.P256())
	p, b := permissive.compile(t, `<VerifyJWT><Algorithm>ES256</Algorithm><Source>token</Source><PublicKey><Value ref="public.key"/></PublicKey></VerifyJWT>`)
	if len(b.Problems) > 0 {
		t.Fatal(b.Problems)
	}
	tokenOf := func(k jwtKeys) string {
		key, err := jose.ParsePrivateKey(k.private, "")
		if err != nil {
			t.Fatal(err)
		}
		return sign(t, "ES256", key, `{"alg":"ES256"}`, `{}`)
	}
	tokens := map[jwtKeys]string{old: tokenOf(old), fresh: tokenOf(fresh)}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 50 {
				keys := [...]jwtKeys{old, fresh}[i%2]
				x := jwtExchange(keys, tokens[old])
				if err := p.Execute(t.Context(), x); (err == nil) != (keys == old) {
					t.Errorf("the key of the issuer: %v, yet %v", keys == old, err)
				}
			}
		})
	}
	all.Wait()
}

// TestJWTSeenBefore: of a token that was confirmed, times and claims count anew.
func TestJWTSeenBefore(t *testing.T) {
	p, _ := permissive.compile(t, `<VerifyJWT><Algorithm>RS256</Algorithm><Source>token</Source><PublicKey><Value ref="public.key"/></PublicKey>
		<Subject ref="wanted"/></VerifyJWT>`)
	now := time.Unix(1_700_000_000, 0)
	token := sign(t, "RS256", jwtRSA(), `{"alg":"RS256"}`, `{"sub":"ada","exp":1700000010}`)
	for _, step := range []struct {
		subject string
		after   time.Duration
		want    string
	}{
		{"ada", 0, ""}, {"ada", time.Second, ""}, {"bob", time.Second, "JwtSubjectMismatch"}, {"ada", 11 * time.Second, "TokenExpired"}, {"ada", 2 * time.Second, ""},
	} {
		x := jwtExchange(jwtRSAKeys(), token)
		x.Services.Now = func() time.Time { return now.Add(step.after) }
		x.Put("wanted", flow.Text(step.subject))
		err := p.Execute(t.Context(), x)
		if got := faultText(err); (err == nil) != (step.want == "") || !strings.Contains(got, step.want) {
			t.Errorf("%s after %s: %s", step.subject, step.after, got)
		}
		if got, want := x.Lookup("jwt.P.seconds_remaining").Int(), 10-int64(step.after.Seconds()); got != want {
			t.Errorf("after %s: %d seconds remain, want %d", step.after, got, want)
		}
	}
}

// TestJWTPassword changes only the password of a key that the policy remembers.
func TestJWTPassword(t *testing.T) {
	//lint:ignore SA1019 users of Apigee have keys in this format
	block, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(jwtRSA()), []byte("right"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := permissive.compile(t, `<GenerateJWT><Algorithm>RS256</Algorithm><PrivateKey><Value ref="private.key"/><Password ref="private.password"/></PrivateKey></GenerateJWT>`)
	x := jwtExchange(jwtKeys{private: string(pem.EncodeToMemory(block))}, "")
	for _, password := range []string{"right", "wrong", "right"} {
		x.Put("private.password", flow.Text(password))
		if err := p.Execute(t.Context(), x); (err == nil) != (password == "right") {
			t.Errorf("with the %s password: %v", password, err)
		}
	}
}

// TestJWTManyClaims reads as many claims as there may be, and one more.
func TestJWTManyClaims(t *testing.T) {
	claims := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"c%d":0`, i)
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	for n, want := range map[int]string{1000: "<nil>", 1001: "401 steps.jwt.FailedToDecode: Failed to Decode Token: policy(P)"} {
		x := jwtExchange(jwtKeys{}, sign(t, "HS256", []byte(jwtSecret), `{"alg":"HS256"}`, claims(n)))
		if got := faultText(permissive.run(t, x, `<DecodeJWT><Source>token</Source></DecodeJWT>`)); got != want {
			t.Errorf("%d claims: %s", n, got)
		}
	}
}

// TestJWTSecretsStaySecret looks for the key in everything that a failure shows.
func TestJWTSecretsStaySecret(t *testing.T) {
	const secret = "c2VjcmV0LXRleHQtMQ*"
	for _, policy := range []string{
		`<VerifyJWT><Algorithm>HS256</Algorithm><Source>token</Source><SecretKey encoding="base64"><Value ref="private.key"/></SecretKey></VerifyJWT>`,
		`<VerifyJWT><Algorithm>HS256</Algorithm><Source>token</Source><SecretKey encoding="hex"><Value ref="private.key"/></SecretKey></VerifyJWT>`,
		`<VerifyJWT><Algorithm>HS512</Algorithm><Source>token</Source><SecretKey><Value ref="private.key"/></SecretKey></VerifyJWT>`,
		`<GenerateJWT><Algorithm>ES256</Algorithm><PrivateKey><Value ref="private.key"/></PrivateKey></GenerateJWT>`,
		`<GenerateJWT><Algorithm>RS256</Algorithm><PrivateKey><Value ref="private.broken"/><Password ref="private.key"/></PrivateKey></GenerateJWT>`,
		`<GenerateJWT><Algorithms><Key>A128KW</Key><Content>A128GCM</Content></Algorithms><SecretKey><Value ref="private.key"/></SecretKey></GenerateJWT>`,
		`<GenerateJWS><Algorithm>HS256</Algorithm><SecretKey><Value ref="private.key"/></SecretKey><Payload>x</Payload></GenerateJWS>`,
	} {
		x := jwtExchange(jwtKeys{private: secret}, sign(t, "HS512", []byte(jwtSecret), `{"alg":"HS256"}`, `{}`))
		x.Put("private.broken", flow.Text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"+secret[:12]+"\n-----END ENCRYPTED PRIVATE KEY-----"))
		err := permissive.run(t, x, policy)
		if err == nil {
			t.Errorf("%s passes", policy)
			continue
		}
		shown := err.Error() + x.Lookup("jwt.P.error").String() + x.Lookup("jws.P.error").String()
		if strings.Contains(shown, secret[:8]) {
			t.Errorf("%s shows its key: %s", policy, shown)
		}
	}
}

// TestPublicJWTPolicies counts the policies of public bundles: TestPublicPolicies
// compiles them.
func TestPublicJWTPolicies(t *testing.T) {
	files, err := filepath.Glob("../../shared/corpus/bundles/*/*/policies/*.xml")
	if err != nil || len(files) == 0 {
		t.Skip("the corpus of public bundles is not here")
	}
	found := map[string]int{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"GenerateJWT", "VerifyJWT", "DecodeJWT", "VerifyJWS"} {
			if strings.Contains(string(content), "<"+kind+" ") {
				found[kind]++
				compilePublic(t, file)
			}
		}
	}
	for kind, least := range map[string]int{"GenerateJWT": 20, "VerifyJWT": 18, "DecodeJWT": 10} {
		if found[kind] < least {
			t.Errorf("only %d %s policies were found, there were %d: the test lost its input", found[kind], kind, least)
		}
	}
}

// jwks is the key set of jwtRSA.
func jwks(kid string) string {
	k := &jwtRSA().PublicKey
	n, e := base64.RawURLEncoding.EncodeToString(k.N.Bytes()), base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes())
	return fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":%q,"n":%q,"e":%q}]}`, kid, n, e)
}
