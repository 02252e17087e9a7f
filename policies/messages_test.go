package policies_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/keysets"
	"sluice/internal/state"
	"sluice/policies"
)

// world is what a policy under test is compiled in; the zero value refuses
// nothing that needs no callee.
type world struct {
	connection flow.Connection
	identity   flow.Identity
	account    string
	logs       flow.Logs
	// resource finds what the fixed resources have not; nil finds nothing.
	resource func(url string) ([]byte, bool)
}

// permissive is a world that has everything.
var permissive = world{connection: &callee{}, identity: tokens{}, account: "runner@acme"}

// resources are those of the bundle and of its environment.
var resources = map[string]string{
	"template://hello.txt": `hello {request.queryparam.name}`,
	"jsc://page.html":      `<p>{request.queryparam.name}</p>`,
	"oas://petstore.yaml":  `{"openapi": "3.0.3", "info": {"title": "Pets", "version": "1"}, "paths": {"/pets": {"get": {"responses": {"200": {"description": "all"}}}}}}`,
}

// compile compiles the text of a policy, which is called P.
func (w world) compile(t testing.TB, text string) (flow.Policy, *flow.Build) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	el := doc.Root()
	services := &flow.Services{Identity: w.identity, Integrations: answering(200, "{}"), Logs: w.logs}
	store := state.Memory(time.Now)
	t.Cleanup(func() { _ = store.Close() }) // in memory: nothing is lost
	store.Services(services)
	services.KeySets = keysets.New(time.Now)
	unit := &flow.Unit{Bundle: "test", Account: w.account, Services: services}
	unit.Resource = w.find
	unit.Policy = func(string) *etree.Element { return nil }
	unit.PolicyNames = func() []string { return nil }
	unit.Attached = func(string) []flow.Attachment { return nil }
	unit.Connect = func(*flow.Build, *etree.Element) flow.Connection { return w.connection }
	unit.Syslog = func(_ *flow.Build, at flow.SyslogAddress, _ *etree.Element) *flow.SyslogServer {
		return &flow.SyslogServer{Address: fmt.Sprint(at)}
	}
	for _, k := range policies.All() {
		if k.Name == el.Tag {
			b := &flow.Build{Unit: unit, File: "policies/P.xml", Owner: "P", Kind: k.Name}
			return k.Compile(b, el), b
		}
	}
	t.Fatalf("no policy type %s", el.Tag)
	return nil, nil
}

func (w world) find(url string) ([]byte, bool) {
	if s, ok := resources[url]; ok || w.resource == nil {
		return []byte(s), ok
	}
	return w.resource(url)
}

// run compiles a policy, which must have no errors, and runs it on x.
func (w world) run(t testing.TB, x *flow.Exchange, text string) error {
	t.Helper()
	p, b := w.compile(t, text)
	if b.Problems.Refused() {
		t.Fatalf("%s\n%v", text, b.Problems)
	}
	x.Flow.Current = "PreFlow"
	return p.Execute(t.Context(), x)
}

// tokens is an identity whose tokens tell what was asked for.
type tokens struct{ err error }

func (i tokens) Token(_ context.Context, want flow.TokenRequest) (string, error) {
	if i.err != nil {
		return "", &flow.TokenError{Err: i.err}
	}
	return fmt.Sprintf("%s %v %v %q %v", want.Account, want.Scopes, want.Lifetime, want.Audience, want.IncludeEmail), nil
}

// client is the exchange of a POST that arrived just now.
func client() *flow.Exchange {
	m := flow.NewRequest()
	m.Method, m.Path, m.Query = "POST", "/v1/things", "name=Ada&name=Bob&q=1"
	m.Header = flow.Header{{Name: "Host", Value: "example.com"}, {Name: "X-Many", Value: "a"}, {Name: "X-Many", Value: "b"}, {Name: "Content-Type", Value: "text/plain"}}
	m.SetContent([]byte("in"))
	info := &flow.ProxyInfo{Name: "test", PropertySets: map[string]map[string]string{"app": {"region": "eu"}}}
	return flow.NewExchange(info, &flow.Services{ProcessID: "p"}, m)
}

// answered is an exchange whose target has answered.
func answered() *flow.Exchange {
	x := client()
	x.Phase = flow.TargetResponse
	x.Response = flow.NewResponse()
	x.Response.Header.Add("X-From", "target")
	x.Response.SetContent([]byte("out"))
	return x
}

// failing is an exchange in the error state.
func failing() *flow.Exchange {
	x := client()
	x.Fail(faults.MustRuntime("RouteFailed").New())
	return x
}

// wire prints a message: its first line, its header, a blank line, its payload.
func wire(t testing.TB, m *flow.Message) string {
	t.Helper()
	if m == nil {
		return "no message"
	}
	var s strings.Builder
	if m.Kind == flow.Request {
		fmt.Fprintf(&s, "%s %s\n", m.Method, m.URI())
	} else {
		fmt.Fprintf(&s, "%d %s\n", m.Status, m.ReasonPhrase())
	}
	for _, f := range m.Header {
		fmt.Fprintf(&s, "%s: %s\n", f.Name, f.Value)
	}
	content, err := m.Content()
	if err != nil {
		t.Fatal(err)
	}
	return s.String() + "\n" + string(content)
}

func faultText(err error) string {
	var f *faults.Fault
	if !errors.As(err, &f) {
		return fmt.Sprint(err)
	}
	f.At("P", "", "")
	return fmt.Sprintf("%d %s: %s", f.Status, f.Code(), f.Reason)
}
