package devproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves a proxy that answers for *.googleapis.com except other.googleapis.com, and returns
// a client that uses it.
func start(t *testing.T, http2 bool) *http.Client {
	t.Helper()
	ca, err := OpenCA(filepath.Join(t.TempDir(), "ca"), time.Now())
	check(t, err)
	p := New(ca, func(host string) http.Handler {
		if !strings.HasSuffix(host, ".googleapis.com") || host == "other.googleapis.com" {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, host+" "+r.Proto+" "+r.Method+" "+r.RequestURI+" "+string(body))
		})
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(l) }()
	t.Cleanup(func() {
		check(t, p.Close())
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return client(t, ca, "http://"+l.Addr().String(), http2)
}

func client(t *testing.T, ca *CA, proxy string, http2 bool) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(ca.File())
	check(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	address, err := url.Parse(proxy)
	check(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func TestRequestsReachTheHandlerOfTheirHost(t *testing.T) {
	for _, c := range []struct {
		http2 bool
		want  string
	}{
		{false, "us-central1-integrations.googleapis.com HTTP/1.1 POST /v1/x?a=b hello"},
		{true, "us-central1-integrations.googleapis.com HTTP/2.0 POST /v1/x?a=b hello"},
	} {
		answer, err := start(t, c.http2).Post("https://us-central1-integrations.googleapis.com/v1/x?a=b", "text/plain", strings.NewReader("hello"))
		check(t, err)
		body, err := io.ReadAll(answer.Body)
		check(t, errors.Join(err, answer.Body.Close()))
		if string(body) != c.want {
			t.Errorf("got %q, want %q", body, c.want)
		}
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	c := start(t, false)
	for _, target := range []string{"https://example.com/", "https://other.googleapis.com/", "https://storage.googleapis.com:8443/"} {
		if answer, err := c.Get(target); err == nil {
			_ = answer.Body.Close()
			t.Errorf("%s was answered with %s", target, answer.Status)
		} else if !strings.Contains(err.Error(), "Forbidden") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestPlainRequestsAreRefused(t *testing.T) {
	answer, err := start(t, false).Get("http://integrations.googleapis.com/")
	check(t, err)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Error(answer.Status)
	}
}

// A CA that somebody trusts must be good for nothing else.
func TestCASignsBelowGoogleapisOnly(t *testing.T) {
	ca, err := OpenCA(t.TempDir(), time.Now())
	check(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(ca.certificate)
	for name, valid := range map[string]bool{"a.googleapis.com": true, "example.com": false, "notgoogleapis.com": false} {
		leaf, err := ca.sign(name, time.Now())
		check(t, err)
		_, err = leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		if valid != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCAIsKeptAndRenewed(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first, err := OpenCA(dir, now)
	check(t, err)
	again, err := OpenCA(dir, now.Add(caLife-2*renewal))
	check(t, err)
	if !bytes.Equal(first.certificate.Raw, again.certificate.Raw) {
		t.Error("it was made anew too early")
	}
	late, err := OpenCA(dir, now.Add(caLife-renewal/2))
	check(t, err)
	if bytes.Equal(first.certificate.Raw, late.certificate.Raw) {
		t.Error("it was not renewed")
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %o", info.Mode().Perm())
	}
	check(t, os.WriteFile(filepath.Join(dir, caFile), []byte("nonsense"), 0o600))
	if _, err := OpenCA(dir, now); err == nil || !strings.Contains(err.Error(), "remove the folder") {
		t.Errorf("a broken CA: %v", err)
	}
}

func TestLeafsAreBounded(t *testing.T) {
	ca, err := OpenCA(t.TempDir(), time.Now())
	check(t, err)
	for i := range maxLeafs + 10 {
		_, err := ca.sign(strings.Repeat("x", i%60+1)+string(rune('a'+i/60))+".googleapis.com", time.Now())
		check(t, err)
	}
	if n := len(ca.leafs); n > maxLeafs {
		t.Errorf("%d certificates are kept", n)
	}
}

// A client that connects and says nothing, or goes away inside, must not hold Close up.
func TestCloseDoesNotWaitForClients(t *testing.T) {
	ca, err := OpenCA(t.TempDir(), time.Now())
	check(t, err)
	p := New(ca, func(string) http.Handler { return http.NotFoundHandler() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(l) }()
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", l.Addr().String())
	check(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "CONNECT a.googleapis.com:443 HTTP/1.1\r\nHost: a.googleapis.com:443\r\n\r\n")
	check(t, err)
	_, err = conn.Read(make([]byte, 64))
	check(t, err)
	check(t, p.Close())
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("Serve did not end")
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
