package mock

import (
	"net/http"
)

// httpbinRoutes is all that Httpbin serves, in net/http pattern syntax.
var httpbinRoutes = map[string]http.HandlerFunc{
	"GET /{$}": document(htmlText, "index.html"),

	"GET /get":         getRequest,
	"POST /post":       requestWithBody,
	"PUT /put":         requestWithBody,
	"PATCH /patch":     requestWithBody,
	"DELETE /delete":   requestWithBody,
	"/anything":        anything,
	"/anything/{_...}": anything,
	"/delay/{seconds}": delay,
	"GET /headers":     oneHeaders,
	"GET /ip":          oneIP,
	"GET /user-agent":  oneUserAgent,
	"GET /uuid":        oneUUID,

	"GET /json":          document("application/json", "slideshow.json"),
	"GET /xml":           document("application/xml", "slideshow.xml"),
	"GET /html":          document(htmlText, "moby.html"),
	"GET /robots.txt":    document("text/plain", "robots.txt"),
	"GET /encoding/utf8": document(htmlText, "utf8.txt"),
	"GET /forms/post":    document(htmlText, "form.html"),
	"GET /image":         pixel,
	"GET /image/png":     pixel,
	"GET /gzip":          gzipped,
	"GET /deflate":       deflated,

	"/status/{codes}":            statusCodes,
	"GET /redirect/{n}":          redirect,
	"GET /relative-redirect/{n}": relativeRedirect,
	"GET /absolute-redirect/{n}": absoluteRedirect,
	"/redirect-to":               redirectTo,

	"GET /cookies":                    cookies,
	"GET /cookies/set":                setCookies,
	"GET /cookies/set/{name}/{value}": setCookie,
	"GET /cookies/delete":             deleteCookies,

	"GET /basic-auth/{user}/{passwd}":                    basicAuth,
	"GET /hidden-basic-auth/{user}/{passwd}":             hiddenBasicAuth,
	"GET /bearer":                                        bearer,
	"GET /digest-auth/{qop}/{user}/{passwd}":             digestAuth,
	"GET /digest-auth/{qop}/{user}/{passwd}/{algorithm}": digestAuth,

	"GET /response-headers":  responseHeaders,
	"POST /response-headers": responseHeaders,
	"GET /cache":             cache,
	"GET /cache/{seconds}":   cacheControl,
	"GET /etag/{etag}":       etag,

	"GET /base64/{value}":   decodeBase64,
	"GET /bytes/{n}":        randomBytes,
	"GET /stream-bytes/{n}": streamBytes,
	"GET /stream/{n}":       streamLines,
	"GET /drip":             drip,
	"GET /range/{n}":        byteRange,
}

// Httpbin stands in for httpbin.org: paths and shapes of postmanlabs/httpbin, httpbin/core.py and helpers.py.
// Random bytes with a seed repeat from call to call, but are not those of the original's generator.
//
// There are Go ports of httpbin; each brings its own limits and members that the original lacks, and samples
// compare against the original.
func Httpbin() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range httpbinRoutes {
		mux.HandleFunc(pattern, handler)
	}
	return crossOrigin(mux)
}

// crossOrigin adds the CORS headers that httpbin sends with every answer, and answers OPTIONS for every path.
func crossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" {
			origin = "*"
		}
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS")
		header.Set("Access-Control-Max-Age", "3600")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			header.Set("Access-Control-Allow-Headers", asked)
		}
		header.Set("Allow", "GET, HEAD, OPTIONS")
		send(w, http.StatusOK, htmlText, nil)
	})
}
