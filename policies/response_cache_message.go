package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"sluice/flow"
)

// cachedResponse is the head of a stored response: one line of JSON, in front of
// the payload without its Content-Encoding, which is applied again when it is
// sent.
type cachedResponse struct {
	Status int
	Reason string `json:",omitempty"`
	Header []flow.Field
}

// perConnection are headers that belong to the connection that a response came
// over, and not to the response.
var perConnection = []string{"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Trailer", "Upgrade"}

func encodeResponse(m *flow.Message) ([]byte, error) {
	body, err := m.Content()
	if err != nil {
		return nil, err
	}
	head := cachedResponse{Status: m.Status, Reason: m.Reason, Header: m.Header.Clone()}
	header := flow.Header(head.Header)
	for _, name := range perConnection {
		header.Del(name)
	}
	head.Header = header
	data, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	return append(append(data, '\n'), body...), nil
}

var errNoCachedResponse = errors.New("the cache entry is no response")

func decodeResponse(data []byte) (*flow.Message, error) {
	line, body, ok := bytes.Cut(data, []byte("\n"))
	var head cachedResponse
	if !ok || json.Unmarshal(line, &head) != nil || head.Status < 100 {
		return nil, errNoCachedResponse
	}
	m := flow.NewResponse()
	m.Status, m.Reason, m.Header = head.Status, head.Reason, head.Header
	m.SetContent(bytes.Clone(body)) // the cache's bytes are shared
	return m, nil
}

// freshness is how long the response's own headers let a shared cache keep it:
// s-maxage, else max-age, else Expires. said is false when they say nothing.
// no-store, no-cache and private forbid it (recommended).
func freshness(h flow.Header, now time.Time) (life time.Duration, said bool) {
	directives := map[string]string{}
	for _, item := range h.Items("Cache-Control") {
		name, value, _ := strings.Cut(item, "=")
		directives[strings.ToLower(strings.TrimSpace(name))] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	for _, name := range [...]string{"no-store", "no-cache", "private"} {
		if _, forbidden := directives[name]; forbidden {
			return 0, true
		}
	}
	for _, name := range [...]string{"s-maxage", "max-age"} {
		if n, err := strconv.ParseInt(directives[name], 10, 32); err == nil {
			return time.Duration(n) * time.Second, true
		}
	}
	text, ok := h.Get("Expires")
	if !ok {
		return 0, false
	}
	for _, layout := range [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Sub(now), true
		}
	}
	return 0, true // RFC 9111: an invalid date, such as 0, is in the past
}
