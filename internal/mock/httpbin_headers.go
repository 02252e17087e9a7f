package mock

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// framing names the headers that net/http must decide on: a wrong one would break the connection, not the sample.
var framing = map[string]bool{
	"Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Upgrade": true, "Trailer": true,
}

// responseHeaders sets what the query says and answers all headers as JSON, its own Content-Length among them.
func responseHeaders(w http.ResponseWriter, r *http.Request) {
	shown := map[string][]string{"Content-Type": {"application/json"}}
	for name, values := range r.URL.Query() {
		if name = textproto.CanonicalMIMEHeaderKey(name); !framing[name] {
			w.Header()[name] = values
			shown[name] = values
		}
	}
	body := selfMeasured(shown)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	send(w, http.StatusOK, shown["Content-Type"][0], body)
}

// selfMeasured renders headers with a Content-Length equal to the length of the result. The length settles after
// one repetition, or two when its digits grow.
func selfMeasured(headers map[string][]string) []byte {
	var body []byte
	for range 4 {
		headers["Content-Length"] = []string{strconv.Itoa(len(body))}
		compact, err := marshal(flat(headers))
		if err != nil {
			return nil
		}
		next := indent(compact)
		if len(next) == len(body) {
			return next
		}
		body = next
	}
	return body
}

func cookies(w http.ResponseWriter, r *http.Request) {
	found := map[string]string{}
	for _, cookie := range r.Cookies() {
		found[cookie.Name] = cookie.Value
	}
	writeJSON(w, http.StatusOK, map[string]any{"cookies": found})
}

func setCookies(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: query.Get(name), Path: "/", Secure: r.TLS != nil})
	}
	http.Redirect(w, r, "/cookies", http.StatusFound)
}

func setCookie(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: r.PathValue("name"), Value: r.PathValue("value"), Path: "/", Secure: r.TLS != nil,
	})
	http.Redirect(w, r, "/cookies", http.StatusFound)
}

func deleteCookies(w http.ResponseWriter, r *http.Request) {
	for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Expires: time.Unix(0, 0)})
	}
	http.Redirect(w, r, "/cookies", http.StatusFound)
}

// cache answers 304 to every conditional request, and else the request with validators.
func cache(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("If-Modified-Since") != "" || r.Header.Get("If-None-Match") != "" {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("ETag", rand.Text())
	getRequest(w, r)
}

func cacheControl(w http.ResponseWriter, r *http.Request) {
	age, err := strconv.ParseUint(r.PathValue("seconds"), 10, 31)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age="+strconv.FormatUint(age, 10))
	getRequest(w, r)
}

// etag treats the request as one for a resource with that entity tag. The tag is sent without quotes, as the
// original does.
func etag(w http.ResponseWriter, r *http.Request) {
	tag := r.PathValue("etag")
	noneMatch, match := entityTags(r, "If-None-Match"), entityTags(r, "If-Match")
	switch {
	case len(noneMatch) > 0 && (noneMatch[tag] || noneMatch["*"]):
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
	case len(noneMatch) == 0 && len(match) > 0 && !match[tag] && !match["*"]:
		writeStatus(w, http.StatusPreconditionFailed)
	default:
		w.Header().Set("ETag", tag)
		getRequest(w, r)
	}
}

func entityTags(r *http.Request, header string) map[string]bool {
	tags := map[string]bool{}
	for _, value := range r.Header.Values(header) {
		for tag := range strings.SplitSeq(value, ",") {
			tags[strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)] = true
		}
	}
	return tags
}
