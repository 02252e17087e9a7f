package tasks

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"sluice/internal/jose"
	"sluice/internal/state"
)

// issuer signs the OIDC tokens of tasks where there are no Google credentials. Handlers verify
// them as they would Google's: through discovery and JWKS, which REST serves. Its key is made
// once for all processes and kept in a bucket.
type issuer struct {
	url string
	key *rsa.PrivateKey
	id  string
}

const (
	issuerKey     = "issuer"
	issuerBits    = 2048
	tokenLife     = time.Hour
	discoveryPath = "/.well-known/openid-configuration"
	keySetPath    = "/.well-known/jwks.json"
)

// openIssuer reads the key, or makes it.
func openIssuer(ctx context.Context, b state.Bucket, url string) (*issuer, error) {
	for {
		stored, err := b.Get(ctx, issuerKey)
		if err == nil {
			return readIssuer(stored.Value, url)
		}
		if !errors.Is(err, state.ErrNotFound) {
			return nil, err
		}
		fresh, err := rsa.GenerateKey(rand.Reader, issuerBits)
		if err != nil {
			return nil, err
		}
		_, err = b.Replace(ctx, issuerKey, x509.MarshalPKCS1PrivateKey(fresh), 0, 0)
		if err != nil && !errors.Is(err, state.ErrRevision) {
			return nil, err
		}
	}
}

func readIssuer(der []byte, url string) (*issuer, error) {
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("tasks: the key of the token issuer: %w", err)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &issuer{url: strings.TrimSuffix(url, "/"), key: key, id: fmt.Sprintf("%x", sum[:10])}, nil
}

// token returns an ID token with the claims that Google's have.
func (i *issuer) token(email, audience string, now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "kid": i.id, "typ": "JWT"})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": i.url, "aud": audience, "sub": subject(email), "azp": subject(email),
		"email": email, "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	return jose.Sign(jose.LookupSigning("RS256"), i.key, header, claims)
}

// subject returns what stands for the unique id of a service account: 21 digits, always the same.
func subject(email string) string {
	sum := sha256.Sum256([]byte(email))
	return "1" + fmt.Sprintf("%020d", new(big.Int).SetBytes(sum[:8]))
}

// serve answers discovery and JWKS, and reports whether it was one of them.
func (i *issuer) serve(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case discoveryPath:
		writeJSON(w, map[string]any{
			"issuer": i.url, "jwks_uri": i.url + keySetPath,
			"response_types_supported":              []string{"id_token"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
			"claims_supported":                      []string{"aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"},
		})
	case keySetPath:
		public := i.key.PublicKey
		encode := base64.RawURLEncoding.EncodeToString
		writeJSON(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": i.id,
			"n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
		}}})
	default:
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that went away is not our error
}
