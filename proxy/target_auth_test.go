package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

// teller is an identity whose tokens say what was asked for.
type teller struct{ err error }

func (r teller) Token(_ context.Context, want flow.TokenRequest) (string, error) {
	if r.err != nil {
		return "", &flow.TokenError{Err: r.err}
	}
	return fmt.Sprintf("%s|%s|%s|%s|%t", want.Account, strings.Join(want.Scopes, ","), want.Lifetime, want.Audience, want.IncludeEmail), nil
}

func TestAuthentication(t *testing.T) {
	b := newBackend(t, "A")
	b.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Authorization")+" "+r.Header.Get("X-Token"))
	})
	url := "http://" + b.addr
	for _, tc := range []struct{ xml, want string }{
		{`<GoogleAccessToken><Scopes><Scope>s1</Scope><Scope>s2</Scope></Scopes></GoogleAccessToken>`, "Bearer me|s1,s2|0s||false "},
		{`<GoogleAccessToken><Scopes><Scope>s</Scope></Scopes><LifetimeInSeconds ref="request.queryparam.life">60</LifetimeInSeconds></GoogleAccessToken>`, "Bearer me|s|30s||false "},
		{`<GoogleIDToken><Audience>aud</Audience><IncludeEmail ref="request.queryparam.mail"/></GoogleIDToken>`, "Bearer me||0s|aud|true "},
		{`<GoogleIDToken><Audience ref="no.such" useTargetUrl="true"/></GoogleIDToken>`, "Bearer me||0s|" + url + "/base|false "},
		{`<HeaderName>X-Token</HeaderName><GoogleIDToken><Audience>a</Audience></GoogleIDToken>`, "client Bearer me||0s|a|false"},
		{`<HeaderName ref="request.queryparam.header">X-Other</HeaderName><GoogleIDToken><Audience>a</Audience></GoogleIDToken>`, "client Bearer me||0s|a|false"},
	} {
		g := start(t, setup{identity: teller{}, account: "me", connection: `<URL>` + url + `/base?x=y</URL><Authentication>` + tc.xml + `</Authentication>`})
		if status, got := g.get(t, "/more?life=30&mail=true&header=X-Token"); status != 200 || got != tc.want {
			t.Errorf("%s: %d %q, want %q", tc.xml, status, got, tc.want)
		}
		if g.problems != nil {
			t.Error(g.problems)
		}
	}
}

// TestAuthenticationWithoutIdentity: the bundle loads, the call fails.
func TestAuthenticationWithoutIdentity(t *testing.T) {
	b := newBackend(t, "A")
	connection := `<URL>http://` + b.addr + `</URL><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication>`
	for _, s := range []setup{{}, {account: "me"}} {
		s.connection = connection
		g := start(t, s)
		expect(t, g.problems, "MissingService")
		g.fault(t, "/", 500, "messaging.adaptors.http.filter.GoogleTokenGenerationFailure")
	}
	g := start(t, setup{connection: connection, identity: teller{errors.New("revoked")}, account: "me"})
	g.fault(t, "/", 500, "messaging.adaptors.http.filter.GoogleTokenGenerationFailure")
	if b.hits.Load() != 0 {
		t.Error("a request without its token reached the target")
	}
}

// TestNoTokenIsNoServerFailure: a load balancer does not blame its servers.
func TestNoTokenIsNoServerFailure(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	clock := newVirtual()
	g := start(t, setup{env: environment(t, a, b), clock: clock.now, connection: `<LoadBalancer><Server name="A"/><Server name="B"/><MaxFailures>1</MaxFailures></LoadBalancer>
	  <Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication>`})
	for range 3 {
		g.fault(t, "/", 500, "GoogleTokenGenerationFailure")
	}
	clock.advance(time.Second)
}
