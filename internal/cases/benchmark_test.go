package cases_test

import (
	"testing"

	"sluice/internal/cases"
)

// BenchmarkCase is a whole run: compile, listen, one exchange with a target,
// shut down.
func BenchmarkCase(b *testing.B) {
	c, err := cases.Read("testdata/good/values.case")
	if err != nil {
		b.Fatal(err)
	}
	o := options(b)
	b.ReportAllocs()
	for b.Loop() {
		if r := c.Run(b.Context(), o); !r.Passed {
			b.Fatal(r)
		}
	}
}
