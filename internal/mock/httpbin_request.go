package mock

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// infrastructure names the headers that httpbin leaves out of its answers unless the query has show_env.
var infrastructure = map[string]bool{
	"X-Varnish": true, "X-Request-Start": true, "X-Heroku-Queue-Depth": true, "X-Heroku-Queue-Wait-Time": true,
	"X-Heroku-Dynos-In-Use": true, "X-Real-Ip": true, "X-Forwarded-Proto": true, "X-Forwarded-Protocol": true,
	"X-Forwarded-Ssl": true, "X-Forwarded-For": true, "X-Forwarded-Port": true, "X-Request-Id": true,
	"Via": true, "Total-Route-Time": true, "Connect-Time": true,
}

// describe is the request as httpbin answers it, without what comes from the body.
func describe(r *http.Request) map[string]any {
	return map[string]any{
		"args":    flat(r.URL.Query()),
		"headers": shownHeaders(r),
		"origin":  clientIP(r),
		"url":     baseURL(r) + r.URL.RequestURI(),
	}
}

// describeWithBody adds data, files, form and json. When the body cannot be read it has answered and reports false.
func describeWithBody(w http.ResponseWriter, r *http.Request) (map[string]any, bool) {
	body, ok := readBody(w, r)
	if !ok {
		return nil, false
	}
	d := describe(r)
	d["data"], d["json"] = "", nil
	d["form"], d["files"] = map[string]any{}, map[string]any{}
	mediaType, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch mediaType {
	case "application/x-www-form-urlencoded":
		// Pairs that do not parse are left out, the others kept.
		form, _ := url.ParseQuery(string(body))
		d["form"] = flat(form)
	case "multipart/form-data":
		describeParts(d, body, params["boundary"])
	default:
		d["data"] = jsonSafe(body, "application/octet-stream")
		if utf8.Valid(body) && json.Valid(body) {
			// Raw, so that numbers keep their digits and memory stays in proportion to the body.
			d["json"] = json.RawMessage(body)
		}
	}
	return d, true
}

// describeParts fills form and files. ReadForm bounds parts and headers; the body is already in memory and smaller
// than the limit given, so that nothing reaches a temporary file.
func describeParts(d map[string]any, body []byte, boundary string) {
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(maxRequestBody)
	if err != nil {
		return
	}
	defer form.RemoveAll()
	files := make(map[string][]string, len(form.File))
	for name, parts := range form.File {
		for _, part := range parts {
			files[name] = append(files[name], partContent(part))
		}
	}
	d["form"], d["files"] = flat(form.Value), flat(files)
}

func partContent(part *multipart.FileHeader) string {
	file, err := part.Open()
	if err != nil {
		return ""
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return ""
	}
	mediaType := part.Header.Get("Content-Type")
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return jsonSafe(content, mediaType)
}

// jsonSafe is the content itself when it is UTF-8, else a data: URL.
func jsonSafe(content []byte, mediaType string) string {
	if utf8.Valid(content) {
		return string(content)
	}
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(content)
}

// flat gives a single value as a string and several as a list.
func flat(values map[string][]string) map[string]any {
	out := make(map[string]any, len(values))
	for name, list := range values {
		if len(list) == 1 {
			out[name] = list[0]
		} else {
			out[name] = list
		}
	}
	return out
}

func shownHeaders(r *http.Request) map[string]string {
	all := r.URL.Query().Has("show_env")
	out := map[string]string{"Host": r.Host}
	for name, values := range r.Header {
		if all || !infrastructure[name] {
			out[name] = strings.Join(values, ",")
		}
	}
	return out
}

// baseURL is scheme and authority as the client wrote them, also behind a proxy that ended TLS.
func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Ssl") == "on" {
		scheme = "https"
	}
	if forwarded := r.Header.Get("X-Forwarded-Proto"); forwarded != "" {
		scheme = forwarded
	}
	return scheme + "://" + r.Host
}

func getRequest(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, describe(r))
}

func requestWithBody(w http.ResponseWriter, r *http.Request) {
	if d, ok := describeWithBody(w, r); ok {
		writeJSON(w, http.StatusOK, d)
	}
}

func anything(w http.ResponseWriter, r *http.Request) {
	if d, ok := describeWithBody(w, r); ok {
		d["method"] = r.Method
		writeJSON(w, http.StatusOK, d)
	}
}

func delay(w http.ResponseWriter, r *http.Request) {
	pause, ok := seconds(r.PathValue("seconds"))
	if !ok {
		http.Error(w, "delay must be a number of seconds", http.StatusBadRequest)
		return
	}
	d, ok := describeWithBody(w, r)
	if !ok || wait(r.Context(), pause) != nil {
		return
	}
	delete(d, "json")
	writeJSON(w, http.StatusOK, d)
}

func oneHeaders(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"headers": shownHeaders(r)})
}

func oneIP(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"origin": clientIP(r)})
}

func oneUserAgent(w http.ResponseWriter, r *http.Request) {
	agent := r.Header["User-Agent"]
	if len(agent) == 0 {
		writeJSON(w, http.StatusOK, map[string]any{"user-agent": nil})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"user-agent": agent[0]})
}

func oneUUID(w http.ResponseWriter, _ *http.Request) {
	var u [16]byte
	rand.Read(u[:])
	u[6] = u[6]&0x0f | 0x40 // version 4, RFC 9562 section 5.4
	u[8] = u[8]&0x3f | 0x80
	text := fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
	writeJSON(w, http.StatusOK, map[string]any{"uuid": text})
}
