package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"
)

// MaxKeys bounds the keys of a set: sets in use have some ten.
const MaxKeys = 256

// Key is a public key of a JSON Web Key Set.
type Key struct {
	ID        string           // kid
	Algorithm string           // alg, "" for any
	Use       string           // use, "" for any
	Public    crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
}

// ParseKeySet reads a JSON Web Key Set. Keys of other types than RSA and EC, such
// as shared secrets, and keys that are broken are left out; of a private key only
// the public half is kept. Its error is ErrKey, for what is no set at all.
func ParseKeySet(text []byte) ([]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("%w: the key set is not JSON: %w", ErrKey, err)
	}
	if set.Keys == nil {
		return nil, fmt.Errorf("%w: the key set has no member keys", ErrKey)
	}
	if len(set.Keys) > MaxKeys {
		return nil, fmt.Errorf("%w: the key set has more than %d keys", ErrKey, MaxKeys)
	}
	list := make([]Key, 0, len(set.Keys))
	for _, text := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(text, &k) != nil {
			continue
		}
		switch public := k.Public().Key.(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey:
			list = append(list, Key{ID: k.KeyID, Algorithm: k.Algorithm, Use: k.Use, Public: public})
		}
	}
	return list, nil
}
