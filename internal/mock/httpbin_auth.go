package mock

import (
	"net/http"
	"strings"
)

func basicAuth(w http.ResponseWriter, r *http.Request) {
	if !hasBasicCredentials(r) {
		writeStatus(w, http.StatusUnauthorized)
		return
	}
	writeAuthenticated(w, r)
}

// hiddenBasicAuth does not invite the client to authenticate: it answers 404.
func hiddenBasicAuth(w http.ResponseWriter, r *http.Request) {
	if !hasBasicCredentials(r) {
		writeStatus(w, http.StatusNotFound)
		return
	}
	writeAuthenticated(w, r)
}

// hasBasicCredentials compares with the path itself, which holds no secret, so not in constant time.
func hasBasicCredentials(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return ok && user == r.PathValue("user") && password == r.PathValue("passwd")
}

func writeAuthenticated(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"authenticated": true, "user": r.PathValue("user")})
}

func bearer(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		send(w, http.StatusUnauthorized, htmlText, nil)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"authenticated": true, "token": token})
}
