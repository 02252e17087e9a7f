package http1

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
)

// Response is an answer as it came over the wire.
type Response struct {
	Status        int
	Reason        string
	Proto         string // "HTTP/1.1" or "HTTP/1.0"
	Header        []Field
	ContentLength int64         // -1: not known beforehand
	Body          io.ReadCloser // never nil; must be read to its end or closed
	LocalAddr     net.Addr
	RemoteAddr    net.Addr
	TLS           *tls.ConnectionState
	Reused        bool // the connection had served another call

	framing framing
	call    *call
}

// Trailer returns the trailer fields, once Body has returned io.EOF.
func (r *Response) Trailer() []Field { return r.call.body.trailer() }

func (r *Response) parse(sec section) *ProtocolError {
	proto, rest, ok := strings.Cut(sec.first, " ")
	switch {
	case !ok:
		return invalid("malformed status line")
	case proto == "HTTP/1.1":
		r.Proto = "HTTP/1.1"
	case proto == "HTTP/1.0":
		r.Proto = "HTTP/1.0"
	default:
		return invalid("malformed status line")
	}
	code, reason, _ := strings.Cut(rest, " ")
	r.Status = parseStatus(code)
	if r.Status == 0 || !isValue(reason) {
		return invalid("malformed status line")
	}
	r.Reason = reason
	var err *ProtocolError
	if r.Header, err = sec.fields(); err != nil {
		return err
	}
	r.framing, err = readFraming(r.Header)
	return err
}

// parseStatus returns 0 for what is not three digits from 100.
func parseStatus(s string) int {
	if len(s) != 3 {
		return 0
	}
	n := 0
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n = n*10 + int(s[i]-'0')
	}
	if n < 100 {
		return 0
	}
	return n
}

// responseBody is a body whose Close frees the connection.
type responseBody struct{ x *call }

func (r *responseBody) Read(p []byte) (int, error) {
	n, err := r.x.body.Read(p)
	if err != nil && err != io.EOF {
		err = r.x.bodyError(err)
	}
	return n, err
}

// Ready is that of the body on the wire.
func (r *responseBody) Ready() bool { return r.x.body.Ready() }

// Close before the end reads away what has arrived already, if that is all;
// otherwise the connection is closed.
func (r *responseBody) Close() error {
	b := &r.x.body
	if b.over.Load() {
		return nil
	}
	if b.mu.TryLock() {
		left := b.left
		arrived := b.shape == sized && b.err == nil && left <= int64(b.br.Buffered())
		b.mu.Unlock()
		if arrived && b.skip(left) {
			return nil
		}
	}
	r.x.discard()
	return b.Close()
}

// bodyError names a protocol error the target's and prefers the context's reason.
func (x *call) bodyError(err error) error {
	var perr *ProtocolError
	if errors.As(err, &perr) {
		return perr.fromTarget()
	}
	return x.cause(err)
}
