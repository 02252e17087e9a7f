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
	long := "<r><s>" + strings.Repeat("1", 500_000) + "</s>" + strings.Repeat("<b/>", 500) + "</r>"
	often := func(test string) string {
		return inTemplate(`<xsl:variable name="s" select="string(/r/s)"/><xsl:for-each select="/r/b"><xsl:if test="` + test + `"/></xsl:for-each>`)
	}
	tests := []struct{ name, stylesheet, source string }{
		{"namespaces in scope", atTop("1.0", identity), "<r" + declarations.String() + ">" + strings.Repeat("<b/>", 1000) + "</r>"},
		{"namespaces to declare", inTemplate(`<xsl:copy-of select="/r/b"/>`), "<r" + declarations.String() + ">" + strings.Repeat("<b/>", 100) + "</r>"},
		{"texts within texts", atTop("2.0", `<xsl:template match="/"><xsl:value-of select="//*"/></xsl:template>`), strings.Repeat("<a>", 500) + strings.Repeat("<b/>", 50_000) + strings.Repeat("</a>", 500)},
		{"length of a string", often(`string-length($s) &lt; 5`), long},
		{"spaces of a string", often(`normalize-space($s)`), long},
		{"number to format", often(`format-number(/, '0')`), long},
		{"string and string", often(`$s = $s`), long},
		{"string and number", often(`$s = 5`), long},
		{"string less than number", often(`$s &lt; 5`), long},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Compile([]byte(tt.stylesheet))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Transform(t.Context(), []byte(tt.source), Options{work: 1 << 20}); err == nil || !strings.Contains(err.Error(), "too much work") {
				t.Error(err)
			}
		})
	}
}

func TestManyMatches(t *testing.T) {
	s, err := Compile([]byte(inTemplate(`<xsl:analyze-string select="/" regex="1` + strings.Repeat("()", 50) + `"/>`)))
	if err != nil {
		t.Fatal(err)
	}
	source := []byte("<r>" + strings.Repeat("1", 30_000) + "</r>")
	if _, err := s.Transform(t.Context(), source, Options{}); err == nil || !strings.Contains(err.Error(), "matches too often") {
		t.Error(err)
	}
}
