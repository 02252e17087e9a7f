package policies

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
)

// TestSeenIsBounded: a policy remembers so many tokens and none that is longer than
// usual, whoever can sign them.
func TestSeenIsBounded(t *testing.T) {
	var s jwtSeen
	key, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3*jwtMaxSeen + 1 {
		text := fmt.Sprint("token ", i)
		s.keep(text, &jwtVerified{}, key)
		if n := len(s.tokens); n > jwtMaxSeen {
			t.Fatalf("%d tokens are remembered", n)
		}
		if v := s.get(text); v == nil || !v.by(key) {
			t.Fatalf("token %d is not remembered", i)
		}
	}
	for text, key := range map[string]any{strings.Repeat("x", jwtMaxKept+1): key, "secret": []byte("a secret is no public key")} {
		if s.keep(text, &jwtVerified{}, key); s.get(text) != nil {
			t.Errorf("%.10s is remembered", text)
		}
	}
}
