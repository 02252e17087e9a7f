package spelling

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}, {"host", "hots", 1}, {"ab", "ba", 1}, {"abcd", "badc", 2}, {strings.Repeat("a", 300), "a", longest},
	} {
		if got, back := Distance(c.a, c.b), Distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%q and %q: %d and %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"InvalidApiKey", "FailedToResolveAPIKey", "QuotaViolation"}
	for written, want := range map[string]string{"invalid_api-key": "InvalidApiKey", "QuotaViolaton": "QuotaViolation", "Nothing": ""} {
		if got := Nearest(written, names, 2); got != want {
			t.Errorf("nearest to %q is %q, want %q", written, got, want)
		}
	}
}

func TestLikely(t *testing.T) {
	names := []string{"tls-listen", "listen", "tls-key"}
	for written, want := range map[string]string{"listen_TLS": "tls-listen", "lisen": "listen", "tlskey": "tls-key", "tls": "", "watch": ""} {
		if got := Likely(written, names); got != want {
			t.Errorf("%q is taken for %q, want %q", written, got, want)
		}
	}
}
