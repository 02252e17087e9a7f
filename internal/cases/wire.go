package cases

import (
	"fmt"
	"strings"
)

// wire is a message as a case writes it.
type wire struct {
	index int      // of the section, among the archive's files
	line  int      // of the first line, in the file
	head  []string // first line and header lines
	body  string
	given bool // there is a blank line, so that the body counts
}

// parseWire reads wire text. Every text is one: requests may be as broken as the
// case wants them.
func parseWire(s section) *wire {
	w := &wire{index: s.index, line: s.line}
	rest := s.text
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		if line == "" {
			w.given = true
			break
		}
		w.head = append(w.head, line)
	}
	if w.given {
		w.body = strings.TrimSuffix(rest, "\n")
	}
	return w
}

// first is the request line or the status line.
func (w *wire) first() string {
	if len(w.head) == 0 {
		return ""
	}
	return w.head[0]
}

// bodyLine is where the body begins in the file.
func (w *wire) bodyLine() int { return w.line + len(w.head) + 1 }

// names reports whether the head has a line for a header, or one that forbids it.
func (w *wire) names(name string) bool {
	for _, line := range w.head[1:] {
		given, _, _ := strings.Cut(strings.TrimPrefix(line, "!"), ":")
		if strings.EqualFold(given, name) {
			return true
		}
	}
	return false
}

func (w *wire) value(name string) string { return headerValue(w.head[1:], name) }

// headerValue is the value of the first line of that name.
func headerValue(lines []string, name string) string {
	for _, line := range lines {
		if given, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(given, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// requestBytes is what a client sends.
func (w *wire) requestBytes() []byte {
	var added []string
	if !w.names("Host") {
		added = append(added, "Host: example.com")
	}
	method, _, _ := strings.Cut(w.first(), " ")
	mayHaveBody := method == "POST" || method == "PUT" || method == "PATCH"
	return w.bytes(added, w.framing(mayHaveBody))
}

// answerBytes is what a target answers. Its connection ends with the answer, so
// that every call dials, and can be refused.
func (w *wire) answerBytes() []byte {
	var added []string
	if !w.names("Connection") {
		added = append(added, "Connection: close")
	}
	return w.bytes(nil, append(w.framing(!withoutBody(statusOf(w.first()))), added...))
}

// framing is the line that tells the body's length, where one is missing.
func (w *wire) framing(also bool) []string {
	if w.names("Content-Length") || w.names("Transfer-Encoding") || w.body == "" && !also {
		return nil
	}
	return []string{fmt.Sprintf("Content-Length: %d", len(w.body))}
}

func (w *wire) bytes(before, after []string) []byte {
	lines := append([]string{w.first()}, before...)
	for _, line := range w.head[1:] {
		if !strings.HasPrefix(line, "!") {
			lines = append(lines, line)
		}
	}
	lines = append(lines, after...)
	head := strings.Join(lines, "\r\n") + "\r\n\r\n"
	if strings.EqualFold(w.value("Transfer-Encoding"), "chunked") {
		return []byte(head + chunks(w.body))
	}
	return []byte(head + w.body)
}

// chunks cuts a body into two chunks, so that the cut is tested too.
func chunks(body string) string {
	var b strings.Builder
	half := len(body) / 2
	for _, part := range []string{body[:half], body[half:]} {
		if part != "" {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(part), part)
		}
	}
	return b.String() + "0\r\n\r\n"
}

// statusOf is the status of a status line, 0 when it has none.
func statusOf(line string) int {
	_, rest, _ := strings.Cut(line, " ")
	status := 0
	_, _ = fmt.Sscanf(rest, "%3d", &status) // no number: no status
	return status
}

// withoutBody reports whether an answer with that status never has a body.
func withoutBody(status int) bool {
	return status >= 100 && status < 200 || status == 204 || status == 304
}
