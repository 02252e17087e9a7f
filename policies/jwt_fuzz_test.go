package policies_test

import (
	"encoding/base64"
	"testing"

	"sluice/flow"
	"sluice/internal/ordjson"
)

// FuzzJWT reads any text as a token, and any claims of a token that is signed
// rightly: what somebody else's issuer signs is input too.
func FuzzJWT(f *testing.F) {
	f.Add("a.b.c", `{"exp":1e300,"nbf":-1,"iat":"x","aud":[1,"a",null],"exp":5}`)
	f.Add("e30.e30.", `{"address":{"a":[[]],"b":1e99999},"aud":"a"}`)
	f.Add("eyJhbGciOiJub25lIiwiY3JpdCI6WyJhIl19..", `{"":0,"a.b":{"c":1}}`)
	f.Add("eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIn0....", `[]`)
	var readers []flow.Policy
	for _, text := range []string{
		`<DecodeJWT><Source>token</Source></DecodeJWT>`,
		`<DecodeJWS><Source>token</Source></DecodeJWS>`,
		`<VerifyJWT><Algorithms><Key>A128KW</Key></Algorithms><Source>token</Source><SecretKey encoding="hex"><Value ref="private.key"/></SecretKey></VerifyJWT>`,
	} {
		p, b := permissive.compile(f, text)
		if len(b.Problems) > 0 {
			f.Fatal(b.Problems)
		}
		readers = append(readers, p)
	}
	verify, _ := permissive.compile(f, `<VerifyJWT><Algorithm>HS256</Algorithm><Source>token</Source><SecretKey><Value ref="private.secret"/></SecretKey>
		<Audience>a,b</Audience><AdditionalClaims ref="claims"><Claim name="address" type="map">{"a": [[]]}</Claim></AdditionalClaims>
		<MaxLifespan>1h</MaxLifespan></VerifyJWT>`)
	f.Fuzz(func(t *testing.T, token, claims string) {
		x := jwtExchange(jwtKeys{private: "00112233445566778899aabbccddeeff"}, token)
		x.Put("claims", flow.Text(claims))
		for _, p := range readers {
			_ = p.Execute(t.Context(), x) // it must come back; most tokens are none
		}
		x.Put("token", flow.Text(sign(t, "HS256", []byte(jwtSecret), `{"alg":"HS256"}`, claims)))
		if err := verify.Execute(t.Context(), x); err != nil {
			return
		}
		parsed, err := ordjson.Parse([]byte(x.Lookup("jwt.P.payload-json").String()))
		if err != nil || parsed.Kind() != ordjson.Object || parsed.Get("exp") == nil || parsed.Get("nbf") == nil {
			t.Errorf("verified without a lifespan: %q", claims)
		}
	})
}

// FuzzJWTTimes reads any text as ExpiresIn and NotBefore, and any as a secret.
func FuzzJWTTimes(f *testing.F) {
	f.Add("8h", "2026-01-02T04:04:05.000+0100", base64.StdEncoding.EncodeToString([]byte(jwtSecret)))
	f.Add("9223372036854775807", "Fri Jan 2 03:04:05 2026", "x")
	f.Add("106752d", "Friday, 02-Jan-26 03:04:05 GMT", "")
	p, _ := permissive.compile(f, `<GenerateJWT><Algorithm>HS256</Algorithm><SecretKey encoding="base64"><Value ref="private.key"/></SecretKey>
		<ExpiresIn ref="expires"/><NotBefore ref="begins"/><OutputVariable>token</OutputVariable></GenerateJWT>`)
	decode, _ := permissive.compile(f, `<DecodeJWT><Source>token</Source></DecodeJWT>`)
	f.Fuzz(func(t *testing.T, expires, begins, secret string) {
		x := jwtExchange(jwtKeys{private: secret}, "")
		x.Put("expires", flow.Text(expires))
		x.Put("begins", flow.Text(begins))
		if p.Execute(t.Context(), x) != nil {
			return
		}
		if err := decode.Execute(t.Context(), x); err != nil {
			t.Errorf("what was made does not decode: %s", faultText(err))
		}
		if x.Lookup("jwt.P.is_expired").True() && expires != "" && x.Lookup("jwt.P.seconds_remaining").Int() < -5 {
			t.Errorf("ExpiresIn %q is in the past", expires)
		}
	})
}
