package cases

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// keyMakers make the keys that a config line "key: NAME TYPE" asks for: new ones
// for each run, so that no private key needs to be kept in a file.
var keyMakers = map[string]func() (crypto.Signer, error){
	"rsa1024": func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 1024) },
	"rsa2048": func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
	"p256":    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
	"p384":    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) },
	"p521":    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) },
}

// keyRing holds the keys of one run as PEM: NAME.private and NAME.public.
type keyRing map[string]string

// addKey reads the value of a config line.
func (c *config) addKey(value string) bool {
	words := strings.Fields(value)
	if len(words) != 2 || keyMakers[words[1]] == nil {
		return false
	}
	c.keys = append(c.keys, [2]string{words[0], words[1]})
	return true
}

// makeKeys makes the keys that the case asks for.
func (c *config) makeKeys() (keyRing, error) {
	ring := keyRing{}
	for _, k := range c.keys {
		key, err := keyMakers[k[1]]()
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k[0], err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k[0], err)
		}
		public, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k[0], err)
		}
		ring[k[0]+".private"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
		ring[k[0]+".public"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	}
	return ring, nil
}

// keyMark is where a case wants a key: <NAME.private> or <NAME.public>.
var keyMark = regexp.MustCompile(`<[A-Za-z0-9_-]+\.(private|public)>`)

// fill puts the keys into a message; in a header line their line ends become
// spaces.
func (r keyRing) fill(w *wire) *wire {
	if len(r) == 0 {
		return w
	}
	filled := *w
	filled.head = slices.Clone(w.head)
	for i, line := range filled.head {
		filled.head[i] = r.text(line, " ")
	}
	filled.body = r.text(w.body, "\n")
	return &filled
}

// text puts the keys into a text. A mark of no key stays as it is.
func (r keyRing) text(s, lineEnd string) string {
	return keyMark.ReplaceAllStringFunc(s, func(mark string) string {
		key, ok := r[strings.Trim(mark, "<>")]
		if !ok {
			return mark
		}
		return strings.ReplaceAll(strings.TrimSpace(key), "\n", lineEnd)
	})
}
