package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

func armor(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestParsePublicKey(t *testing.T) {
	k, e := rsaKey(), ecKey(elliptic.P256())
	pkix1 := armor("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&k.PublicKey)))
	edKey, _, _ := ed25519.GenerateKey(rand.Reader)
	for _, c := range []struct {
		name, text string
		want       any // nil: refused
	}{
		{"PKIX", pkix1, &k.PublicKey},
		{"EC", armor("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&e.PublicKey))), &e.PublicKey},
		{"PKCS1", armor("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&k.PublicKey)), &k.PublicKey},
		{"certificate", armor("CERTIFICATE", certificate(t, k)), &k.PublicKey},
		{"indented", "\n    " + strings.ReplaceAll(pkix1, "\n", "\r\n\t    ") + "  ", &k.PublicKey},
		{"on one line", strings.ReplaceAll(pkix1, "\n", " "), &k.PublicKey},
		{"private", armor("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(k))), nil},
		{"broken", armor("PUBLIC KEY", []byte("x")), nil},
		{"broken certificate", armor("CERTIFICATE", []byte("x")), nil},
		{"Ed25519", armor("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(edKey))), nil},
		{"not PEM", "abc", nil},
		{"empty", "", nil},
		{"long", pkix1 + strings.Repeat(" ", maxPEM), nil},
	} {
		key, err := ParsePublicKey(c.text)
		if c.want == nil {
			if !errors.Is(err, ErrKey) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || !equal(key, c.want) {
			t.Errorf("%s: %v, %T", c.name, err, key)
		}
	}
}

func equal(a, b any) bool {
	switch a := a.(type) {
	case *rsa.PublicKey:
		return a.Equal(b)
	case *ecdsa.PublicKey:
		return a.Equal(b)
	case *rsa.PrivateKey:
		return a.Equal(b)
	case *ecdsa.PrivateKey:
		return a.Equal(b)
	}
	return false
}

func certificate(t *testing.T, k *rsa.PrivateKey) []byte {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParsePrivateKey(t *testing.T) {
	k, e := rsaKey(), ecKey(elliptic.P384())
	//lint:ignore SA1019 what is read must be written for the test
	legacy, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k), []byte("secret"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	locked := string(pem.EncodeToMemory(legacy))
	for _, c := range []struct {
		name, text, password string
		want                 any // a key or an error
	}{
		{"PKCS1", armor("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k)), "", k},
		{"PKCS8", armor("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(k))), "ignored", k},
		{"SEC1", armor("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(e))), "", e},
		{"EC in PKCS8", armor("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(e))), "", e},
		{"legacy", locked, "secret", k},
		{"legacy, indented", strings.ReplaceAll(locked, "\n", "\n   "), "secret", k},
		{"legacy, no password", locked, "", ErrPassword},
		{"legacy, wrong password", locked, "wrong", ErrPassword},
		{"public", armor("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&k.PublicKey))), "", ErrKey},
		{"broken", armor("PRIVATE KEY", []byte("x")), "", ErrKey},
		{"broken, encrypted", armor("ENCRYPTED PRIVATE KEY", []byte("x")), "p", ErrKey},
		{"not PEM", "x", "", ErrKey},
	} {
		checkPrivate(t, c.name, c.text, c.password, c.want)
	}
}

func checkPrivate(t *testing.T, name, text, password string, want any) {
	t.Helper()
	key, err := ParsePrivateKey(text, password)
	if refused, ok := want.(error); ok {
		if !errors.Is(err, refused) {
			t.Errorf("%s: %v, want %v", name, err, refused)
		}
		return
	}
	if err != nil || !equal(key, want) {
		t.Errorf("%s: %v", name, err)
	}
}

// TestEncryptedPKCS8 reads what openssl writes.
func TestEncryptedPKCS8(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed; it writes the keys that this test reads")
	}
	k := rsaKey()
	plain := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(plain, []byte(armor("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(k)))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{
		"", "-v2 aes-128-cbc", "-v2 aes-192-cbc", "-v2 des3", "-v2 aes-256-cbc -v2prf hmacWithSHA1",
		"-v2 aes-256-cbc -v2prf hmacWithSHA384 -iter 10000", "-v2 aes-256-cbc -v2prf hmacWithSHA512",
	} {
		args := append([]string{"pkcs8", "-topk8", "-in", plain, "-passout", "pass:secret"}, strings.Fields(how)...)
		locked, err := exec.Command(openssl, args...).Output()
		if err != nil {
			t.Fatalf("openssl %v: %v", args, err)
		}
		checkPrivate(t, how, string(locked), "secret", k)
		checkPrivate(t, how+", wrong password", string(locked), "wrong", ErrPassword)
		checkPrivate(t, how+", no password", string(locked), "", ErrPassword)
	}
	costly, err := exec.Command(openssl, "pkcs8", "-topk8", "-in", plain, "-passout", "pass:secret", "-iter", fmt.Sprint(maxKeyIterations+1)).Output()
	if err != nil {
		t.Fatal(err)
	}
	checkPrivate(t, "too many iterations", string(costly), "secret", ErrKey)
}

func TestParseKeySet(t *testing.T) {
	k, e := rsaKey(), ecKey(elliptic.P256())
	edKey, _, _ := ed25519.GenerateKey(rand.Reader)
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: &k.PublicKey, KeyID: "r", Algorithm: "RS256", Use: "sig"},
		{Key: e, KeyID: "private"},
		{Key: []byte("a shared secret"), KeyID: "oct"},
		{Key: edKey, KeyID: "ed"},
	}}
	text := string(must(json.Marshal(set)))
	text = strings.Replace(text, `{"keys":[`, `{"other":1,"keys":[{"kty":"future"},7,{"kty":"RSA","n":"!"},`, 1)
	keys, err := ParseKeySet([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || keys[0].ID != "r" || keys[0].Algorithm != "RS256" || keys[0].Use != "sig" || !equal(keys[0].Public, &k.PublicKey) {
		t.Errorf("got %+v", keys)
	}
	if keys[1].ID != "private" || !equal(keys[1].Public, &e.PublicKey) {
		t.Errorf("of a private key came %+v", keys[1])
	}
	for _, bad := range []string{"", "x", "[]", "{}", `{"keys":null}`, `{"keys":1}`, `{"keys":[` + strings.Repeat("1,", MaxKeys) + "1]}"} {
		if _, err := ParseKeySet([]byte(bad)); !errors.Is(err, ErrKey) {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
	if keys, err := ParseKeySet([]byte(`{"keys":[]}`)); err != nil || len(keys) != 0 {
		t.Errorf("an empty set: %v %v", keys, err)
	}
}
