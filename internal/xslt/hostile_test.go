package xslt

import (
	"fmt"
	"strings"
	"testing"
)

const identity = `<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>`

// TestHostileSources: what a source makes expensive is paid for, so that the bound and the context hold.
func TestHostileSources(t *testing.T) {
	var declarations strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&declarations, ` xmlns:a%d="u"`, i)
	}
	tests := []struct{ name, stylesheet, source string }{
		{"namespaces in scope", atTop("1.0", identity), "<r" + declarations.String() + ">" + strings.Repeat("<b/>", 1000) + "</r>"},
		{"namespaces to declare", inTemplate(`<xsl:copy-of select="/r/b"/>`), "<r" + declarations.String() + ">" + strings.Repeat("<b/>", 100) + "</r>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Compile([]byte(tt.stylesheet))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Transform(t.Context(), []byte(tt.source), Options{work: 4 << 20}); err == nil || !strings.Contains(err.Error(), "too much work") {
				t.Error(err)
			}
		})
	}
}
