package policies_test

import (
	"strings"
	"testing"
)

// TestJWTDeployment tells what is refused, and with which name; "" is what loads.
func TestJWTDeployment(t *testing.T) {
	const secret, private = `<SecretKey><Value ref="private.s"/></SecretKey>`, `<PrivateKey><Value ref="private.k"/></PrivateKey>`
	const public, set = `<PublicKey><Value ref="k"/></PublicKey>`, `<PublicKey><JWKS ref="k"/></PublicKey>`
	const hs, rs = "<Algorithm>HS256</Algorithm>", "<Algorithm>RS256</Algorithm>"
	encrypted := func(key string) string {
		return "<Algorithms><Key>" + key + "</Key><Content>A128GCM</Content></Algorithms>"
	}
	claim := func(attributes string) string {
		return hs + secret + "<AdditionalClaims><Claim " + attributes + ">x</Claim></AdditionalClaims>"
	}
	header := func(attributes string) string {
		return hs + secret + "<AdditionalHeaders><Claim " + attributes + ">x</Claim></AdditionalHeaders>"
	}
	for _, c := range []struct{ kind, elements, code string }{
		{"GenerateJWT", hs + secret, ""},
		{"GenerateJWT", rs + private, ""},
		{"GenerateJWT", encrypted("RSA-OAEP-256") + public, ""},
		{"GenerateJWT", encrypted("dir") + `<DirectKey><Value ref="private.k"/></DirectKey>`, ""},
		{"GenerateJWT", secret, "MissingConfigurationElement"},
		{"GenerateJWT", "<Algorithm/>" + secret, "MissingConfigurationElement"},
		{"GenerateJWT", hs, "MissingConfigurationElement"},
		{"GenerateJWT", "<Algorithm>none</Algorithm>" + secret, "InvalidValueForElement"},
		{"GenerateJWT", "<Algorithm>HS256,HS384</Algorithm>" + secret, "InvalidValueForElement"},
		{"GenerateJWT", encrypted("RSA1_5") + public, "InvalidValueForElement"},
		{"GenerateJWT", "<Algorithms><Key>dir</Key></Algorithms>" + secret, "InvalidValueForElement"},
		{"GenerateJWT", "<Type>Encrypted</Type>" + hs + secret, "InvalidValueForElement"},
		{"GenerateJWT", hs + private, "InvalidConfigurationForActionAndAlgorithm"},
		{"GenerateJWT", hs + secret + private, "InvalidConfigurationForActionAndAlgorithm"},
		{"GenerateJWT", rs + public, "InvalidConfigurationForActionAndAlgorithm"},
		{"GenerateJWT", hs + "<SecretKey><Id>1</Id></SecretKey>", "InvalidKeyConfiguration"},
		{"GenerateJWT", hs + "<SecretKey><Value/></SecretKey>", "EmptyElementForKeyConfiguration"},
		{"GenerateJWT", hs + "<SecretKey><Value>abc</Value></SecretKey>", "InvalidSecretInConfig"},
		{"GenerateJWT", hs + `<SecretKey><Value ref="s"/></SecretKey>`, "InvalidVariableNameForSecret"},
		{"GenerateJWT", rs + `<PrivateKey><Value ref="private.k"/><Password>abc</Password></PrivateKey>`, "InvalidSecretInConfig"},
		{"GenerateJWT", hs + `<SecretKey encoding="rot13"><Value ref="private.s"/></SecretKey>`, "InvalidValueForElement"},
		{"GenerateJWT", encrypted("ECDH-ES") + set, "MissingConfigurationElement"},
		{"GenerateJWT", claim(`name="iss"`), "InvalidNameForAdditionalClaim"},
		{"GenerateJWT", claim(`name=""`), "MissingNameForAdditionalClaim"},
		{"GenerateJWT", claim(`name="a" type="date"`), "InvalidTypeForAdditionalClaim"},
		{"GenerateJWT", claim(`name="a" array="yes"`), "InvalidValueOfArrayAttribute"},
		{"GenerateJWT", header(`name="alg"`), "InvalidNameForAdditionalHeader"},
		{"GenerateJWT", header(`name="typ"`), "InvalidNameForAdditionalHeader"},
		{"GenerateJWT", header(`name="a" type="date"`), "InvalidTypeForAdditionalHeader"},
		{"GenerateJWT", hs + secret + "<NotBefore>soon</NotBefore>", "InvalidTimeFormat"},
		{"GenerateJWT", hs + secret + "<ExpiresIn>-5s</ExpiresIn>", "InvalidTimeFormat"},
		{"GenerateJWT", encrypted("PBES2-HS256+A128KW") + `<PasswordKey><Value ref="private.p"/><SaltLength>2</SaltLength></PasswordKey>`, "InvalidValue"},
		{"VerifyJWT", rs + public, ""},
		{"VerifyJWT", "<Algorithm>RS256, RS512</Algorithm>" + set, ""},
		{"VerifyJWT", "<Algorithms><Key>ECDH-ES</Key></Algorithms>" + private, ""},
		{"VerifyJWT", rs + `<PublicKey><JWKS uriRef="u"/></PublicKey>`, ""},
		{"VerifyJWT", rs + `<PublicKey><JWKS uri="keys.json"/></PublicKey>`, "InvalidValueForElement"},
		{"VerifyJWT", rs + `<PublicKey><JWKS/></PublicKey>`, "EmptyElementForKeyConfiguration"},
		{"VerifyJWT", rs + `<PublicKey><Value/></PublicKey>`, "EmptyElementForKeyConfiguration"},
		{"VerifyJWT", rs + `<PublicKey/>`, "InvalidKeyConfiguration"},
		{"VerifyJWT", "<Algorithm>RS256,ES256</Algorithm>" + public, "InvalidValueForElement"},
		{"VerifyJWT", rs + secret, "InvalidConfigurationForActionAndAlgorithm"},
		{"VerifyJWT", rs + public + "<TimeAllowance>a while</TimeAllowance>", "InvalidTimeFormat"},
		{"VerifyJWT", rs + public + "<Source/>", "InvalidEmptyElement"},
		{"VerifyJWT", rs + public + "<IgnoreIssuedAt>perhaps</IgnoreIssuedAt>", "InvalidValue"},
		{"DecodeJWT", "", ""},
		{"DecodeJWT", "<Source> </Source>", "InvalidEmptyElement"},
		{"GenerateJWS", hs + secret + "<Payload>x</Payload>", ""},
		{"GenerateJWS", hs + secret, "MissingConfigurationElement"},
		{"GenerateJWS", "<Algorithm>dir</Algorithm>" + secret + "<Payload>x</Payload>", "InvalidAlgorithm"},
		{"GenerateJWS", rs + secret + "<Payload>x</Payload>", "InvalidConfigurationForActionAndAlgorithmFamily"},
		{"GenerateJWS", header(`name="typ"`) + "<Payload>x</Payload>", ""},
		{"GenerateJWS", header(`name="alg"`) + "<Payload>x</Payload>", "InvalidNameForAdditionalHeader"},
		{"VerifyJWS", rs + set, ""},
		{"VerifyJWS", "<Algorithm>RS256,PS256</Algorithm>" + public, "InvalidFamiliesForAlgorithm"},
		{"VerifyJWS", rs + public + "<DetachedContent/>", "InvalidEmptyElement"},
		{"DecodeJWS", "<Source/>", "InvalidEmptyElement"},
	} {
		_, b := permissive.compile(t, "<"+c.kind+">"+c.elements+"</"+c.kind+">")
		codes := ""
		for _, p := range b.Problems.Errors() {
			codes += p.Code + " "
			if p.Hint == "" {
				t.Errorf("%s %s: no hint with %s", c.kind, c.elements, p.Code)
			}
		}
		if strings.TrimSpace(codes) != c.code {
			t.Errorf("%s %s: refused with %q, want %q", c.kind, c.elements, codes, c.code)
		}
	}
}

// TestJWTWarnings are what loads and is probably not meant.
func TestJWTWarnings(t *testing.T) {
	const secret = `<SecretKey><Value ref="private.s"/></SecretKey>`
	for elements, code := range map[string]string{
		"<Algorithm>HS256</Algorithm>" + secret + "<Issuer/>":                                      "EmptyElement",
		"<Algorithm>HS256</Algorithm>" + secret + "<Issuers>x</Issuers>":                           "UnknownElement",
		"<Algorithm>RS256</Algorithm><PublicKey><Value>no key</Value></PublicKey>":                 "KeyParsingFailed",
		"<Algorithm>HS256</Algorithm><Algorithms><Key>dir</Key></Algorithms>" + secret:             "InvalidConfiguration",
		"<Algorithm>HS256</Algorithm>" + secret + "<CustomClaims><Claim name='a'/></CustomClaims>": "",
	} {
		_, b := permissive.compile(t, "<VerifyJWT>"+elements+"</VerifyJWT>")
		got := ""
		for _, p := range b.Problems {
			got += p.Code
		}
		if got != code || b.Problems.Refused() {
			t.Errorf("%s: %v, want the warning %q", elements, b.Problems, code)
		}
	}
}
