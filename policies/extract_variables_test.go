package policies_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/policies"
)

// compileExtract compiles the text of an ExtractVariables policy called EV.
func compileExtract(t testing.TB, text string) (flow.Policy, *flow.Build) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, k := range policies.All() {
		if k.Name == "ExtractVariables" {
			b := &flow.Build{Unit: &flow.Unit{Bundle: "test", Revision: "2", Organization: "acme", Environment: "eval", Services: &flow.Services{}}, File: "policies/EV.xml", Owner: "EV", Kind: k.Name}
			return k.Compile(b, doc.Root()), b
		}
	}
	t.Fatal("ExtractVariables is not registered")
	return nil, nil
}

// extractWith runs a policy with the elements on an exchange; whatever is wrong
// with it ends the test.
func extractWith(t testing.TB, elements string, x *flow.Exchange) error {
	t.Helper()
	p, b := compileExtract(t, "<ExtractVariables name='EV'>"+elements+"</ExtractVariables>")
	if b.Problems.Refused() {
		t.Fatalf("%s\n%v", elements, b.Problems)
	}
	return p.Execute(context.Background(), x)
}

// extractExchange is an exchange with a POST of body, in its request flow.
func extractExchange(contentType, body string) *flow.Exchange {
	m := flow.NewRequest()
	m.Method = "POST"
	m.SetContent([]byte(body))
	if contentType != "" {
		m.Header.Add("Content-Type", contentType)
	}
	return flow.NewExchange(&flow.ProxyInfo{}, &flow.Services{}, m)
}

// checkVariables compares variables with lines "name = Type text", or "name = null".
func checkVariables(t *testing.T, x *flow.Exchange, what, want string) {
	t.Helper()
	for line := range strings.Lines(want) {
		name, value, ok := strings.Cut(strings.TrimLeft(strings.TrimSuffix(line, "\n"), "\t"), " = ")
		if !ok {
			continue
		}
		v := x.Lookup(name)
		got := v.Type().String() + " " + v.String()
		if v.IsNull() {
			got = "null"
		}
		if got != value {
			t.Errorf("%s\n%s is %s, want %s", what, name, got, value)
		}
	}
}

func TestExtractParts(t *testing.T) {
	tests := []struct{ elements, want string }{
		{`<URIPath><Pattern>/a/{x}</Pattern><Pattern>/a/{y}</Pattern></URIPath>`, `x = String b
			y = null`}, // a tie: the first
		{`<URIPath><Pattern>**/{x}</Pattern><Pattern>/a/{y}</Pattern></URIPath>`, `y = String b
			x = null`}, // the one with the most segments
		{`<URIPath><Pattern>/{x}/*</Pattern><Pattern>/a/**/{y}</Pattern></URIPath>`, `x = String a
			y = null`},
		{`<VariablePrefix>p</VariablePrefix><URIPath><Pattern>/{a.b}/*</Pattern></URIPath>`, `p.a.b = String a
			a.b = null`},
		{`<QueryParam name="q"><Pattern>{x}</Pattern></QueryParam>`, `x = String 1 2`},
		{`<QueryParam name="q.2"><Pattern>{x}</Pattern></QueryParam>`, `x = String 3`},
		{`<QueryParam name="q.3"><Pattern>{x}</Pattern></QueryParam>`, `x = null`},
		{`<QueryParam name="empty"><Pattern>{x}</Pattern></QueryParam>`, `x = null`},
		{`<Header name="X-LIST"><Pattern>{x}</Pattern></Header>`, `x = String a`},
		{`<Header name="x-list.2"><Pattern>{x}</Pattern></Header>`, `x = String b`},
		{`<Header name="x-list.values"><Pattern>{x}</Pattern></Header>`, `x = String a, b`},
		{`<FormParam name="f"><Pattern>{x}</Pattern></FormParam>`, `x = String ä`},
		{`<Variable name="request.formparam.f"><Pattern>{x}</Pattern></Variable>`, `x = String ä`},
		{`<Source>own</Source><Variable name="request.verb"><Pattern>{x}</Pattern></Variable>`, `x = String POST`},
		{`<Header name="x-list"><Pattern>{request.queryparam.q}</Pattern></Header>`, `request.querystring = String q=a&empty=`},
	}
	for _, tt := range tests {
		x := extractExchange(flow.FormType, "f=%C3%A4")
		x.Path.Suffix = "/a/b"
		x.Request.Query = "q=1+2&q=3&empty="
		x.Request.Header.Add("X-List", "a, b")
		if err := extractWith(t, tt.elements, x); err != nil {
			t.Errorf("%s: %v", tt.elements, err)
		}
		checkVariables(t, x, tt.elements, tt.want)
	}
}

func TestExtractResponse(t *testing.T) {
	const elements = `<URIPath><Pattern>/{path}</Pattern></URIPath>
		<QueryParam name="q"><Pattern>{q}</Pattern></QueryParam>
		<Header name="Server"><Pattern>{server}</Pattern></Header>`
	x := extractExchange("", "")
	x.Path.Suffix, x.Request.Query = "/a", "q=1"
	x.Response, x.Phase = flow.NewResponse(), flow.ProxyResponse
	x.Response.Header.Add("Server", "nginx")
	if err := extractWith(t, elements, x); err != nil {
		t.Fatal(err)
	}
	checkVariables(t, x, elements, `path = null
		q = null
		server = String nginx`)
	if err := extractWith(t, "<Source>request</Source>"+elements, x); err != nil {
		t.Fatal(err)
	}
	checkVariables(t, x, elements, `path = String a
		q = String 1`)
}

func TestExtractJSON(t *testing.T) {
	const body = `{"s":" 5 ","n":-7.0,"big":1e400,"t":true,"null":null,"a":[1,"b"],"deep":{"k":"v"}}`
	tests := []struct{ typ, path, want string }{
		{"", "$.s", "String  5 "},
		{"", "$.n", "String -7.0"},
		{"", "$.t", "String true"},
		{"", "$.a", `String [1,"b"]`},
		{"", "$.a[*]", `String [1,"b"]`},
		{"", "$.a[?(@ == 2)]", "String []"},
		{"", "$..k", `String ["v"]`},
		{"", "deep.k", "String v"},
		{"", "$", "String " + body},
		{"", "$.{own}.k", "String v"},
		{"", "$.null", "null"},
		{"", "$.absent", "null"},
		{"", "$.{absent}[", "null"},
		{"nodeset", "$.deep.k", `String "v"`},
		{"nodeset", "$.deep", `String {"k":"v"}`},
		{"integer", "$.s", "Integer 5"},
		{"Long", "$.a[0]", "Long 1"},
		{"float", "$.n", "Float -7.0"},
		{"double", "$.n", "Double -7.0"},
		{"boolean", "$.t", "Boolean true"},
		{"integer", "$.n", "UnableToCast"},
		{"integer", "$.a[1]", "UnableToCast"},
		{"boolean", "$.a[0]", "UnableToCast"},
		{"double", "$.big", "UnableToCast"},
		{"float", "$.deep", "UnableToCast"},
	}
	for _, tt := range tests {
		x := extractExchange("application/json;charset=utf-8", body)
		x.Put("own", flow.Text("deep"))
		elements := "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>" +
			"<JSONPayload><Variable name='x' type='" + tt.typ + "'><JSONPath>" + tt.path + "</JSONPath></Variable></JSONPayload>"
		err := extractWith(t, elements, x)
		if err != nil {
			if got := extractFault(t, err).Name(); got != tt.want {
				t.Errorf("%s: %v", elements, err)
			}
			continue
		}
		checkVariables(t, x, elements, "x = "+tt.want)
	}
}

func TestExtractXML(t *testing.T) {
	const body = `<a xmlns:p="urn:p" n="1"><b>1</b><b> 2 </b><p:c>true</p:c><d>x</d></a>`
	tests := []struct{ typ, path, want string }{
		{"", "/a/b", "String 1"},
		{"", "/a/@n", "String 1"},
		{"", "count(/a/b)", "String 2"},
		{"", "/a/b &gt; 1", "String true"},
		{"", "/a/absent", "null"},
		{"", "string(/a/absent)", "String "},
		{"nodeset", "/a/b", "String <b>1</b><b> 2 </b>"},
		{"integer", "/a/b[2]", "Integer 2"},
		{"boolean", "//q:c", "Boolean true"},
		{"boolean", "count(//b) = 2", "Boolean true"},
		{"double", "sum(//b)", "Double 3.0"},
		{"long", "/a/d", "UnableToCast"},
		{"boolean", "/a/b", "UnableToCast"},
	}
	for _, tt := range tests {
		x := extractExchange("application/soap+xml", body)
		elements := "<XMLPayload><Namespaces><Namespace prefix='q'>urn:p</Namespace></Namespaces>" +
			"<Variable name='x' type='" + tt.typ + "'><XPath>" + tt.path + "</XPath></Variable></XMLPayload>"
		err := extractWith(t, elements, x)
		if err != nil {
			if got := extractFault(t, err).Name(); got != tt.want {
				t.Errorf("%s: %v", elements, err)
			}
			continue
		}
		checkVariables(t, x, elements, "x = "+tt.want)
	}
}

func TestExtractMediaTypes(t *testing.T) {
	const elements = `<JSONPayload><Variable name="x"><JSONPath>$.a</JSONPath></Variable></JSONPayload>
		<XMLPayload><Variable name="x"><XPath>/a</XPath></Variable></XMLPayload>`
	tests := map[string]string{
		"application/json": "json", "Application/JSON; charset=x": "json", "application/hal+json": "", "text/json": "",
		"text/xml": "xml", "application/xml": "xml", "application/atom+xml": "xml", "text/x+xml": "", "text/plain": "", "": "",
	}
	for mediaType, want := range tests {
		for name, body := range map[string]string{"json": `{"a":1}`, "xml": "<a>1</a>"} {
			x := extractExchange(mediaType, body)
			err := extractWith(t, elements, x)
			got := ""
			if err != nil || !x.Lookup("x").IsNull() {
				got = "read"
			}
			if (got == "read") != (want != "") || (want == name) != (err == nil && got == "read") {
				t.Errorf("%s as %s: %v, %v", name, mediaType, x.Lookup("x"), err)
			}
		}
	}
}

func extractFault(t *testing.T, err error) *faults.Fault {
	t.Helper()
	var f *faults.Fault
	if !errors.As(err, &f) {
		t.Fatalf("not a fault: %v", err)
	}
	return f.At("EV", "", "")
}

const extractA = `<JSONPayload><Variable name="x"><JSONPath>$.a</JSONPath></Variable></JSONPayload>`

func TestExtractFaults(t *testing.T) {
	const ignore = "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>"
	tests := []struct{ elements, body, want, reason string }{
		{ignore + extractA, "", "ExecutionFailed", "Failed to execute the ExtractVariables: EV"},
		{ignore + extractA, "{", "ExecutionFailed", "Failed to execute the ExtractVariables: EV"},
		{extractA, "{}", "InvalidJSONPath", "Invalid JSON path $.a in policy EV."},
		{strings.Replace(extractA, "</J", "</JSONPath><JSONPath>$.b</J", 1), "{}", "InvalidJSONPath", "Invalid JSON path $.b in policy EV."},
		{strings.Replace(extractA, "$.a", "$.{absent}", 1), "{}", "VariableResolutionFailed", ""},
		{strings.Replace(extractA, "$.a", "$.{replaceAll(request.verb,paren,'')}", 1), "{}", "ExecutionFailed", ""},
		{"<Source>response</Source>" + ignore + extractA, "{}", "SourceMessageNotAvailable", "response message is not available for ExtractVariable: EV"},
		{"<Source>mymessage</Source>" + extractA, "{}", "SourceMessageNotAvailable", "mymessage message is not available for ExtractVariable: EV"},
		{"<Source>my.message</Source><Header name='h'><Pattern>{x}</Pattern></Header>", "{}", "SourceMessageNotAvailable", ""},
		{"<Source>response.content</Source>" + extractA, "{}", "JsonPathParsingFailure", "ExtractVariables EV: Json path parsing failed for for flow variables response.content"},
		{"<Source>request.content</Source><URIPath><Pattern>{x}</Pattern></URIPath>", "{}", "UnsupportedOperation", ""},
		{"<Variable name='request.verb'><Pattern>{x}</Pattern><Pattern>{x.y}</Pattern></Variable>", "", "SetVariableFailed", "Failed to set variable x.y value POST from ExtractVariables: EV"},
		{"<Variable name='request.verb'><Pattern>{messageid}</Pattern></Variable>", "", "ImmutableVariable", ""},
		{"<Source clearPayload='true'>request.verb</Source><Variable name='request.verb'><Pattern>{x}</Pattern></Variable>", "", "", ""},
	}
	for _, tt := range tests {
		x := extractExchange("application/json", tt.body)
		x.Put("paren", flow.Text("("))
		err := extractWith(t, tt.elements, x)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.elements, err)
			}
			continue
		}
		f := extractFault(t, err)
		if f.Name() != tt.want || f.Status != 500 || tt.reason != "" && f.Reason != tt.reason {
			t.Errorf("%s\n got %v\nwant %s: %s", tt.elements, f, tt.want, tt.reason)
		}
	}
}

func TestExtractBodyTooBig(t *testing.T) {
	for _, elements := range []string{
		extractA,
		"<Source>request.content</Source>" + extractA,
	} {
		x := extractExchange("application/json", "")
		x.Request.Limit = 4
		x.Request.Body.SetStream(io.NopCloser(strings.NewReader(`{"a":1}`)), -1)
		err := extractWith(t, elements, x)
		if f := extractFault(t, err); f.Name() != "TooBigBody" {
			t.Errorf("%s: %v", elements, err)
		}
	}
}

func TestExtractClearsPayload(t *testing.T) {
	x := extractExchange("text/plain", `{"a":1}`)
	x.Put("own", flow.Text(`{"a":2}`))
	if err := extractWith(t, "<Source clearPayload='true'>own</Source>"+extractA, x); err != nil {
		t.Fatal(err)
	}
	checkVariables(t, x, "own", "x = String 2\nown = null")
	if err := extractWith(t, "<Source clearPayload='false'>request</Source>"+extractA, x); err != nil {
		t.Fatal(err)
	}
	checkVariables(t, x, "kept", `request.content = String {"a":1}`)
	if err := extractWith(t, "<Source clearPayload='true'>request</Source>"+extractA, x); err != nil {
		t.Fatal(err)
	}
	checkVariables(t, x, "cleared", "request.content = String \nx = String 2")
}

func BenchmarkExtractVariables(b *testing.B) {
	elements := map[string]string{
		"URIPath": "<URIPath><Pattern>/a/{x}</Pattern><Pattern>/a/{x}/b/{y}</Pattern></URIPath>",
		"Header":  "<Header name='Authorization'><Pattern>Bearer {token}</Pattern></Header>",
		"JSON":    extractA,
	}
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		b.Run(name, func(b *testing.B) {
			p, _ := compileExtract(b, "<ExtractVariables>"+elements[name]+"</ExtractVariables>")
			x := extractExchange("application/json", `{"a":"text","b":[1,2,3]}`)
			x.Path.Suffix = "/a/1/b/2"
			x.Request.Header.Add("Authorization", "Bearer TU08xptfFfeM7aS0xHqlxTgEAdAM")
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Execute(context.Background(), x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
