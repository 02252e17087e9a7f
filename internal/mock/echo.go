package mock

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

type echoed struct {
	Method       string            `json:"method"`
	Host         string            `json:"host"`
	Path         string            `json:"path"`
	Query        map[string]string `json:"query"`
	Headers      map[string]string `json:"headers"`
	Body         string            `json:"body"`
	BodyEncoding string            `json:"bodyEncoding,omitempty"`
}

// Echo answers every request with the request as JSON. X-Mock-Status and X-Mock-Delay in the request choose the
// status and a wait; see the package documentation for shapes and limits.
func Echo() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, delay, problem := echoControls(r.Header)
		if problem != "" {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": problem})
			return
		}
		body, ok := readBody(w, r)
		if !ok || wait(r.Context(), delay) != nil {
			return
		}
		writeJSON(w, status, echoOf(r, body))
	})
}

func echoControls(header http.Header) (status int, delay time.Duration, problem string) {
	status = http.StatusOK
	if text := header.Get("X-Mock-Status"); text != "" {
		var ok bool
		if status, ok = finalStatus(text); !ok {
			return 0, 0, "X-Mock-Status must be a number from 200 to 599"
		}
	}
	if text := header.Get("X-Mock-Delay"); text != "" {
		var err error
		if delay, err = time.ParseDuration(text); err != nil || delay < 0 {
			return 0, 0, "X-Mock-Delay must be a duration such as 150ms or 2s"
		}
	}
	return status, delay, ""
}

func echoOf(r *http.Request, body []byte) echoed {
	e := echoed{
		Method:  r.Method,
		Host:    r.Host,
		Path:    r.URL.EscapedPath(),
		Query:   joined(r.URL.Query()),
		Headers: joined(r.Header),
		Body:    string(body),
	}
	if !utf8.Valid(body) {
		e.Body, e.BodyEncoding = base64.StdEncoding.EncodeToString(body), "base64"
	}
	return e
}

func joined(values map[string][]string) map[string]string {
	out := make(map[string]string, len(values))
	for name, list := range values {
		out[name] = strings.Join(list, ", ")
	}
	return out
}
