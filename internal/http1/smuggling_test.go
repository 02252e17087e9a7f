package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

const host = "Host: a.test\r\n"

// TestRefusedRequests: everything on which two parsers could disagree is
// refused with a name, and nothing behind it is taken for a request.
func TestRefusedRequests(t *testing.T) {
	long := strings.Repeat("a", 10000)
	cases := []struct{ name, head, want string }{
		{"length and chunked", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400 InvalidMessage"},
		{"chunked and length", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400 InvalidMessage"},
		{"two lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", "400 DuplicateHeader Content-Length"},
		{"equal lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\ncontent-length: 3\r\n\r\n", "400 DuplicateHeader Content-Length"},
		{"length list", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\n", "400 InvalidMessage"},
		{"length with sign", "POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\n", "400 InvalidMessage"},
		{"negative length", "POST / HTTP/1.1\r\n" + host + "Content-Length: -3\r\n\r\n", "400 InvalidMessage"},
		{"hex length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0x3\r\n\r\n", "400 InvalidMessage"},
		{"empty length", "POST / HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n", "400 InvalidMessage"},
		{"huge length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 9999999999999999999\r\n\r\n", "400 InvalidMessage"},
		{"chunked not last", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n", "400 InvalidMessage"},
		{"chunked last", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", "501 UnsupportedEncoding Transfer-Encoding"},
		{"unknown coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n", "400 InvalidMessage"},
		{"identity", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", "400 InvalidMessage"},
		{"empty coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding:\r\n\r\n", "400 InvalidMessage"},
		{"vertical tab", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: \x0bchunked\r\n\r\n", "400 HeaderWithInvalidChar Transfer-Encoding"},
		{"chunked twice", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400 DuplicateHeader Transfer-Encoding"},
		{"chunked in 1.0", "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", "400 InvalidMessage"},
		{"space before colon", "POST / HTTP/1.1\r\n" + host + "Content-Length : 3\r\n\r\n", "400 HeaderWithInvalidChar Content-Length "},
		{"fold", "GET / HTTP/1.1\r\n" + host + "X-A: 1\r\n 2\r\n\r\n", "400 InvalidMessage"},
		{"fold before the first line", "GET / HTTP/1.1\r\n X-A: 1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"bare LF after a header", "GET / HTTP/1.1\r\n" + host + "X-A: 1\nX-B: 2\r\n\r\n", "400 InvalidMessage"},
		{"bare LF after the request line", "GET / HTTP/1.1\n" + host + "\r\n", "400 InvalidMessage"},
		{"bare LF as the end", "GET / HTTP/1.1\r\n" + host + "\n", "400 InvalidMessage"},
		{"bare CR in a value", "GET / HTTP/1.1\r\n" + host + "X-A: 1\rX-B: 2\r\n\r\n", "400 HeaderWithInvalidChar X-A"},
		{"CR before the colon", "GET / HTTP/1.1\r\n" + host + "X-A\r: 1\r\n\r\n", "400 HeaderWithInvalidChar X-A\r"},
		{"CR CR LF", "GET / HTTP/1.1\r\n" + host + "X-A: 1\r\r\n\r\n", "400 HeaderWithInvalidChar X-A"},
		{"NUL in a value", "GET / HTTP/1.1\r\n" + host + "X-A: a\x00b\r\n\r\n", "400 HeaderWithInvalidChar X-A"},
		{"DEL late in a long value", "GET / HTTP/1.1\r\n" + host + "X-A: 0123456789\x7f012345\r\n\r\n", "400 HeaderWithInvalidChar X-A"},
		{"no name", "GET / HTTP/1.1\r\n" + host + ": 1\r\n\r\n", "400 InvalidMessage"},
		{"no colon", "GET / HTTP/1.1\r\n" + host + "X-A\r\n\r\n", "400 InvalidMessage"},
		{"non-ASCII name", "GET / HTTP/1.1\r\n" + host + "X-\xc3\xa4: 1\r\n\r\n", "400 HeaderNameWithNonAsciiChar X-\xc3\xa4"},
		{"bracket in a name", "GET / HTTP/1.1\r\n" + host + "X[0]: 1\r\n\r\n", "400 HeaderWithInvalidChar X[0]"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400 InvalidMessage"},
		{"two hosts", "GET / HTTP/1.1\r\n" + host + "host: b.test\r\n\r\n", "400 DuplicateHeader Host"},
		{"host list", "GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n", "400 InvalidMessage"},
		{"host with user", "GET / HTTP/1.1\r\nHost: a@b.test\r\n\r\n", "400 InvalidMessage"},
		{"host with path", "GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n", "400 InvalidMessage"},
		{"target with user", "GET http://a@b.test/ HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"target without host", "GET http:///x HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"relative target", "GET x HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"asterisk with GET", "GET * HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"CONNECT", "CONNECT a.test:443 HTTP/1.1\r\n" + host + "\r\n", "501 UnsupportedMethod"},
		{"method with colon", "GET: / HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"no method", " / HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"space at the end", "GET / HTTP/1.1 \r\n" + host + "\r\n", "400 InvalidMessage"},
		{"tab in the line", "GET\t/ HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"CR in the target", "GET /\rx HTTP/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"no version", "GET /\r\n\r\n", "400 InvalidMessage"},
		{"version 2", "GET / HTTP/2.0\r\n" + host + "\r\n", "505 UnsupportedVersion"},
		{"version 1.2", "GET / HTTP/1.2\r\n" + host + "\r\n", "505 UnsupportedVersion"},
		{"lower case version", "GET / http/1.1\r\n" + host + "\r\n", "400 InvalidMessage"},
		{"TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\n", "400 InvalidMessage"},
		{"endless line", "GET /" + long, "414 TooBigLine"},
		{"long line", "GET /" + long + " HTTP/1.1\r\n" + host + "\r\n", "414 TooBigLine"},
		{"endless header", "GET / HTTP/1.1\r\nX-A: " + strings.Repeat(long, 8), "431 TooBigHeaders"},
		{"many headers", "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: 1\r\n", 200) + "\r\n", "431 TooBigHeaders"},
		{"empty lines", strings.Repeat("\r\n", 10), "400 InvalidMessage"},
	}
	addr := serve(t, &Server{Handler: tellBack, Refuse: func(w *ResponseWriter, e *ProtocolError) {
		text := strings.TrimSpace(fmt.Sprintf("%d %s %s", e.Status, e.Kind, e.Name) + "|")
		_ = w.WriteHead(e.Status, "", nil, int64(len(text)))
		_, _ = io.WriteString(w, text)
	}})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := exchangeAll(t, addr, c.head+"GET /smuggled HTTP/1.1\r\n"+host+"\r\n")
			head, body, _ := strings.Cut(got, "\r\n\r\n")
			if want := c.want + "|"; body != want && body != c.want+" |" {
				t.Errorf("got %q, want %q", got, want)
			}
			if !strings.Contains(head, "\r\nConnection: close") {
				t.Errorf("the connection goes on: %q", head)
			}
		})
	}
}

// TestAtTheLimits: what just fits is served.
func TestAtTheLimits(t *testing.T) {
	s := &Server{Handler: tellBack, Limits: Limits{Line: 30, HeaderBytes: 40, HeaderLines: 3}}
	addr := serve(t, s)
	line := "GET /" + strings.Repeat("a", 30-len("GET / HTTP/1.1")) + " HTTP/1.1\r\n"
	header := host + "A: 1\r\nX: " + strings.Repeat("x", 40-len(host+"A: 1\r\nX: \r\n")) + "\r\n"
	for _, c := range []struct{ raw, want string }{
		{line + header + "\r\n", " 200 "},
		{"\r\n" + line + header + "\r\n", " 200 "},
		{"GET /a" + line[5:] + header + "\r\n", " 414 "},
		{line + header[:len(header)-2] + "y\r\n\r\n", " 431 "},
		{line + "H: 1\r\nHost: a\r\nA: 1\r\n\r\n", " 200 "},
		{line + "H: 1\r\nHost: a\r\nA: 1\r\nB:\r\n\r\n", " 431 "},
	} {
		if got := exchangeAll(t, addr, c.raw); !strings.Contains(got, c.want) {
			t.Errorf("%q gives %q, want%s", c.raw, got, c.want)
		}
	}
}

// TestRefusedChunks: each is a read error of the body.
func TestRefusedChunks(t *testing.T) {
	addr := serve(t, &Server{Handler: func(_ context.Context, req *Request, w *ResponseWriter) {
		_, err := io.Copy(io.Discard, req.Body)
		text := errorText(err)
		_ = w.WriteHead(200, "", nil, int64(len(text)))
		_, _ = io.WriteString(w, text)
	}})
	cases := []struct{ name, body, want string }{
		{"no digits", "\r\n\r\n", "refused"},
		{"prefix", "0x3\r\nabc\r\n0\r\n\r\n", "refused"},
		{"sign", "+3\r\nabc\r\n0\r\n\r\n", "refused"},
		{"space", " 3\r\nabc\r\n0\r\n\r\n", "refused"},
		{"space behind", "3 \r\nabc\r\n0\r\n\r\n", "refused"},
		{"overflow", "10000000000000003\r\nabc\r\n0\r\n\r\n", "refused"},
		{"bare LF behind the size", "3\nabc\r\n0\r\n\r\n", "refused"},
		{"bare LF behind the data", "3\r\nabc\n0\r\n\r\n", "refused"},
		{"two bytes behind the data", "3\r\nabcXX0\r\n\r\n", "refused"},
		{"LF in an extension", "3;a\nb\r\nabc\r\n0\r\n\r\n", "refused"},
		{"CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n", "refused"},
		{"long extension", "3;" + strings.Repeat("a", 300) + "\r\nabc\r\n0\r\n\r\n", "refused"},
		{"many extensions", strings.Repeat("1;"+strings.Repeat("a", 200)+"\r\na\r\n", 500) + "0\r\n\r\n", "refused"},
		{"endless trailer", "0\r\nX: " + strings.Repeat("a", 70000), "refused"},
		{"folded trailer", "0\r\nX: a\r\n b\r\n\r\n", "refused"},
		{"bare LF as the end", "0\r\n\n", "refused"},
		{"no end", "3\r\nabc\r\n0\r\n", "unexpected EOF"},
		{"cut chunk", "3\r\nab", "unexpected EOF"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := exchangeAll(t, addr, "POST / HTTP/1.1\r\n"+host+"Transfer-Encoding: chunked\r\n\r\n"+c.body)
			if !strings.Contains(got, c.want) || strings.Count(got, "HTTP/1.1 ") != 1 {
				t.Errorf("got %q, want one answer with %q", got, c.want)
			}
		})
	}
}

// TestRefusedResponses: targets are no more trusted than clients.
func TestRefusedResponses(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\n"
	cases := []struct {
		name, answer string
		kind         Kind
	}{
		{"length and chunked", ok + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", InvalidMessage},
		{"two lengths", ok + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", DuplicateHeader},
		{"length list", ok + "Content-Length: 0, 0\r\n\r\n", InvalidMessage},
		{"unknown coding", ok + "Transfer-Encoding: gzip\r\n\r\n", InvalidMessage},
		{"two codings", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", UnsupportedEncoding},
		{"chunked in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", InvalidMessage},
		{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", InvalidMessage},
		{"fold", ok + "X-A: 1\r\n 2\r\n\r\n", InvalidMessage},
		{"NUL", ok + "X-A: 1\x00\r\n\r\n", HeaderWithInvalidChar},
		{"empty line first", "\r\n" + ok + "\r\n", InvalidMessage},
		{"short status", "HTTP/1.1 20 OK\r\n\r\n", InvalidMessage},
		{"long status", "HTTP/1.1 2000 OK\r\n\r\n", InvalidMessage},
		{"low status", "HTTP/1.1 099 OK\r\n\r\n", InvalidMessage},
		{"version", "HTTP/2.0 200 OK\r\n\r\n", InvalidMessage},
		{"CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", InvalidMessage},
		{"endless line", "HTTP/1.1 200 " + strings.Repeat("a", 10000), TooBigLine},
		{"endless header", ok + "X: " + strings.Repeat("a", 80000), TooBigHeaders},
		{"switch nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", InvalidMessage},
		{"endless interim", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 200), InvalidMessage},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			to := target(t, func(_ int, conn net.Conn) {
				readUntil(t, conn, "\r\n\r\n")
				_, _ = io.WriteString(conn, c.answer) // the client may refuse before the end
			})
			_, err := newClient(t).Do(context.Background(), testKey, to, get("/"))
			var p *ProtocolError
			if !errors.As(err, &p) || p.Kind != c.kind || p.Status != 502 {
				t.Errorf("got %v, want 502 %s", err, c.kind)
			}
		})
	}
}
