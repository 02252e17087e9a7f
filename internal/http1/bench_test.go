package http1

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

const benchRequest = "GET /small HTTP/1.1\r\nHost: 127.0.0.1:8100\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\n" +
	"X-Api-Key: bench-key-0001\r\nAuthorization: Basic YmVuY2g6YmVuY2g=\r\n\r\n"

var (
	benchBody   = []byte(strings.Repeat("x", 1024))
	benchHeader = []Field{{"Server", "nginx/1.22.1"}, {"Date", fixedDate.Value}, {"Content-Type", "application/json"}}
)

// rawServer answers each request head with the same bytes, at the lowest cost
// there is: what remains of a benchmark is the other side's.
func rawServer(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: " + fixedDate.Value +
		"\r\nContent-Type: application/json\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n" + string(benchBody))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// hammer sends b.N requests over one connection, one after the other.
func hammer(b *testing.B, addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	br := bufio.NewReader(c)
	one := func() {
		if _, err := io.WriteString(c, benchRequest); err != nil {
			b.Fatal(err)
		}
		for { // head
			line, err := br.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := br.Discard(1024); err != nil {
			b.Fatal(err)
		}
	}
	one()
	b.ReportAllocs()
	for b.Loop() {
		one()
	}
}

func BenchmarkServer(b *testing.B) {
	addr := serve(b, &Server{Handler: func(_ context.Context, _ *Request, w *ResponseWriter) {
		_ = w.WriteHead(200, "OK", benchHeader, 1024)
		_, _ = w.Write(benchBody)
	}})
	hammer(b, addr)
}

func BenchmarkServerNetHTTP(b *testing.B) {
	serveStd(b, func(addr string) { hammer(b, addr) }, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Header()["Content-Length"] = []string{"1024"}
		_, _ = w.Write(benchBody)
	}))
}

func serveStd(b *testing.B, run func(addr string), h http.Handler) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	run(l.Addr().String())
	s.Close()
}

func BenchmarkClient(b *testing.B) {
	to := dialer(rawServer(b))
	cl := newClient(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	buf := make([]byte, 2048)
	b.ReportAllocs()
	for b.Loop() {
		resp, err := cl.Do(ctx, testKey, to, get("/small"))
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = resp.Body.Read(buf)
		}
		resp.Body.Close()
	}
}

func BenchmarkClientNetHTTP(b *testing.B) {
	url := "http://" + rawServer(b) + "/small"
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	b.ReportAllocs()
	for b.Loop() {
		req, _ := http.NewRequest("GET", url, nil)
		resp, err := tr.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

func BenchmarkPassThrough(b *testing.B) {
	hammer(b, serve(b, passOn(newClient(b), dialer(rawServer(b)))))
}

func BenchmarkPassThroughReverseProxy(b *testing.B) {
	to := &url.URL{Scheme: "http", Host: rawServer(b)}
	tr := &http.Transport{MaxIdleConnsPerHost: 256}
	defer tr.CloseIdleConnections()
	rp := &httputil.ReverseProxy{Transport: tr, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	serveStd(b, func(addr string) { hammer(b, addr) }, rp)
}

func BenchmarkReadRequest(b *testing.B) {
	limits := Limits{}.orDefault()
	src := strings.NewReader(benchRequest)
	br := bufio.NewReader(src)
	b.ReportAllocs()
	for b.Loop() {
		src.Reset(benchRequest)
		br.Reset(src)
		s := sectionReader{br: br, max: &limits, request: true}
		sec, err := s.read()
		if err != nil {
			b.Fatal(err)
		}
		var r Request
		if err := r.parse(sec); err != nil {
			b.Fatal(err)
		}
	}
}
