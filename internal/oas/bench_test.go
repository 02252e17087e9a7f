package oas

import "testing"

// benchmark compares one good message with the description again and again.
func benchmark(b *testing.B, s *Spec, wire string) {
	b.Helper()
	if ps, err := validate(s, wire, Options{Body: true}); err != nil || len(ps) > 0 {
		b.Fatal(ps, err)
	}
	r := request(wire)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Request(r, Options{Body: true})
	}
}

func BenchmarkGET(b *testing.B) {
	benchmark(b, described(b, string(file(b, "testdata/parameters.yaml"))), "GET /lists?form=1&form=2&pipe=1|2\nHost: example.com\nAccept: */*\nX-List: 1, 2")
}

// BenchmarkPOST has a body of 1 KB.
func BenchmarkPOST(b *testing.B) {
	const part = `{"name": "a part that is fitted to the item", "parts": [{"name": "screw"}, {"name": "washer"}]}`
	benchmark(b, shop(b), `POST /orders
Content-Type: application/json

{"secret": "s", "item": {"name": "an item", "parts": [`+part+`,`+part+`,`+part+`,`+part+`,`+part+`,`+part+`,`+part+`,`+part+`,`+part+`,`+part+`]}}`)
}

// BenchmarkFlat has no schema that needs a meter; Item of BenchmarkPOST does, as it refers to itself.
func BenchmarkFlat(b *testing.B) {
	benchmark(b, described(b, schema30("{type: object, required: [a], properties: {a: {type: string, pattern: '^[a-z]+$'}, b: {type: array, items: {type: integer, minimum: 0}}}}")),
		"POST /\nContent-Type: application/json\n\n{\"a\": \"abc\", \"b\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}")
}

func BenchmarkParse(b *testing.B) {
	data := file(b, "testdata/parameters.yaml")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data, nil); err != nil {
			b.Fatal(err)
		}
	}
}
