package google

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

func TestTokensOfAServiceAccount(t *testing.T) {
	base := "/v1/projects/-/serviceAccounts/" + account
	tests := []struct {
		name       string
		want       flow.TokenRequest
		path, body string
	}{
		{"access", flow.TokenRequest{Scopes: []string{"https://x/b", "https://x/a", "https://x/b"}, Lifetime: 90 * time.Second},
			base + ":generateAccessToken", `{"scope":["https://x/a","https://x/b"],"lifetime":"90s"}`},
		{"access, defaults", flow.TokenRequest{},
			base + ":generateAccessToken", `{"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"3600s"}`},
		{"id", flow.TokenRequest{Audience: `https://x/"y"`},
			base + ":generateIdToken", `{"audience":"https://x/\"y\"","includeEmail":false}`},
		{"id with email", flow.TokenRequest{Audience: "aud", IncludeEmail: true, Scopes: []string{"ignored"}},
			base + ":generateIdToken", `{"audience":"aud","includeEmail":true}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDouble(t)
			g := New(d.options())
			test.want.Account = account
			text := mustToken(t, g, test.want)
			if wanted := map[bool]string{true: jwtUntil(d.clock.Now().Add(time.Hour)), false: numbered(accountToken, 1)}[test.want.Audience != ""]; text != wanted {
				t.Errorf("token %q, want %q", text, wanted)
			}
			if again := mustToken(t, g, test.want); again != text {
				t.Errorf("second token %q, want the first one", again)
			}
			calls := d.received("")
			if len(calls) != 1 {
				t.Fatalf("%d calls, want 1", len(calls))
			}
			c := calls[0]
			if c.host != "iamcredentials.googleapis.com" || c.path != test.path || c.body != test.body {
				t.Errorf("got %s%s\n%s\nwant %s\n%s", c.host, c.path, c.body, test.path, test.body)
			}
			if c.header.Get("Authorization") != "Bearer "+ownToken || c.header.Get("Content-Type") != "application/json" {
				t.Errorf("header %v", c.header)
			}
		})
	}
}

// Tokens that differ in anything that matters are different tokens.
func TestTokensAreNotMixedUp(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	wants := []flow.TokenRequest{
		{Account: account}, {Account: "b" + account}, {Account: account, Lifetime: time.Minute}, {Account: account, Scopes: []string{"s"}},
		{Account: account, Audience: "a"}, {Account: account, Audience: "a", IncludeEmail: true}, {Account: account, Audience: "b"},
	}
	for range 2 {
		for _, w := range wants {
			mustToken(t, g, w)
		}
	}
	if n := len(d.received("")); n != len(wants) {
		t.Errorf("%d calls, want %d", n, len(wants))
	}
}

func TestOwnTokensFromAKey(t *testing.T) {
	private := keyFile(t)
	d := newDouble(t)
	var assertion map[string]any
	d.answering(func(w http.ResponseWriter, r *http.Request, body string) bool {
		form, err := url.ParseQuery(body)
		if err != nil || r.Host != "oauth2.googleapis.com" || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
			t.Errorf("%s %s %v", r.Host, body, err)
			return false
		}
		assertion = claims(t, form.Get("assertion"), &private.PublicKey)
		if assertion["target_audience"] != nil {
			reply(w, 200, map[string]any{"id_token": jwtUntil(d.clock.Now().Add(time.Hour))})
		} else {
			reply(w, 200, map[string]any{"access_token": ownToken, "expires_in": 3600, "token_type": "Bearer"})
		}
		return true
	})
	g := New(Options{Client: d.client, Now: d.clock.Now})
	if text := mustToken(t, g, flow.TokenRequest{Scopes: []string{"https://x/a", "https://x/b"}}); text != ownToken {
		t.Errorf("access token %q", text)
	}
	if assertion["scope"] != "https://x/a https://x/b" || assertion["iss"] != "runtime@shop-42.iam.gserviceaccount.com" {
		t.Errorf("assertion %v", assertion)
	}
	if text := mustToken(t, g, flow.TokenRequest{Audience: "https://svc"}); text != jwtUntil(d.clock.Now().Add(time.Hour)) {
		t.Errorf("ID token %q", text)
	}
	if assertion["target_audience"] != "https://svc" {
		t.Errorf("assertion %v", assertion)
	}
	mustToken(t, g, flow.TokenRequest{Audience: "https://svc"})
	if n := len(d.received("/token")); n != 2 {
		t.Errorf("%d exchanges, want 2", n)
	}
}

func TestOwnTokensFromTheMetadataServer(t *testing.T) {
	id := jwtUntil(time.Now().Add(time.Hour))
	var queries []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") != "Google" {
			t.Errorf("no Metadata-Flavor: %v", r.Header)
		}
		w.Header().Set("Connection", "close")
		switch strings.TrimPrefix(r.URL.Path, "/computeMetadata/v1/instance/service-accounts/default/") {
		case "token":
			reply(w, 200, map[string]any{"access_token": ownToken, "expires_in": 3600})
		case "identity":
			queries = append(queries, r.URL.RawQuery)
			_, _ = w.Write([]byte(id + "\n"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("GCE_METADATA_HOST", server.Listener.Addr().String())
	g := New(Options{})
	if text := mustToken(t, g, flow.TokenRequest{}); text != ownToken {
		t.Errorf("access token %q", text)
	}
	for _, email := range []bool{false, true} {
		if text := mustToken(t, g, flow.TokenRequest{Audience: "https://a/?b&c", IncludeEmail: email}); text != id {
			t.Errorf("ID token %q", text)
		}
	}
	const audience = "audience=https%3A%2F%2Fa%2F%3Fb%26c"
	if got := strings.Join(queries, " "); got != audience+" "+audience+"&format=full" {
		t.Errorf("queries %s", got)
	}
}

// New must not look for credentials: a runtime whose proxies need none starts without.
func TestNewLooksForNothing(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/credentials.json")
	g := New(Options{})
	if _, err := g.Token(t.Context(), flow.TokenRequest{}); err == nil {
		t.Error("a token without credentials")
	}
	keyFile(t)
	d := newDouble(t)
	d.answering(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		reply(w, 200, map[string]any{"access_token": ownToken, "expires_in": 3600})
		return true
	})
	g = New(Options{Client: d.client})
	if text := mustToken(t, g, flow.TokenRequest{}); text != ownToken {
		t.Errorf("token %q", text)
	}
}

func BenchmarkTokenFromCache(b *testing.B) {
	d := newDouble(b)
	g := New(d.options())
	want := flow.TokenRequest{Account: account, Scopes: []string{cloudPlatform}}
	mustToken(b, g, want)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Token(b.Context(), want); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzIDToken(f *testing.F) {
	f.Add(jwtUntil(time.Unix(2e9, 0)))
	f.Add("a.e30.c")
	f.Add("a.eyJleHAiOjFlMzAwfQ.c")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := idToken(text)
		if err != nil {
			return
		}
		if got.text != strings.TrimSpace(text) || got.expiry.Unix() < 1 {
			t.Errorf("%q gives %v", text, got)
		}
	})
}
