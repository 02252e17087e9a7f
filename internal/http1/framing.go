package http1

import (
	"net/http"
	"strings"
)

// lineKind tells the header lines that the engine itself has to do with.
type lineKind uint8

const (
	ordinary lineKind = iota
	hostLine
	dateLine
	expectLine
	upgradeLine
	connectionLine
	keepAliveLine
	contentLengthLine
	proxyConnectionLine
	transferEncodingLine
)

func kindOf(name string) lineKind {
	switch len(name) {
	case 4:
		return first(name, "host", hostLine, "date", dateLine)
	case 6:
		return first(name, "expect", expectLine, "", ordinary)
	case 7:
		return first(name, "upgrade", upgradeLine, "", ordinary)
	case 10:
		return first(name, "connection", connectionLine, "keep-alive", keepAliveLine)
	case 14:
		return first(name, "content-length", contentLengthLine, "", ordinary)
	case 16:
		return first(name, "proxy-connection", proxyConnectionLine, "", ordinary)
	case 17:
		return first(name, "transfer-encoding", transferEncodingLine, "", ordinary)
	}
	return ordinary
}

func first(name, a string, ka lineKind, b string, kb lineKind) lineKind {
	switch {
	case equalFold(name, a):
		return ka
	case equalFold(name, b):
		return kb
	}
	return ordinary
}

// framing is what the header lines say about the connection and the body.
// Anything on which two parsers could disagree is an error, never a guess:
// that is what request smuggling lives on.
type framing struct {
	length    int64 // of Content-Length; -1: no such line
	chunked   bool
	close     bool // Connection: close
	keepAlive bool // Connection: keep-alive
	expect    bool // Expect: 100-continue
	hosts     int
	host      string
}

func readFraming(list []Field) (framing, *ProtocolError) {
	f := framing{length: -1}
	for i := range list {
		var err *ProtocolError
		value := list[i].Value
		switch kindOf(list[i].Name) {
		case hostLine:
			f.hosts++
			f.host = value
		case expectLine:
			f.expect = f.expect || equalFold(value, "100-continue")
		case connectionLine:
			f.connection(value)
		case contentLengthLine:
			err = f.contentLength(value)
		case transferEncodingLine:
			err = f.transferEncoding(value)
		}
		if err != nil {
			return f, err
		}
	}
	if f.chunked && f.length >= 0 {
		return f, invalid("both Content-Length and Transfer-Encoding")
	}
	return f, nil
}

func (f *framing) connection(value string) {
	for more := true; more; {
		var option string
		option, value, more = strings.Cut(value, ",")
		option = trimSpace(option)
		f.close = f.close || equalFold(option, "close")
		f.keepAlive = f.keepAlive || equalFold(option, "keep-alive")
	}
}

// contentLength takes one number of at most 18 digits, once: even equal
// repetitions and lists, which RFC 9110 (8.6) lets a recipient fold, are refused.
func (f *framing) contentLength(value string) *ProtocolError {
	if f.length >= 0 {
		return duplicate("Content-Length")
	}
	if value == "" || len(value) > 18 {
		return invalid("Content-Length is not a number")
	}
	f.length = 0
	for i := range len(value) {
		if value[i] < '0' || value[i] > '9' {
			return invalid("Content-Length is not a number")
		}
		f.length = f.length*10 + int64(value[i]-'0')
	}
	return nil
}

func (f *framing) transferEncoding(value string) *ProtocolError {
	if f.chunked {
		return duplicate("Transfer-Encoding")
	}
	if equalFold(value, "chunked") {
		f.chunked = true
		return nil
	}
	last := value[strings.LastIndexByte(value, ',')+1:]
	if equalFold(trimSpace(last), "chunked") { // RFC 9112, 6.1: well framed, but not understood
		return &ProtocolError{Status: http.StatusNotImplemented, Kind: UnsupportedEncoding, Name: "Transfer-Encoding", Detail: "only chunked is supported"}
	}
	return invalid("Transfer-Encoding does not end in chunked")
}

// mayTrail reports whether a field may stand in a trailer section. Those that
// frame, route, authenticate or describe the content may not (RFC 9110, 6.5.1).
func mayTrail(name string) bool {
	return !notInTrailer[strings.ToLower(name)]
}

var notInTrailer = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`
		age authorization cache-control connection content-encoding content-length content-range content-type
		cookie date expect expires host if-match if-modified-since if-none-match if-range if-unmodified-since
		keep-alive location max-forwards pragma proxy-authenticate proxy-authorization proxy-connection range
		retry-after set-cookie te trailer transfer-encoding upgrade vary warning www-authenticate`) {
		m[name] = true
	}
	return m
}()
