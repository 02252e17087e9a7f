package tasks

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"sluice/flow"
	"sluice/internal/jose"
	"sluice/internal/state"
)

// TestIDToken verifies a token as a handler does: by discovery and keys from the REST handler.
func TestIDToken(t *testing.T) {
	e := state.NewMemory(time.Now)
	s := opened(t, e, Options{})
	web := httptest.NewServer(s.REST())
	t.Cleanup(web.Close)
	s.issuer.url = web.URL
	got := make(chan string, 1)
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") }))
	t.Cleanup(target.Close)
	s.queueFor(t, &pb.Queue{})
	task := post(target.URL + "/in")
	task.GetHttpRequest().AuthorizationHeader = &pb.HttpRequest_OidcToken{OidcToken: &pb.OidcToken{ServiceAccountEmail: "robot@shop.example"}}
	task.GetHttpRequest().Headers = map[string]string{"Authorization": "forged"}
	s.add1(t, task)
	token, ok := strings.CutPrefix(<-got, "Bearer ")
	if !ok {
		t.Fatal("no bearer token")
	}
	var found struct {
		Issuer string
		Keys   string `json:"jwks_uri"`
	}
	check(t, json.Unmarshal(fetch(t, web.URL+"/.well-known/openid-configuration"), &found))
	keys, err := jose.ParseKeySet(fetch(t, found.Keys))
	check(t, err)
	signed, err := jose.ParseSigned(token)
	check(t, err)
	check(t, signed.Verify(jose.LookupSigning("RS256"), keys[0].Public))
	var claims map[string]any
	check(t, json.Unmarshal(signed.Payload, &claims))
	for name, want := range map[string]any{"iss": found.Issuer, "aud": target.URL + "/in", "email": "robot@shop.example", "email_verified": true} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	// Another process has the same key.
	mine, err := s.issuer.signing(t.Context())
	check(t, err)
	again, err := (&issuer{url: "http://other", bucket: s.system}).signing(t.Context())
	check(t, err)
	if again.id != mine.id {
		t.Errorf("two keys: %s and %s", again.id, mine.id)
	}
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	status, text := getText(t, url)
	if status != 200 {
		t.Fatalf("%s: %d %s", url, status, text)
	}
	return []byte(text)
}

// accounts makes tokens that say what they were asked for.
type accounts struct{}

func (accounts) Token(_ context.Context, want flow.TokenRequest) (string, error) {
	return want.Account + "|" + want.Audience + "|" + strings.Join(want.Scopes, ","), nil
}

// TestTokens looks at who gets which token: OAuth tokens go to Google alone.
func TestTokens(t *testing.T) {
	oauth := func(url string) *pb.Task {
		task := post(url)
		task.GetHttpRequest().AuthorizationHeader = &pb.HttpRequest_OauthToken{OauthToken: &pb.OAuthToken{ServiceAccountEmail: "a"}}
		return task
	}
	oidc := post("https://x.example/in")
	oidc.GetHttpRequest().AuthorizationHeader = &pb.HttpRequest_OidcToken{OidcToken: &pb.OidcToken{ServiceAccountEmail: "a", Audience: "aud"}}
	ofQueue := &pb.Queue{HttpTarget: &pb.HttpTarget{AuthorizationHeader: &pb.HttpTarget_OidcToken{OidcToken: &pb.OidcToken{ServiceAccountEmail: "q", Audience: "qaud"}}}}
	for _, tt := range []struct {
		task  *pb.Task
		queue *pb.Queue
		want  string // Authorization, or what the error says
	}{
		{oauth("https://run.googleapis.com/v1"), &pb.Queue{}, "Bearer a||" + cloudScope},
		{oauth("https://run.googleapis.com.evil.example/v1"), &pb.Queue{}, "only"},
		{oauth("http://run.googleapis.com/v1"), &pb.Queue{}, "only"},
		{oidc, &pb.Queue{}, "Bearer a|aud|"},
		{oidc, ofQueue, "Bearer q|qaud|"},
		{oauth("https://run.googleapis.com/v1"), ofQueue, "Bearer q|qaud|"},
		{post("https://x.example"), &pb.Queue{}, ""},
	} {
		s := &Service{options: Options{Identity: accounts{}}}
		request, err := http.NewRequest("POST", tt.task.GetHttpRequest().Url, nil)
		check(t, err)
		got := ""
		if err := s.authorize(t.Context(), request, tt.task, tt.queue); err != nil {
			got = err.Error()
		} else {
			got = request.Header.Get("Authorization")
		}
		if got != tt.want && (tt.want != "only" || !strings.Contains(got, "only") || strings.Contains(got, "Bearer")) {
			t.Errorf("%v for %v: %q, want %q", tt.task, tt.queue, got, tt.want)
		}
	}
}
