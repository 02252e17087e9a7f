package policies_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"sluice/faults"
	"sluice/flow"
)

// Policies that read a payload, in each of the ways in which the threat policies do.
const (
	threatJSON     = "<JSONThreatProtection><ContainerDepth>1</ContainerDepth></JSONThreatProtection>"
	threatXML      = "<XMLThreatProtection><StructureLimits><NodeDepth>1</NodeDepth></StructureLimits></XMLThreatProtection>"
	threatPatterns = "<RegularExpressionProtection>%s</RegularExpressionProtection>"
)

// protect is a RegularExpressionProtection with elements.
func protect(elements string) string { return fmt.Sprintf(threatPatterns, elements) }

var (
	protectJSON = protect("<JSONPayload><JSONPath><Expression>$.a</Expression><Pattern>x</Pattern></JSONPath></JSONPayload>")
	protectXML  = protect("<XMLPayload><XPath><Expression>/a</Expression><Pattern>x</Pattern></XPath></XMLPayload>")
)

// threatExchange is an exchange with a POST of body, in its request flow.
func threatExchange(contentType, body string) *flow.Exchange {
	m := flow.NewRequest()
	m.Method, m.Path = "POST", "/things"
	m.Header.Add("Content-Type", contentType)
	m.SetContent([]byte(body))
	return flow.NewExchange(&flow.ProxyInfo{}, &flow.Services{}, m)
}

// TestThreatReads checks what the deployment learns: which payloads must be held.
func TestThreatReads(t *testing.T) {
	tests := []struct{ policy, reads string }{
		{threatJSON, "request.content"},
		{strings.Replace(threatJSON, "<Con", "<Source>message</Source><Con", 1), "message.content"},
		{threatXML, "request.content"},
		{strings.Replace(threatXML, "<Str", "<Source>own</Source><Str", 1), "own.content"},
		{protectJSON, "message.content"},
		{protectXML, "message.content"},
		{protect("<Source>response</Source><FormParam name='f'><Pattern>x</Pattern></FormParam>"), "response.formparam.f"},
		{protect("<Variable name='request.content'><Pattern>x</Pattern></Variable>"), "request.content"},
		{protect("<Header name='h'><Pattern>x</Pattern></Header><QueryParam name='q'><Pattern>x</Pattern></QueryParam><URIPath><Pattern>x</Pattern></URIPath>"), ""},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, tt.policy)
		var reads []string
		for text, name := range b.Own {
			if name.ReadsBody() {
				reads = append(reads, text)
			}
		}
		if got := strings.Join(reads, " "); got != tt.reads {
			t.Errorf("%s reads %q, want %q", tt.policy, got, tt.reads)
		}
	}
}

// TestThreatMediaTypes: what a policy after it may convert is looked at.
func TestThreatMediaTypes(t *testing.T) {
	xml := []string{"text/xml", "application/xml", "Application/SOAP+XML; charset=utf-8", "image/svg+xml"}
	json := []string{"application/json", "text/json", "APPLICATION/vnd.api+JSON; v=1", "model/gltf+json"}
	for _, tt := range []struct {
		policy    string
		read, not []string
	}{{threatXML, xml, json}, {protectXML, xml, json}, {threatJSON, json, xml}, {protectJSON, json, xml}} {
		for _, mediaType := range slices.Concat(tt.read, tt.not, []string{"", "text/plain", "application/xmlish", "json"}) {
			err := permissive.run(t, threatExchange(mediaType, "neither"), tt.policy)
			if read := slices.Contains(tt.read, mediaType); read != (err != nil) {
				t.Errorf("%s of %q: %v", tt.policy, mediaType, err)
			}
		}
	}
}

// TestThreatBodyTooBig: a payload above the limit is that fault, and passes no policy.
func TestThreatBodyTooBig(t *testing.T) {
	tests := []struct{ policy, contentType string }{
		{threatJSON, "application/json"},
		{threatXML, "application/xml"},
		{strings.Replace(threatJSON, "<Con", "<Source>request.content</Source><Con", 1), "application/json"},
		{protectJSON, "application/json"},
		{protectXML, "application/xml"},
		{protect("<FormParam name='f'><Pattern>x</Pattern></FormParam>"), flow.FormType},
		{protect("<Variable name='request.content'><Pattern>x</Pattern></Variable>"), "text/plain"},
	}
	for _, tt := range tests {
		x := threatExchange(tt.contentType, "")
		x.Request.Limit = 4
		x.Request.Body.SetStream(io.NopCloser(strings.NewReader(`{"a":1}`)), -1)
		var f *faults.Fault
		if err := permissive.run(t, x, tt.policy); !errors.As(err, &f) || f.Name() != "TooBigBody" {
			t.Errorf("%s: %v", tt.policy, err)
		}
	}
}

// TestThreatStreamed: a payload that streams past the policies is neither read nor a fault.
func TestThreatStreamed(t *testing.T) {
	tests := []struct{ policy, contentType string }{
		{threatJSON, "application/json"}, {threatXML, "application/xml"},
		{protectJSON, "application/json"}, {protectXML, "application/xml"},
	}
	for _, tt := range tests {
		x := threatExchange(tt.contentType, "")
		x.Request.Streamed = true
		x.Request.Body.SetStream(io.NopCloser(strings.NewReader("[[")), -1)
		if err := permissive.run(t, x, tt.policy); err != nil || !x.Request.Body.Flowing() {
			t.Errorf("%s: %v", tt.policy, err)
		}
		x.Request.SetContent([]byte("[["))
		if err := permissive.run(t, x, tt.policy); err == nil {
			t.Errorf("%s: a payload that a policy has set is not read", tt.policy)
		}
	}
}

// TestThreatOwnMessage: a message that the bundle made can be the source.
func TestThreatOwnMessage(t *testing.T) {
	x := threatExchange("text/plain", "")
	own := flow.NewResponse()
	own.Header.Set("Content-Type", "application/json")
	own.SetContent([]byte(`{"a":["x"]}`))
	x.SetMessage("own", own)
	for _, policy := range []string{threatJSON, protectJSON} {
		at := strings.IndexByte(policy, '>') + 1
		if err := permissive.run(t, x, policy[:at]+"<Source> own </Source>"+policy[at:]); err == nil {
			t.Errorf("%s does not look at the message", policy)
		}
	}
}

func TestThreatDeployment(t *testing.T) {
	tests := []struct{ policy, want string }{
		{"<JSONThreatProtection><ContainerDepth>many</ContainerDepth></JSONThreatProtection>", "error InvalidValue"},
		{"<JSONThreatProtection><ContainerDepth>9999999999999999999</ContainerDepth></JSONThreatProtection>", "error InvalidValue"},
		{"<JSONThreatProtection><Depth>1</Depth></JSONThreatProtection>", "warning UnknownElement"},
		{"<XMLThreatProtection><NameLimits><Element>x</Element></NameLimits></XMLThreatProtection>", "error InvalidValue"},
		{"<XMLThreatProtection><NameLimits><NodeDepth>1</NodeDepth></NameLimits></XMLThreatProtection>", "warning UnknownElement"},
		{"<XMLThreatProtection><StructuralLimits><NodeDepth>-1</NodeDepth></StructuralLimits></XMLThreatProtection>", ""},
		{"<XMLThreatProtection><StructureLimits><ChildCount includeText='no'>1</ChildCount></StructureLimits></XMLThreatProtection>", "error InvalidValue"},
		{"<XMLThreatProtection/>", ""},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, tt.policy)
		got := ""
		for _, p := range b.Problems {
			got += p.Severity + " " + p.Code
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.policy, got, tt.want)
		}
	}
}

// BenchmarkThreat runs each policy on a payload of 1 KB and 1 MB that keeps its limits.
func BenchmarkThreat(b *testing.B) {
	json := func(n int) string {
		return "[" + strings.Repeat(`{"id":12345,"name":"Ada","tags":["a","b"],"price":19.99},`, n/57) + "{}]"
	}
	xml := func(n int) string {
		return "<a>" + strings.Repeat("\n  <item id='12345'><name>Ada</name><tag>a</tag></item>", n/55) + "</a>"
	}
	for _, bench := range []struct {
		name, policy, contentType string
		body                      func(int) string
	}{
		{"JSON", "<JSONThreatProtection><ContainerDepth>9</ContainerDepth></JSONThreatProtection>", "application/json", json},
		{"XML", "<XMLThreatProtection><StructureLimits><NodeDepth>9</NodeDepth></StructureLimits></XMLThreatProtection>", "application/xml", xml},
		{"JSONPath", protect(`<JSONPayload><JSONPath><Expression>$[*].name</Expression><Pattern>(?i)drop\s+table</Pattern></JSONPath></JSONPayload>`), "application/json", json},
		{"XPath", protect(`<XMLPayload><XPath><Expression>/a/item/name</Expression><Pattern>(?i)drop\s+table</Pattern></XPath></XMLPayload>`), "application/xml", xml},
		{"Path", protect(`<URIPath><Pattern>(?i)drop\s+table</Pattern></URIPath>`), "text/plain", json},
	} {
		for _, size := range []int{1 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%dKB", bench.name, size>>10), func(b *testing.B) {
				p, _ := permissive.compile(b, bench.policy)
				x := threatExchange(bench.contentType, bench.body(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Execute(context.Background(), x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
