package policies

import (
	"crypto"
	"strings"
	"sync"

	"sluice/internal/jose"
	"sluice/internal/ordjson"
)

// jwtSeen remembers the tokens whose signature a public key has confirmed: a client
// sends the same one until it expires, and the arithmetic is most of a request's
// cost. What can change since is not remembered: times, claims, the policy's
// variables and the key itself are looked at each time.
type jwtSeen struct {
	mu     sync.RWMutex // guards tokens
	tokens map[string]*jwtVerified
}

// jwtVerified is a token that was found right. It is immutable.
type jwtVerified struct {
	algorithm *jose.Signing
	key       jwtPublicKey
	header    *jwtHeader
	payload   []byte
	claims    *ordjson.Node
}

// jwtPublicKey is what all public keys of the standard library are.
type jwtPublicKey interface{ Equal(crypto.PublicKey) bool }

// jwtMaxSeen bounds the memory of a policy: with more clients than that, remembering
// starts anew. Only who can sign can fill it.
const jwtMaxSeen = 1024

// get returns what is known of a token, nil for nothing.
func (s *jwtSeen) get(text string) *jwtVerified {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tokens[text]
}

// by reports whether it was this key that confirmed the token.
func (v *jwtVerified) by(key any) bool { return v.key.Equal(key) }

// keep remembers a token, if its key is a public one and it is no longer than usual.
func (s *jwtSeen) keep(text string, v *jwtVerified, key any) {
	public, ok := key.(jwtPublicKey)
	if !ok || len(text) > jwtMaxKept {
		return
	}
	v.key = public
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil || len(s.tokens) >= jwtMaxSeen {
		s.tokens = map[string]*jwtVerified{}
	}
	s.tokens[strings.Clone(text)] = v
}
