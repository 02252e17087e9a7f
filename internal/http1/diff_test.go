package http1

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// bufferConn is a connection that only collects.
type bufferConn struct {
	net.Conn
	w io.Writer
}

func (c bufferConn) Write(p []byte) (int, error)      { return c.w.Write(p) }
func (c bufferConn) SetWriteDeadline(time.Time) error { return nil }
func (c bufferConn) SetReadDeadline(time.Time) error  { return nil }

// passOn is the smallest proxy made of both sides: what a gateway does on every
// request, and what the benchmarks measure.
func passOn(cl *Client, to DialFunc) *Server {
	return &Server{Handler: func(ctx context.Context, req *Request, w *ResponseWriter) {
		out := &ClientRequest{Method: req.Method, Target: req.Origin(), Header: req.Header, ContentLength: req.ContentLength,
			Trailer: req.Trailer, IOTimeout: patience}
		if req.ContentLength != 0 {
			out.Body = req.Body
		}
		w.Watch()
		resp, err := cl.Do(ctx, testKey, to, out)
		if err != nil {
			_ = w.WriteHead(502, "", []Field{{"X-Error", err.Error()}}, 0)
			return
		}
		defer resp.Body.Close()
		if w.WriteHead(resp.Status, resp.Reason, resp.Header, resp.ContentLength) != nil {
			return
		}
		if _, err := w.CopyFrom(resp.Body, resp.ContentLength); err == nil {
			_ = w.Finish(resp.Trailer())
		}
	}}
}

// TestAgainstNetHTTP sends random exchanges from net/http's client through our
// server and our client to net/http's server, and compares with what it gets
// without us. Two proxies in a row: ours also speak to each other.
func TestAgainstNetHTTP(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(echo))
	defer up.Close()
	inner := serve(t, passOn(newClient(t), dialer(up.Listener.Addr().String())))
	outer := serve(t, passOn(newClient(t), dialer(inner)))
	hc := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	defer hc.CloseIdleConnections()
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		body := make([]byte, []int{0, 1, 1000, 4096, 32760, 70000, 300000}[rnd.IntN(7)])
		for j := range body {
			body[j] = byte(rnd.Uint32())
		}
		method := []string{"GET", "POST", "PUT", "HEAD", "DELETE"}[rnd.IntN(5)]
		query := fmt.Sprintf("?chunked=%d&trailer=%d&step=%d&status=%d", rnd.IntN(2), rnd.IntN(2), 1+rnd.IntN(40000), []int{200, 201, 404, 204, 304}[rnd.IntN(5)])
		sized := rnd.IntN(2) == 0
		want := fetch(t, hc, method, up.URL+query, body, sized)
		got := fetch(t, hc, method, "http://"+outer+query, body, sized)
		if got != want {
			t.Fatalf("%d: %s %s with %d bytes, sized %v:\n got %s\nwant %s", i, method, query, len(body), sized, got, want)
		}
	}
}

// echo answers with what it got, in the way the query asks for.
func echo(w http.ResponseWriter, r *http.Request) {
	q, _ := url.ParseQuery(r.URL.RawQuery)
	var step, status int
	fmt.Sscan(q.Get("step"), &step)
	fmt.Sscan(q.Get("status"), &status)
	b, err := io.ReadAll(r.Body)
	w.Header().Set("X-Got", fmt.Sprintf("%s %s cl=%d te=%v %d %v %v %v", r.Method, r.RequestURI, r.ContentLength, r.TransferEncoding, len(b), err, r.Header["X-Twice"], r.Trailer))
	w.Header()["X-Multi"] = []string{"a", "b"}
	if q.Get("trailer") == "1" {
		w.Header().Set("Trailer", "X-Sum")
	}
	if q.Get("chunked") != "1" {
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	}
	w.WriteHeader(status)
	for len(b) > 0 {
		n := min(step, len(b))
		_, _ = w.Write(b[:n])
		if q.Get("chunked") == "1" {
			w.(http.Flusher).Flush()
		}
		b = b[n:]
	}
	w.Header().Set("X-Sum", "12")
}

// fetch prints everything about an answer that must not change on the way.
func fetch(t *testing.T, hc *http.Client, method, url string, body []byte, sized bool) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	if !sized {
		r = io.MultiReader(r)
	}
	req, err := http.NewRequest(method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["X-Twice"] = []string{"1", "2"}
	if !sized && len(body) > 0 {
		req.Trailer = http.Header{"X-Req-Sum": {"34"}}
	}
	resp, err := hc.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Header.Del("Date")
	return fmt.Sprintf("%s cl=%d te=%v header=%v body=%d same=%v err=%v trailer=%v", resp.Status, resp.ContentLength, resp.TransferEncoding,
		resp.Header, len(b), bytes.Equal(b, body), err, resp.Trailer)
}
