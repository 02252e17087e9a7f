package http1

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Request is a request as it came over the wire. Its strings stay valid for
// ever; they share the memory of the whole header section.
type Request struct {
	Method        string
	Target        string // as received: origin-form, absolute-form or "*"
	Proto         string // "HTTP/1.1" or "HTTP/1.0"
	Header        []Field
	Host          string        // of the Host line, which says what the target says if that has one
	ContentLength int64         // -1: chunked
	Body          io.ReadCloser // never nil; the server takes care of what is left unread
	RemoteAddr    net.Addr
	LocalAddr     net.Addr
	TLS           *tls.ConnectionState // nil for clear text; shared by all requests of the connection
	Received      time.Time            // when the header section was complete

	body    *body // nil: none
	link    *link // of the body
	framing framing
}

// ReadUntil bounds all reads of Body together; the zero time takes the bound off.
// Nobody may be reading meanwhile.
func (r *Request) ReadUntil(t time.Time) {
	if r.link != nil {
		r.link.readEnd = t
	}
}

// Trailer returns the trailer fields, once Body has returned io.EOF.
func (r *Request) Trailer() []Field {
	if r.body == nil {
		return nil
	}
	return r.body.trailer()
}

// Origin returns the target in origin-form: path and query as received, "/"
// where an absolute-form target has no path, or "*".
func (r *Request) Origin() string {
	_, path := splitTarget(r.Target)
	return path
}

// parse fills r from a section. The body is the caller's to set up.
func (r *Request) parse(sec section) *ProtocolError {
	if err := r.parseLine(sec.first); err != nil {
		return err
	}
	list, err := sec.fields()
	if err != nil {
		return err
	}
	r.Header = list
	if r.framing, err = readFraming(list); err != nil {
		return err
	}
	return r.check()
}

func (r *Request) parseLine(line string) *ProtocolError {
	method, rest, ok := strings.Cut(line, " ")
	target, proto, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || !isTokenText(method) || !isTarget(target) {
		return invalid("malformed request line")
	}
	r.Method, r.Target = method, target
	switch {
	case proto == "HTTP/1.1":
		r.Proto = "HTTP/1.1"
	case proto == "HTTP/1.0":
		r.Proto = "HTTP/1.0"
	case isVersion(proto):
		return &ProtocolError{Status: http.StatusHTTPVersionNotSupported, Kind: UnsupportedVersion, Detail: "only HTTP/1.0 and HTTP/1.1 are served"}
	default:
		return invalid("malformed request line")
	}
	return r.checkTarget()
}

func isVersion(s string) bool {
	return len(s) == 8 && s[:5] == "HTTP/" && s[6] == '.' && '0' <= s[5] && s[5] <= '9' && '0' <= s[7] && s[7] <= '9'
}

// isTarget lets through what can stand in a request line without ending it.
// What else RFC 3986 forbids is common and reaches the proxy as it is.
func isTarget(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}

func (r *Request) checkTarget() *ProtocolError {
	switch {
	case r.Method == "CONNECT":
		return &ProtocolError{Status: http.StatusNotImplemented, Kind: UnsupportedMethod, Detail: "CONNECT is not served"}
	case r.Target[0] == '/', r.Target == "*" && r.Method == "OPTIONS":
		return nil
	}
	host, _ := splitTarget(r.Target)
	if host == "" || !isHost(host) {
		return invalid("malformed request target")
	}
	return nil
}

// splitTarget cuts an absolute-form target into host and origin-form; the host
// is empty for the other forms.
func splitTarget(target string) (host, path string) {
	if target[0] == '/' {
		return "", target
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return "", target
	}
	end := strings.IndexAny(rest, "/?#")
	switch {
	case end < 0:
		return rest, "/"
	case rest[end] == '/':
		return rest[:end], rest[end:]
	}
	return rest[:end], "/" + rest[end:]
}

// isHost accepts host and port as a name, an IPv4 or a bracketed IPv6 address.
// User information, commas and paths are what hosts are confused with.
func isHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"#,/<>?@\^{|}`+"`", c) >= 0 {
			return false
		}
	}
	return true
}

// check applies the rules that need line and header together.
func (r *Request) check() *ProtocolError {
	f := &r.framing
	old := r.Proto == "HTTP/1.0"
	switch {
	case f.hosts > 1:
		return duplicate("Host")
	case f.hosts == 0 && !old:
		return invalid("no Host line")
	case !isHost(f.host):
		return invalid("malformed Host line")
	case f.chunked && old:
		return invalid("Transfer-Encoding in HTTP/1.0")
	}
	r.Host = f.host
	if host, _ := splitTarget(r.Target); host != "" {
		r.setHost(host)
	}
	r.ContentLength = max(f.length, 0)
	if f.chunked {
		r.ContentLength = -1
	}
	return nil
}

// setHost makes the host of an absolute-form target that of the Host line too,
// whatever the client wrote there (RFC 9112, 3.2.2).
func (r *Request) setHost(host string) {
	r.Host = host
	for i := range r.Header {
		if kindOf(r.Header[i].Name) == hostLine {
			r.Header[i].Value = host
			return
		}
	}
	r.Header = append(r.Header, Field{"Host", host})
}

// persistent reports whether the client wants to keep the connection.
func (r *Request) persistent() bool {
	if r.Proto == "HTTP/1.0" {
		return r.framing.keepAlive && !r.framing.close
	}
	return !r.framing.close
}
