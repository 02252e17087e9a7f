package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/http1"
	"sluice/internal/loopback"
)

// newH2Backend serves HTTP/2 only: in clear text, or in TLS when c is not nil.
func newH2Backend(t *testing.T, c *tls.Config, h http.HandlerFunc) string {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Handler: h, Protocols: protocols, TLSConfig: c, ErrorLog: log.New(io.Discard, "", 0)}
	l := listen(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if c != nil {
			_ = s.ServeTLS(l, "", "") // it ends with Close
			return
		}
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close() // nothing depends on it any more
		<-ended
	})
	return l.Addr().String()
}

// h2Caller is a client that speaks HTTP/2 in clear text.
func h2Caller(t *testing.T) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	c := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// stream is one gRPC-like call: messages both ways while it lasts.
type stream struct {
	resp *http.Response
	up   *io.PipeWriter
	req  *http.Request
}

func (g *gateway) stream(t *testing.T, path string) *stream {
	t.Helper()
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+g.addr+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("TE", "trailers")
	req.Trailer = http.Header{"X-Sum": nil}
	resp, err := h2Caller(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return &stream{resp, w, req}
}

// echo answers each byte as it comes, then tells what it got in a trailer.
func echoBytes(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	flush := http.NewResponseController(w).Flush
	_ = flush() // a loss shows at the client
	buf := make([]byte, 64)
	for {
		n, err := r.Body.Read(buf)
		_, _ = w.Write(bytes.ToUpper(buf[:n]))
		_ = flush()
		if err != nil {
			break
		}
	}
	w.Header().Set("Grpc-Status", "0")
	w.Header().Set(http.TrailerPrefix+"X-Told", r.Trailer.Get("X-Sum")+" "+r.RequestURI+" "+r.Host+" "+r.Header.Get("TE"))
}

func TestGRPCBidi(t *testing.T) {
	ca := newAuthority(t)
	clear, secure := newH2Backend(t, nil, echoBytes), newH2Backend(t, ca.server(t, "grpc.test"), echoBytes)
	for name, s := range map[string]setup{
		"h2c":                      {connection: `<URL>http://` + clear + `</URL>`},
		"TLS":                      {connection: `<URL>https://grpc.test</URL>`, hosts: map[string]string{"grpc.test": "https://" + secure}},
		"h2c through the host map": {connection: `<URL>https://grpc.test</URL>`, hosts: map[string]string{"grpc.test": clear}},
		"target server":            {connection: `<LoadBalancer><Server name="S"/><Server name="S2"/></LoadBalancer>`, env: &Environment{TargetServers: map[string]*TargetServer{"S": targetServer(t, "S", clear)}}},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t, s)
			call := g.stream(t, "/pkg.Service/Method?x=%2F")
			got := make([]byte, 4)
			for range 3 { // each message is answered before the next is sent
				if _, err := io.WriteString(call.up, "ping"); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(call.resp.Body, got); err != nil || string(got) != "PING" {
					t.Fatalf("%q %v", got, err)
				}
			}
			call.req.Trailer.Set("X-Sum", "12")
			call.up.Close()
			if rest, err := io.ReadAll(call.resp.Body); err != nil || len(rest) > 0 {
				t.Fatalf("%q %v", rest, err)
			}
			told := call.resp.Trailer.Get("X-Told")
			if call.resp.Trailer.Get("Grpc-Status") != "0" || !strings.HasPrefix(told, "12 /pkg.Service/Method?x=%2F ") || !strings.HasSuffix(told, " trailers") {
				t.Errorf("trailer %v", call.resp.Trailer)
			}
		})
	}
}

// TestGRPCError: an answer of trailers only, and a status after messages.
func TestGRPCError(t *testing.T) {
	addr := newH2Backend(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		if r.URL.Path == "/only" {
			w.Header().Set("Grpc-Status", "5")
			return
		}
		_, _ = io.WriteString(w, "part") // a loss shows at the client
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "13")
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", "went wrong")
	})
	g := start(t, setup{connection: `<URL>http://` + addr + `</URL>`})
	only := g.stream(t, "/only")
	only.up.Close()
	if body, err := io.ReadAll(only.resp.Body); err != nil || len(body) > 0 || only.resp.Header.Get("Grpc-Status") != "5" {
		t.Errorf("%q %v %v", body, err, only.resp.Header)
	}
	late := g.stream(t, "/late")
	late.up.Close()
	if body, err := io.ReadAll(late.resp.Body); err != nil || string(body) != "part" || late.resp.Trailer.Get("Grpc-Status") != "13" || late.resp.Trailer.Get("Grpc-Message") != "went wrong" {
		t.Errorf("%q %v %v", body, err, late.resp.Trailer)
	}
}

// TestGRPCFaults: what goes wrong on the way to the target, and in its answer.
func TestGRPCFaults(t *testing.T) {
	ca := newAuthority(t)
	onlyH1 := newTLSBackend(t, ca.server(t, "grpc.test"))
	silent := newH2Backend(t, nil, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	aborting := newH2Backend(t, nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for _, tc := range []struct {
		url, hosts, code string
		status           int
	}{
		{"http://" + loopback.Address(t), "", "ServiceUnavailable", 503},
		{"https://grpc.test", "https://" + onlyH1, "the target does not agree to h2", 503},
		{"https://other.test", "https://" + onlyH1, "No name matching other.test found", 503},
		{"http://" + silent, "", "TARGET_READ_TIMEOUT", 504},
		{"http://" + aborting, "", "UnexpectedEOFAtTarget", 502},
	} {
		t.Run(tc.code, func(t *testing.T) {
			s := setup{connection: `<URL>` + tc.url + `</URL>`}
			if tc.status == 504 { // only where it must end: it bounds the handshake too
				s.connection += `<Properties><Property name="io.timeout.millis">100</Property></Properties>`
			}
			if tc.hosts != "" {
				s.hosts = map[string]string{"*": tc.hosts}
			}
			call := start(t, s).stream(t, "/s/m")
			call.up.Close()
			body, err := io.ReadAll(call.resp.Body)
			if err != nil || call.resp.StatusCode != tc.status || !strings.Contains(string(body), tc.code) {
				t.Errorf("%d %s %v, want %d %s", call.resp.StatusCode, body, err, tc.status, tc.code)
			}
		})
	}
}

// TestGRPCInactivity: a stream on which nothing moves is cut, and does not look
// whole to the client.
func TestGRPCInactivity(t *testing.T) {
	addr := newH2Backend(t, nil, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush() // a loss shows at the client
		<-r.Context().Done()
	})
	patiently(t, "the header of the answer", func(limit time.Duration) bool {
		g := start(t, setup{connection: fmt.Sprintf(`<URL>http://%s</URL><Properties><Property name="io.timeout.millis">%d</Property></Properties>`, addr, limit.Milliseconds())})
		call := g.stream(t, "/s/m")
		defer call.up.Close()
		if _, err := io.Copy(io.Discard, call.resp.Body); err == nil && call.resp.StatusCode == 200 {
			t.Error("the stream ended as if it were whole")
		}
		return call.resp.StatusCode == 200
	})
}

// TestWatchdog: it bites after the limit without a move, and only while somebody
// waits for the target.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = time.Minute
		w := watchdog(t.Context(), limit)
		for range 5 {
			time.Sleep(limit - time.Second)
			w.pat()
		}
		w.watch(false)
		w.pat()
		time.Sleep(10 * limit)
		w.watch(true)
		time.Sleep(limit - time.Second)
		if w.ctx.Err() != nil {
			t.Fatal("bit too early")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if err := w.cause(io.EOF); !isSlow(err) || transportFault(err).Def != gatewayTimeout {
			t.Errorf("cause %v", err)
		}
		w.end()
	})
}

// TestGRPCClientLeaves: the target hears of it.
func TestGRPCClientLeaves(t *testing.T) {
	left := make(chan struct{})
	addr := newH2Backend(t, nil, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush() // a loss shows at the client
		<-r.Context().Done()
		close(left)
	})
	g := start(t, setup{connection: `<URL>http://` + addr + `</URL>`})
	call := g.stream(t, "/s/m")
	call.up.CloseWithError(errors.New("gone"))
	_ = call.resp.Body.Close() // resets the stream
	select {
	case <-left:
	case <-time.After(patience):
		t.Error("the target was not told")
	}
}

// TestGRPCConnections: connections are shared where they may be, and the number
// of transports is bounded.
func TestGRPCConnections(t *testing.T) {
	peers := make(chan string, 8)
	addr := newH2Backend(t, nil, func(_ http.ResponseWriter, r *http.Request) { peers <- r.RemoteAddr })
	g := start(t, setup{connection: `<URL>http://` + addr + `</URL>`})
	for range 2 {
		call := g.stream(t, "/s/m")
		call.up.Close()
		if _, err := io.ReadAll(call.resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := <-peers, <-peers; a != b {
		t.Errorf("two connections, %s and %s, for calls one after the other", a, b)
	}
	var c h2Client
	kept := c.transport(http1.Key{Addr: "kept"})
	for i := range 2 * maxH2Transports {
		c.transport(http1.Key{Addr: fmt.Sprint(i)})
		if c.transport(http1.Key{Addr: "kept"}) != kept {
			t.Fatal("the transport in use was dropped")
		}
	}
	if len(c.transports) != maxH2Transports {
		t.Errorf("%d transports", len(c.transports))
	}
}

// TestGRPCDialContext: net/http hands the request's values on to the dialler.
func TestGRPCDialContext(t *testing.T) {
	want := errors.New("asked")
	tr := newH2Transport(0)
	ctx := context.WithValue(t.Context(), h2DialKey{}, h2Dial(func(context.Context) (net.Conn, error) { return nil, want }))
	for _, scheme := range []string{"http", "https"} {
		req, err := http.NewRequestWithContext(ctx, "POST", scheme+"://a.invalid/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.RoundTrip(req); !errors.Is(err, want) {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}
