package proxy

import (
	"strings"
	"testing"
)

const (
	onlyEnabled  = `<SSLInfo><Enabled>true</Enabled></SSLInfo>`
	ignoresBad   = `<SSLInfo><Enabled>true</Enabled><IgnoreValidationErrors>true</IgnoreValidationErrors></SSLInfo>`
	enforcesGood = `<SSLInfo><Enabled>true</Enabled><Enforce>true</Enforce></SSLInfo>`
	trustsStore  = `<SSLInfo><Enabled>true</Enabled><TrustStore>trust</TrustStore></SSLInfo>`
	withToken    = `<Authentication><GoogleIDToken><Audience>a</Audience></GoogleIDToken></Authentication>`
)

// TestStrictTLS: the environment's switch overrides every SSLInfo; a Google token
// goes only to a target whose certificate is good, unless SSLInfo says otherwise.
func TestStrictTLS(t *testing.T) {
	ca := newAuthority(t)
	addr := newTLSBackend(t, ca.server(t, "api.test"))
	const untrusted = "unable to find valid certification path"
	for _, c := range []struct {
		name, parts string
		enforce     bool
		want        string // "": it is reached
	}{
		{"lax", "", false, ""},
		{"enforced", "", true, untrusted},
		{"enforced, Enabled", onlyEnabled, true, untrusted},
		{"enforced, IgnoreValidationErrors", ignoresBad, true, untrusted},
		{"enforced, TrustStore", trustsStore, true, ""},
		{"token", withToken, false, untrusted},
		{"token, Enabled", withToken + onlyEnabled, false, untrusted},
		{"token, IgnoreValidationErrors", withToken + ignoresBad, false, ""},
		{"token, TrustStore", withToken + trustsStore, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := &Environment{EnforceTLS: c.enforce, KeyStores: map[string]*KeyStore{"trust": {Trusted: ca.pool}}}
			g := start(t, setup{env: env, identity: teller{}, account: "me", hosts: map[string]string{"*": "https://" + addr}, connection: `<URL>https://api.test</URL>` + c.parts})
			if c.want != "" {
				g.fault(t, "/", 503, c.want)
			} else if status, body := g.get(t, "/"); status != 200 || body != "secret" {
				t.Error(status, body)
			}
		})
	}
}

// TestStrictTLSConnectionsApart: a connection that was made without verification
// does not carry a token.
func TestStrictTLSConnectionsApart(t *testing.T) {
	addr := newTLSBackend(t, newAuthority(t).server(t, "api.test"))
	target := func(name, parts string) string {
		return `<TargetEndpoint name="` + name + `"><HTTPTargetConnection><URL>https://api.test</URL>` + parts + `</HTTPTargetConnection></TargetEndpoint>`
	}
	g := rig{hosts: map[string]string{"*": "https://" + addr}, env: &Environment{Accounts: map[string]string{"": "me"}}, files: []string{
		proxyAt("/lax"), target("default", ""),
		proxyAt("/token", `<RouteRule name="t"><TargetEndpoint>token</TargetEndpoint></RouteRule>`), target("token", withToken),
	}}
	g.services.Identity = teller{}
	s := g.serve(t)
	s.wants("GET /lax HTTP/1.1", 200, "secret")
	s.faults("GET /token HTTP/1.1", 503, "messaging.adaptors.http.flow.SslHandshakeFailed")
}

// TestUnverifiedIsTold: once for each connection, unless the author or the
// operator has decided.
func TestUnverifiedIsTold(t *testing.T) {
	const balanced = `<LoadBalancer><Server name="a"/><Server name="b"/><Server name="c"/></LoadBalancer>`
	for connection, want := range map[string]string{
		`<URL>https://api.test/v1</URL>`:            "https://api.test/v1",
		`<URL>HTTPS://{host}/v1</URL>`:              "HTTPS://{host}/v1",
		`<URL>https://api.test</URL>` + onlyEnabled: "https://api.test",
		balanced:                                               `target server "b"`,
		balanced + withToken:                                   "",
		`<URL>http://api.test</URL>`:                           "",
		`<URL>{proto}://api.test</URL>`:                        "",
		`<URL>https://api.test</URL>` + ignoresBad:             "",
		`<URL>https://api.test</URL>` + enforcesGood:           "",
		`<URL>https://api.test</URL>` + trustsStore:            "",
		`<URL>https://api.test</URL>` + withToken:              "",
		`<URL>https://api.test</URL>` + withToken + ignoresBad: "",
	} {
		told := func(enforce bool) (list []string) {
			on := &SSLInfo{Enabled: "true"}
			env := &Environment{EnforceTLS: enforce, KeyStores: map[string]*KeyStore{"trust": {Trusted: newAuthority(t).pool}}, TargetServers: map[string]*TargetServer{
				"a": {Name: "a", Host: "a.test", Port: 80, Enabled: true}, "b": {Name: "b", Host: "b.test", Port: 443, Enabled: true, SSL: on}, "c": {Name: "c", Host: "c.test", Port: 443, Enabled: true, SSL: on}}}
			for _, p := range start(t, setup{env: env, identity: teller{}, account: "me", connection: connection}).problems {
				if p.Code == "UnverifiedCertificate" && p.Severity == "warning" {
					list = append(list, p.Message)
				}
			}
			return list
		}
		list := told(false)
		if want == "" && len(list) > 0 || want != "" && (len(list) != 1 || !strings.Contains(list[0], "certificate of "+want+" is not verified")) {
			t.Errorf("%s: told %q, want %s", connection, list, want)
		}
		if list := told(true); len(list) > 0 {
			t.Errorf("%s: told %q though it is verified", connection, list)
		}
	}
}
