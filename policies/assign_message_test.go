package policies_test

import (
	"errors"
	"strings"
	"testing"

	"sluice/flow"
)

// form is the exchange of a form.
func form() *flow.Exchange {
	x := client()
	m := flow.NewRequest()
	m.Method = "POST"
	m.Header.Add("Content-Type", flow.FormType)
	m.SetContent([]byte("a=1&a=2&b=3"))
	x.Request = m
	return x
}

func TestAssignMessage(t *testing.T) {
	for _, c := range []struct {
		name, elements string
		on             func() *flow.Exchange // client when nil
		message        string                // variable to look at; "" is the ambient message
		want           string
	}{
		{name: "Set replaces all values, Add adds one",
			elements: `<Set><Headers><Header name="x-many">{request.verb}</Header><Header name="X-New"> v </Header></Headers></Set>
				<Add><Headers><Header name="X-New">w</Header></Headers></Add>`,
			want: "POST /v1/things?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: POST\nContent-Type: text/plain\nX-New: v\nX-New: w\n\nin"},
		{name: "query parameters",
			elements: `<Set><QueryParams><QueryParam name="q">{request.queryparam.name} &amp; co</QueryParam></QueryParams></Set>
				<Add><QueryParams><QueryParam name="name">Cyd</QueryParam></QueryParams></Add>
				<Remove><QueryParams><QueryParam name="name.1"/><QueryParam name="q.1"/></QueryParams><Headers/></Remove>`,
			want: "POST /v1/things?name=Bob&q=Ada%20%26%20co&name=Cyd\n\nin"},
		{name: "form parameters become the payload",
			elements: `<Remove><Headers/></Remove><Set><FormParams><FormParam name="a">1 2</FormParam></FormParams></Set><Add><FormParams><FormParam name="a">3</FormParam></FormParams></Add>`,
			want:     "POST /v1/things?name=Ada&name=Bob&q=1\nContent-Type: application/x-www-form-urlencoded\n\na=1%202&a=3"},
		{name: "the whole first line",
			elements: `<Remove><Headers/><Payload>true</Payload><QueryParams/></Remove><Set><Verb>PUT</Verb><Path>/p/{request.queryparam.q:none}</Path><Version>1.0</Version><StatusCode>404</StatusCode><ReasonPhrase>R</ReasonPhrase></Set>`,
			want:     "PUT /p/none\n\n"},
		{name: "parameters mean nothing to a response", on: answered,
			elements: `<Set><QueryParams><QueryParam name="q">1</QueryParam></QueryParams><FormParams><FormParam name="a">1</FormParam></FormParams><Verb>PUT</Verb><Path>/p</Path></Set>`,
			want:     "200 OK\nX-From: target\n\nout"},
		{name: "a status takes its own phrase, wherever it stands", on: answered,
			elements: `<Set><StatusCode>404</StatusCode></Set>`,
			want:     "404 Not Found\nX-From: target\n\nout"},
		{name: "unless there is another", on: answered,
			elements: `<Set><ReasonPhrase>Nope</ReasonPhrase><StatusCode>404</StatusCode></Set>`,
			want:     "404 Nope\nX-From: target\n\nout"},
		{name: "a status that is none is ignored", on: answered,
			elements: `<Set><StatusCode>{request.verb}</StatusCode></Set>`,
			want:     "200 OK\nX-From: target\n\nout"},
		{name: "empty elements change nothing",
			elements: `<Set><Headers/><QueryParams/><FormParams/><Verb/><Path/><Payload contentType="a/b"/></Set><Add><Headers/></Add>`,
			want:     "POST /v1/things?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: a\nX-Many: b\nContent-Type: text/plain\n\nin"},
		{name: "payload as text, white space kept", on: answered,
			elements: `<Set><Payload contentType="application/{request.queryparam.q}"> {"n": "{request.queryparam.name}", "o": { }} </Payload></Set>`,
			want:     "200 OK\nX-From: target\nContent-Type: application/1\n\n {\"n\": \"Ada\", \"o\": { }} "},
		{name: "payload as XML", on: answered,
			elements: `<Set><Payload contentType="text/xml"><a x="1"><b>{request.queryparam.name}</b><c/></a></Payload></Set>`,
			want:     "200 OK\nX-From: target\nContent-Type: text/xml\n\n<a x=\"1\"><b>Ada</b><c/></a>"},
		{name: "payload with delimiters", on: answered,
			elements: `<Set><Payload variablePrefix="@" variableSuffix="#">{request.verb} @request.verb#</Payload></Set>`,
			want:     "200 OK\nX-From: target\n\n{request.verb} POST"},
		{name: "payload from a resource", on: answered,
			elements: `<Set><Payload template="template://hello.txt"/></Set>`,
			want:     "200 OK\nX-From: target\n\nhello Ada"},
		{name: "Copy everything", message: "n",
			elements: `<AssignTo createNew="true">n</AssignTo><Copy source="request"/>`,
			want:     "POST /v1/things?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: a\nX-Many: b\nContent-Type: text/plain\n\nin"},
		{name: "Copy parts", message: "n",
			elements: `<AssignTo createNew="true">n</AssignTo>
				<Copy source="request"><Headers><Header name="X-Many.2"/><Header name="Host.1"/><Header name="Content-Type">false</Header></Headers>
				<QueryParams><QueryParam name="q"/></QueryParams><Verb>true</Verb><Path>false</Path></Copy>`,
			want: "POST ?q=1\nX-Many: b\n\n"},
		{name: "Copy form parameters", message: "n", on: form,
			elements: `<AssignTo>n</AssignTo><Copy source="request"><FormParams><FormParam name="a"/><FormParam name="b.1"/></FormParams></Copy>`,
			want:     "GET \nContent-Type: application/x-www-form-urlencoded\n\na=1&a=2"},
		{name: "Remove form parameters", on: form,
			elements: `<Remove><FormParams><FormParam name="a.1"/></FormParams></Remove>`,
			want:     "POST \nContent-Type: application/x-www-form-urlencoded\n\na=2&b=3"},
		{name: "Remove the form", on: form, elements: `<Remove><FormParams/></Remove>`,
			want: "POST \nContent-Type: application/x-www-form-urlencoded\n\n"},
		{name: "form parameters of what is no form", elements: `<Remove><FormParams><FormParam name="a"/></FormParams><Headers/><QueryParams/></Remove>`,
			want: "POST /v1/things\n\nin"},
		{name: "Copy replaces headers of the same name", on: answered,
			elements: `<Copy source="request"><Headers><Header name="x-from"/><Header name="x-many"/></Headers><Payload/></Copy>`,
			want:     "200 OK\nX-From: target\nx-many: a\nx-many: b\n\nin"},
		{name: "Copy of itself", elements: `<Copy source="request"><Headers/></Copy><Copy/>`,
			want: "POST /v1/things?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: a\nX-Many: b\nContent-Type: text/plain\n\nin"},
		{name: "Copy from nowhere", elements: `<Copy source="none"/><Remove><Headers/></Remove><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>`,
			want: "POST /v1/things?name=Ada&name=Bob&q=1\n\nin"},
		{name: "Remove items", elements: `<Remove><Headers><Header name="X-Many.1"/><Header name="host.1"/><Header name="content-type"/></Headers></Remove>`,
			want: "POST /v1/things?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: b\n\nin"},
		{name: "Remove with an empty Payload", elements: `<Remove><Headers/><QueryParams/><Payload/></Remove>`, want: "POST /v1/things\n\n"},
		{name: "Remove everything", elements: `<Remove/>`, want: "POST /v1/things\n\n"},
		{name: "a new request replaces, and can read what it replaces",
			elements: `<AssignTo createNew="true" type="request"/><Copy source="request"><Verb>true</Verb></Copy><Set><Payload>[{request.content}]</Payload></Set>`,
			want:     "POST \n\n[in]"},
		{name: "a new response in the response flow", on: answered,
			elements: `<AssignTo createNew="true" type="response"/><Set><Payload>new</Payload></Set>`, want: "200 OK\n\nnew"},
		{name: "a new response in the error state is the error", on: failing,
			elements: `<AssignTo createNew="true" type="response"/><Set><Payload>new</Payload></Set>`, want: "200 OK\n\nnew"},
		{name: "the error in the error state, whatever the type", on: failing,
			elements: `<AssignTo createNew="false" type="request"/><Set><StatusCode>418</StatusCode><Payload>tea</Payload></Set>`,
			want:     "418 I'm a teapot\nContent-Type: application/json\n\ntea"},
		{name: "createNew absent takes what is there", message: "request",
			elements: `<AssignTo>request</AssignTo><Remove><Headers/></Remove>`, want: "POST /v1/things?name=Ada&name=Bob&q=1\n\nin"},
		{name: "createNew absent replaces what is no message", message: "v",
			elements: `<AssignTo type="response">v</AssignTo><Set><StatusCode>201</StatusCode></Set>`, want: "201 Created\n\n"},
		{name: "a new message can be named by its parts", message: "n",
			elements: `<AssignTo createNew="true">n</AssignTo><AssignVariable><Name>n.header.a</Name><Value>1</Value></AssignVariable>`, want: "GET \na: 1\n\n"},
		{name: "access token", on: answered,
			elements: `<Set><Authentication><HeaderName ref="none">X-Auth</HeaderName><GoogleAccessToken><Scopes><Scope>s1</Scope></Scopes><LifetimeInSeconds>60</LifetimeInSeconds></GoogleAccessToken></Authentication></Set>`,
			want:     "200 OK\nX-From: target\nX-Auth: Bearer runner@acme [s1] 1m0s \"\" false\n\nout"},
		{name: "ID token for the target", on: func() *flow.Exchange {
			x := answered()
			x.Target.Configured = "https://t.example.com/p?q=1"
			return x
		},
			elements: `<Set><Authentication><GoogleIDToken><Audience ref="none" useTargetUrl="true"/><IncludeEmail>true</IncludeEmail></GoogleIDToken></Authentication></Set>`,
			want:     "200 OK\nX-From: target\nAuthorization: Bearer runner@acme [] 0s \"https://t.example.com/p\" true\n\nout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := client()
			if c.on != nil {
				x = c.on()
			}
			x.Put("v", flow.Text("x"))
			if err := permissive.run(t, x, `<AssignMessage name="P">`+c.elements+`</AssignMessage>`); err != nil {
				t.Fatal(err)
			}
			if got := wire(t, x.Message(c.message)); got != c.want {
				t.Errorf("message is\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestAssignVariable(t *testing.T) {
	for _, c := range []struct {
		name, elements, variable string
		want                     flow.Value
	}{
		{"Value is no template", `<Name>a</Name><Value> {request.verb} </Value>`, "a", flow.Text(" {request.verb} ")},
		{"empty Value, empty Ref", `<Name>a</Name><Value/><Ref/>`, "a", flow.Text("")},
		{"Ref keeps the type", `<Name>a</Name><Ref>number</Ref>`, "a", flow.Int(7)},
		{"Ref before Value", `<Name>a</Name><Value>v</Value><Ref>request.verb</Ref>`, "a", flow.Text("POST")},
		{"Value when Ref is null", `<Name>a</Name><Value>v</Value><Ref>none</Ref>`, "a", flow.Text("v")},
		{"Template before Ref", `<Name>a</Name><Ref>request.verb</Ref><Template>{number}!</Template>`, "a", flow.Text("7!")},
		{"Template in a variable", `<Name>a</Name><Template ref="template">own</Template>`, "a", flow.Text("POST 7")},
		{"Template without its variable", `<Name>a</Name><Template ref="none">own {number}</Template>`, "a", flow.Text("own 7")},
		{"ResourceURL before everything", `<Name>a</Name><Template>t</Template><ResourceURL>jsc://page.html</ResourceURL>`, "a", flow.Text("<p>{request.queryparam.name}</p>")},
		{"ResourceURL is a template", `<Name>a</Name><ResourceURL>{scheme}://page.html</ResourceURL>`, "a", flow.Text("<p>{request.queryparam.name}</p>")},
		{"PropertySetRef", `<Name>a</Name><PropertySetRef>app.region</PropertySetRef>`, "a", flow.Text("eu")},
		{"PropertySetRef is a template", `<Name>a</Name><PropertySetRef>{set}.region</PropertySetRef>`, "a", flow.Text("eu")},
		{"Value before PropertySetRef", `<Name>a</Name><Value>v</Value><PropertySetRef>app.region</PropertySetRef>`, "a", flow.Text("v")},
		{"part of a message", `<Name>request.queryparam.q</Name><Value>2</Value>`, "request.querystring", flow.Text("name=Ada&name=Bob&q=2")},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := client()
			x.Put("number", flow.Int(7))
			x.Put("template", flow.Text("{request.verb} {number}"))
			x.Put("scheme", flow.Text("jsc"))
			x.Put("set", flow.Text("app"))
			p, b := permissive.compile(t, `<AssignMessage><AssignVariable>`+c.elements+`</AssignVariable></AssignMessage>`)
			if b.Problems.Refused() {
				t.Fatal(b.Problems)
			}
			for range 2 { // a policy has no memory
				if err := p.Execute(t.Context(), x); err != nil {
					t.Fatal(err)
				}
			}
			if got := x.Lookup(c.variable); got.Type() != c.want.Type() || got.String() != c.want.String() {
				t.Errorf("%s = %v %q, want %v %q", c.variable, got.Type(), got, c.want.Type(), c.want)
			}
		})
	}
}

// TestAssignVariableNull shows that a null removes what was there.
func TestAssignVariableNull(t *testing.T) {
	x := client()
	err := permissive.run(t, x, `<AssignMessage><AssignVariable><Name>request.header.X-Many</Name><Ref>none</Ref></AssignVariable>
		<AssignVariable><Name>a</Name><ResourceURL>jsc://none</ResourceURL></AssignVariable>
		<AssignVariable><Name>b</Name><PropertySetRef>{none}.x</PropertySetRef></AssignVariable>
		<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></AssignMessage>`)
	if err != nil || x.Request.Header.Has("X-Many") || !x.Lookup("a").IsNull() || !x.Lookup("b").IsNull() {
		t.Errorf("got %v, %s, %v, %v", err, wire(t, x.Request), x.Lookup("a"), x.Lookup("b"))
	}
}

func TestAssignMessageFaults(t *testing.T) {
	const unresolved = "500 steps.assignmessage.UnresolvedVariable: AssignMessage[P]: unable to resolve variable "
	const noMessage = "500 steps.assignmessage.VariableOfNonMsgType: AssignMessage[P]: value of variable "
	for _, c := range []struct{ name, elements, want string }{
		{"template", `<Set><Headers><Header name="a">{none}</Header></Headers></Set>`, unresolved + "none"},
		{"payload", `<Set><Payload>{none}</Payload></Set>`, unresolved + "none"},
		{"content type", `<Set><Payload contentType="{none}">x</Payload></Set>`, unresolved + "none"},
		{"verb", `<Set><Verb>{none}</Verb></Set>`, unresolved + "none"},
		{"source of a copy", `<Copy source="none"/>`, unresolved + "none"},
		{"response before there is one", `<Copy source="response"/>`, unresolved + "response"},
		{"message to edit", `<AssignTo createNew="false">none</AssignTo>`, unresolved + "none"},
		{"reference", `<AssignVariable><Name>a</Name><Ref>none</Ref></AssignVariable>`, unresolved + "none"},
		{"template variable", `<AssignVariable><Name>a</Name><Template ref="none"/></AssignVariable>`, unresolved + "none"},
		{"resource", `<AssignVariable><Name>a</Name><ResourceURL>jsc://none</ResourceURL></AssignVariable>`, unresolved + "jsc://none"},
		{"property", `<AssignVariable><Name>a</Name><PropertySetRef>app.none</PropertySetRef></AssignVariable>`, unresolved + "propertyset.app.none"},
		{"source is text", `<Copy source="text"/>`, noMessage + "text is not of type Message"},
		{"message to edit is text", `<AssignTo createNew="false">text</AssignTo>`, noMessage + "text is not of type Message"},
		{"read-only variable", `<AssignVariable><Name>messageid</Name><Value>1</Value></AssignVariable>`, "500 steps.assignmessage.SetVariableFailed: "},
		{"template that does not compile", `<AssignVariable><Name>a</Name><Template ref="broken"/></AssignVariable>`, "500 steps.assignmessage.SetVariableFailed: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := client()
			x.Put("text", flow.Text("t"))
			x.Put("broken", flow.Text("{noSuchFunction(a)}"))
			err := permissive.run(t, x, `<AssignMessage>`+c.elements+`</AssignMessage>`)
			if got := faultText(err); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAssignMessageTokenFailure(t *testing.T) {
	w := permissive
	w.identity = tokens{err: errors.New("no")}
	x := client()
	err := w.run(t, x, `<AssignMessage><Set><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication></Set></AssignMessage>`)
	if got := faultText(err); !strings.HasPrefix(got, "500 messaging.adaptors.http.filter.GoogleTokenGenerationFailure") || x.Request.Header.Has("Authorization") {
		t.Errorf("got %s", got)
	}
	err = permissive.run(t, x, `<AssignMessage><Set><Authentication><GoogleIDToken><Audience ref="none"/></GoogleIDToken></Authentication></Set></AssignMessage>`)
	if got := faultText(err); !strings.Contains(got, "GoogleTokenGenerationFailure") {
		t.Errorf("without an audience: got %s", got)
	}
}

// TestAssignMessageBodyTooBig shows that a payload above the limit is a fault,
// also when only a template reads it.
func TestAssignMessageBodyTooBig(t *testing.T) {
	for _, elements := range []string{
		`<Set><Headers><Header name="a">{request.content}</Header></Headers></Set>`,
		`<AssignTo createNew="true">n</AssignTo><Copy source="request"><Payload>true</Payload></Copy>`,
	} {
		x := client()
		x.Request.Limit = 1
		x.Request.Body.SetStream(stream("too long"), -1)
		err := permissive.run(t, x, `<AssignMessage>`+elements+`</AssignMessage>`)
		if got := faultText(err); !strings.HasPrefix(got, "413 protocol.http.TooBigBody") {
			t.Errorf("%s: got %s", elements, got)
		}
	}
}

func TestAssignMessageDeployment(t *testing.T) {
	const token = `<Set><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication></Set>`
	for _, c := range []struct {
		name, elements, want string
		in                   world
	}{
		{"index zero", `<Remove><Headers><Header name="h.0"/></Headers></Remove>`, "error InvalidIndex AssignMessage[P]: index must be greater than zero in h.0", permissive},
		{"negative index", `<Copy><QueryParams><QueryParam name="q.-1"/></QueryParams></Copy>`, "error InvalidIndex AssignMessage[P]: index must be greater than zero in q.-1", permissive},
		{"no variable name", `<AssignVariable><Name> </Name><Value>1</Value></AssignVariable>`, "error InvalidVariableName ", permissive},
		{"no variable", `<AssignVariable><Value>1</Value></AssignVariable>`, "warning MissingElement ", permissive},
		{"XML declaration", `<Set><Payload><?xml version="1.0"?><a/></Payload></Set>`, "error InvalidPayload ", permissive},
		{"missing template", `<Set><Payload template="template://none"/></Set>`, "error MissingResource resource template://none does not exist", permissive},
		{"template with an error", `<Set><Payload>{noSuchFunction(a)}</Payload></Set>`, "error ", permissive},
		{"no Boolean", `<AssignTo createNew="perhaps"/>`, "error InvalidValue ", permissive},
		{"no service account", token, "warning MissingServiceAccount ", world{identity: tokens{}}},
		{"no Google credentials", token, "warning MissingService ", world{account: "a"}},
		{"no token", `<Set><Authentication/></Set>`, "warning MissingElement ", permissive},
		{"no scope", `<Set><Authentication><GoogleAccessToken/></Authentication></Set>`, "error MissingElement ", permissive},
		{"no audience", `<Set><Authentication><GoogleIDToken/></Authentication></Set>`, "error MissingElement ", permissive},
		{"unknown child", `<Sett/>`, "warning UnknownElement ", permissive},
		{"unknown part", `<Set><Cookie/></Set>`, "warning UnknownElement ", permissive},
		{"unknown type", `<AssignTo type="message"/>`, "warning UnknownType ", permissive},
		{"header without a name", `<Set><Headers><Header>v</Header></Headers></Set>`, "warning MissingAttribute ", permissive},
		{"empty Payload in Set", `<Set><Payload/></Set>`, "warning EmptyPayload an empty Payload in Set is taken as an empty body", permissive},
		{"empty Payload among empty elements", `<Set><Headers/><Payload/></Set>`, "warning EmptyPayload an empty Payload in Set changes nothing", permissive},
		{"empty Payload in Remove", `<Remove><Payload/></Remove>`, "warning EmptyFlag ", permissive},
		{"braces", `<AssignVariable><Name>a</Name><Ref>{b}</Ref></AssignVariable>`, "warning BracesInRef ", permissive},
		{"missing resource", `<AssignVariable><Name>a</Name><ResourceURL>jsc://none</ResourceURL></AssignVariable>`, "warning MissingResource ", permissive},
		{"no value", `<AssignVariable><Name>a</Name></AssignVariable>`, "warning NoValue ", permissive},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, b := c.in.compile(t, `<AssignMessage name="P">`+c.elements+`</AssignMessage>`)
			if len(b.Problems) != 1 {
				t.Fatalf("got %d problems: %v", len(b.Problems), b.Problems)
			}
			p := b.Problems[0]
			if got := p.Severity + " " + p.Code + " " + p.Message; !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// BenchmarkAssignMessage is what most files do: a header, a payload, a variable.
func BenchmarkAssignMessage(b *testing.B) {
	p, _ := permissive.compile(b, `<AssignMessage><Set><Headers><Header name="X-Id">{request.queryparam.q}</Header></Headers>
		<Payload contentType="application/json">{"name": "{request.queryparam.name}"}</Payload></Set>
		<AssignVariable><Name>a</Name><Value>1</Value></AssignVariable></AssignMessage>`)
	x := client()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
