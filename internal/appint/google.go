package appint

import (
	"net/http"
	"path"
	"regexp"
)

// host are the names under which Google's clients look for Application Integration.
var host = regexp.MustCompile(`^([a-z0-9-]+-)?integrations(\.mtls)?\.googleapis\.com$`)

// Google returns who answers for a host of Google's that integrationcli talks to, nil for a host
// that is not needed: the API itself on its regional and global names, the check of tokens that
// precedes each command, and an empty list of connections.
func (s *Service) Google(name string) http.Handler {
	switch {
	case host.MatchString(name):
		return s.handler
	case name == "oauth2.googleapis.com":
		return http.HandlerFunc(tokenInfo)
	case name == "connectors.googleapis.com":
		return http.HandlerFunc(connectors)
	}
	return nil
}

// tokenInfo answers that any token is good. The local API asks for none.
func tokenInfo(w http.ResponseWriter, r *http.Request) {
	if path.Clean(r.URL.Path) != "/tokeninfo" {
		writeError(w, notFound("Only /tokeninfo is answered here."))
		return
	}
	write(w, map[string]string{
		"azp": "sluice", "aud": "sluice", "scope": "https://www.googleapis.com/auth/cloud-platform",
		"expires_in": "3599", "email": "local@sluice.invalid", "access_type": "offline",
	})
}

// connection is the path of one connection.
var connection = regexp.MustCompile(`^/v1/projects/[^/]+/locations/[^/]+/connections/[^/]+$`)

// connectors answers that there are no connections.
func connectors(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		writeError(w, unimplemented("Connections are not managed here."))
	case connection.MatchString(r.URL.Path):
		writeError(w, notFound("Connection %q was not found; sluice has no connections of its own.", path.Base(r.URL.Path)))
	default:
		write(w, none{})
	}
}
