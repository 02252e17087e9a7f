package state_test

import (
	"regexp"
	"strings"
	"testing"

	"sluice/internal/state"
)

func TestKeysAreEscaped(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"my.key":  "my.key",
		"a b=c":   "a=20b=3Dc",
		".x..":    "=.x.=.=",
		"a/b_c-1": "a/b_c-1",
		"*.>":     "=2A.=3E",
		"ä\xff":   "=C3=A4=FF",
		"=":       "=3D",
		".":       "=.=",
	} {
		if got := state.EscapeKey(key); got != want {
			t.Errorf("%q becomes %q, want %q", key, got, want)
		}
	}
}

// natsKey is what a NATS key-value bucket takes as a key (ADR-8).
var natsKey = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$`)

func FuzzEscapeKey(f *testing.F) {
	for _, key := range []string{"a", "a.b", ".", "=", "=2E", "a b", "\x00\xff", "*", "=.=", "=2e", "==", "a=", "=GG"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return
		}
		escaped := state.EscapeKey(text)
		if !natsKey.MatchString(escaped) {
			t.Errorf("%q becomes %q, which is no key of NATS", text, escaped)
		}
		if strings.Count(escaped, ".") != strings.Count(text, ".") {
			t.Errorf("%q becomes %q, which has other parts", text, escaped)
		}
		if back, err := state.UnescapeKey(escaped); err != nil || back != text {
			t.Errorf("%q becomes %q, then %q, %v", text, escaped, back, err)
		}
		// The text as what somebody else wrote: it is refused, or is what we write.
		if key, err := state.UnescapeKey(text); err == nil && state.EscapeKey(key) != text {
			t.Errorf("%q is read as %q, which is written %q", text, key, state.EscapeKey(key))
		}
	})
}
