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
	"sync"
	"time"

	"sluice/internal/jose"
	"sluice/internal/state"
)

// issuer signs the OIDC tokens of tasks where there are no Google credentials. Handlers verify
// them as they would Google's: through discovery and JWKS, which REST serves. Its key is made
// once for all processes, when it is needed first, and kept in a bucket.
type issuer struct {
	url    string
	bucket state.Bucket

	mu  sync.Mutex // guards key
	key *signingKey
}

// signingKey never changes once it is there.
type signingKey struct {
	*rsa.PrivateKey
	id string
}

const (
	issuerKey     = "issuer"
	issuerBits    = 2048
	tokenLife     = time.Hour
	discoveryPath = "/.well-known/openid-configuration"
	keySetPath    = "/.well-known/jwks.json"
)

// signing returns the key: the one in the bucket, or a new one.
func (i *issuer) signing(ctx context.Context) (*signingKey, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for i.key == nil {
		stored, err := i.bucket.Get(ctx, issuerKey)
		switch {
		case err == nil:
			i.key, err = readKey(stored.Value)
		case errors.Is(err, state.ErrNotFound):
			err = i.make(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	return i.key, nil
}

// make puts a new key into the bucket, unless another process was faster.
func (i *issuer) make(ctx context.Context) error {
	fresh, err := rsa.GenerateKey(rand.Reader, issuerBits)
	if err != nil {
		return err
	}
	_, err = i.bucket.Replace(ctx, issuerKey, x509.MarshalPKCS1PrivateKey(fresh), 0, 0)
	if errors.Is(err, state.ErrRevision) {
		return nil
	}
	return err
}

func readKey(der []byte) (*signingKey, error) {
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("tasks: the key of the token issuer: %w", err)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &signingKey{key, fmt.Sprintf("%x", sum[:10])}, nil
}

// token returns an ID token with the claims that Google's have.
func (i *issuer) token(ctx context.Context, email, audience string, now time.Time) (string, error) {
	key, err := i.signing(ctx)
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(map[string]string{"alg": "RS256", "kid": key.id, "typ": "JWT"})
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
	return jose.Sign(jose.LookupSigning("RS256"), key.PrivateKey, header, claims)
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
		key, err := i.signing(r.Context())
		if err != nil {
			writeError(w, answer(err))
			return true
		}
		public, encode := key.PublicKey, base64.RawURLEncoding.EncodeToString
		writeJSON(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.id,
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
