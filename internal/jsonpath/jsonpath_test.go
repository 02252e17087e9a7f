package jsonpath

import (
	"errors"
	"testing"

	"sluice/internal/ordjson"
)

// store is the document of Goessner's article and of Jayway's README.
const store = `{"store":{"book":[
 {"category":"reference","author":"Nigel Rees","title":"Sayings of the Century","price":8.95},
 {"category":"fiction","author":"Evelyn Waugh","title":"Sword of Honour","price":12.99},
 {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8.99},
 {"category":"fiction","author":"J. R. R. Tolkien","title":"The Lord of the Rings","isbn":"0-395-19395-8","price":22.99}],
 "bicycle":{"color":"red","price":19.95}},"expensive":10}`

func parse(t testing.TB, src string) *ordjson.Node {
	t.Helper()
	n, err := ordjson.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// evaluate is the result in one line: definite and indefinite results as JSON, prefixed by D or I.
func evaluate(t testing.TB, path string, doc *ordjson.Node) string {
	t.Helper()
	p, err := Compile(path)
	if err != nil {
		return "refused"
	}
	kind := "I "
	if p.Definite() {
		kind = "D "
	}
	v, err := p.Value(doc)
	switch {
	case errors.Is(err, ErrNotFound):
		return kind + "not found"
	case err != nil:
		return kind + err.Error()
	}
	return kind + string(ordjson.Append(nil, v))
}
