package policies_test

import (
	"testing"
	"time"

	"sluice/flow"
)

// scripted is a world with scripts.
var scripted = world{connection: &callee{}, resource: func(url string) ([]byte, bool) {
	text, ok := map[string]string{
		"jsc://ok.js": `context.setVariable("a", 1)`, "jsc://broken.js": "var a;\nif (", "jsc://e4x.js": "var x = <a/>;",
		"jsc://java.js": `var s = new java.lang.String("a");`,
	}[url]
	return []byte(text), ok
}}

func TestJavascriptDeployment(t *testing.T) {
	for _, tt := range []struct{ name, elements, want string }{
		{"resource", `<ResourceURL>jsc://ok.js</ResourceURL>`, ""},
		{"include", `<IncludeURL>jsc://ok.js</IncludeURL><ResourceURL> jsc://ok.js </ResourceURL>`, ""},
		{"inline", `<Source>var a;</Source>`, ""},
		{"resource before source", `<Source>if (</Source><ResourceURL>jsc://ok.js</ResourceURL>`, ""},
		{"unknown element", `<Source>var a;</Source><timeLimit>200</timeLimit>`, "warning UnknownElement"},
		{"nothing", ``, "error NoResourceURLOrSource"},
		{"empty source", `<Source> </Source>`, "error NoResourceURLOrSource"},
		{"empty include", `<IncludeURL/><ResourceURL>jsc://ok.js</ResourceURL>`, "error NoResourceURLOrSource"},
		{"no scheme", `<ResourceURL>jsc:ok.js</ResourceURL>`, "error InvalidResourceUrlFormat"},
		{"no name", `<ResourceURL>jsc://</ResourceURL>`, "error InvalidResourceUrlFormat"},
		{"node", `<ResourceURL>node://ok.js</ResourceURL>`, "error WrongResourceType"},
		{"absent", `<ResourceURL>jsc://none.js</ResourceURL>`, "error InvalidResourceUrlReference"},
		{"absent include", `<IncludeURL>jsc://none.js</IncludeURL><ResourceURL>jsc://ok.js</ResourceURL>`, "error InvalidResourceUrlReference"},
		{"broken", `<ResourceURL>jsc://broken.js</ResourceURL>`, "error ScriptCompilationFailed"},
		{"broken include", `<IncludeURL>jsc://broken.js</IncludeURL><ResourceURL>jsc://ok.js</ResourceURL>`, "error ScriptCompilationFailed"},
		{"Rhino", `<ResourceURL>jsc://e4x.js</ResourceURL>`, "error ScriptCompilationFailed"},
		{"Java", `<ResourceURL>jsc://java.js</ResourceURL>`, "warning JavaNotAvailable"},
	} {
		_, b := scripted.compile(t, `<Javascript name="P">`+tt.elements+`</Javascript>`)
		if got := calloutProblems(b.Problems); tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || got[0] != tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
	_, b := scripted.compile(t, `<Javascript name="P"><ResourceURL>jsc://broken.js</ResourceURL></Javascript>`)
	if got, want := b.Problems[0].Message, "the script does not compile: broken.js:2:5: Unexpected end of input"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJavascriptTimeLimit(t *testing.T) {
	for limit, want := range map[string]string{
		"": "", "200": "", " 20000 ": "", "0": "", "120000": "", "120001": "warning TimeLimit", "-1": "error InvalidValue", "soon": "error InvalidValue",
	} {
		_, b := scripted.compile(t, `<Javascript name="P" timeLimit="`+limit+`"><Source>1</Source></Javascript>`)
		if got := calloutProblems(b.Problems); want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("%q: %v, want %s", limit, got, want)
		}
	}
}

// TestJavascriptReads looks at what a policy tells to be read: what is not told
// streams away before a script in a later flow runs.
func TestJavascriptReads(t *testing.T) {
	for script, wants := range map[string][]string{
		`context.getVariable("request.header.x"); context.setVariable('flow.y', 1)`: {"request.header.x", "flow.y"},
		`response.content`:                             {"response.content"},
		`context.proxyRequest.body.asJSON`:             {"request.content"},
		`context.getVariable(message + ".content")`:    {"request.content", "response.content"},
		`context.getVariable("request.formparam.a")`:   {"request.formparam.a"},
		`context.getVariable(p + "formparam." + name)`: {"request.content"},
	} {
		_, b := scripted.compile(t, `<Javascript name="P"><Source><![CDATA[`+script+`]]></Source></Javascript>`)
		for _, want := range wants {
			if b.Own[want] == nil {
				t.Errorf("%s: %s is not told", script, want)
			}
		}
	}
	_, b := scripted.compile(t, `<Javascript name="P"><Source>request.headers["Content-Type"] = "a" // no payload</Source></Javascript>`)
	if len(b.Own) != 0 {
		t.Errorf("a script that reads no payload has %v read", b.Own)
	}
}

// TestJavascriptURL reads and sets the URL of a request in the flows.
func TestJavascriptURL(t *testing.T) {
	for _, tt := range []struct {
		phase        flow.Phase
		script, want string // of URI target.url target.copy.pathsuffix
	}{
		{flow.ProxyRequest, `request.url = "http://any/new%20path?a=1"`, "/new%20path?a=1  true"},
		{flow.ProxyRequest, `request.path = "/other"`, "/other?name=Ada&name=Bob&q=1  true"},
		{flow.ProxyRequest, `request.host = "elsewhere"`, "/v1/things?name=Ada&name=Bob&q=1  true"},
		{flow.TargetRequest, `request.url = "https://other:8443/p?a=1"`, "/v1/things?a=1 https://other:8443/p false"},
		{flow.TargetRequest, `request.protocol = "https"; request.host = "h"; request.port = 99`, "/v1/things?name=Ada&name=Bob&q=1 https://h:99/base/things false"},
		{flow.TargetRequest, `request.path = "/p%2Fq"`, "/v1/things?name=Ada&name=Bob&q=1 http://target/p%2Fq false"},
		{flow.TargetRequest, `request.url = "::"`, "/v1/things?name=Ada&name=Bob&q=1 http://target/base true"},
		{flow.TargetRequest, `request.queryParams.q = [1, 2]`, "/v1/things?name=Ada&name=Bob&q=1&q=2 http://target/base true"},
	} {
		x := client()
		x.Phase, x.Path.Suffix = tt.phase, "/things"
		if tt.phase == flow.TargetRequest {
			x.Target.Configured = "http://target/base"
		}
		if err := scripted.run(t, x, `<Javascript name="P" timeLimit="10000"><Source><![CDATA[`+tt.script+`]]></Source></Javascript>`); err != nil {
			t.Errorf("%s: %v", tt.script, err)
			continue
		}
		got := x.Request.URI() + " " + x.Lookup("target.url").String() + " " + x.Lookup("target.copy.pathsuffix").String()
		if got != tt.want {
			t.Errorf("%s in %v\ngives %s\nwant  %s", tt.script, tt.phase, got, tt.want)
		}
	}
}

// TestJavascriptDates formats in the zones of java.util.TimeZone.
func TestJavascriptDates(t *testing.T) {
	for zone, want := range map[string]string{
		"": "00:00+0000", "UTC": "00:00+0000", "GMT": "00:00+0000", "GMT+9": "09:00+0900", "GMT-09:30": "14:30-0930", "GMT+0530": "05:30+0530",
		"PST": "16:00-0800", "Europe/Berlin": "01:00+0100", "EST": "19:00-0500", "GMT+99": "00:00+0000", "GMT+x": "00:00+0000", "GMT9": "00:00+0000",
		"nowhere": "00:00+0000", "Local": "00:00+0000", "../../etc/passwd": "00:00+0000",
	} {
		x := client()
		x.Put("zone", flow.Text(zone))
		err := scripted.run(t, x, `<Javascript name="P" timeLimit="10000"><Source>context.setVariable("r", crypto.dateFormat("HH:mmZ", context.getVariable("zone") || "", 0))</Source></Javascript>`)
		if got := x.Lookup("r").String(); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", zone, got, err, want)
		}
	}
}

// TestJavascriptFault leaves an error of the runtime as it is: a body that is too
// big is not the script's failure.
func TestJavascriptFault(t *testing.T) {
	x := client()
	x.Request.Limit = 1
	x.Request.Body.SetStream(failingBody{}, -1)
	err := scripted.run(t, x, `<Javascript name="P" timeLimit="10000"><Source>try { request.content } catch (e) {}; context.setVariable("after", 1)</Source></Javascript>`)
	if got := calloutFault(t, err); got != "TooBigBody" || !x.Lookup("after").IsNull() {
		t.Errorf("got %v, after is %v", err, x.Lookup("after"))
	}
}

// failingBody is a stream without end.
type failingBody struct{}

func (failingBody) Read(p []byte) (int, error) { return len(p), nil }
func (failingBody) Close() error               { return nil }

func BenchmarkJavascript(b *testing.B) {
	b.ReportAllocs()
	p, build := scripted.compile(b, `<Javascript name="P"><Source>
		var name = context.getVariable("request.queryparam.name");
		context.setVariable("greeting", "Hello " + name);
		context.setVariable("length", name.length);
		context.setVariable("flow.done", true);</Source></Javascript>`)
	if build.Problems.Refused() {
		b.Fatal(build.Problems)
	}
	x := client()
	x.Services.Now = time.Now
	for b.Loop() {
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
