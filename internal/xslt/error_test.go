package xslt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"
)

// inTemplate is a stylesheet with a template for the root, whose content begins in line 2.
func inTemplate(content string) string {
	return `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">` + "\n" + content + `</xsl:template></xsl:stylesheet>`
}

// atTop is a stylesheet with what stands at its top, which begins in line 2.
func atTop(version, content string) string {
	return `<xsl:stylesheet version="` + version + `" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">` + "\n" + content + `</xsl:stylesheet>`
}

func TestCompileErrors(t *testing.T) {
	tests := []struct{ stylesheet, want string }{
		{"", "line 1: no well-formed XML: no root element"},
		{"<a>\n</b>", "line 2: no well-formed XML: end tag b does not match"},
		{"<a/>", "line 1: a is no stylesheet: it has no xsl:version"},
		{`<xsl:template xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>`, "line 1: xsl:template is no stylesheet"},
		{`<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>`, "line 1: xsl:stylesheet has no version"},
		{atTop("1.0", `<xsl:import href="a.xsl"/><xsl:include href="b.xsl"/>`), "line 2: xsl:import is not supported, as on Apigee; line 2: xsl:include is not supported, as on Apigee"},
		{atTop("1.0", `<xsl:foo/>`), "line 2: xsl:foo is no element of XSLT 1.0"},
		{atTop("1.0", `text`), "line 2: text stands outside of templates"},
		{atTop("1.0", "\n<xsl:template/>"), "line 3: xsl:template has neither match nor name"},
		{atTop("1.0", `<xsl:template match="a["/>`), `line 2: xsl:template: XPath "a[": offset 2: expected a name or *`},
		{atTop("1.0", `<xsl:template match="a/.."/>`), `line 2: xsl:template: XPath "a/..": offset 4: a pattern has steps on the axes child and attribute only`},
		{atTop("1.0", `<xsl:template match="a" priority="high"/>`), `line 2: priority="high" is no number`},
		{atTop("1.0", `<xsl:template name="a"/><xsl:template name="a"/>`), `line 2: a template called a exists already`},
		{atTop("1.0", `<xsl:variable name="a"/><xsl:param name="a"/>`), `line 2: the variable $a is declared twice`},
		{atTop("1.0", `<xsl:variable name="a" select="1">2</xsl:variable>`), `line 2: xsl:variable has both select and content`},
		{atTop("1.0", `<xsl:variable name="1"/>`), `line 2: "1" is no name`},
		{atTop("1.0", `<xsl:variable name="p:a"/>`), `line 2: prefix p is not declared`},
		{atTop("1.0", `<xsl:output method="pdf"/>`), `line 2: the output method "pdf" is not supported`},
		{atTop("1.0", `<xsl:output encoding="klingon"/>`), `line 2: the encoding "klingon" is not known`},
		{atTop("1.0", `<xsl:output indent="maybe"/>`), `line 2: indent="maybe" is not yes or no`},
		{atTop("1.0", `<xsl:decimal-format digit="##"/>`), `line 2: digit="##" is not one character`},
		{atTop("1.0", `<xsl:key name="k" match="a"/>`), `line 2: xsl:key has no attribute use`},
		{atTop("1.0", `<xsl:attribute-set name="s"><a/></xsl:attribute-set>`), `line 2: xsl:attribute-set contains xsl:attribute only`},
		{inTemplate(`<xsl:value-of select="$x"/>`), `line 2: xsl:value-of: XPath "$x": offset 1: no variable is called $x`},
		{inTemplate(`<xsl:if test="true()"><xsl:variable name="x"/></xsl:if><xsl:value-of select="$x"/>`), `line 2: xsl:value-of: XPath "$x": offset 1: no variable is called $x`},
		{inTemplate(`<xsl:value-of/>`), `line 2: xsl:value-of has no attribute select`},
		{inTemplate(`<xsl:value-of selct="a"/>`), `line 2: xsl:value-of has no attribute selct`},
		{inTemplate(`<xsl:call-template name="none"/>`), `line 2: no template is called none`},
		{inTemplate(`<a b="{c"/>`), `line 2: the brace in "{c" is not closed`},
		{inTemplate(`<a b="c}"/>`), `line 2: a '}' in "c}" closes nothing`},
		{inTemplate(`<a xsl:use-attribute-sets="none"/>`), `line 2: no attribute set is called none`},
		{inTemplate(`<xsl:choose/>`), `line 2: xsl:choose has no xsl:when`},
		{inTemplate(`<xsl:choose><a/></xsl:choose>`), `line 2: xsl:choose contains xsl:when and xsl:otherwise only`},
		{inTemplate(`<a/><xsl:param name="p"/>`), `line 2: xsl:param stands in the wrong place`},
		{inTemplate(`<xsl:sequence select="1"/><xsl:foo/>`), `line 2: xsl:foo is no instruction of XSLT 1.0`},
		{inTemplate(`<xsl:text><a/></xsl:text>`), `line 2: xsl:text can contain text only`},
		{inTemplate(`<xsl:apply-templates><a/></xsl:apply-templates>`), `line 2: xsl:apply-templates cannot contain this`},
		{inTemplate(`<xsl:number level="all"/>`), `line 2: level="all" is not supported`},
		{inTemplate("<xsl:value-of select='foo()'/>\n<xsl:value-of select='bar()'/>"), `line 2: xsl:value-of: XPath "foo()": offset 0: no function is called "foo"; line 3: xsl:value-of: XPath "bar()": offset 0: no function is called "bar"`},
	}
	for _, tt := range tests {
		_, err := Compile([]byte(tt.stylesheet))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s\n  is   %v\n  want %s", tt.stylesheet, err, tt.want)
		}
	}
}

// TestWarnings: of a later version what is not known warns, and the rest works.
func TestWarnings(t *testing.T) {
	stylesheet := atTop("3.0", `<xsl:mode streamable="yes"/>
<xsl:template match="/"><xsl:value-of select="1 + 1"/>
<xsl:if test="a"><xsl:iterate select="a"/>
<xsl:value-of select="parse-xml(a)"/></xsl:if></xsl:template>`)
	s, err := Compile([]byte(stylesheet))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line 2: xsl:mode is not supported and is passed over",
		"line 4: xsl:iterate is not supported: the transformation fails there",
		`line 5: xsl:value-of: XPath "parse-xml(a)": offset 0: no function is called "parse-xml"`,
	}
	for i, w := range s.Warnings() {
		if i >= len(want) || w.String() != want[i] {
			t.Errorf("warning %d: %v", i, w)
		}
	}
	if len(s.Warnings()) != len(want) {
		t.Errorf("%d warnings", len(s.Warnings()))
	}
	if got := outcome(t, stylesheet, "<b/>"); !strings.HasSuffix(got, ">2\n") {
		t.Errorf("is %s", got)
	}
	if got := outcome(t, stylesheet, "<a/>"); got != "error: line 4: xsl:iterate is not supported\n" {
		t.Errorf("is %s", got)
	}
}

// TestWarningsOfOne: what a stylesheet of version 1.0 may use and is not there warns too.
func TestWarningsOfOne(t *testing.T) {
	s, err := Compile([]byte(inTemplate(`<xsl:value-of select="document( 'a.xml')/b"/><xsl:value-of select="document('')/b"/><xsl:for-each select="a"><xsl:sort lang="de"/></xsl:for-each>`)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line 2: xsl:value-of: document( 'a.xml')/b reads another document, which is not available: the transformation fails there",
		`line 2: lang="de" does not count: texts are sorted by their code points`,
	}
	var got []string
	for _, w := range s.Warnings() {
		got = append(got, w.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings %q", got)
	}
}

func TestRunErrors(t *testing.T) {
	tests := []struct{ stylesheet, want string }{
		{inTemplate(`<xsl:message terminate="yes">no <xsl:value-of select="1"/></xsl:message>`), "line 2: terminated by xsl:message: no 1"},
		{inTemplate(`<xsl:element name="1"/>`), `line 2: "1" is no name`},
		{inTemplate(`<xsl:element name="p:a"/>`), `line 2: prefix p is not declared`},
		{inTemplate(`<a>x<xsl:attribute name="b"/></a>`), "line 2: an attribute cannot be added after the content of its element"},
		{inTemplate(`<xsl:attribute name="b"/>`), "line 2: an attribute can be added to an element only"},
		{inTemplate(`<xsl:processing-instruction name="xml"/>`), `line 2: "xml" is no name of a processing instruction`},
		{inTemplate(`<xsl:for-each select="'a'"/>`), "line 2: 'a' selects a string where nodes are needed"},
		{inTemplate(`<xsl:value-of select="document('http://example.com')"/>`), `line 2: document("http://example.com") is not available: a stylesheet sees its Source and itself only`},
		{inTemplate(`<xsl:value-of select="key('k', 'v')"/>`), "line 2: no key is called k"},
		{inTemplate(`<xsl:value-of select="format-number(1, '0', 'f')"/>`), "line 2: no decimal format is called f"},
		{inTemplate(`<xsl:for-each select="a"><xsl:apply-imports/></xsl:for-each>`), "line 2: no rule applies here"},
		{inTemplate(`<xsl:for-each select="a"><xsl:sort order="up"/></xsl:for-each>`), `line 2: order="up" is not ascending or descending`},
		{atTop("1.0", `<xsl:variable name="a" select="$b"/><xsl:variable name="b" select="$a"/>`), "line 2: the variable $a depends on itself"},
	}
	for _, tt := range tests {
		if got := outcome(t, tt.stylesheet, "<a/>"); got != "error: "+tt.want+"\n" {
			t.Errorf("%s\n  is   %s  want error: %s", tt.stylesheet, got, tt.want)
		}
	}
}

// TestBounds: no stylesheet takes time, memory or the stack without end.
func TestBounds(t *testing.T) {
	loop := func(body string) string {
		return atTop("1.0", `<xsl:template match="/"><xsl:call-template name="t"><xsl:with-param name="s" select="'ab'"/></xsl:call-template></xsl:template><xsl:template name="t"><xsl:param name="s"/>`+body+`</xsl:template>`)
	}
	tests := []struct {
		name, stylesheet string
		want             string
	}{
		{"recursion", loop(`<xsl:call-template name="t"/>`), "templates call each other more"},
		{"doubling", loop(`<xsl:call-template name="t"><xsl:with-param name="s" select="concat($s, $s)"/></xsl:call-template>`), "too much work"},
		{"doubling trees", loop(`<xsl:call-template name="t"><xsl:with-param name="s"><a><xsl:copy-of select="$s"/><xsl:copy-of select="$s"/></a></xsl:with-param></xsl:call-template>`), "too much work"},
		{"doubling calls", loop(`<xsl:if test="string-length($s) &lt; 100"><xsl:call-template name="t"><xsl:with-param name="s" select="concat($s, 'x')"/></xsl:call-template><xsl:call-template name="t"><xsl:with-param name="s" select="concat($s, 'x')"/></xsl:call-template></xsl:if>`), "too much work"},
		{"attribute sets", atTop("1.0", `<xsl:attribute-set name="s" use-attribute-sets="s"/><xsl:template match="/"><a xsl:use-attribute-sets="s"/></xsl:template>`), "templates call each other more"},
		{"nesting", loop(strings.Repeat(`<xsl:if test="1">`, 900) + `<xsl:call-template name="t"/>` + strings.Repeat(`</xsl:if>`, 900)), "instructions stand within each other more"},
		{"rules", atTop("1.0", `<xsl:template match="node()"><xsl:apply-templates select="/"/></xsl:template>`), "templates call each other more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Compile([]byte(tt.stylesheet))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Transform(t.Context(), []byte("<a/>"), Options{work: 4 << 20}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// TestContext: a transformation gives up when its context ends.
func TestContext(t *testing.T) {
	s, err := Compile([]byte(inTemplate(`<xsl:for-each select="//a[count(//a) &gt; count(following::a)]"/>`)))
	if err != nil {
		t.Fatal(err)
	}
	source := []byte("<a>" + strings.Repeat("<a/>", 2000) + "</a>")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.Sleep(2 * time.Second)
		if _, err := s.Transform(ctx, source, Options{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// TestConcurrent: many runs share a stylesheet.
func TestConcurrent(t *testing.T) {
	stylesheet, source := benchmarkInput(t)
	s, err := Compile(stylesheet)
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Transform(t.Context(), source, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if o, err := s.Transform(t.Context(), source, Options{}); err != nil || o.Text != first.Text {
					t.Errorf("another output, or %v", err)
				}
			}
		})
	}
	all.Wait()
}

// TestMessages: every xsl:message is heard.
func TestMessages(t *testing.T) {
	s, err := Compile([]byte(inTemplate(`<xsl:message>a<b>c</b></xsl:message><xsl:message terminate="no">d</xsl:message>`)))
	if err != nil {
		t.Fatal(err)
	}
	var heard []string
	if _, err := s.Transform(t.Context(), []byte("<a/>"), Options{Message: func(text string) { heard = append(heard, text) }}); err != nil {
		t.Fatal(err)
	}
	if strings.Join(heard, "|") != "ac|d" {
		t.Errorf("heard %q", heard)
	}
}

func TestEncode(t *testing.T) {
	tests := []struct{ output, want string }{
		{`<xsl:output encoding="ISO-8859-1"/>`, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><o>\xe9&#8364;</o>"},
		{`<xsl:output encoding="US-ASCII"/>`, "<?xml version=\"1.0\" encoding=\"US-ASCII\"?><o>&#233;&#8364;</o>"},
		{`<xsl:output encoding="utf-8"/>`, "<?xml version=\"1.0\" encoding=\"utf-8\"?><o>é€</o>"},
		{`<xsl:output method="text" encoding="ISO-8859-15"/>`, "\xe9\xa4"},
		{`<xsl:output method="text" encoding="ISO-8859-1"/>`, "\xe9\x1a"},
	}
	for _, tt := range tests {
		s, err := Compile([]byte(atTop("1.0", tt.output+`<xsl:template match="/"><o>é€</o></xsl:template>`)))
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Transform(t.Context(), []byte("<a/>"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if data, err := o.Encode(); err != nil || string(data) != tt.want {
			t.Errorf("%s: %q, %v", tt.output, data, err)
		}
	}
}

// FuzzTransform: no stylesheet and no document panics, and each transformation ends within its bounds.
func FuzzTransform(f *testing.F) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		archive := txtar.Parse(data)
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".xsl") {
				f.Add(string(file.Data), string(archive.Files[0].Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, stylesheet, source string) {
		s, err := Compile([]byte(stylesheet))
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		o, err := s.Transform(ctx, []byte(source), Options{Now: testTime})
		if err != nil {
			return
		}
		if _, err := o.Encode(); err != nil {
			t.Log(err)
		}
	})
}

// benchmarkInput is a stylesheet with rules, a key, sorting and text, and a document of 200 orders.
func benchmarkInput(t testing.TB) (stylesheet, source []byte) {
	t.Helper()
	stylesheet = []byte(atTop("1.0", `<xsl:key name="by-customer" match="order" use="@customer"/>
<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
<xsl:template match="order[@state='void']"/>
<xsl:template match="orders"><report><xsl:for-each select="order[generate-id() = generate-id(key('by-customer', @customer)[1])]">
<xsl:sort select="@customer"/><customer name="{@customer}" total="{format-number(sum(key('by-customer', @customer)/line/@price), '#,##0.00')}"/></xsl:for-each>
<xsl:apply-templates/></report></xsl:template>
<xsl:template match="line"><xsl:choose><xsl:when test="@price &gt; 50"><dear><xsl:apply-templates select="@*|node()"/></dear></xsl:when><xsl:otherwise><xsl:copy-of select="."/></xsl:otherwise></xsl:choose></xsl:template>`))
	var s strings.Builder
	s.WriteString("<orders>")
	for i := range 200 {
		state := []string{"open", "void", "paid"}[i%3]
		s.WriteString(`<order customer="c` + string(rune('a'+i%7)) + `" state="` + state + `"><line price="` + string(rune('1'+i%9)) + `0.5">some &amp; text</line><line price="3"/></order>`)
	}
	s.WriteString("</orders>")
	return stylesheet, []byte(s.String())
}

func BenchmarkTransform(b *testing.B) {
	stylesheet, source := benchmarkInput(b)
	s, err := Compile(stylesheet)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Transform(b.Context(), source, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	stylesheet, _ := benchmarkInput(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(stylesheet); err != nil {
			b.Fatal(err)
		}
	}
}
