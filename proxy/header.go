package proxy

import (
	"strconv"
	"strings"

	"sluice/flow"
)

// hopByHop reports headers that belong to one connection (RFC 9110 7.6.1) or to
// the framing of one message.
func hopByHop(name string) bool {
	switch len(name) {
	case 2:
		return strings.EqualFold(name, "TE")
	case 6:
		return strings.EqualFold(name, "Expect")
	case 7:
		return strings.EqualFold(name, "Trailer") || strings.EqualFold(name, "Upgrade")
	case 10:
		return strings.EqualFold(name, "Connection") || strings.EqualFold(name, "Keep-Alive")
	case 14:
		return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "HTTP2-Settings")
	case 16:
		return strings.EqualFold(name, "Proxy-Connection")
	case 17:
		return strings.EqualFold(name, "Transfer-Encoding")
	case 19:
		return strings.EqualFold(name, "Proxy-Authorization")
	case 18:
		return strings.EqualFold(name, "Proxy-Authenticate")
	}
	return false
}

// dropConnectionOwn drops the header lines that Connection names (RFC 9110
// 7.6.1). It happens before any policy runs: dropping them when the request is
// sent on would let a client remove what a policy set.
func dropConnectionOwn(m *flow.Message) {
	if !m.Header.Has("Connection") {
		return
	}
	for _, name := range m.Header.Items("Connection") {
		if !hopByHop(name) && !equalHost(name) {
			m.Header.Del(name)
		}
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func equalHost(name string) bool { return len(name) == 4 && strings.EqualFold(name, "Host") }

// isTrailersTE keeps "TE: trailers", which gRPC servers insist on.
func isTrailersTE(f flow.Field) bool {
	return strings.EqualFold(f.Name, "TE") && strings.EqualFold(f.Value, "trailers")
}

// listed reports whether a Connection header names another header.
func listed(connection, name string) bool {
	for part := range strings.SplitSeq(connection, ",") {
		if strings.EqualFold(strings.TrimSpace(part), name) {
			return true
		}
	}
	return false
}

// headSize is the Content-Length to announce. The answer to HEAD, and 304, have
// no body but may tell the size that it would have.
func headSize(request, m *flow.Message, size int64) int64 {
	if request.Method != "HEAD" && m.Status != 304 || size > 0 {
		return size
	}
	if n, ok := parseLength(m.Header.Value("Content-Length")); ok {
		return n
	}
	return size
}

func parseLength(s string) (int64, bool) {
	n := int64(0)
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || n > 1<<55 {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, s != ""
}
