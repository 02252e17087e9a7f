package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

// authority makes certificates in memory.
type authority struct {
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	pool   *x509.CertPool
	serial int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool(), serial: 1}
	a.cert = &x509.Certificate{Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	pair := a.sign(t, a.cert)
	a.key = pair.PrivateKey.(*ecdsa.PrivateKey)
	a.cert = pair.Leaf
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a key and its certificate; the first one is the authority's own.
func (a *authority) sign(t testing.TB, c *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by, parent := a.key, a.cert
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) template(name string) *x509.Certificate {
	a.serial++
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(a.serial),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
}

// server is a server's configuration with a certificate for the names.
func (a *authority) server(t testing.TB, names ...string) *tls.Config {
	c := a.template(names[0])
	c.DNSNames = names
	return &tls.Config{Certificates: []tls.Certificate{a.sign(t, c)}}
}

func (a *authority) expired(t testing.TB, name string) *tls.Config {
	c := a.template(name)
	c.DNSNames, c.NotAfter = []string{name}, time.Now().Add(-time.Minute)
	return &tls.Config{Certificates: []tls.Certificate{a.sign(t, c)}}
}

// newTLSBackend serves "secret" in TLS and returns its address. It names the
// client's certificate, if one was shown.
func newTLSBackend(t testing.TB, c *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "secret") // the client's side reports a loss
		for _, p := range r.TLS.PeerCertificates {
			_, _ = io.WriteString(w, " for "+p.Subject.CommonName)
		}
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l) // it ends with Close
	}()
	t.Cleanup(func() {
		_ = s.Close() // nothing depends on it any more
		<-ended
	})
	return l.Addr().String()
}

// TestTLSMatrix: each kind of target certificate against each SSLInfo.
func TestTLSMatrix(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	mutual := ca.server(t, "api.test")
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
	mutual12 := mutual.Clone()
	mutual12.MaxVersion = tls.VersionTLS12
	hosts := map[string]string{}
	for name, config := range map[string]*tls.Config{
		"good": ca.server(t, "api.test"), "expired": ca.expired(t, "api.test"), "wrong": ca.server(t, "other.test"),
		"untrusted": stranger.server(t, "api.test"), "wildcard": ca.server(t, "*.test"), "mutual": mutual, "mutual12": mutual12,
	} {
		hosts[name] = newTLSBackend(t, config)
	}
	env := func() *Environment {
		return &Environment{References: map[string]string{"trusted": "trust"}, KeyStores: map[string]*KeyStore{
			"trust": {Trusted: ca.pool}, "keys": {Aliases: map[string]tls.Certificate{"me": ca.sign(t, ca.template("sluice"))}}}}
	}
	const (
		lax      = ``
		strict   = `<SSLInfo><Enabled>true</Enabled><Enforce>true</Enforce><TrustStore>ref://trusted</TrustStore></SSLInfo>`
		trusting = `<SSLInfo><Enabled>true</Enabled><TrustStore>trust</TrustStore></SSLInfo>`
		ignoring = `<SSLInfo><Enabled>true</Enabled><TrustStore>trust</TrustStore><IgnoreValidationErrors>true</IgnoreValidationErrors></SSLInfo>`
		disabled = `<SSLInfo><Enabled>false</Enabled><Enforce>true</Enforce><TrustStore>trust</TrustStore></SSLInfo>`
		client   = `<SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>keys</KeyStore><KeyAlias>me</KeyAlias></SSLInfo>`
		system   = `<SSLInfo><Enabled>true</Enabled><Enforce>true</Enforce></SSLInfo>`
		noStore  = `<SSLInfo><Enabled>true</Enabled><TrustStore>nowhere</TrustStore></SSLInfo>`
		noAlias  = `<SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>keys</KeyStore><KeyAlias>you</KeyAlias></SSLInfo>`
	)
	named := func(name, attr string) string {
		return `<SSLInfo><Enabled>true</Enabled><TrustStore>trust</TrustStore><CommonName` + attr + `>` + name + `</CommonName></SSLInfo>`
	}
	limited := func(list string) string { return `<SSLInfo><Enabled>true</Enabled>` + list + `</SSLInfo>` }
	const (
		ok        = "secret"
		expired   = "PKIX path validation failed: NotAfter"
		untrusted = "PKIX path building failed: unable to find valid certification path"
		misnamed  = "No name matching api.test found"
	)
	for _, tc := range []struct{ target, info, want string }{
		{"good", lax, ok}, {"expired", lax, ok}, {"untrusted", lax, ok}, {"wrong", lax, misnamed}, {"wildcard", lax, ok},
		{"good", strict, ok}, {"expired", strict, expired}, {"untrusted", strict, untrusted}, {"wrong", strict, misnamed}, {"wildcard", strict, ok},
		{"good", trusting, ok}, {"expired", trusting, expired}, {"untrusted", trusting, untrusted}, {"wrong", trusting, misnamed},
		{"expired", ignoring, ok}, {"untrusted", ignoring, ok}, {"wrong", ignoring, misnamed},
		{"expired", disabled, ok}, {"untrusted", disabled, ok},
		{"good", system, untrusted},
		{"mutual", client, "secret for sluice"}, {"mutual12", client, "secret for sluice"}, {"good", client, ok},
		{"mutual", lax, "Received fatal alert: certificate_required"}, {"mutual12", lax, "Received fatal alert: "},
		{"good", noStore, `trust store \"nowhere\" does not exist`}, {"mutual", noAlias, `has no alias \"you\"`},
		{"wrong", named("other.test", ""), ok}, {"good", named("other.test", ""), "No name matching other.test found"},
		{"wildcard", named("*.test", ""), ok}, {"wildcard", named("any.test", ` wildcardMatch="false"`), "No name matching any.test found"},
		{"wildcard", named("any.test", ` wildcardMatch="true"`), ok}, {"good", named("*.test", ` wildcardMatch="true"`), ok},
		{"good", named("*.example", ` wildcardMatch="true"`), "No name matching *.example found"},
		{"good", limited(`<Protocols><Protocol>TLSv1.2</Protocol></Protocols>`), ok},
		{"mutual12", limited(`<Protocols><Protocol>TLSv1.3</Protocol></Protocols>`), "Received fatal alert: protocol_version"},
		{"good", limited(`<Ciphers><Cipher>TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256</Cipher><Cipher>TLS_DHE_UNKNOWN</Cipher></Ciphers>`), ok},
		{"good", limited(`<Ciphers><Cipher>TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256</Cipher></Ciphers>`), "Received fatal alert: handshake_failure"},
		{"good", limited(`<Ciphers><Cipher>TLS_DHE_UNKNOWN</Cipher></Ciphers>`), "none of the ciphers"},
	} {
		t.Run(tc.target+" "+tc.info, func(t *testing.T) {
			g := start(t, setup{env: env(), hosts: map[string]string{"api.test": "https://" + hosts[tc.target]}, connection: `<URL>https://api.test</URL>` + tc.info})
			if strings.HasPrefix(tc.want, "secret") {
				if status, body := g.get(t, "/"); status != 200 || body != tc.want {
					t.Fatalf("%d %s, want %s", status, body, tc.want)
				}
				return
			}
			if body := g.fault(t, "/", 503, "messaging.adaptors.http.flow.SslHandshakeFailed"); !strings.Contains(body, "SSL Handshake failed "+tc.want) && !strings.Contains(body, tc.want) {
				t.Errorf("%s, want %s", body, tc.want)
			}
		})
	}
}

// TestTLSCipherChoice: what is listed is what is spoken.
func TestTLSCipherChoice(t *testing.T) {
	ca := newAuthority(t)
	addr := newTLSBackend(t, ca.server(t, "api.test"))
	for list, want := range map[string][2]uint16{
		``: {tls.VersionTLS13, 0},
		`<Ciphers><Cipher>TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384</Cipher></Ciphers>`:   {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
		`<Ciphers><Cipher>TLS_AES_128_GCM_SHA256</Cipher></Ciphers>`:                    {tls.VersionTLS13, 0},
		`<Protocols><Protocol>TLSv1.2</Protocol><Protocol>SSLv3</Protocol></Protocols>`: {tls.VersionTLS12, 0},
		`<Ciphers><Cipher>SSL_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256</Cipher></Ciphers>`:   {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	} {
		g := start(t, setup{hosts: map[string]string{"*": "https://" + addr}, connection: `<URL>https://api.test</URL><SSLInfo><Enabled>true</Enabled>` + list + `</SSLInfo>`})
		g.get(t, "/")
		state := g.target().TLS
		if state == nil || state.Version != want[0] || want[1] != 0 && state.CipherSuite != want[1] {
			t.Errorf("%s: %+v", list, state)
		}
		if strings.Contains(list, "SSLv3") {
			expect(t, g.problems, "UnknownCipher")
		}
	}
}

// TestTLSTemplates: values that depend on the request, and connections that are
// not shared between them.
func TestTLSTemplates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	config := ca.server(t, "api.test")
	config.ClientAuth = tls.RequestClientCert
	env := &Environment{KeyStores: map[string]*KeyStore{"one": {Trusted: ca.pool}, "two": {Trusted: other.pool},
		"keys": {Aliases: map[string]tls.Certificate{"a": ca.sign(t, ca.template("A")), "b": ca.sign(t, ca.template("B"))}}}}
	g := start(t, setup{env: env, hosts: map[string]string{"*": "https://" + newTLSBackend(t, config)}, connection: `<URL>https://api.test</URL><SSLInfo>
	  <Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>keys</KeyStore><KeyAlias>{request.queryparam.alias}</KeyAlias>
	  <TrustStore>{request.queryparam.trust}</TrustStore></SSLInfo>`})
	for query, want := range map[string]string{"alias=a&trust=one": "secret for A", "alias=b&trust=one": "secret for B", "alias=a": "secret for A"} {
		for range 2 {
			if status, body := g.get(t, "/?"+query); status != 200 || body != want {
				t.Errorf("%s: %d %s", query, status, body)
			}
		}
	}
	g.fault(t, "/?alias=a&trust=two", 503, "unable to find valid certification path")
	g.fault(t, "/?alias=a&trust=three", 503, "does not exist")
}

// TestTLSTemplatesAreBounded: values from clients do not fill the memory.
func TestTLSTemplatesAreBounded(t *testing.T) {
	d, _, services, _ := compileTarget(t, setup{connection: `<URL>https://api.test</URL><SSLInfo><Enabled>true</Enabled><TrustStore>{request.queryparam.t}</TrustStore></SSLInfo>`})
	settings := d.targets["default"].connection.(*httpConnection).tls
	seen := map[string]bool{}
	for i := range 3 * maxTLSClients {
		m := flow.NewRequest()
		m.Query = fmt.Sprint("t=", i)
		x := flow.NewExchange(&flow.ProxyInfo{}, services, m)
		o := outgoing{to: &destination{host: "api.test"}, tls: settings.at(x)}
		if id := o.tls.identity(&o); seen[id] {
			t.Fatalf("identity %q twice", id)
		} else {
			seen[id] = true
		}
		if settings.at(x) != o.tls {
			t.Fatal("the same values are resolved twice")
		}
	}
	if len(settings.made) > maxTLSClients {
		t.Errorf("%d clients are kept", len(settings.made))
	}
}

func TestTLSIdentity(t *testing.T) {
	seen := map[string]string{}
	for _, info := range []string{
		``, `<Enabled>true</Enabled>`, `<Enabled>true</Enabled><Enforce>true</Enforce>`, `<Enabled>true</Enabled><CommonName>x</CommonName>`,
		`<Enabled>true</Enabled><CommonName wildcardMatch="true">x</CommonName>`,
		`<Enabled>true</Enabled><Protocols><Protocol>TLSv1.2</Protocol></Protocols>`, `<Enabled>true</Enabled><TrustStore>t</TrustStore>`,
		`<Enabled>true</Enabled><Ciphers><Cipher>TLS_AES_128_GCM_SHA256</Cipher></Ciphers>`,
	} {
		d, _, _, _ := compileTarget(t, setup{connection: `<URL>https://api.test</URL><SSLInfo>` + info + `</SSLInfo>`})
		c := d.targets["default"].connection.(*httpConnection).tls.fixed
		for _, o := range []outgoing{{to: &destination{host: "a"}}, {to: &destination{host: "b"}}, {to: &destination{host: "a"}, expectedCN: "x"}} {
			id := c.identity(&o)
			if before, twice := seen[id]; twice {
				t.Errorf("%s has the identity of %s", info, before)
			}
			seen[id] = info
		}
	}
}

// TestTLSExpectedCN: the variable target.expectedcn.
func TestTLSExpectedCN(t *testing.T) {
	ca := newAuthority(t)
	addr := newTLSBackend(t, ca.server(t, "api.test"))
	for expected, want := range map[string]string{"api.test": "", "other.test": "No name matching other.test found"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		s := (&tlsSettings{info: &SSLInfo{}}).resolve(tlsValues{})
		secure, err := s.handshake(t.Context(), c, &outgoing{to: &destination{host: "wrong.test"}, expectedCN: expected, timeout: time.Second})
		if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil {
			t.Errorf("%s: %v, want %q", expected, err, want)
		}
		if err == nil {
			secure.Close()
		}
	}
}

// TestTLSTimeout: a target that accepts and says nothing.
func TestTLSTimeout(t *testing.T) {
	l := listen(t)
	defer l.Close()
	g := start(t, setup{connection: `<URL>https://` + l.Addr().String() + `</URL><Properties><Property name="io.timeout.millis">50</Property></Properties>`})
	g.fault(t, "/", 503, "SSL Handshake failed the handshake timed out")
}

// TestTLSPlainTarget: a target that speaks clear text.
func TestTLSPlainTarget(t *testing.T) {
	b := newBackend(t, "plain")
	g := start(t, setup{connection: `<URL>https://` + b.addr + `</URL>`})
	g.fault(t, "/", 503, "SSL Handshake failed Unrecognized SSL message, plaintext connection?")
}

func TestMissingStoresAreWarnings(t *testing.T) {
	for _, info := range []string{
		`<TrustStore>nowhere</TrustStore>`, `<TrustStore>ref://nowhere</TrustStore>`,
		`<ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>nowhere</KeyStore><KeyAlias>a</KeyAlias>`,
		`<ClientAuthEnabled>true</ClientAuthEnabled>`, `<TrustStore>nowhere</TrustStore><KeyAlias>{x}</KeyAlias>`,
	} {
		_, _, _, problems := compileTarget(t, setup{connection: `<URL>https://api.test</URL><SSLInfo><Enabled>true</Enabled>` + info + `</SSLInfo>`})
		expect(t, problems, "MissingKeyStore")
		if problems.Refused() {
			t.Errorf("%s: %v", info, problems)
		}
	}
}

func BenchmarkTLSIdentity(b *testing.B) {
	s := (&tlsSettings{info: &SSLInfo{}, resume: true}).resolve(tlsValues{})
	o := outgoing{to: &destination{host: "api.test"}, tls: s}
	b.ReportAllocs()
	for b.Loop() {
		s.identity(&o)
	}
}
