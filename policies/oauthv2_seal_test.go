package policies

import (
	"bytes"
	"strings"
	"testing"
)

func TestOAuthV2Text(t *testing.T) {
	count := map[rune]int{}
	seen := map[string]bool{}
	for range 5000 {
		s := oauthv2Text(oauthv2AccessLength)
		if len(s) != oauthv2AccessLength || seen[s] {
			t.Fatalf("token %q", s)
		}
		seen[s] = true
		for _, r := range s {
			count[r]++
		}
	}
	// 140000 characters, 2258 of each on average, with a deviation of 47.
	for _, r := range oauthv2Alphabet {
		if count[r] < 1900 || count[r] > 2600 {
			t.Errorf("%c occurs %d times", r, count[r])
		}
	}
	if len(count) != len(oauthv2Alphabet) {
		t.Errorf("%d characters occur", len(count))
	}
}

func TestOAuthV2Seal(t *testing.T) {
	sealed, err := oauthv2Seal("own", "partner")
	if err != nil || bytes.Contains(sealed, []byte("partner")) {
		t.Fatalf("%q, %v", sealed, err)
	}
	if got := oauthv2Open("own", sealed); got != "partner" {
		t.Errorf("opened as %q", got)
	}
	again, _ := oauthv2Seal("own", "partner")
	if bytes.Equal(sealed, again) {
		t.Error("sealed twice alike: the nonce is not random")
	}
	if none, err := oauthv2Seal("own", ""); none != nil || err != nil {
		t.Errorf("no partner is sealed as %q, %v", none, err)
	}
	broken := bytes.Clone(sealed)
	broken[len(broken)-1]++
	for name, c := range map[string]struct {
		own    string
		sealed []byte
	}{"another text": {"other", sealed}, "changed": {"own", broken}, "short": {"own", sealed[:5]}, "none": {"own", nil}} {
		if got := oauthv2Open(c.own, c.sealed); got != "" {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
}

func TestOAuthV2Basic(t *testing.T) {
	for header, want := range map[string]string{
		"Basic YTpi":                      "a b",
		"basic  YTpi":                     "a b",
		`"Basic YTpi"`:                    "a b",
		"Basic ImEiOiJiIg==":              "a b", // "a":"b"
		"Basic YTpiOmM=":                  "a b:c",
		"Basic Og==":                      " ",
		"Basic YWI=":                      "no",
		"Basic !!!":                       "no",
		"Bearer YTpi":                     "no",
		"Basic":                           "no",
		"":                                "no",
		`"`:                               "no",
		"Basic " + strings.Repeat("A", 9): "no",
	} {
		id, secret, ok := oauthv2Basic(header)
		got := id + " " + secret
		if !ok {
			got = "no"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", header, got, want)
		}
	}
}

// FuzzOAuthV2Claims feeds what a client may send: it must neither panic nor be
// taken for a token without a client.
func FuzzOAuthV2Claims(f *testing.F) {
	f.Add(`{"client_id":"a","scope":"x y","exp":1e300,"nbf":-1}`, "Basic YTpi", `"x`)
	f.Add(`{"client_id":"a","exp":"1767323045","api_product_list":["p"]}`, `"Basic YTpi"`, `""`)
	f.Add(`{"client_id":1}`, "", "")
	f.Fuzz(func(t *testing.T, claims, header, text string) {
		if d, ok := oauthv2ReadClaims([]byte(claims)); ok && (d.ClientID == "" || d.ExpiresAt < 0 || d.notBefore < 0) {
			t.Errorf("%q is taken for %+v", claims, d)
		}
		if id, secret, ok := oauthv2Basic(header); ok && len(id)+len(secret) > len(header) {
			t.Errorf("%q gives %q %q", header, id, secret)
		}
		if got := oauthv2Unquoted(text); len(got) > len(text) {
			t.Errorf("%q unquoted is %q", text, got)
		}
		oauthv2Words(text)
		oauthv2Lifetime(text)
	})
}
