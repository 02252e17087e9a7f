package policies_test

import (
	"slices"
	"strings"
	"testing"
)

func TestReadPropertySetDeployment(t *testing.T) {
	const name, key, to = `<Name>app</Name>`, `<Key>region</Key>`, `<AssignTo>a</AssignTo>`
	tests := []struct {
		elements string
		want     []string
	}{
		{`<Read>` + name + key + to + `</Read>`, nil},
		{`<Read><Name ref="n"/><Key ref="k"/>` + to + `</Read>`, nil},
		{``, []string{"error MissingElement"}},
		{`<Read>` + key + to + `</Read>`, []string{"error MissingElement"}},
		{`<Read>` + name + to + `</Read>`, []string{"error MissingElement"}},
		{`<Read>` + name + key + `</Read>`, []string{"error MissingElement"}},
		{`<Read/>`, []string{"error MissingElement", "error MissingElement", "error MissingElement"}},
		{`<Read>` + name + key + to + `<Type/></Read>`, []string{"warning UnknownElement"}},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<ReadPropertySet>"+tt.elements+"</ReadPropertySet>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}

// TestReadPropertySetBodyTooBig: a key that cannot be read has no default.
func TestReadPropertySetBodyTooBig(t *testing.T) {
	x := client()
	x.Request.Limit = 4
	x.Request.Body.SetStream(shortStream{strings.NewReader("12345")}, 5)
	err := permissive.run(t, x, `<ReadPropertySet><Read><Name>app</Name><Key ref="request.content"/><AssignTo>a</AssignTo><DefaultValue>b</DefaultValue></Read></ReadPropertySet>`)
	if got := calloutFault(t, err); got != "TooBigBody" {
		t.Errorf("%q, want TooBigBody", got)
	}
}

func BenchmarkReadPropertySet(b *testing.B) {
	for name, key := range map[string]string{"fixed": `<Key>region</Key>`, "variable": `<Key ref="request.queryparam.key">region</Key>`} {
		p, _ := permissive.compile(b, `<ReadPropertySet><Read><Name>app</Name>`+key+`<AssignTo>a</AssignTo></Read></ReadPropertySet>`)
		x := client()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Execute(b.Context(), x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
