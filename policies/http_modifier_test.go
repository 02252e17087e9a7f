package policies_test

import (
	"strings"
	"testing"

	"sluice/flow"
)

// TestHTTPModifierLacks: what is AssignMessage's alone changes nothing here, and leaves nothing behind that would.
func TestHTTPModifierLacks(t *testing.T) {
	const before = "POST /v1/things?name=Ada&name=Bob&q=1\nHost: example.com\nX-Many: a\nX-Many: b\nContent-Type: text/plain\n\nin"
	tests := []struct{ elements, want string }{
		{`<Set><Payload contentType="text/xml">out</Payload></Set>`, before},
		{`<Set><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication></Set>`, before},
		{`<Remove><Payload>true</Payload></Remove>`, before},
		{`<Copy source="other"/>`, before},
		{`<AssignVariable><Name>request.verb</Name><Value>PUT</Value></AssignVariable>`, before},
		{`<Set><ContentType/></Set>`, before},
		{`<Set><Payload>out</Payload><Verb>PUT</Verb></Set>`, strings.Replace(before, "POST", "PUT", 1)},
		{`<Remove/>`, "POST /v1/things\n\nin"},
		{`<Remove><Headers/></Remove>`, "POST /v1/things?name=Ada&name=Bob&q=1\n\nin"},
	}
	for _, tt := range tests {
		x := client()
		x.SetMessage("other", flow.NewRequest())
		err := permissive.run(t, x, "<HTTPModifier>"+tt.elements+"</HTTPModifier>")
		if got := wire(t, x.Request); err != nil || got != tt.want {
			t.Errorf("%s gives %s, want %s (%v)", tt.elements, got, tt.want, err)
		}
	}
}

func TestHTTPModifierDeployment(t *testing.T) {
	tests := []struct{ elements, want string }{
		{`<Set><Verb>PUT</Verb><ReasonPhrase>Fine</ReasonPhrase><ContentType>text/plain</ContentType></Set>`, ""},
		{`<Set><Payload>out</Payload></Set>`, "warning UnknownElement element Payload is not known"},
		{`<Remove><Payload/></Remove>`, "warning UnknownElement element Payload is not known"},
		{`<Set><Authentication/></Set>`, "warning UnknownElement element Authentication is not known"},
		{`<Copy/>`, "warning UnknownElement element Copy is not known"},
		{`<AssignVariable/>`, "warning UnknownElement element AssignVariable is not known"},
		{`<Set><Cookie/></Set>`, "warning UnknownElement "},
		{`<Remove><Headers><Header name="h.0"/></Headers></Remove>`, "error InvalidIndex HTTPModifier[P]: index must be greater than zero in h.0"},
		{`<Set><ContentType>{noSuchFunction(a)}</ContentType></Set>`, "error "},
		{`<AssignTo type="message">m</AssignTo>`, "warning UnknownType "},
		{`<AssignTo createNew="perhaps"/>`, "error InvalidValue "},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<HTTPModifier>"+tt.elements+"</HTTPModifier>")
		var got string
		for _, p := range b.Problems {
			got += p.Severity + " " + p.Code + " " + p.Message
		}
		if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.elements, got, tt.want)
		}
	}
}

func BenchmarkHTTPModifier(b *testing.B) {
	p, _ := permissive.compile(b, `<HTTPModifier><Set><Verb>PUT</Verb><Headers><Header name="X-Id">{request.queryparam.q}</Header></Headers></Set>
		<Remove><Headers><Header name="X-None"/></Headers></Remove></HTTPModifier>`)
	x := client()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
