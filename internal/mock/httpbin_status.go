package mock

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

const maxRedirects = 20

// statusCodes answers one of the codes in the path: 503 or, by weight, 200:3,500:1.
func statusCodes(w http.ResponseWriter, r *http.Request) {
	var codes []int
	var weights []float64
	for choice := range strings.SplitSeq(r.PathValue("codes"), ",") {
		code, weight, ok := weightedStatus(choice)
		if !ok {
			send(w, http.StatusBadRequest, htmlText, []byte("Invalid status code"))
			return
		}
		codes, weights = append(codes, code), append(weights, weight)
	}
	writeStatus(w, codes[pick(weights)])
}

func weightedStatus(choice string) (code int, weight float64, ok bool) {
	text, share, weighted := strings.Cut(choice, ":")
	if code, ok = finalStatus(text); !ok || !weighted {
		return code, 1, ok
	}
	weight, err := strconv.ParseFloat(share, 64)
	return code, weight, err == nil && weight >= 0 && !math.IsInf(weight, 0)
}

// pick returns an index, each as likely as its weight; the last one when all weigh nothing.
func pick(weights []float64) int {
	total := 0.0
	for _, weight := range weights {
		total += weight
	}
	point := rand.Float64() * total
	for i, weight := range weights {
		if point -= weight; point < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// writeStatus adds the headers and body that httpbin gives some statuses.
func writeStatus(w http.ResponseWriter, code int) {
	body := ""
	switch code {
	case 301, 302, 303, 305, 307:
		w.Header().Set("Location", "/redirect/1")
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="Fake Realm"`)
	case http.StatusProxyAuthRequired:
		w.Header().Set("Proxy-Authenticate", `Basic realm="Fake Realm"`)
	case http.StatusNotAcceptable:
		writeJSON(w, code, map[string]any{
			"message": "Client did not request a supported media type.",
			"accept":  []string{"image/webp", "image/svg+xml", "image/jpeg", "image/png", "image/*"},
		})
		return
	case http.StatusTeapot:
		w.Header().Set("X-More-Info", "http://tools.ietf.org/html/rfc2324")
		body = "\n    -=[ teapot ]=-\n"
	}
	send(w, code, htmlText, []byte(body))
}

func redirect(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.URL.Query().Get("absolute"), "true") {
		redirectOnce(w, r, baseURL(r), "/absolute-redirect/")
		return
	}
	redirectOnce(w, r, "", "/relative-redirect/")
}

func relativeRedirect(w http.ResponseWriter, r *http.Request) {
	redirectOnce(w, r, "", "/relative-redirect/")
}

func absoluteRedirect(w http.ResponseWriter, r *http.Request) {
	redirectOnce(w, r, baseURL(r), "/absolute-redirect/")
}

// redirectOnce sends the client to base+next+(n-1), or for the last of n to base+/get.
func redirectOnce(w http.ResponseWriter, r *http.Request, base, next string) {
	n, err := strconv.Atoi(r.PathValue("n"))
	switch {
	case err != nil:
		http.NotFound(w, r)
	case n < 1 || n > maxRedirects:
		http.Error(w, "number of redirects must be from 1 to 20", http.StatusBadRequest)
	case n == 1:
		http.Redirect(w, r, base+"/get", http.StatusFound)
	default:
		http.Redirect(w, r, base+next+strconv.Itoa(n-1), http.StatusFound)
	}
}

// redirectTo copies the url parameter to Location as it is; status_code counts when it is 3xx.
func redirectTo(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	location := query.Get("url")
	if location == "" {
		http.Error(w, "query parameter url is missing", http.StatusBadRequest)
		return
	}
	status := http.StatusFound
	if code, err := strconv.Atoi(query.Get("status_code")); err == nil && code >= 300 && code < 400 {
		status = code
	}
	w.Header().Set("Location", location)
	send(w, status, htmlText, nil)
}
