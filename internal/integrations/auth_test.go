package integrations

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// authPlan calls with the profile "p".
const authPlan = "start: 1\n" +
	`1 parameters: {"url":{"value":{"stringValue":"http://task/1"}},"authConfigName":{"value":{"stringValue":"p"}},"responseBody":{"value":{"stringValue":"$code$"}},"throwError":{"value":{"booleanValue":true}}}`

// answerAuthorization is a client that answers with the Authorization header, and as a token
// endpoint with a token of its own for each call.
func answerAuthorization(asked *[]string) *http.Client {
	return clientOf(func(r *http.Request) (*http.Response, error) {
		body := r.Header.Get("Authorization")
		if strings.HasPrefix(r.URL.Path, "/token") {
			sent, _ := io.ReadAll(r.Body)
			*asked = append(*asked, strings.TrimSpace(r.URL.RawQuery+" "+r.Header.Get("Authorization")+" "+string(sent)))
			body = fmt.Sprintf(`{"access_token":"t%d","expires_in":3600}`, len(*asked))
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
}

func profile(credentialType, credential string) func(string) ([]byte, bool) {
	return func(name string) ([]byte, bool) {
		return []byte(fmt.Sprintf(`{"displayName":"p","credentialType":%q,"decryptedCredential":{%s}}`, credentialType, credential)), name == "p"
	}
}

func TestAuthProfiles(t *testing.T) {
	tokens := func(_ context.Context, account, audience string, scopes []string) (string, error) {
		return fmt.Sprintf("%s|%s|%s", account, audience, strings.Join(scopes, " ")), nil
	}
	const client = `"clientId":"id","clientSecret":"s&","tokenEndpoint":"http://auth/token","scope":"a,b"`
	for _, c := range []struct {
		kind, credential string
		want             string // the header of both of two calls
		asked            string // of the token endpoint, once
	}{
		{"AUTH_TOKEN", `"authToken":{"type":"Token","token":"abc"}`, "Token abc", ""},
		{"JWT", `"jwt":{"jwtHeader":"{\"alg\":\"HS256\",\"typ\":\"JWT\"}","jwtPayload":"{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"iat\":1516239022}","secret":"your-256-bit-secret"}`,
			"Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c", ""},
		{"OAUTH2_CLIENT_CREDENTIALS", `"oauth2ClientCredentials":{` + client + `,"requestType":"ENCODED_HEADER"}`,
			"Bearer t1", "Basic aWQ6cyUyNg== grant_type=client_credentials&scope=a+b"},
		{"OAUTH2_CLIENT_CREDENTIALS", `"oauth2ClientCredentials":{` + client + `,"requestType":"REQUEST_BODY","tokenParams":{"entries":[{"key":{"literalValue":{"stringValue":"audience"}},"value":{"literalValue":{"stringValue":"x"}}}]}}`,
			"Bearer t1", "audience=x&client_id=id&client_secret=s%26&grant_type=client_credentials&scope=a+b"},
		{"OAUTH2_CLIENT_CREDENTIALS", `"oauth2ClientCredentials":{` + client + `,"requestType":"QUERY_PARAMETERS"}`,
			"Bearer t1", "client_id=id&client_secret=s%26&grant_type=client_credentials&scope=a+b"},
		{"OAUTH2_RESOURCE_OWNER_CREDENTIALS", `"oauth2ResourceOwnerCredentials":{` + client + `,"requestType":"REQUEST_BODY","username":"u","password":"p"}`,
			"Bearer t1", "client_id=id&client_secret=s%26&grant_type=password&password=p&scope=a+b&username=u"},
		{"OAUTH2_AUTHORIZATION_CODE", `"oauth2AuthorizationCode":{` + client + `,"accessToken":{"refreshToken":"r"}}`,
			"Bearer t1", "client_id=id&client_secret=s%26&grant_type=refresh_token&refresh_token=r&scope=a+b"},
		{"OAUTH2_AUTHORIZATION_CODE", `"oauth2AuthorizationCode":{"accessToken":{"accessToken":"kept"}}`, "Bearer kept", ""},
		{"SERVICE_ACCOUNT", `"serviceAccountCredentials":{"serviceAccount":"sa@p","scope":"https://x"}`, "Bearer sa@p||https://x", ""},
		{"SERVICE_ACCOUNT", `"serviceAccountCredentials":{"serviceAccount":"sa@p"}`, "Bearer sa@p||" + cloudPlatform, ""},
		{"OIDC_TOKEN", `"oidcToken":{"serviceAccountEmail":"sa@p","audience":"https://run"}`, "Bearer sa@p|https://run|", ""},
	} {
		var asked []string
		e := planEngine(t, Options{Client: answerAuthorization(&asked), Outside: Outside{AuthProfile: profile(c.kind, c.credential), Token: tokens}}, authPlan)
		for range 2 {
			status, body := execute(t, e, "plan", runPlan)
			if want, _ := json.Marshal(c.want); status != 200 || !strings.Contains(body, `"code":`+string(want)) {
				t.Errorf("%s: %d %s\nwant %s", c.kind, status, body, want)
			}
		}
		if got := strings.Join(asked, "; "); got != c.asked {
			t.Errorf("%s asked %s\nwant %s", c.kind, got, c.asked)
		}
	}
}

func TestAuthProfilesRefused(t *testing.T) {
	for _, c := range []struct{ kind, credential, want string }{
		{"USERNAME_AND_PASSWORD", ``, `profiles of type "USERNAME_AND_PASSWORD" do not work with this task`},
		{"SERVICE_ACCOUNT", ``, "needs tokens of Google"},
		{"JWT", `"jwt":{"jwtHeader":"{\"alg\":\"RS256\"}","jwtPayload":"{}"}`, "only HS256 works"},
		{"JWT", `"jwt":{"jwtHeader":"x"}`, "jwtHeader is not JSON"},
		{"OAUTH2_CLIENT_CREDENTIALS", `"oauth2ClientCredentials":{"tokenEndpoint":"nowhere"}`, `tokenEndpoint "nowhere" is not a URL`},
		{"OAUTH2_AUTHORIZATION_CODE", ``, "authorize it first"},
		{"CLIENT_CERTIFICATE_ONLY", ``, "carries no client certificate"},
	} {
		e := newEngine(t, Options{Outside: Outside{AuthProfile: profile(c.kind, c.credential)}})
		bad := e.Load("plan", planExport(t, authPlan))
		if len(bad) != 1 || bad[0].(*Problem).Reason != AuthProfile || !strings.Contains(bad[0].Error(), c.want) {
			t.Errorf("%s: %v", c.kind, bad)
		}
	}
}

// TestServiceAccountOfTheVersion is the default for tasks without a profile; an Authorization of
// their own wins.
func TestServiceAccountOfTheVersion(t *testing.T) {
	tokens := func(context.Context, string, string, []string) (string, error) { return "of the version", nil }
	var asked []string
	e := newEngine(t, Options{Client: answerAuthorization(&asked), Outside: Outside{Token: tokens}})
	plain := strings.Replace(authPlan, `"authConfigName":{"value":{"stringValue":"p"}},`, "", 1)
	export := strings.Replace(string(planExport(t, plain)), "{", `{"runAsServiceAccount":"sa@p",`, 1)
	if bad := e.Load("plan", []byte(export)); bad != nil {
		t.Fatal(bad)
	}
	if _, body := execute(t, e, "plan", runPlan); !strings.Contains(body, `"code":"Bearer of the version"`) {
		t.Error(body)
	}
	own := strings.Replace(export, `"throwError"`, `"jsonAdditionalHeaders":{"value":{"jsonValue":"{\"Authorization\":\"own\"}"}},"throwError"`, 1)
	if bad := e.Load("plan", []byte(own)); bad != nil {
		t.Fatal(bad)
	}
	if _, body := execute(t, e, "plan", runPlan); !strings.Contains(body, `"code":"own"`) {
		t.Error(body)
	}
}

func TestClientCertificate(t *testing.T) {
	certificate, key := selfSigned(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	text, _ := json.Marshal(map[string]any{
		"credentialType": "CLIENT_CERTIFICATE_ONLY", "clientCertificate": map[string]string{"sslCertificate": certificate, "encryptedPrivateKey": key},
	})
	e := planEngine(t, Options{Client: s.Client(), Outside: Outside{AuthProfile: func(string) ([]byte, bool) { return text, true }}},
		strings.Replace(authPlan, "http://task", s.URL, 1))
	status, body := execute(t, e, "plan", runPlan)
	if status != 200 || !strings.Contains(body, `"code":"integrations"`) {
		t.Errorf("%d %s", status, body)
	}
	e.plainCertificateClient(t)
}

// plainCertificateClient lets go of the connections of tasks with certificates.
func (e *Engine) plainCertificateClient(t *testing.T) {
	for _, in := range e.loaded["plan"].published.triggers {
		for _, n := range in.graph.nodes {
			if r, ok := n.task.(*rest); ok {
				r.client.CloseIdleConnections()
			}
		}
	}
}

func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "integrations"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}))
}
