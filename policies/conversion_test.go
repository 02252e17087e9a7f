package policies_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"sluice/flow"
)

// conversions are the two policies with an input that each takes.
var conversions = []struct{ policy, contentType, in, out, outType, element string }{
	{"XMLToJSON", "application/xml", "<a>1</a>", `{"a":"1"}`, "application/json", "<Options/>"},
	{"JSONToXML", "application/json", `{"a":1}`, "<a>1</a>", "text/xml;charset=UTF-8", "<Options><OmitXmlDeclaration>true</OmitXmlDeclaration></Options>"},
}

// converting is an exchange whose request, response and message "other" can be converted, and so can be "text".
func converting(contentType, in string) *flow.Exchange {
	x := answered()
	other := flow.NewRequest()
	x.SetMessage("other", other)
	for _, m := range []*flow.Message{x.Request, x.Response, other} {
		m.Header = flow.Header{{Name: "Content-Type", Value: contentType}, {Name: "Content-Length", Value: "99"}, {Name: "X-Kept", Value: "1"}}
		m.SetContent([]byte(in))
	}
	x.Put("text", flow.Text(in))
	x.Put("number", flow.Int(1))
	x.Put("list", flow.List([]string{"a"}))
	return x
}

func TestConversionGoes(t *testing.T) {
	tests := []struct{ source, output, lands string }{
		{"", "", "response.content"},
		{"request", "", "request.content"},
		{"message", "message", "response.content"},
		{"request", "response", "response.content"},
		{"request", "other", "other.content"},
		{"other", "fresh", "fresh.content"},
		{"text", "json", "json"},
		{"text", "text", "text"},
		{"text", "number", "number"},
		{"text", "response.content", "response.content"},
		{"text", "response.header.x", "response.header.x"},
		{"request.content", "json", "json"},
	}
	for _, c := range conversions {
		for _, tt := range tests {
			x := converting(c.contentType, c.in)
			err := permissive.run(t, x, fmt.Sprintf("<%s><Source>%s</Source><OutputVariable>%s</OutputVariable>%s</%s>", c.policy, tt.source, tt.output, c.element, c.policy))
			if got := x.Lookup(tt.lands).String(); err != nil || got != c.out {
				t.Errorf("%s of %q to %q: %s is %q, want %q (%v)", c.policy, tt.source, tt.output, tt.lands, got, c.out, err)
			}
			if name, ok := strings.CutSuffix(tt.lands, ".content"); ok && x.Message(name) != nil && tt.source != "text" {
				m := x.Message(name)
				if m.Header.Value("Content-Type") != c.outType || m.Header.Has("Content-Length") {
					t.Errorf("%s to %q: header %v", c.policy, tt.output, m.Header)
				}
			}
		}
	}
}

// TestConversionMakes: a new message is of the source's kind, unless it becomes one of the runtime's own.
func TestConversionMakes(t *testing.T) {
	tests := []struct {
		source, output string
		want           flow.MessageKind
	}{
		{"request", "fresh", flow.Request}, {"response", "fresh", flow.Response}, {"request", "response", flow.Response}, {"response", "request", flow.Request},
	}
	for _, tt := range tests {
		x := converting("text/xml", "<a/>")
		if tt.source == "request" {
			x.Response = nil
		} else {
			x.Request = nil
		}
		err := permissive.run(t, x, "<XMLToJSON><Source>"+tt.source+"</Source><OutputVariable>"+tt.output+"</OutputVariable><Options/></XMLToJSON>")
		if m := x.Message(tt.output); err != nil || m == nil || m.Kind != tt.want || x.Message(tt.source).Header.Value("Content-Type") != "text/xml" {
			t.Errorf("%s to %s: %v (%v)", tt.source, tt.output, m, err)
		}
	}
}

func TestConversionMediaTypes(t *testing.T) {
	tests := map[string][]string{
		"XMLToJSON": {"text/xml", "Application/XML; charset=utf-8", "application/soap+xml", "application/atom+xml;type=entry", "image/svg+xml"},
		"JSONToXML": {"application/json", "APPLICATION/JSON;charset=utf-8", "application/hal+json", "text/json"},
	}
	for _, c := range conversions {
		for _, contentType := range []string{"", "text/plain", "application/octet-stream", "text/html"} {
			x := converting(contentType, c.in)
			if err := permissive.run(t, x, "<"+c.policy+">"+c.element+"</"+c.policy+">"); err != nil || x.Lookup("response.content").String() != c.in {
				t.Errorf("%s converts %q (%v)", c.policy, contentType, err)
			}
		}
		for _, contentType := range tests[c.policy] {
			x := converting(contentType, c.in)
			if err := permissive.run(t, x, "<"+c.policy+">"+c.element+"</"+c.policy+">"); err != nil || x.Lookup("response.content").String() != c.out {
				t.Errorf("%s does not convert %q (%v)", c.policy, contentType, err)
			}
		}
	}
}

// TestConversionCharset: a message is in the charset of its Content-Type; a string is decoded already.
func TestConversionCharset(t *testing.T) {
	x := converting("text/xml; charset=ISO-8859-1", "<a>\xe4</a>")
	err := permissive.run(t, x, "<XMLToJSON><Options/></XMLToJSON>")
	if got := x.Lookup("response.content").String(); err != nil || got != `{"a":"ä"}` {
		t.Errorf("%q (%v)", got, err)
	}
}

// TestConversionFailures are those that a case cannot provoke, or not exactly. What fails changes nothing.
func TestConversionFailures(t *testing.T) {
	tests := []struct{ source, output, want string }{
		{"text", "message", "500 steps.%s.InCompatibleTypes"},
		{"text", "error", "500 steps.%s.InCompatibleTypes"},
		{"text", "other", "500 steps.%s.InCompatibleTypes"},
		{"request", "number", "500 steps.%s.InCompatibleTypes"},
		{"request", "response.content", "500 steps.%s.InCompatibleTypes"},
		{"request", "error.content", "500 steps.%s.InCompatibleTypes"},
		{"number", "json", "500 steps.%s.InvalidSourceType"},
		{"list", "json", "500 steps.%s.InvalidSourceType"},
		{"error", "json", "500 steps.%s.SourceUnavailable"},
		{"text", "", "500 steps.%s.OutputVariableIsNotAvailable"},
	}
	wire := map[string]string{"XMLToJSON": "xml2json", "JSONToXML": "json2xml"}
	for _, c := range conversions {
		for _, tt := range tests {
			x := converting(c.contentType, c.in)
			err := permissive.run(t, x, fmt.Sprintf("<%s><Source>%s</Source><OutputVariable>%s</OutputVariable>%s</%s>", c.policy, tt.source, tt.output, c.element, c.policy))
			if got := faultText(err); !strings.HasPrefix(got, fmt.Sprintf(tt.want, wire[c.policy])) {
				t.Errorf("%s of %q to %q: %s", c.policy, tt.source, tt.output, got)
			}
			if x.Lookup("response.content").String() != c.in || x.Lookup("number").Int() != 1 {
				t.Errorf("%s of %q to %q changes something", c.policy, tt.source, tt.output)
			}
		}
	}
}

func TestConversionTooBig(t *testing.T) {
	for _, c := range conversions {
		for _, elements := range []string{"<Source>request</Source>", "<Source>request.content</Source><OutputVariable>json</OutputVariable>"} {
			x := converting(c.contentType, c.in)
			x.Request.Limit = 4
			x.Request.Body.SetStream(shortStream{strings.NewReader(c.in)}, int64(len(c.in)))
			err := permissive.run(t, x, "<"+c.policy+">"+elements+c.element+"</"+c.policy+">")
			if got := faultText(err); !strings.HasPrefix(got, "413 protocol.http.TooBigBody") {
				t.Errorf("%s %s: %s", c.policy, elements, got)
			}
		}
	}
}

// TestConversionReads checks what the deployment learns: which payloads must be held.
func TestConversionReads(t *testing.T) {
	for source, want := range map[string]string{"": "message.content", "request": "request.content", "response.content": "response.content"} {
		_, b := permissive.compile(t, "<XMLToJSON><Source>"+source+"</Source><Options/></XMLToJSON>")
		var reads []string
		for text, name := range b.Own {
			if name.ReadsBody() {
				reads = append(reads, text)
			}
		}
		if !slices.Equal(reads, []string{want}) {
			t.Errorf("source %q reads %v, want %s", source, reads, want)
		}
	}
}

func TestConversionDeployment(t *testing.T) {
	const either = "error EitherOptionOrFormat XMLToJSON[P]: Either Options or Format must be specified."
	tests := []struct{ policy, want string }{
		{"<XMLToJSON/>", either},
		{"<XMLToJSON><Format>yahoo</Format><Options><StripLevels>1</StripLevels></Options></XMLToJSON>", either},
		{"<XMLToJSON><Format>yahoo</Format><Options/></XMLToJSON>", ""},
		{"<XMLToJSON><Format/><Options/></XMLToJSON>", ""},
		{"<XMLToJSON><Format> BadgerFish </Format></XMLToJSON>", ""},
		{"<XMLToJSON><Format/></XMLToJSON>", "error FormatUnavailable "},
		{"<XMLToJSON><Format>parker</Format></XMLToJSON>", "error UnknownFormat "},
		{"<XMLToJSON><Options><StripLevels>-1</StripLevels></Options></XMLToJSON>", "error InvalidValue "},
		{"<XMLToJSON><Options><RecognizeNull>maybe</RecognizeNull></Options></XMLToJSON>", "error InvalidValue "},
		{"<XMLToJSON><Options><TreatAsArray><Path/></TreatAsArray></Options></XMLToJSON>", "warning MissingElement "},
		{"<XMLToJSON><Options><Indent>true</Indent></Options></XMLToJSON>", "warning UnknownElement "},
		{"<XMLToJSON><Options/><Target/></XMLToJSON>", "warning UnknownElement "},
		{"<JSONToXML/>", ""},
		{"<JSONToXML><Options><Indent>maybe</Indent></Options></JSONToXML>", "error InvalidValue "},
		{"<JSONToXML><Options><StripLevels>1</StripLevels></Options></JSONToXML>", "warning UnknownElement "},
		{"<JSONToXML><Format>yahoo</Format></JSONToXML>", "warning UnknownElement "},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, tt.policy)
		var got string
		for _, p := range b.Problems {
			got += p.Severity + " " + p.Code + " " + p.Message
		}
		if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.policy, got, tt.want)
		}
	}
}

func BenchmarkXMLToJSON(b *testing.B) {
	p, _ := permissive.compile(b, `<XMLToJSON><Source>text</Source><OutputVariable>json</OutputVariable><Format>yahoo</Format></XMLToJSON>`)
	x := converting("text/xml", `<?xml version="1.0"?><order id="7"><item n="1">a</item><item n="2">b</item><price>1.50</price></order>`)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}

// TestConversionStreamed: a payload that streams past the policies stays as it is.
func TestConversionStreamed(t *testing.T) {
	for _, c := range conversions {
		x := converting(c.contentType, c.in)
		x.Response.Streamed = true
		x.Response.Body.SetStream(io.NopCloser(strings.NewReader(c.in)), -1)
		policy := "<" + c.policy + ">" + c.element + "</" + c.policy + ">"
		if err := permissive.run(t, x, policy); err != nil || !x.Response.Body.Flowing() || x.Response.Header.Value("Content-Type") != c.contentType {
			t.Errorf("%s: %v", c.policy, err)
		}
		x.Response.SetContent([]byte(c.in))
		if err := permissive.run(t, x, policy); err != nil || x.Lookup("response.content").String() != c.out {
			t.Errorf("%s: a payload that a policy has set is not converted (%v)", c.policy, err)
		}
	}
}
