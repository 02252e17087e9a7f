package adminpage

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// headers of every answer. The pages load nothing but their style, are in nobody's frame, and are
// kept by no cache.
var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"Cache-Control":                "no-store",
	"X-Frame-Options":              "DENY",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
}

// guard lets through requests for a host that cannot be somebody else's. A web page that an operator
// visits may let its own name resolve to the address of this listener, and would then read the
// answers as its own (DNS rebinding); its name is in the Host header all the same.
func guard(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if !isOurs(r.Host, hosts) {
			http.Error(w, "The admin page does not answer to this name: open it by IP address or as localhost, or start sluice with --admin NAME:PORT.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOurs tells whether a Host header is an IP address, a name of this machine that no resolver
// changes (RFC 6761, 6.3), or one of hosts.
func isOurs(host string, hosts []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		slices.ContainsFunc(hosts, func(h string) bool { return h != "" && strings.EqualFold(h, host) })
}
