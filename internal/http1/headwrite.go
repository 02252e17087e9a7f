package http1

import (
	"net/http"
	"sync/atomic"
	"time"
)

// isFraming tells the lines that the engine makes itself.
func isFraming(k lineKind) bool {
	switch k {
	case connectionLine, keepAliveLine, contentLengthLine, proxyConnectionLine, transferEncodingLine:
		return true
	}
	return false
}

// checkHeader refuses what would end a line or a name early: values may come
// from templates, and templates from requests.
func checkHeader(list []Field) error {
	for i := range list {
		if !isTokenText(list[i].Name) {
			return badField(list[i].Name, "invalid character in the name")
		}
		if !isValue(list[i].Value) {
			return badField(list[i].Name, "control character in the value")
		}
	}
	return nil
}

func badField(name, detail string) error {
	return &ProtocolError{Status: http.StatusInternalServerError, Kind: HeaderWithInvalidChar, Name: name, Detail: detail}
}

// CheckHead tells whether a final answer can be sent: an error is a *ProtocolError. 101
// is final for HTTP; the other interim statuses would leave the client waiting for what
// it takes the next answer for.
func CheckHead(status int, reason string, header []Field) error {
	if status < 200 && status != http.StatusSwitchingProtocols || status > 999 || !isValue(reason) {
		return &ProtocolError{Status: http.StatusInternalServerError, Kind: InvalidMessage, Detail: "status or reason cannot be written"}
	}
	return checkHeader(header)
}

func (s *sink) statusLine(proto string, status int, reason string) {
	s.text(proto)
	s.text(" ")
	s.number(int64(status), 10)
	s.text(" ")
	if reason == "" {
		reason = http.StatusText(status)
	}
	s.text(reason)
	s.text("\r\n")
}

func (w *ResponseWriter) writeHeader(status int, header []Field, length int64) {
	frame := w.frameLine(status, length)
	dated := false
	for i := range header {
		kind := kindOf(header[i].Name)
		if isFraming(kind) {
			if kind == frame {
				w.out.frame(header[i].Name, kind, length)
				frame = ordinary
			}
			continue
		}
		dated = dated || kind == dateLine
		w.out.field(header[i].Name, header[i].Value)
	}
	if !dated && status >= 200 {
		w.out.text("Date: ")
		w.out.text(httpDate(time.Now()))
		w.out.text("\r\n")
	}
	switch frame {
	case contentLengthLine:
		w.out.frame("Content-Length", frame, length)
	case transferEncodingLine:
		w.out.frame("Transfer-Encoding", frame, length)
	}
	w.connectionLine(status)
	w.out.text("\r\n")
}

// frameLine is the line that tells the client where the body ends.
func (w *ResponseWriter) frameLine(status int, length int64) lineKind {
	switch {
	case w.mode == bodyChunked:
		return transferEncodingLine
	case w.mode == bodySized:
		return contentLengthLine
	case w.mode == bodyEndless, status < 200, status == http.StatusNoContent:
		return ordinary
	case length > 0, length == 0 && status != http.StatusNotModified: // HEAD and 304 describe the body they leave out
		return contentLengthLine
	}
	return ordinary
}

func (w *ResponseWriter) connectionLine(status int) {
	switch {
	case status == http.StatusSwitchingProtocols:
		w.out.text("Connection: Upgrade\r\n")
	case w.close:
		w.out.text("Connection: close\r\n")
	case w.req.Proto == "HTTP/1.0":
		w.out.text("Connection: keep-alive\r\n")
	}
}

// frame writes a framing line under the given spelling of its name.
func (s *sink) frame(name string, kind lineKind, length int64) {
	s.text(name)
	if kind == transferEncodingLine {
		s.text(": chunked\r\n")
		return
	}
	s.text(": ")
	s.number(length, 10)
	s.text("\r\n")
}

// lastChunk ends a chunked body.
func (s *sink) lastChunk(trailer []Field) {
	s.text("0\r\n")
	for i := range trailer {
		if mayTrail(trailer[i].Name) {
			s.field(trailer[i].Name, trailer[i].Value)
		}
	}
	s.text("\r\n")
}

type datedText struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[datedText]

// httpDate formats t for a Date line, once a second.
func httpDate(t time.Time) string {
	second := t.Unix()
	if d := lastDate.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &datedText{second: second, text: t.UTC().Format(http.TimeFormat)}
	lastDate.Store(d)
	return d.text
}
