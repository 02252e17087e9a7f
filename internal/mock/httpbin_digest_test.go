package mock

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// TestDigestExample uses the vectors of RFC 7616 section 3.9.1 on the hash alone: its realm is not ours.
func TestDigestExample(t *testing.T) {
	tests := map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	}
	for algorithm, want := range tests {
		hash := digests[algorithm]
		secret := hash("Mufasa", "http-auth@example.org", "Circle of Life")
		got := hash(secret, "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "00000001",
			"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "auth", hash("GET", "/dir/index.html"))
		if got != want {
			t.Errorf("%s: %s, want %s", algorithm, got, want)
		}
	}
}

func TestDigestAuth(t *testing.T) {
	tests := []struct {
		uri, qop, password, body string
		algorithm                string
		status                   int
	}{
		{"/digest-auth/auth/user/pass", "auth", "pass", "", "MD5", 200},
		{"/digest-auth/auth/user/pass?x=1", "auth", "pass", "", "MD5", 200},
		{"/digest-auth/auth-int/user/pass", "auth-int", "pass", "body", "MD5", 200},
		{"/digest-auth/any/user/pass", "", "pass", "", "MD5", 200},
		{"/digest-auth/auth/user/pass/SHA-256", "auth", "pass", "", "SHA-256", 200},
		{"/digest-auth/auth/user/pass/SHA-512", "auth", "pass", "", "SHA-512", 200},
		{"/digest-auth/auth/user/pass/ROT13", "auth", "pass", "", "MD5", 200},
		{"/digest-auth/auth/user/pass", "auth", "wrong", "", "MD5", 401},
		{"/digest-auth/auth/user/pass", "unknown", "pass", "", "MD5", 401},
		{"/digest-auth/auth/other/pass", "auth", "pass", "", "MD5", 401},
	}
	for _, test := range tests {
		t.Run(test.uri+" "+test.qop+" "+test.password, func(t *testing.T) {
			unknown := httptest.NewRecorder()
			Httpbin().ServeHTTP(unknown, httptest.NewRequest("GET", test.uri, nil))
			challenge := unknown.Header().Get("WWW-Authenticate")
			if unknown.Code != 401 || !strings.HasSuffix(challenge, "algorithm="+test.algorithm+", stale=FALSE") {
				t.Fatalf("status %d, challenge %s", unknown.Code, challenge)
			}
			request := httptest.NewRequest("GET", test.uri, strings.NewReader(test.body))
			request.Header.Set("Authorization", answer(challenge, test.uri, test.qop, test.password, test.body))
			recorder := httptest.NewRecorder()
			Httpbin().ServeHTTP(recorder, request)
			if recorder.Code != test.status {
				t.Errorf("status %d, want %d", recorder.Code, test.status)
			}
		})
	}
}

func TestDigestUserMustBeTheOneHashed(t *testing.T) {
	const uri = "/digest-auth/auth/user/pass"
	header := answer(`Digest realm="`+digestRealm+`", nonce="n", algorithm=MD5`, uri, "auth", "pass", "")
	for name, want := range map[string]int{"user": 200, "root": 401} {
		request := httptest.NewRequest("GET", uri, nil)
		request.Header.Set("Authorization", strings.Replace(header, `username="user"`, `username="`+name+`"`, 1))
		recorder := httptest.NewRecorder()
		Httpbin().ServeHTTP(recorder, request)
		if recorder.Code != want {
			t.Errorf("username %s: status %d, want %d", name, recorder.Code, want)
		}
	}
}

// answer is a client's side of the scheme, for user "user" and method GET.
func answer(challenge, uri, qop, password, body string) string {
	given := authParams(strings.TrimPrefix(challenge, "Digest "))
	hash := digests[given["algorithm"]]
	secret, request := hash("user", given["realm"], password), hash("GET", uri)
	if qop == "auth-int" {
		request = hash("GET", uri, hash(body))
	}
	response := hash(secret, given["nonce"], "00000001", "c", qop, request)
	if qop == "" {
		response = hash(secret, given["nonce"], request)
	}
	header := `Digest username="user", realm="` + given["realm"] + `", nonce="` + given["nonce"] + `", uri="` + uri +
		`", response="` + response + `"`
	if qop != "" {
		header += `, qop=` + qop + `, nc=00000001, cnonce="c"`
	}
	return header
}

func TestAuthParams(t *testing.T) {
	tests := map[string]map[string]string{
		``:                      {},
		`a=1`:                   {"a": "1"},
		`A = 1 , b="x, \"y\\" `: {"a": "1", "b": `x, "y\`},
		`a="open`:               {"a": "open"},
		`a="x"junk, b=2`:        {"a": "x", "junk, b": "2"},
		`=,=,`:                  {"": ""},
		`novalue`:               {},
		`a="ends\`:              {"a": `ends\`},
	}
	for text, want := range tests {
		if got := authParams(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzAuthParams checks that any list ends, and that any value comes back from its quoted form.
func FuzzAuthParams(f *testing.F) {
	f.Add(`a=1, b="2"`, "v")
	f.Add(`a="\`, `quo"te\`)
	f.Fuzz(func(t *testing.T, list, value string) {
		authParams(list)
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)
		got := authParams(`last="` + quoted + `"`)["last"]
		if got != strings.TrimSpace(value) {
			t.Errorf("%q came back as %q", value, got)
		}
	})
}
