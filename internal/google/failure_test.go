package google

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"sluice/flow"
)

// googleError answers as Google's REST APIs do. The message may quote the request.
func googleError(status int, canonical, reason, message string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, body string) bool {
		e := map[string]any{"code": status, "status": canonical, "message": message + " " + r.Header.Get("Authorization") + " " + body}
		if reason != "" {
			e["details"] = []any{map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}}
		}
		reply(w, status, map[string]any{"error": e})
		return true
	}
}

// raw answers with text and repeats the request.
func raw(status int, text string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, body string) bool {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, text, " ", r.Header.Get("Authorization"), " ", body)
		return true
	}
}

func TestFailuresSayWhatToDoAndNoSecret(t *testing.T) {
	impersonating := flow.TokenRequest{Account: account}
	tests := []struct {
		name   string
		own    func(testing.TB) // nil: the token ownToken
		want   flow.TokenRequest
		answer func(http.ResponseWriter, *http.Request, string) bool
		says   string
	}{
		{"no grant", nil, impersonating,
			googleError(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."),
			"iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist). Bearer [removed] {\"scope\":[\"https://www.googleapis.com/auth/cloud-platform\"],\"lifetime\":\"3600s\"}): grant the runtime's own identity roles/iam.serviceAccountTokenCreator on " + account},
		{"API disabled", nil, impersonating, googleError(403, "PERMISSION_DENIED", "SERVICE_DISABLED", "IAM API has not been used"), "gcloud services enable iamcredentials.googleapis.com"},
		{"scopes of the machine", nil, impersonating, googleError(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "no"), "access scope cloud-platform"},
		{"no such account", nil, impersonating, googleError(404, "NOT_FOUND", "", "Gaia id not found"), "check that this service account exists"},
		{"lifetime", nil, impersonating, googleError(400, "INVALID_ARGUMENT", "", "lifetime"), "constraints/iam.allowServiceAccountCredentialLifetimeExtension"},
		{"own token is bad", nil, impersonating, googleError(401, "UNAUTHENTICATED", "", "bad"), "gcloud auth application-default login"},
		{"IAM is down", nil, impersonating, raw(503, "down"), "the next request tries again"},
		{"IAM redirects", nil, impersonating, raw(302, "elsewhere"), "check the IAM endpoint"},
		{"not IAM", nil, impersonating, raw(200, "<html>"), "check the IAM endpoint"},
		{"IAM without a token", nil, impersonating, raw(200, "{}{"), "check the IAM endpoint"},
		{"no ID token", nil, flow.TokenRequest{Account: account, Audience: "a"}, func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			reply(w, 200, map[string]string{"token": ownToken})
			return true
		}, "holds no ID token"},
		{"own ID token, no key", nil, flow.TokenRequest{Audience: "a"}, nil, "deploy the proxy with a service account"},
		{"account is a key", nil, flow.TokenRequest{Account: `{"private_key":"0123456789abcdef0123"}`}, nil, "not an address"},
		{"audience", nil, flow.TokenRequest{Account: account, Audience: strings.Repeat("a", maxAudience+1)}, nil, "audience is longer"},
		{"scopes", nil, flow.TokenRequest{Scopes: []string{strings.Repeat("a", maxScopes+1)}}, nil, "scopes are longer"},

		{"key is revoked", withKey, flow.TokenRequest{}, func(w http.ResponseWriter, _ *http.Request, body string) bool {
			reply(w, 400, map[string]string{"error": "invalid_grant", "error_description": "Invalid JWT Signature. " + body})
			return true
		}, "400 invalid_grant Invalid JWT Signature."},
		{"key is revoked, ID token", withKey, flow.TokenRequest{Audience: "a"}, raw(401, "no"), "make a new key"},
		{"key is revoked, impersonating", withKey, impersonating, raw(400, "no"), "make a new key"},
		{"token service is down", withKey, flow.TokenRequest{}, raw(500, "down"), "the next request tries again"},
		{"token service talks nonsense", withKey, flow.TokenRequest{}, raw(200, "<html>"), "check the file that GOOGLE_APPLICATION_CREDENTIALS names"},
		{"token service forgets the token", withKey, flow.TokenRequest{}, func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			reply(w, 200, map[string]string{})
			return true
		}, "no token"},
		{"login is over", withLogin, flow.TokenRequest{}, raw(400, `{"error":"invalid_grant"}`), "gcloud auth application-default login"},
		{"login makes no ID token", withLogin, flow.TokenRequest{Audience: "a"}, nil, "deploy the proxy with a service account"},
		{"key is broken", withBrokenKey, flow.TokenRequest{}, nil, "make no token"},
		{"file is missing", withoutFile, flow.TokenRequest{}, nil, "set GOOGLE_APPLICATION_CREDENTIALS to the path"},
		{"file is not JSON", withSecretText, impersonating, nil, "cannot be read"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDouble(t)
			o := d.options()
			if test.own != nil {
				o.Credentials = nil
				test.own(t)
			}
			d.answering(test.answer)
			_, err := New(o).Token(t.Context(), test.want)
			checkFailure(t, err, test.says)
		})
	}
}

func withKey(t testing.TB) { keyFile(t) }

// What a gcloud login consists of.
const (
	refreshToken = "1//0g-refresh-8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a"
	clientSecret = "GOCSPX-secret-1a2b3c4d5e6f7a8b9c0d"
)

func withLogin(t testing.TB) {
	credentialsFile(t, map[string]string{"type": "authorized_user", "client_id": "c", "client_secret": clientSecret, "refresh_token": refreshToken})
}

func withBrokenKey(t testing.TB) {
	credentialsFile(t, map[string]string{"type": "service_account", "client_email": "e", "private_key": refreshToken})
}

func withoutFile(t testing.TB) { t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", t.TempDir()+"/none.json") }

func withSecretText(t testing.TB) { credentialsFile(t, refreshToken) }

// checkFailure checks the kind of the error, its advice, and that nothing reachable from it shows
// one of this package's secrets.
func checkFailure(t *testing.T, err error, says string) {
	t.Helper()
	var refused *flow.TokenError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a *flow.TokenError", err)
	}
	if !strings.Contains(err.Error(), says) {
		t.Errorf("got\n%s\nwant\n%s", err, says)
	}
	if strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 1000 {
		t.Errorf("not one short line: %q", err)
	}
	shown := ""
	for e := err; e != nil; e = errors.Unwrap(e) {
		encoded, _ := json.Marshal(e)
		shown += fmt.Sprintf("%s\n%+v\n%#v\n%s\n", e, e, e, encoded)
	}
	for _, secret := range append(keyLines(t), ownToken, accountToken, refreshToken, clientSecret, "eyJ", "PRIVATE", "0123456789abcdef") {
		for _, part := range []string{secret, secret[:min(len(secret), 24)], secret[max(0, len(secret)-16):]} {
			if strings.Contains(shown, part) {
				t.Errorf("%q is shown in\n%s", part, shown)
			}
		}
	}
}

// keyLines are the lines of the service account's key, as they stand in its file.
func keyLines(t testing.TB) []string {
	lines := strings.Split(strings.TrimSpace(keyText(t)), "\n")
	return lines[1 : len(lines)-2] // without BEGIN, the short last one, END
}

func TestNoCredentialsAnywhere(t *testing.T) {
	g := New(Options{})
	g.find = func(context.Context, []string) (*credentials, error) {
		return nil, errors.New("google: could not find default credentials. See https://cloud.google.com/docs for more information")
	}
	for _, want := range []flow.TokenRequest{{}, {Account: account}, {Audience: "a"}} {
		_, err := g.Token(t.Context(), want)
		checkFailure(t, err, "no Google credentials were found: set GOOGLE_APPLICATION_CREDENTIALS")
	}
}

func TestGoogleCannotBeReached(t *testing.T) {
	refusing := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("connect: connection refused, token " + ownToken)
	})}
	d := newDouble(t)
	o := d.options()
	o.Client = refusing
	_, err := New(o).Token(t.Context(), flow.TokenRequest{Account: account})
	checkFailure(t, err, "IAM Credentials at https://iamcredentials.googleapis.com cannot be reached (connect: connection refused, token [removed]): check the network, the host map")
	o.Credentials = nil
	keyFile(t)
	_, err = New(o).Token(t.Context(), flow.TokenRequest{})
	checkFailure(t, err, `"https://oauth2.googleapis.com/token": connect: connection refused, token [removed]): check`)
	withLogin(t)
	_, err = New(o).Token(t.Context(), flow.TokenRequest{})
	checkFailure(t, err, "the Google token service cannot be reached (connect: connection refused")
}

func TestMetadataServerRefuses(t *testing.T) {
	t.Setenv("GCE_METADATA_HOST", metadataAnswering(t, 404, "no service account "+ownToken))
	for _, want := range []flow.TokenRequest{{}, {Audience: "a"}} {
		_, err := New(Options{}).Token(t.Context(), want)
		checkFailure(t, err, "the service account of this machine")
	}
}

func TestTokenThatEndedBefore(t *testing.T) {
	d := newDouble(t)
	o := d.options()
	o.Credentials = func(context.Context, []string) (oauth2.TokenSource, error) {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: ownToken, Expiry: d.clock.Now().Add(-time.Hour)}), nil
	}
	_, err := New(o).Token(t.Context(), flow.TokenRequest{})
	checkFailure(t, err, "set this machine's clock")
}

// The end of a context stays visible: a caller tells a timeout from a refusal.
func TestAttemptThatTakesTooLong(t *testing.T) {
	d := newDouble(t)
	g := New(d.options())
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	_, err := g.accessTokenOf(ctx, key{account: account, scopes: cloudPlatform})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}

func FuzzScrub(f *testing.F) {
	f.Add("Permission 'iam.serviceAccounts.getAccessToken' denied", ownToken, " on x")
	f.Add("a\n-----BEGIN PRIVATE KEY-----\n", "MIIEvQIBADANBgkqhkiG", "")
	f.Add("https://x/?token=", "0123456789abcdef", "&y")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		got := scrub(before + secret + after)
		if len(got) > saidMost+len("...") || strings.ContainsAny(got, "\n\r\t\x00\x7f") {
			t.Errorf("%q is not one short line", got)
		}
		if tokenRun.FindString(secret) == secret && strings.ContainsAny(secret, "0123456789") &&
			!strings.Contains(before+secret+after, "oauth2") && strings.Contains(got, secret) {
			t.Errorf("%q is left in %q", secret, got)
		}
	})
}
