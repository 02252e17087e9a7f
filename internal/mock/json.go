package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// maxIndented bounds the bytes that indentation may add. A body is client data: ten thousand brackets around a long
// list would otherwise turn megabytes into gigabytes of spaces.
const maxIndented = 10 << 20

// writeJSON answers v indented by two spaces, as httpbin does, or compact when indentation would exceed maxIndented.
func writeJSON(w http.ResponseWriter, status int, v any) {
	compact, err := marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, status, "application/json", indent(compact))
}

// send answers with a body of known type; net/http itself drops the body where the status or HEAD forbids one.
func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(body)
}

// marshal is json.Marshal with <, > and & left as they are, and a final newline.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return out.Bytes(), err
}

func indent(compact []byte) []byte {
	if len(compact)*nesting(compact) > maxIndented {
		return compact
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return compact
	}
	return out.Bytes()
}

// nesting is the depth of the deepest object or array of a valid document.
func nesting(document []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(document); i++ {
		switch c := document[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
