package cases

import (
	"slices"
	"strings"
	"testing"

	"sluice/internal/orgdata"
)

// TestReference holds that what users are told of cases names all sections, and is
// text: no part of the source around it.
func TestReference(t *testing.T) {
	text := Reference()
	for _, name := range slices.Concat(sections, orgdata.Files) {
		if !strings.Contains(text, "-- "+name+" --") {
			t.Errorf("section %s is not described", name)
		}
	}
	if strings.Contains(text, "//") || strings.Contains(text, "package") || !strings.HasPrefix(text, "# The folder\n\nA case lies") {
		t.Errorf("the text is:\n%s", text)
	}
}
