package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNesting(t *testing.T) {
	tests := map[string]int{
		`1`: 0, `{}`: 1, `[[],[[]]]`: 3, `{"a":[{"b":1}]}`: 3, `["[[[[","\"[[",{}]`: 2,
	}
	for document, want := range tests {
		if got := nesting([]byte(document)); got != want {
			t.Errorf("%s: %d, want %d", document, got, want)
		}
	}
}

// TestIndentationIsBounded sends the document that indentation multiplies most.
func TestIndentationIsBounded(t *testing.T) {
	const depth, members = 9000, 100_000
	body := strings.Repeat("[", depth) + strings.Repeat("1,", members) + "1" + strings.Repeat("]", depth)
	recorder := httptest.NewRecorder()
	Httpbin().ServeHTTP(recorder, httptest.NewRequest("POST", "/post", strings.NewReader(body)))
	if recorder.Code != http.StatusOK || !json.Valid(recorder.Body.Bytes()) {
		t.Fatalf("status %d, or no JSON", recorder.Code)
	}
	if n := recorder.Body.Len(); n > 3*len(body) {
		t.Errorf("%d bytes in, %d out", len(body), n)
	}
}

func FuzzIndent(f *testing.F) {
	f.Add([]byte(`{"a":[1,"[\"",{}]}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, document []byte) {
		var compact, again bytes.Buffer
		if json.Compact(&compact, document) != nil {
			indent(document)
			return
		}
		out := indent(compact.Bytes())
		if err := json.Compact(&again, out); err != nil || !bytes.Equal(again.Bytes(), compact.Bytes()) {
			t.Errorf("%s became %s: %v", document, out, err)
		}
		if added := len(out) - compact.Len(); added > 4*maxIndented {
			t.Errorf("indentation added %d bytes", added)
		}
	})
}
