package flow

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/faults"
)

// at is a Saturday; every time of the exchange below is some seconds after it.
var at = time.Date(2026, 11, 21, 20, 30, 0, 42e6, time.UTC)

func span(from, to int) Span {
	return Span{Start: at.Add(time.Duration(from) * time.Second), End: at.Add(time.Duration(to) * time.Second)}
}

// certificate is one certificate for both sides.
var certificate = sync.OnceValue(func() *x509.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:   big.NewInt(0xabc),
		EmailAddresses: []string{"ops@example.test"},
		Subject: pkix.Name{CommonName: "peer.test", Country: []string{"FR"}, Locality: []string{"Paris"}, Organization: []string{"Example"},
			OrganizationalUnit: []string{"Ops"}, Province: []string{"IDF"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
})

func connectionState() *tls.ConnectionState {
	return &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, ServerName: "api.test",
		PeerCertificates: []*x509.Certificate{certificate()}}
}

// newExchangeAtStart is an exchange of which nothing is known but the request.
func newExchangeAtStart() *Exchange {
	m := NewRequest()
	m.Path = "/start"
	return NewExchange(&ProxyInfo{}, &Services{Now: func() time.Time { return at }, ProcessID: "process"}, m)
}

// newExchangeAtEnd is an exchange of which everything is known: the target
// answered, and a policy of the response faulted.
func newExchangeAtEnd() *Exchange {
	m := NewRequest()
	m.Method, m.Path, m.Query = "POST", "/v1/eu/items/shop.Items/List", "limit=2"
	m.Header = parseHeader("Content-Type: application/grpc+proto | X-Forwarded-For: 203.0.113.1, 203.0.113.2")
	x := NewExchange(&ProxyInfo{
		Organization: "acme", Environment: "test", Name: "items", Revision: "7", Endpoint: "default", BasePath: "/v1/*/items",
		DeployedAt: "/", Region: "europe-west1", Pod: "pod-1",
		PropertySets: map[string]map[string]string{"vertex": {"region": "us-east1"}},
	}, &Services{Now: func() time.Time { return at }, ProcessID: "process", Interfaces: map[string]string{"eth0": "198.51.100.7"}}, m)
	x.Serial = 12
	x.Client = ClientInfo{IP: "192.0.2.1", Port: 51234, Host: "api.test:8443", LocalIP: "198.51.100.7", Scheme: "https",
		TLS: connectionState(), Received: span(0, 1), Sent: span(6, 7)}
	x.Target = TargetInfo{Name: "backend", Configured: "https://backend.test/v2?k=1", URL: "https://other.test/v3/a%20b?k=2",
		EvaluatedURL: "https://evaluated.test/", CopySuffix: Bool(false), CopyQuery: Text("false"), HostHeader: "h.test", ExpectedCN: "cn.test",
		Scheme: "https", Host: "other.test", Port: 443, Peer: &net.TCPAddr{IP: net.ParseIP("203.0.113.9"), Port: 443},
		SentPath: "/v3/a%20b", SentQuery: "k=2&limit=2", TLS: connectionState(), Sent: span(2, 3), Received: span(4, 5),
		Server: "ts-2", FailedServers: []string{"ts-0", "ts-1"}, Fallback: Bool(true)}
	x.Route = RouteInfo{Name: "to-backend", Target: "backend"}
	x.Callout = CalloutInfo{URI: "/set", SentURI: "/sent", SentURLs: map[string]string{"SC-1": "https://sent.test/"}}
	x.Path.Suffix = "/shop.Items/List"
	x.Flow = FlowInfo{Current: "PostFlow", Description: "last", Proxy: "list", ProxyDescription: "list items", Target: "PostFlow",
		TargetDescription: "after", SharedFlow: "log", Hook: "PostTargetFlowHook"}
	x.metrics = map[string]time.Duration{"AM-1": 1500}
	x.Phase, x.Response = TargetResponse, NewResponse()
	x.Fail(faults.MustRuntime("GatewayTimeout").New())
	return x
}

// show writes a value as testdata/variables.txt does.
func show(x *Exchange, v Value) string {
	switch v.Type() {
	case Null:
		return "null"
	case MessageObject:
		return map[*Message]string{x.Request: "the request", x.Response: "the response", x.Error: "the error"}[v.Message()]
	}
	der := certificate().Raw
	sum := sha1.Sum(der)
	s := strings.ReplaceAll(v.String(), hex.EncodeToString(sum[:]), "{sha1}")
	s = strings.ReplaceAll(s, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), "{pem}")
	if s == "" {
		return `""`
	}
	return s
}

// row finds the row of the table that a name stands for, or nil.
func row(name string) *Variable {
	return ParseName(name).root
}

// TestVariables runs testdata/variables.txt, and checks that it has every
// variable of the table that the runtime answers.
func TestVariables(t *testing.T) {
	data, err := os.ReadFile("testdata/variables.txt")
	if err != nil {
		t.Fatal(err)
	}
	start, end := newExchangeAtStart(), newExchangeAtEnd()
	seen := map[string]bool{}
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "|")
		if len(cells) != 3 {
			t.Fatalf("variables.txt:%d: %q", i+1, line)
		}
		name := strings.TrimSpace(cells[0])
		v := row(name)
		if v == nil {
			t.Errorf("variables.txt:%d: %s is not predefined", i+1, name)
			continue
		}
		seen[v.Name] = true
		for column, x := range []*Exchange{start, end} {
			got, want := x.Lookup(name), strings.TrimSpace(cells[column+1])
			if s := show(x, got); s != want {
				t.Errorf("variables.txt:%d: %s is %s, want %s", i+1, name, s, want)
			}
			if !got.IsNull() && got.Type() != v.Type && name != "target.copy.queryparams" { // that one is what a policy assigned
				t.Errorf("%s is a %s, documented as %s", name, got.Type(), v.Type)
			}
		}
	}
	for i := range variables {
		if v := &variables[i]; v.get != nil && !seen[v.Name] {
			t.Errorf("variables.txt lacks %s", v.Name)
		}
	}
}

// TestFaultCategoryDoc: the reference names the categories that faults have.
func TestFaultCategoryDoc(t *testing.T) {
	doc := row("fault.category").Doc
	for _, d := range faults.All() {
		if d.Kind == faults.Runtime && !strings.Contains(doc, d.New().Category) {
			t.Fatalf("%q lacks %s of %s", doc, d.New().Category, d.Code)
		}
	}
}

// TestReadOnlyVariables: every variable documented as read-only refuses to be
// set, and none that is documented as writable does.
func TestReadOnlyVariables(t *testing.T) {
	for i := range variables {
		v := &variables[i]
		if v.get == nil {
			continue
		}
		x := newExchangeAtEnd()
		x.Phase = TargetRequest
		value := Text("x")
		if v.Type == MessageObject {
			value = MessageValue(NewResponse())
		}
		name := strings.NewReplacer("POLICY", "AM-1", "NAME.KEY", "vertex.region", "NAME", "eth0").Replace(v.Name)
		before := x.Lookup(name)
		err := x.Set(ParseName(name), value)
		refused, ok := errors.AsType[*SetError](err)
		switch {
		case v.Write && err != nil:
			t.Errorf("%s is documented as writable: %v", name, err)
		case !v.Write && (!ok || refused.Name != name):
			t.Errorf("%s is documented as read-only: %v", name, err)
		case !v.Write && x.Lookup(name).String() != before.String():
			t.Errorf("%s is read-only and changed", name)
		}
	}
}

func TestSetPredefined(t *testing.T) {
	for _, c := range []struct {
		phase             Phase
		name, value, want string
	}{
		{TargetRequest, "target.url", "https://new.test", "https://new.test"},
		{ProxyRequest, "target.url", "https://new.test", "https://other.test/v3/a%20b?k=2"}, // runtime.md 2.4: silently ignored
		{TargetResponse, "target.url", "https://new.test", "https://other.test/v3/a%20b?k=2"},
		{TargetRequest, "target.evaluated.url", "https://new.test", "https://new.test"},
		{ProxyRequest, "target.evaluated.url", "https://new.test", "https://evaluated.test/"},
		{ProxyRequest, "target.copy.pathsuffix", "true", "true"}, // runtime.md 2.4: accepted there too
		{ProxyRequest, "target.copy.queryparams", "true", "true"},
		{TargetRequest, "target.header.host", "new.test", "new.test"},
		{TargetRequest, "target.expectedcn", "new.test", "new.test"},
		{TargetRequest, "request.uri", "/new?a=1", "/new?a=1"},
		{ProxyRequest, "servicecallout.requesturi", "/new", "/new"},
		{ProxyRequest, "servicecallout.requesturi", "", "/sent"},
		{ProxyRequest, "servicecallout.SC-1.target.url", "https://new.test", "https://new.test"},
		{TargetRequest, "request.path", "/new", "/new"},
		{TargetRequest, "request.verb", "PUT", "PUT"},
	} {
		x := newExchangeAtEnd()
		x.Phase = c.phase
		n := ParseName(c.name)
		if err := x.Set(n, Text(c.value)); err != nil {
			t.Errorf("%s in the %s: %v", c.name, c.phase, err)
		}
		if got := x.Get(n).String(); got != c.want {
			t.Errorf("%s in the %s: %s, want %s", c.name, c.phase, got, c.want)
		}
	}
}

// TestVariablesReference: the reference names each variable once and documents
// it.
func TestVariablesReference(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range Variables() {
		if seen[v.Name] || v.Doc == "" || v.Scope == "" || v.Type == Null {
			t.Errorf("%s: twice %v, %q, scope %q, type %s", v.Name, seen[v.Name], v.Doc, v.Scope, v.Type)
		}
		seen[v.Name] = true
	}
	for _, name := range []string{"request.uri", "M.content", "M.header.NAME.values.string", "M.formparams.names", "ratelimit.POLICY.class.used.count", "private.NAME"} {
		if !seen[name] {
			t.Errorf("the reference lacks %s", name)
		}
	}
}

// TestFaultOfAStepThatWentOn: runtime.md 3.6.
func TestFaultOfAStepThatWentOn(t *testing.T) {
	x := newExchangeAtStart()
	x.last = faults.MustRuntime("GatewayTimeout").New()
	if got := x.Lookup("fault.name").String(); got != "GatewayTimeout" {
		t.Errorf("fault.name is %q", got)
	}
	if x.Lookup("error.message").String() != "" || x.Lookup("is.error").True() {
		t.Error("a step that failed and went on makes an error state")
	}
}

// TestPropertySetsWithDots: both the set and the key may have dots.
func TestPropertySetsWithDots(t *testing.T) {
	x := newExchangeAtStart()
	x.Proxy.PropertySets = map[string]map[string]string{"a": {"b.c": "1", "d": "2"}, "a.b": {"c": "3", "d": "4"}}
	for name, want := range map[string]string{"a.b.c": "1", "a.d": "2", "a.b.d": "4", "a.x": "null", "a": "null", "a.b": "null"} {
		if got := show(x, x.Lookup("propertyset."+name)); got != want {
			t.Errorf("propertyset.%s is %s, want %s", name, got, want)
		}
	}
}

func TestClientAddressBehindProxies(t *testing.T) {
	for header, want := range map[string]string{
		"":                         "192.0.2.1 192.0.2.1",
		"X-Forwarded-For:":         "192.0.2.1 192.0.2.1",
		"X-Forwarded-For: a":       "a a",
		"X-Forwarded-For: a, b, c": "a c",
		"X-Forwarded-For: a | X-Forwarded-For: b": "a b",
	} {
		x := newExchangeAtStart()
		x.Client.IP = "192.0.2.1"
		x.Request.Header = parseHeader(header)
		if got := x.Lookup("client.resolved.ip").String() + " " + x.Lookup("proxy.client.ip").String(); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestGetAllocatesNothing(t *testing.T) {
	x := newExchangeAtEnd()
	x.Request.Query = "a=1&q=b%20c&limit=2"
	x.Put("my.variable", Text("v"))
	for _, name := range []string{
		"request.header.x-forwarded-for", "request.header.none", "request.queryparam.q", "request.queryparam.none", "my.variable",
		"unresolved", "proxy.pathsuffix", "request.verb", "error.status.code", "apiproxy.name", "is.error", "client.ip", "target.url",
		"system.timestamp", "fault.name", "propertyset.vertex.region", "request.path",
	} {
		n := ParseName(name)
		if allocs := testing.AllocsPerRun(100, func() { x.Get(n) }); allocs != 0 {
			t.Errorf("reading %s allocates %v times", name, allocs)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	x := newExchangeAtEnd()
	x.Request.Header = parseHeader("Host: a | User-Agent: b | Accept: c | X-Api-Key: d | Content-Type: e | Cookie: f")
	x.Request.Query = "a=1&limit=2"
	x.Put("my.variable", Text("v"))
	for _, name := range []string{"request.header.content-type", "request.queryparam.limit", "my.variable", "unresolved", "proxy.pathsuffix"} {
		n := ParseName(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Get(n)
			}
		})
	}
}
