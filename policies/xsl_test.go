package policies_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"sluice/flow"
)

// xslSheet is a stylesheet with templates, which begin in line 2.
func xslSheet(version, templates string) string {
	return `<xsl:stylesheet version="` + version + `" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">` + "\n" + templates + `</xsl:stylesheet>`
}

// xslWorld is a world with stylesheets.
var xslWorld = world{connection: &callee{}, resource: func(url string) ([]byte, bool) {
	text, ok := map[string]string{
		"xsl://ok.xsl":     xslSheet("1.0", `<xsl:template match="/"><xsl:value-of select="*"/></xsl:template>`),
		"xsl://broken.xsl": xslSheet("1.0", `<xsl:template match="/"><xsl:value-of/>`+"\n"+`<xsl:call-template name="none"/></xsl:template>`),
		"xsl://import.xsl": xslSheet("1.0", `<xsl:import href="ok.xsl"/>`),
		"xsl://later.xsl":  xslSheet("3.0", `<xsl:template match="/"><xsl:try/></xsl:template>`),
		"xsl://heard.xsl":  xslSheet("1.0", `<xsl:output method="text"/><xsl:template match="/"><xsl:message>hear <xsl:value-of select="*"/></xsl:message></xsl:template>`),
	}[url]
	return []byte(text), ok
}}

func TestXSLDeployment(t *testing.T) {
	const ok = `<ResourceURL>xsl://ok.xsl</ResourceURL>`
	for _, tt := range []struct{ name, elements, want string }{
		{"resource", ok, ""},
		{"everything", `<Source>request</Source><OutputVariable>a.b</OutputVariable><Parameters ignoreUnresolvedVariables="true"><Parameter name="p" ref="v"/></Parameters>` + ok, ""},
		{"empty elements", `<Source/><OutputVariable/><Parameters/>` + ok, ""},
		{"no resource", ``, "error XSLEmptyResourceUrl"},
		{"empty resource", `<ResourceURL> </ResourceURL>`, "error XSLEmptyResourceUrl"},
		{"other type", `<ResourceURL>jsc://ok.xsl</ResourceURL>`, "error XSLInvalidResourceType"},
		{"no type", `<ResourceURL>ok.xsl</ResourceURL>`, "error XSLInvalidResourceType"},
		{"absent", `<ResourceURL>xsl://none.xsl</ResourceURL>`, ""}, // the check of resources warns
		{"broken", `<ResourceURL>xsl://broken.xsl</ResourceURL>`, "error XSLCompilationFailed error XSLCompilationFailed"},
		{"import", `<ResourceURL>xsl://import.xsl</ResourceURL>`, "error XSLCompilationFailed"},
		{"later version", `<ResourceURL>xsl://later.xsl</ResourceURL>`, "warning XSLNotSupported"},
		{"message as output", `<OutputVariable>response</OutputVariable>` + ok, "error InvalidValue"},
		{"unnamed parameter", `<Parameters><Parameter value="1"/></Parameters>` + ok, "error MissingAttribute"},
		{"empty parameter", `<Parameters><Parameter name="p"/></Parameters>` + ok, "error MissingAttribute"},
		{"parameter twice", `<Parameters><Parameter name="p" ref="a" value="b"/></Parameters>` + ok, "warning InvalidValue"},
		{"empty value", `<Parameters><Parameter name="p" value=""/></Parameters>` + ok, ""},
		{"not a Boolean", `<Parameters ignoreUnresolvedVariables="maybe"/>` + ok, "error InvalidValue"},
		{"unknown element", `<Template/>` + ok, "warning UnknownElement"},
	} {
		_, b := xslWorld.compile(t, `<XSL name="P">`+tt.elements+`</XSL>`)
		if got := strings.Join(calloutProblems(b.Problems), " "); got != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
	_, b := xslWorld.compile(t, `<XSL name="P"><ResourceURL>xsl://broken.xsl</ResourceURL></XSL>`)
	want := []string{"xsl://broken.xsl does not compile: line 2: xsl:value-of has no attribute select", "xsl://broken.xsl does not compile: line 3: no template is called none"}
	var got []string
	for _, p := range b.Problems {
		got = append(got, p.Message)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestXSLReads: the payload of the source is held for the policy, wherever it is attached.
func TestXSLReads(t *testing.T) {
	for source, want := range map[string]string{"": "message.content", "<Source>response</Source>": "response.content"} {
		_, b := xslWorld.compile(t, `<XSL name="P">`+source+`<ResourceURL>xsl://ok.xsl</ResourceURL></XSL>`)
		if b.Own[want] == nil {
			t.Errorf("%q reads %v", source, b.Own)
		}
	}
}

// TestXSLMessages: what xsl:message says goes where the output of scripts goes.
func TestXSLMessages(t *testing.T) {
	x := client()
	x.Request.SetContent([]byte("<a>this</a>"))
	var heard string
	x.Services = &flow.Services{Printed: func(proxy, _, line string) { heard = proxy + ": " + line }}
	err := xslWorld.run(t, x, `<XSL name="P"><ResourceURL>xsl://heard.xsl</ResourceURL></XSL>`)
	if err != nil || heard != "test: hear this" {
		t.Errorf("heard %q, %v", heard, err)
	}
	if got := x.Lookup("request.content").String(); got != "" {
		t.Errorf("the payload is %q", got)
	}
}

// TestXSLOutputVariable: a variable that cannot be set fails the policy.
func TestXSLOutputVariable(t *testing.T) {
	x := client()
	x.Request.SetContent([]byte("<a/>"))
	err := xslWorld.run(t, x, `<XSL name="P"><OutputVariable>client.ip</OutputVariable><ResourceURL>xsl://ok.xsl</ResourceURL></XSL>`)
	if got := faultText(err); !strings.HasPrefix(got, "500 steps.xsl.XSLEvaluationFailed: ") {
		t.Error(got)
	}
}

// TestXSLTimeout: when the time for the request is over that is what the step says, not that the stylesheet failed.
func TestXSLTimeout(t *testing.T) {
	p, _ := xslWorld.compile(t, `<XSL name="P"><ResourceURL>xsl://ok.xsl</ResourceURL></XSL>`)
	x := client()
	x.Request.SetContent([]byte("<a/>"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Execute(ctx, x); err != context.Canceled {
		t.Errorf("%v", err)
	}
}

// TestXSLStreamed: a payload that streams past the policies stays as it is.
func TestXSLStreamed(t *testing.T) {
	x := client()
	x.Request.Streamed = true
	x.Request.Body.SetStream(io.NopCloser(strings.NewReader("<a/>")), -1)
	err := xslWorld.run(t, x, `<XSL name="P"><ResourceURL>xsl://ok.xsl</ResourceURL></XSL>`)
	if err != nil || !x.Request.Body.Flowing() {
		t.Error(err)
	}
}
