package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/http1"
	"sluice/internal/loopback"
)

// provocation is a real request that ends in a fault.
type provocation struct {
	fault   string   // name in the catalogue, with "/response" for the target's side
	files   []string // of a proxy at base path /NAME, "response" appended for the target's side
	request string   // "" is a GET; %s is the base path
}

// answering is a target that sends just that.
func answering(t *testing.T, answer string, parts ...string) string {
	return targetAt(rawTarget(t, func(arrived) string { return answer }), parts...)
}

// provocations are all faults of the runtime's catalogue, each from what a client,
// a target or a bundle does.
func provocations(t *testing.T) []provocation {
	const reads = `<Note name="N">{message.content} {request.formparam.a}</Note>`
	onlyRequest, onlyResponse := preFlow(onRequest("N")), preFlow(onResponse("N"))
	hang, _, _ := hanging(t, "")
	mute := "http://" + bareTarget(t, func(net.Conn) {})
	shout := answering(t, "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n\n")
	passing := func(fault, answer string, parts ...string) provocation {
		return provocation{fault: fault, files: append(parts, answering(t, answer))}
	}
	long := strings.Repeat("x", 30_000)
	return []provocation{
		{fault: "ApplicationNotFound", request: "GET /nobody HTTP/1.1"},
		{fault: "RouteFailed", files: []string{`<RouteRule name="r"><Condition>request.verb = "PUT"</Condition></RouteRule>`}},
		{fault: "TargetMissing", files: []string{`<TargetEndpoint name="default"><ScriptTarget><ResourceURL>node://a.js</ResourceURL></ScriptTarget></TargetEndpoint>`}},
		{fault: "APITimedOut", files: []string{"api.timeout=30", targetAt(hang)}},
		{fault: "GatewayTimeout", files: []string{targetAt(hang, "io.timeout.millis=30")}},
		{fault: "RequestTimeOut", files: []string{reads, onlyRequest, nullRoute}, request: "POST %s HTTP/1.1\nContent-Length: 9\n\nhalf"},
		{fault: "ServiceUnavailable", files: []string{targetAt("http://" + loopback.Address(t))}},
		{fault: "NoActiveTargets", files: []string{`<TargetEndpoint name="default"><HTTPTargetConnection><LoadBalancer><Server name="off"/></LoadBalancer></HTTPTargetConnection></TargetEndpoint>`}},
		{fault: "SslHandshakeFailed", files: []string{targetAt(strings.Replace(mute, "http:", "https:", 1))}},
		{fault: "UnexpectedEOFAtTarget", files: []string{targetAt(mute)}, request: "POST %s HTTP/1.1\n\nbody"},
		{fault: "BadGateway", files: []string{`<TargetEndpoint name="default"><LocalTargetConnection><Path>/upgrades</Path></LocalTargetConnection></TargetEndpoint>`,
			proxyAt("/upgrades", `<RouteRule name="r"><TargetEndpoint>up</TargetEndpoint></RouteRule>`), strings.Replace(shout, `"default"`, `"up"`, 1)},
			request: "GET %s HTTP/1.1\nConnection: Upgrade, close\nUpgrade: websocket"},
		passing("ErrorResponseCode", "HTTP/1.1 404 Not Found\nContent-Length: 0\n\n"),
		{fault: "LengthRequired", files: []string{nullRoute}, request: "POST %s HTTP/1.1"},
		{fault: "DecompressionFailureAtRequest", files: []string{reads, onlyRequest, nullRoute}, request: "POST %s HTTP/1.1\nContent-Encoding: gzip\n\nplain"},
		passing("DecompressionFailureAtResponse", "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 5\n\nplain", reads, onlyResponse),
		{fault: "GoogleTokenGenerationFailure", files: []string{`<TargetEndpoint name="default"><HTTPTargetConnection><URL>` + mute + `</URL><Authentication><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes></GoogleAccessToken></Authentication></HTTPTargetConnection></TargetEndpoint>`}},
		{fault: "UnresolvedVariable", files: []string{`<RouteRule name="r"><IntegrationEndpoint>i</IntegrationEndpoint></RouteRule>`, `<IntegrationEndpoint name="i"/>`}},
		{fault: "TooBigBody", files: []string{reads, onlyRequest, nullRoute, "request.payload.parse.limit=1k"}, request: "POST %s HTTP/1.1\n\n" + long},
		passing("TooBigBody/response", fmt.Sprintf("HTTP/1.1 200 OK\nContent-Length: %d\n\n%s", len(long), long), reads, onlyResponse, "response.payload.parse.limit=1k"),
		{fault: "TooBigHeaders", request: "GET / HTTP/1.1\nX-A: " + long},
		passing("TooBigHeaders/response", "HTTP/1.1 200 OK\nX-A: "+long+"\n\n"),
		{fault: "TooBigLine", request: "GET /" + long + " HTTP/1.1"},
		passing("TooBigLine/response", "HTTP/1.1 200 "+long+"\n\n"),
		{fault: "DuplicateHeader", files: []string{nullRoute}, request: "GET %s HTTP/1.1\nAuthorization: a\nAuthorization: b"},
		passing("DuplicateHeader/response", "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\nab"),
		{fault: "UnsupportedEncoding", files: []string{reads, onlyRequest, nullRoute}, request: "POST %s HTTP/1.1\nContent-Encoding: br\n\nplain"},
		passing("UnsupportedEncoding/response", "HTTP/1.1 200 OK\nContent-Encoding: br\nContent-Length: 5\n\nplain", reads, onlyResponse),
		{fault: "BadPath", files: []string{targetAt("no url")}},
		{fault: "EmptyPath", files: []string{targetAt(mute, preFlow(onRequest("U"))), `<Assign name="U"><V name="target.url">` + mute + `</V></Assign>`}},
		{fault: "Response405WithoutAllowHeader", files: []string{answering(t, "HTTP/1.1 405 No\nContent-Length: 0\n\n", "ignore.allow.header.for.405=false")}},
		passing("Response306Reserved", "HTTP/1.1 306 Unused\nContent-Length: 0\n\n"),
		{fault: "NoResolvedHost", files: []string{targetAt(mute, preFlow(onRequest("U"))), `<Assign name="U"><V name="target.url">http://nowhere.invalid/</V></Assign>`}},
		{fault: "HeaderNameWithNonAsciiChar", request: "GET / HTTP/1.1\nX-Ä: 1"},
		passing("HeaderNameWithNonAsciiChar/response", "HTTP/1.1 200 OK\nX-Ä: 1\n\n"),
		{fault: "HeaderWithInvalidChar", request: "GET / HTTP/1.1\nX-A: \x01"},
		passing("HeaderWithInvalidChar/response", "HTTP/1.1 200 OK\nX-A: \x01\n\n"),
		{fault: "BadFormData", files: []string{reads, onlyRequest, nullRoute}, request: "POST %s HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\n" + strings.Repeat("&", 20_000)},
		{fault: "InvalidMessage", request: "POST / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 3"},
		passing("InvalidMessage/response", "no HTTP\n\n"),
		{fault: "ChainTooDeep", files: []string{`<TargetEndpoint name="default"><LocalTargetConnection><Path>/ChainTooDeep</Path></LocalTargetConnection></TargetEndpoint>`}},
		{fault: "MethodNotAllowed", files: []string{nullRoute, "allow.http.method.GET=false"}},
		{fault: "PolicyTypeNotAvailable", files: []string{nullRoute, preFlow(onRequest("J")), `<JavaCallout name="J"/>`}},
		{fault: "PolicyPanic", files: []string{nullRoute, preFlow(onRequest("P")), `<Panic name="P"/>`}},
		{fault: "InternalError", files: []string{nullRoute, preFlow(onRequest("B")), `<Broken name="B"/>`}},
	}
}

// TestEveryRuntimeFaultIsProvoked holds the catalogue against what the runtime
// does: each of its own faults is raised by real input. testdata/unprovoked.txt
// lists the exceptions, each with its reason; it may only get shorter.
func TestEveryRuntimeFaultIsProvoked(t *testing.T) {
	seen := map[*faults.Def]bool{}
	s, list := provoking(t)
	for _, p := range list {
		seen[s.provoke(p)] = true
	}
	tunnel := rig{forward: "http://" + newForwarder(t, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").addr, files: []string{proxyAt("/ProxyTunnelCreationFailed"), targetAt("https://target.example/")}}.serve(t)
	seen[tunnel.provoke(provocation{fault: "ProxyTunnelCreationFailed"})] = true
	hooked := rig{env: &Environment{FlowHooks: map[string]FlowHook{preProxyHook: {SharedFlow: "absent"}}}, files: []string{proxyAt("/SharedFlowNotFound", nullRoute)}}.serve(t)
	seen[hooked.provoke(provocation{fault: "SharedFlowNotFound"})] = true

	excused := exceptions(t)
	for _, d := range faults.All() {
		if d.Element != faults.ElementRuntime || d.Kind != faults.Runtime || d.Evidence == "inferred" {
			continue
		}
		key := d.Name
		if d.Variant != "" {
			key += "/" + d.Variant
		}
		if _, ok := excused[key]; ok == seen[d] {
			t.Errorf("%s (%s): provoked %v, listed in unprovoked.txt %v", key, d.Code, seen[d], ok)
		}
		delete(excused, key)
	}
	for key := range excused {
		t.Errorf("unprovoked.txt lists %s, which the catalogue does not have", key)
	}
}

// provoking serves the provocations, each as proxy endpoint of its own.
func provoking(t *testing.T) (*served, []provocation) {
	g := rig{
		proxies:  map[string][]string{},
		env:      &Environment{TargetServers: map[string]*TargetServer{"off": {Name: "off", Host: "127.0.0.1", Port: 1}}},
		options:  Options{AllowMissing: true},
		timeouts: http1.Timeouts{Read: 50 * time.Millisecond},
		services: flow.Services{Integrations: noIntegrations{}, Identity: teller{errors.New("revoked")}},
	}
	list := provocations(t)
	for _, p := range list {
		if p.files == nil {
			continue
		}
		var parts, files []string
		for _, f := range p.files {
			if strings.HasPrefix(f, "<PreFlow") || strings.HasPrefix(f, "<RouteRule") || !strings.HasPrefix(f, "<") {
				parts = append(parts, f)
				continue
			}
			files = append(files, f)
		}
		base := p.base()
		g.proxies[base[1:]] = append(files, proxyAt(base, parts...))
	}
	return g.serve(t), list
}

func (p provocation) base() string { return "/" + strings.ReplaceAll(p.fault, "/", "-") }

// provoke sends the request and returns the fault that it ended in.
func (s *served) provoke(p provocation) *faults.Def {
	s.t.Helper()
	want, ok := faults.Lookup(faults.ElementRuntime, p.fault)
	if !ok {
		s.t.Fatalf("the catalogue has no %s", p.fault)
	}
	request := "GET " + p.base() + " HTTP/1.1"
	if p.request != "" {
		request = strings.Replace(p.request, "%s", p.base(), 1)
	}
	for len(s.raised) > 0 {
		<-s.raised
	}
	a := s.ask(request)
	got := fmt.Sprintf("%d %s", a.code(), a.text())
	if p.fault == "ErrorResponseCode" { // its answer is the target's own
		got = fmt.Sprintf("%d %s", want.Status, `"errorcode":"`+next(s.t, s.raised, "the fault").Code()+`"`)
	}
	if !strings.HasPrefix(got, fmt.Sprint(want.Status)) || !strings.Contains(got, `"errorcode":"`+want.Code+`"`) {
		s.t.Errorf("%s: got %s, want %d %s", p.fault, got, want.Status, want.Code)
		return nil
	}
	return want
}

// noIntegrations is never asked: nothing prepares a call.
type noIntegrations struct{}

func (noIntegrations) Run(context.Context, flow.IntegrationCall) (*flow.Message, error) {
	return nil, errors.New("not expected")
}

// exceptions reads testdata/unprovoked.txt: a fault and the reason on each line.
func exceptions(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/unprovoked.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, _ := strings.Cut(line, " ")
		if reason == "" {
			t.Errorf("%s is listed without a reason", name)
		}
		list[name] = reason
	}
	return list
}
