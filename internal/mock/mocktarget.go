package mock

import (
	"fmt"
	"html"
	"net/http"
	"path"
	"strings"
)

// The real service is an Express application: routes ignore letter case and a final slash, and types carry a charset.
const (
	plainText = "text/plain; charset=utf-8"
	htmlText  = "text/html; charset=utf-8"
	jsonText  = "application/json; charset=utf-8"
	xmlText   = "application/xml; charset=utf-8"
)

// Values and their letter case as in recorded answers of the service; its OpenAPI document names no values.
const (
	personJSON = `{"firstName":"John","lastName":"Doe","city":"San Jose","state":"CA"}`
	personXML  = `<?xml version="1.0" encoding="UTF-8"?> <root><city>San Jose</city><firstName>John</firstName><lastName>Doe</lastName><state>CA</state></root>`
)

const mocktargetHelp = `<h2>Mock target</h2>
<ul>
<li>/ and /user: greeting for a guest, or for ?user=NAME</li>
<li>/iloveapis: affirmation in HTML</li>
<li>/ip: address of the client in JSON</li>
<li>/json, /xml: sample documents</li>
<li>/echo: headers and body of the request in JSON</li>
<li>/statuscode/{code}: answers with that status</li>
<li>/auth: checks for basic authentication</li>
</ul>
`

// Mocktarget stands in for mocktarget.apigee.net. Paths follow default-proxies/helloworld/openapi/mocktarget.yaml in
// the repository apigee/api-platform-samples; shapes follow recorded answers where there are any.
func Mocktarget() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Powered-By", "Apigee")
		route := strings.ToLower(path.Clean("/" + r.URL.Path))
		first, rest, _ := strings.Cut(route[1:], "/")
		switch {
		case first == "echo":
			mocktargetEcho(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			mocktargetUnknown(w, r)
		case first == "statuscode":
			mocktargetStatus(w, r, rest)
		default:
			mocktargetDocument(w, r, route)
		}
	})
}

func mocktargetDocument(w http.ResponseWriter, r *http.Request, route string) {
	switch route {
	case "/", "/user":
		send(w, http.StatusOK, plainText, []byte(greeting(r)))
	case "/help":
		send(w, http.StatusOK, htmlText, []byte(mocktargetHelp))
	case "/iloveapis":
		send(w, http.StatusOK, htmlText, []byte("<H2>I <3 APIs</H2>"))
	case "/ip":
		mocktargetJSON(w, http.StatusOK, map[string]string{"ip": clientIP(r)})
	case "/json":
		send(w, http.StatusOK, jsonText, []byte(personJSON))
	case "/xml":
		send(w, http.StatusOK, xmlText, []byte(personXML))
	case "/auth":
		mocktargetAuth(w, r)
	default:
		mocktargetUnknown(w, r)
	}
}

func greeting(r *http.Request) string {
	user := r.URL.Query().Get("user")
	if user == "" {
		user = "Guest"
	}
	return "Hello, " + user + "!"
}

// mocktargetEcho reports the URL as seen below /echo, with lower-case header names: recorded answers show "url":"/"
// and a member args. That any method and any deeper path is accepted is inferred from the stripped URL.
func mocktargetEcho(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	headers := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	mocktargetJSON(w, http.StatusOK, struct {
		Headers map[string]string `json:"headers"`
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Args    map[string]any    `json:"args"`
		Body    string            `json:"body"`
	}{headers, r.Method, belowEcho(r), flat(r.URL.Query()), string(body)})
}

func belowEcho(r *http.Request) string {
	_, rest, _ := strings.Cut(strings.TrimLeft(r.URL.EscapedPath(), "/"), "/")
	if r.URL.RawQuery != "" {
		rest += "?" + r.URL.RawQuery
	}
	return "/" + rest
}

// mocktargetStatus answers any final status. The member names are our choice: the documentation only says that
// status code and message are shown.
func mocktargetStatus(w http.ResponseWriter, r *http.Request, text string) {
	code, ok := finalStatus(text)
	if !ok {
		mocktargetUnknown(w, r)
		return
	}
	mocktargetJSON(w, code, map[string]any{"status": code, "message": http.StatusText(code)})
}

// mocktargetAuth accepts every user and password: which ones the service knows is not published, nor is the body.
func mocktargetAuth(w http.ResponseWriter, r *http.Request) {
	user, _, ok := r.BasicAuth()
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="mocktarget"`)
		mocktargetJSON(w, http.StatusUnauthorized, map[string]any{"authenticated": false})
		return
	}
	mocktargetJSON(w, http.StatusOK, map[string]any{"authenticated": true, "user": user})
}

func mocktargetUnknown(w http.ResponseWriter, r *http.Request) {
	page := fmt.Sprintf("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n"+
		"<body>\n<pre>Cannot %s %s</pre>\n</body>\n</html>\n", html.EscapeString(r.Method), html.EscapeString(r.URL.EscapedPath()))
	send(w, http.StatusNotFound, htmlText, []byte(page))
}

func mocktargetJSON(w http.ResponseWriter, status int, v any) {
	body, err := marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, status, jsonText, body[:len(body)-1])
}
