package jose

import (
	"bytes"
	"crypto/elliptic"
	"testing"
)

// FuzzToken cuts any text as a token, signed and encrypted. What is accepted has
// one spelling: cut and joined again it is the same.
func FuzzToken(f *testing.F) {
	secret := make([]byte, 64)
	f.Add(must(Sign(LookupSigning("HS256"), secret, header("HS256"), []byte(`{"a":1}`))))
	f.Add("e30..")
	f.Add("e30.!.e30")
	wrap := EncryptOptions{Key: LookupKeyManagement("A128KW"), Content: LookupEncryption("A128GCM"), Compress: true}
	f.Add(must(Encrypt(wrap, secret[:16], []byte("x"))))
	f.Add("eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIn0....")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSigned(text); err == nil {
			again := segment.EncodeToString(s.Header) + "." + segment.EncodeToString(s.Payload) + "." + segment.EncodeToString(s.signature)
			if again != text {
				t.Errorf("%q is accepted as %q", text, again)
			}
			for _, a := range signings {
				if a.Family == HMAC && s.Verify(a, []byte("another secret of sixty-four bytes, which nobody signs with now!")) == nil {
					t.Errorf("%q is verified", text)
				}
			}
		}
		e, err := ParseEncrypted(text)
		if err != nil {
			return
		}
		plain, err := e.Decrypt(wrap.Key, AllEncryptions(), secret[:16])
		if err == nil && len(plain) > 10*len(text)+250_000 {
			t.Errorf("%d bytes became %d", len(text), len(plain))
		}
	})
}

// FuzzCritical decrypts any parts as a token with critical headers, with each kind
// of key but RSA's, which is left to the standard library: none may panic or open.
func FuzzCritical(f *testing.F) {
	f.Add(`"epk":{"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"},"apu":"QQ"`, []byte("k"), []byte("123456789012"), []byte("c"), []byte("1234567890123456"))
	f.Add(`"p2s":"AAAA","p2c":1`, make([]byte, 24), make([]byte, 16), make([]byte, 16), make([]byte, 16))
	f.Add(`"iv":"MTIzNDU2Nzg5MDEy","tag":"MTIzNDU2Nzg5MDEyMzQ1Ng","zip":"DEF"`, make([]byte, 16), make([]byte, 12), []byte{}, make([]byte, 16))
	f.Add(`"epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"iv":1,"tag":{}`, []byte{}, []byte{}, []byte{}, []byte{})
	ec := ecKey(elliptic.P256())
	f.Fuzz(func(t *testing.T, rest string, key, iv, content, tag []byte) {
		for name, m := range keyManagements {
			for _, e := range []*Encryption{LookupEncryption("A128GCM"), LookupEncryption("A256CBC-HS512")} {
				from := any(ec)
				switch m.Kind {
				case ECKey:
				case RSAKey:
					continue
				default:
					_, from = managed(m, e)
				}
				header := `{"alg":"` + name + `","enc":"` + e.Name + `","crit":["x"],` + rest + `}`
				text := segment.EncodeToString([]byte(header))
				for _, part := range [][]byte{key, iv, content, tag} {
					text += "." + segment.EncodeToString(part)
				}
				j, err := ParseEncrypted(text)
				if err != nil {
					return
				}
				if plain, err := j.Decrypt(m, AllEncryptions(), from); err == nil {
					t.Errorf("%s opens: %s", text, plain)
				}
			}
		}
	})
}

// FuzzKeys reads any text as each kind of key.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"1"}]}`), "p")
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00000000000000000000000000000000\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n"), "p")
	f.Add([]byte("-----BEGIN ENCRYPTED PRIVATE KEY----- MAA= -----END ENCRYPTED PRIVATE KEY-----"), "p")
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"), "")
	f.Fuzz(func(t *testing.T, text []byte, password string) {
		if keys, err := ParseKeySet(text); err == nil && len(keys) > MaxKeys {
			t.Errorf("%d keys", len(keys))
		}
		if key, err := ParsePublicKey(string(text)); (key == nil) == (err == nil) {
			t.Errorf("%v, %v", key, err)
		}
		if bytes.Contains(text, []byte("ENCRYPTED")) && len(text) > 1<<10 {
			return // iterations take their time, within a bound that TestEncryptedPKCS8 looks at
		}
		if key, err := ParsePrivateKey(string(text), password); (key == nil) == (err == nil) {
			t.Errorf("%v, %v", key, err)
		}
	})
}
