package mock

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"net/http"
	"strings"
)

// Digest authentication (RFC 7616) is written here because the standard library has neither side of it, and this
// package may use nothing else. MD5 is what the scheme asks for by default.

const digestRealm = "me@kennethreitz.com"

// digest is one algorithm of the scheme: the hexadecimal hash of its parts joined with colons.
type digest func(parts ...string) string

var digests = map[string]digest{
	"MD5": func(parts ...string) string {
		sum := md5.Sum([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(sum[:])
	},
	"SHA-256": func(parts ...string) string {
		sum := sha256.Sum256([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(sum[:])
	},
	"SHA-512": func(parts ...string) string {
		sum := sha512.Sum512([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(sum[:])
	},
}

// digestAuth accepts any nonce, as it keeps no state; the original's stale_after and require-cookie are left out.
// An unknown algorithm in the path means MD5, an unknown qop offers both.
func digestAuth(w http.ResponseWriter, r *http.Request) {
	algorithm := r.PathValue("algorithm")
	if digests[algorithm] == nil {
		algorithm = "MD5"
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	if !hasDigestCredentials(r, digests[algorithm], body) {
		challenge(w, r.PathValue("qop"), algorithm)
		return
	}
	writeAuthenticated(w, r)
}

func challenge(w http.ResponseWriter, qop, algorithm string) {
	if qop != "auth" && qop != "auth-int" {
		qop = "auth, auth-int"
	}
	w.Header().Set("WWW-Authenticate", `Digest realm="`+digestRealm+`", nonce="`+rand.Text()+`", qop="`+qop+
		`", opaque="`+rand.Text()+`", algorithm=`+algorithm+`, stale=FALSE`)
	send(w, http.StatusUnauthorized, htmlText, nil)
}

func hasDigestCredentials(r *http.Request, hash digest, body []byte) bool {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return false
	}
	given := authParams(text)
	user := r.PathValue("user")
	return given["username"] == user && given["realm"] == digestRealm &&
		given["response"] == digestResponse(given, r, hash, user, body)
}

// digestResponse is what the client must have sent, or "" for a qop that does not exist.
func digestResponse(given map[string]string, r *http.Request, hash digest, user string, body []byte) string {
	secret := hash(user, digestRealm, r.PathValue("passwd"))
	uri := r.URL.RequestURI()
	switch qop := given["qop"]; qop {
	case "":
		return hash(secret, given["nonce"], hash(r.Method, uri))
	case "auth":
		return hash(secret, given["nonce"], given["nc"], given["cnonce"], qop, hash(r.Method, uri))
	case "auth-int":
		return hash(secret, given["nonce"], given["nc"], given["cnonce"], qop, hash(r.Method, uri, hash(string(body))))
	}
	return ""
}

// authParams reads the list name=value, name="quoted \" value" of an Authorization header. Names become lower case;
// what does not parse ends the list.
func authParams(text string) map[string]string {
	params := map[string]string{}
	for {
		text = strings.TrimLeft(text, " \t,")
		name, rest, found := strings.Cut(text, "=")
		if !found {
			return params
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, text = quotedString(rest[1:])
		} else {
			value, text, _ = strings.Cut(rest, ",")
		}
		params[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
}

// quotedString returns the text up to the closing quote, its backslashes resolved, and what follows.
func quotedString(text string) (value, rest string) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return out.String(), text[i+1:]
		case c == '\\' && i+1 < len(text):
			i++
			out.WriteByte(text[i])
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), ""
}
