package google

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"sluice/flow"
)

// TestMain keeps the package away from the network and from credentials of whoever runs it: with
// GCE_METADATA_HOST set, the library of the metadata server does not look for a real one.
func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "google")
	if err != nil {
		log.Fatal(err)
	}
	for name, value := range map[string]string{"HOME": home, "GCE_METADATA_HOST": "127.0.0.1:1", "GOOGLE_APPLICATION_CREDENTIALS": ""} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(home)
		os.Exit(code)
	}))
}

// The credentials of these tests, shaped like Google's. None may appear in an error.
const (
	ownToken     = "ya29.c.own-4f1b9d0c7e6a5b3c2d1e0f9a8b7c6d5e4f3a2b1c"
	accountToken = "ya29.a.acc-9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b"
	account      = "proxy@shop-42.iam.gserviceaccount.com"
)

// double is a Google on loopback, under Google's own names: token endpoint, IAM Credentials and
// Application Integration. answer, when set, is asked first and says whether it answered.
type double struct {
	clock  *clock
	client *http.Client

	mu     sync.Mutex // guards the rest
	answer func(w http.ResponseWriter, r *http.Request, body string) bool
	calls  []call
	made   int
}

// call is a request that the double received.
type call struct {
	host, path, body string
	header           http.Header
}

func newDouble(t testing.TB) *double {
	t.Helper()
	d := &double{clock: &clock{now: time.Now()}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(d.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	certificate, roots := certificateOf(t, "*.googleapis.com")
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	d.client = &http.Client{Transport: transport}
	return d
}

func (d *double) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	d.mu.Lock()
	d.calls = append(d.calls, call{r.Host, r.URL.EscapedPath(), string(body), r.Header})
	d.made++
	n, answer := d.made, d.answer
	d.mu.Unlock()
	if answer != nil && answer(w, r, string(body)) {
		return
	}
	switch {
	case strings.HasSuffix(r.URL.Path, ":generateAccessToken"):
		reply(w, 200, map[string]any{"accessToken": numbered(accountToken, n), "expireTime": d.clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	case strings.HasSuffix(r.URL.Path, ":generateIdToken"):
		reply(w, 200, map[string]any{"token": jwtUntil(d.clock.Now().Add(time.Hour))})
	default:
		w.Header().Set("X-Google", "yes")
		reply(w, 200, map[string]any{"executionId": "e1"})
	}
}

func numbered(text string, n int) string { return fmt.Sprint(text, ".", n) }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// answering makes f answer from now on.
func (d *double) answering(f func(w http.ResponseWriter, r *http.Request, body string) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = f
}

// received returns the requests whose path ends so.
func (d *double) received(suffix string) []call {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []call
	for _, c := range d.calls {
		if strings.HasSuffix(c.path, suffix) {
			found = append(found, c)
		}
	}
	return found
}

// options are those of a runtime whose own access token is ownToken.
func (d *double) options() Options {
	return Options{Client: d.client, Now: d.clock.Now, Region: "europe-west1",
		Credentials: func(context.Context, []string) (oauth2.TokenSource, error) {
			return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: ownToken, Expiry: d.clock.Now().Add(time.Hour)}), nil
		}}
}

// clock stands until the test moves it.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// settle waits for the attempts under way.
func settle(caches ...*cache) {
	for _, c := range caches {
		c.mu.Lock()
		var flights []*flight
		for _, e := range c.entries {
			if e.flight != nil {
				flights = append(flights, e.flight)
			}
		}
		c.mu.Unlock()
		for _, f := range flights {
			<-f.done
		}
	}
}

// mustToken returns a token; an error ends the test.
func mustToken(t testing.TB, g *Google, want flow.TokenRequest) string {
	t.Helper()
	text, err := g.Token(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func certificateOf(t testing.TB, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, roots
}

var serviceKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func keyText(t testing.TB) string {
	t.Helper()
	private, err := serviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}))
}

// keyFile makes the file of a service account's key the runtime's credentials and returns the key.
func keyFile(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	credentialsFile(t, map[string]any{
		"type": "service_account", "client_email": "runtime@shop-42.iam.gserviceaccount.com", "private_key_id": "k1",
		"private_key": keyText(t), "token_uri": "https://oauth2.googleapis.com/token",
	})
	private, err := serviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func credentialsFile(t testing.TB, content any) {
	t.Helper()
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", name)
}

// jwtUntil is an ID token that nobody signed.
func jwtUntil(end time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(fmt.Appendf(nil, `{"exp":%d}`, end.Unix())) + "." + encode([]byte("signature-0123456789"))
}

// claims checks the signature of a JWT and returns what it says.
func claims(t testing.TB, text string, public *rsa.PublicKey) map[string]any {
	t.Helper()
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", text)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var said map[string]any
	if err := json.Unmarshal(payload, &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// metadataAnswering starts a metadata server that gives one answer, and returns its address.
func metadataAnswering(t testing.TB, status int, text string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, text, status)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
