package proxy

import (
	"net"
	"strconv"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

// destination is a target URL, taken apart without changing a byte of its path
// and query: net/url would normalise them.
type destination struct {
	scheme string // "http" or "https"
	host   string // without port and brackets
	port   int
	given  bool // the port was written
	path   string
	query  string

	address   string // host:port, made once for a URL without variables
	authority string // Host header, likewise
}

var (
	emptyPath = faults.MustRuntime("EmptyPath")
	badPath   = faults.MustRuntime("BadPath")
)

// parseURL takes a URL apart.
func parseURL(text string) (d destination, ok bool) {
	scheme, rest, found := strings.Cut(strings.TrimSpace(text), "://")
	d.scheme = strings.ToLower(scheme)
	if !found || d.scheme != "http" && d.scheme != "https" {
		return d, false
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	rest, _, _ = strings.Cut(rest, "#")
	d.path, d.query, _ = strings.Cut(rest, "?")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:] // credentials in a URL are not sent
	}
	return d, d.setAuthority(authority)
}

func (d *destination) setAuthority(authority string) bool {
	d.host, d.port = authority, 80
	if d.scheme == "https" {
		d.port = 443
	}
	if colon := strings.LastIndexByte(authority, ':'); colon >= 0 && !strings.HasSuffix(authority, "]") {
		port, err := strconv.Atoi(authority[colon+1:])
		if err != nil || port < 1 || port > 65535 {
			return false
		}
		d.host, d.port, d.given = authority[:colon], port, true
	}
	d.host = strings.TrimSuffix(strings.TrimPrefix(d.host, "["), "]")
	d.address, d.authority = d.addr(), d.hostHeader()
	return d.host != "" && !strings.ContainsAny(d.host, " \t\r\n/\\")
}

// addr is what to connect to.
func (d *destination) addr() string {
	if d.address != "" {
		return d.address
	}
	return net.JoinHostPort(d.host, strconv.Itoa(d.port))
}

// hostHeader is the Host header to send: without the scheme's own port.
func (d *destination) hostHeader() string {
	if d.authority != "" {
		return d.authority
	}
	host := d.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if d.given && !(d.scheme == "http" && d.port == 80) && !(d.scheme == "https" && d.port == 443) {
		return host + ":" + strconv.Itoa(d.port)
	}
	return host
}

// checkPath refuses what cannot stand on a request line.
func checkPath(path string) error {
	for i := 0; i < len(path); i++ {
		if path[i] <= ' ' || path[i] == 0x7f || path[i] == '?' || path[i] == '#' {
			return badPath.New("path", path)
		}
	}
	return nil
}

// requestTarget writes the request line's target: path and query.
func requestTarget(path, query string) string {
	if path == "" {
		path = "/"
	}
	if query == "" {
		return path
	}
	return path + "?" + query
}

// joinQuery puts the client's query behind the one that the target URL has.
func joinQuery(own, client string) string {
	switch {
	case own == "":
		return client
	case client == "":
		return own
	}
	return own + "&" + client
}

// retained filters a query by property retain.queryparams: only the named
// parameters pass when retain.queryparams.enabled is false. The text of what
// passes stays as it is.
func retained(query string, keep []string) string {
	if query == "" {
		return ""
	}
	m := flow.Message{Query: query}
	for _, name := range m.QueryNames() {
		if !containsExact(keep, name) {
			m.DelQueryParam(name, 0)
		}
	}
	return m.Query
}

func containsExact(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
