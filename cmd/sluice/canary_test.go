package main

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/loopback"
)

// vault is a proxy that handles secrets in every way that policies have.
func vault(t *testing.T) string {
	t.Helper()
	flow := func(path, steps string) string {
		var list strings.Builder
		for step := range strings.FieldsSeq(steps) {
			list.WriteString("<Step><Name>" + step + "</Name></Step>")
		}
		return `<Flow name="` + path + `"><Request>` + list.String() + `</Request><Condition>proxy.pathsuffix MatchesPath "/` + path + `"</Condition></Flow>`
	}
	dir := bundle(t, "/vault", "<Flows>"+flow("token", "Token")+flow("verify", "Verify")+flow("key", "Key")+flow("basic", "Basic Who")+
		flow("jwt", "Secret JWT")+flow("hmac", "Secret HMAC")+flow("script", "Secret Script")+flow("info", "Info")+"</Flows>"+`<RouteRule name="none"/>`, "")
	policy := func(name, xml string) { write(t, filepath.Join(dir, "apiproxy", "policies", name+".xml"), xml) }
	policy("Token", `<OAuthV2 name="Token"><Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>client_credentials</GrantType><GrantType>password</GrantType></SupportedGrantTypes><GenerateResponse/></OAuthV2>`)
	policy("Verify", `<OAuthV2 name="Verify"><Operation>VerifyAccessToken</Operation></OAuthV2>`)
	policy("Info", `<GetOAuthV2Info name="Info"><AccessToken ref="request.queryparam.token"/></GetOAuthV2Info>`)
	policy("Key", `<VerifyAPIKey name="Key"><APIKey ref="request.queryparam.apikey"/></VerifyAPIKey>`)
	policy("Basic", `<BasicAuthentication name="Basic"><Operation>Decode</Operation><User ref="user"/><Password ref="private.password"/><Source>request.header.Authorization</Source></BasicAuthentication>`)
	policy("Who", `<RaiseFault name="Who"><FaultResponse><Set><StatusCode>403</StatusCode><Payload>not {user}</Payload></Set></FaultResponse></RaiseFault>`)
	policy("Secret", `<KeyValueMapOperations name="Secret" mapIdentifier="settings"><Get assignTo="private.secret"><Key><Parameter>region</Parameter></Key></Get></KeyValueMapOperations>`)
	policy("JWT", `<VerifyJWT name="JWT"><Algorithm>HS256</Algorithm><SecretKey><Value ref="private.secret"/></SecretKey></VerifyJWT>`)
	policy("HMAC", `<HMAC name="HMAC"><Algorithm>SHA256</Algorithm><SecretKey ref="private.secret"/><Message>{request.verb}</Message><VerificationValue ref="request.header.signature"/></HMAC>`)
	policy("Script", `<Javascript name="Script" timeLimit="1000"><Source>throw new Error("no " + typeof context.getVariable("private.secret"));</Source></Javascript>`)
	return dir
}

// TestCanary sends secrets through every policy that takes one, so that they pass
// and fail, and looks for them wherever an operator reads: serving checks what the
// process prints, with every log on. Tokens must not be on disk either.
func TestCanary(t *testing.T) {
	t.Parallel()
	data, admin := filepath.Join(t.TempDir(), "state"), loopback.Address(t)
	dir := vault(t)
	write(t, filepath.Join(dir, "edge.json"), shop("http://127.0.0.1:1", "canary-key", "canary-secret-of-thirty-two-bytes"))
	r := serving(t, dir, "--org-data", filepath.Join(dir, "edge.json"), "--data", data, "--admin", admin, "--access-log")
	call := func(method, path string, header ...string) string {
		t.Helper()
		body := ""
		if method == "POST" {
			body = url.Values{"grant_type": {"client_credentials"}, "password": {"canary-password"}}.Encode()
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.addr+"/vault/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		return read(t, req)
	}
	basic := func(user, password string) string {
		req := &http.Request{Header: http.Header{}}
		req.SetBasicAuth(user, password)
		return req.Header.Get("Authorization")
	}
	var issued struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(call("POST", "token", "Authorization", basic("canary-key", "canary-secret"))), &issued); err != nil || issued.Token == "" {
		t.Fatalf("no token was issued: %v", err)
	}
	answers := []string{
		call("POST", "token", "Authorization", basic("canary-key", "canary-wrong")),
		call("POST", "token", "Authorization", basic("canary-unknown", "canary-wrong")),
		call("GET", "verify", "Authorization", "Bearer "+issued.Token),
		call("GET", "verify", "Authorization", "Bearer canary-token"),
		call("GET", "verify", "Authorization", "canary-scheme canary-token"),
		call("GET", "info?token="+issued.Token), call("GET", "info?token=canary-token"),
		call("GET", "key?apikey=canary-key"), call("GET", "key?apikey=canary-unknown"),
		call("GET", "basic", "Authorization", basic("ann", "canary-password")), call("GET", "basic", "Authorization", "Basic canary-garbage"),
		call("GET", "jwt", "Authorization", "Bearer canary.canary.canary"), call("GET", "hmac", "Signature", "canary-signature"),
		call("GET", "script"),
	}
	for _, a := range answers {
		if strings.Contains(a, "canary") {
			t.Errorf("an answer tells a secret: %s", a)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if metrics := read(t, req); strings.Contains(metrics, "canary") || strings.Contains(metrics, issued.Token) {
		t.Error("the metrics tell a secret")
	}
	r.end()
	if !strings.Contains(r.out.String(), "/vault/jwt") {
		t.Errorf("the requests are not logged:\n%s", r.out)
	}
	if strings.Contains(r.out.String(), issued.Token) {
		t.Errorf("the token is printed:\n%s", r.out)
	}
	notOnDisk(t, data, issued.Token)
}

func read(t *testing.T, req *http.Request) string {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// notOnDisk fails when a file below dir holds the text; and when there is none
// that could.
func notOnDisk(t *testing.T, dir, text string) {
	t.Helper()
	size := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		size += len(content)
		if strings.Contains(string(content), text) {
			t.Errorf("%s holds the token", path)
		}
		return nil
	})
	if err != nil || size == 0 {
		t.Errorf("the data folder has %d bytes, %v", size, err)
	}
}
