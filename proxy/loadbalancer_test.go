package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"sluice/flow"
)

// answers asks n times and joins what answered.
func (g *gateway) answers(t *testing.T, n int) string {
	t.Helper()
	var s strings.Builder
	for range n {
		status, body := g.get(t, "/")
		if status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		s.WriteString(body)
	}
	return s.String()
}

func TestDistribution(t *testing.T) {
	a, b, c := newBackend(t, "A"), newBackend(t, "B"), newBackend(t, "C")
	env := environment(t, a, b, c)
	env.TargetServers["off"] = &TargetServer{Name: "off", Host: "127.0.0.1", Port: 1}
	for _, tc := range []struct{ name, lb, want string }{
		{"round robin", `<Server name="A"/><Server name="B"/><Server name="C"/>`, "ABCABCAB"},
		{"weighted", `<Algorithm>Weighted</Algorithm><Server name="A"><Weight>5</Weight></Server><Server name="B"><Weight>1</Weight></Server><Server name="C"><Weight>2</Weight></Server>`, "ACAABACA"},
		{"least connections of idle servers", `<Algorithm>LeastConnections</Algorithm><Server name="A"/><Server name="B"/>`, "ABABABAB"},
		{"fallback is spared", `<Server name="A"/><Server name="B"><IsFallback>true</IsFallback></Server>`, "AAAAAAAA"},
		{"disabled servers", `<Server name="A"><IsEnabled>false</IsEnabled></Server><Server name="off"/><Server name="C"/>`, "CCCCCCCC"},
		{"unknown servers", `<Server name="nowhere"/><Server name="B"/>`, "BBBBBBBB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := start(t, setup{connection: "<LoadBalancer>" + tc.lb + "</LoadBalancer>", env: env})
			if got := g.answers(t, 8); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestLeastConnections: a server that is busy gets nothing while another is idle.
func TestLeastConnections(t *testing.T) {
	r := newRotation("LeastConnections", []server{{}, {}, {}}, false, 0, 0)
	now := time.Now()
	for want := range 3 {
		if got := r.take(now, nil); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	}
	r.release(1)
	for range 3 {
		if got := r.take(now, nil); got != 1 {
			t.Fatalf("got %d, want the idle server", got)
		}
		r.release(1)
	}
}

// TestBusyUntilRead: a server is busy until its answer was read, not until its
// header came.
func TestBusyUntilRead(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	hold := make(chan struct{})
	a.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush() // a loss shows at the client
		<-hold
	})
	g := start(t, setup{env: environment(t, a, b), connection: `<LoadBalancer><Algorithm>LeastConnections</Algorithm><Server name="A"/><Server name="B"/></LoadBalancer>`})
	resp, err := caller(t).Get("http://" + g.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := g.answers(t, 4); got != "BBBB" {
		t.Errorf("A is busy, but %s answered", got)
	}
	close(hold)
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	a.server.Handler = a
	for i := range g.balancer.servers {
		eventually(t, fmt.Sprintf("server %d is idle", i), func() bool { return g.idle(i) })
	}
}

func (g *gateway) idle(i int) bool {
	r := g.balancer.rotation
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.servers[i].active == 0
}

func TestFailureAndReturn(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	clock := newVirtual()
	g := start(t, setup{env: environment(t, a, b), clock: clock.now, connection: `<LoadBalancer><Server name="A"/><Server name="B"/><MaxFailures>2</MaxFailures></LoadBalancer><Path>/base</Path>`})
	a.close(t)
	if got := g.answers(t, 1); got != "B" {
		t.Fatalf("retry went to %s", got)
	}
	info := g.target()
	if !slices.Equal(info.FailedServers, []string{"A"}) || info.Server != "B" || info.SentPath != "/base/" || info.Fallback.String() != "false" {
		t.Errorf("target is %+v", info)
	}
	g.answers(t, 3) // the second failure of A
	g.answers(t, 4)
	if info := g.target(); info.FailedServers != nil {
		t.Error("A is out of rotation, but was tried")
	}
	a.open(t)
	clock.advance(returnAfter - time.Second)
	if got := g.answers(t, 4); got != "BBBB" {
		t.Errorf("A came back too early: %s", got)
	}
	clock.advance(time.Second)
	if got := g.answers(t, 4); strings.Count(got, "A") != 2 {
		t.Errorf("A did not come back: %s", got)
	}
}

// TestTrial: a server that is still down gets one request each five minutes,
// and while that one is under way, no other.
func TestTrial(t *testing.T) {
	r := newRotation("RoundRobin", []server{{}, {}}, false, 1, returnAfter)
	now := time.Now()
	r.failed(0, now)
	tries := 0
	for range 60 {
		now = now.Add(returnAfter / 20)
		for range 4 {
			if r.take(now, nil) == 0 {
				tries++
			}
		}
	}
	if tries != 3 {
		t.Errorf("%d tries in 15 minutes, want 3", tries)
	}
	r.watch(true)
	for range 4 {
		if r.take(now.Add(returnAfter), nil) == 0 {
			t.Error("a server came back by itself although a health monitor looks after it")
		}
	}
}

func TestNoActiveTargets(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	g := start(t, setup{env: environment(t, a, b), connection: `<LoadBalancer><Server name="A"/><Server name="B"/><MaxFailures>1</MaxFailures></LoadBalancer>`})
	a.close(t)
	b.close(t)
	g.fault(t, "/", 503, "messaging.adaptors.http.flow.ServiceUnavailable")
	if got := g.target().FailedServers; !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("failed servers %v", got)
	}
	g.fault(t, "/", 503, "messaging.adaptors.http.flow.NoActiveTargets")

	none := start(t, setup{env: &Environment{}, connection: `<LoadBalancer><Server name="A"/></LoadBalancer>`})
	expect(t, none.problems, "MissingTargetServer")
	if hint := none.problems[0].Hint; !strings.Contains(hint, `targetservers.json beside the apiproxy folder`) || !strings.Contains(hint, `{"name": "A", "host"`) {
		t.Errorf("the hint does not say how: %s", hint)
	}
	none.fault(t, "/", 503, "messaging.adaptors.http.flow.NoActiveTargets")
}

func TestFallback(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	g := start(t, setup{env: environment(t, a, b), connection: `<LoadBalancer><Server name="A"/><Server name="B"><IsFallback>true</IsFallback></Server><MaxFailures>1</MaxFailures></LoadBalancer>`})
	if g.answers(t, 1); g.target().Fallback.String() != "false" || g.target().Server != "" {
		t.Errorf("target is %+v; without Path there is no server variable", g.target())
	}
	a.close(t)
	if got := g.answers(t, 3); got != "BBB" {
		t.Fatal(got)
	}
	if g.target().Fallback.String() != "true" {
		t.Error("isfallback is not true")
	}
}

// TestUnhealthyResponse: a listed status counts and leads to the next server;
// any other answer resets the count.
func TestUnhealthyResponse(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	g := start(t, setup{env: environment(t, a, b), connection: `<LoadBalancer><Server name="A"/><Server name="B"/><MaxFailures>2</MaxFailures>
	  <ServerUnhealthyResponse><ResponseCode>500</ResponseCode><ResponseCode>503</ResponseCode></ServerUnhealthyResponse></LoadBalancer>`})
	for _, status := range []int32{503, 404, 503, 404, 503} {
		a.status.Store(status)
		got, body := g.get(t, "/")
		if want := map[int32]string{503: "200 B", 404: "404 A"}[status]; fmt.Sprint(got, " ", body) != want {
			t.Fatalf("after %d: %d %s, want %s", status, got, body, want)
		}
		if status == 503 {
			continue
		}
		g.get(t, "/") // B's turn
	}
	before := a.hits.Load()
	g.answers(t, 1)
	if a.hits.Load() != before+1 {
		t.Error("the 404 did not reset the count: A is out after one failure")
	}
	before = a.hits.Load()
	g.answers(t, 4)
	if a.hits.Load() != before {
		t.Error("A is still in rotation after two failures in a row")
	}

	// When every server is unhealthy, the answer of the last one is the answer.
	all := start(t, setup{env: environment(t, a), connection: `<LoadBalancer><Server name="A"/><ServerUnhealthyResponse><ResponseCode>503</ResponseCode></ServerUnhealthyResponse></LoadBalancer>`})
	if status, body := all.get(t, "/"); status != 503 || body != "A" {
		t.Errorf("%d %s", status, body)
	}
}

func TestRetryOfBodies(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	env := environment(t, a, b)
	const lb = `<LoadBalancer><Server name="A"/><Server name="B"/>%s<ServerUnhealthyResponse><ResponseCode>503</ResponseCode></ServerUnhealthyResponse></LoadBalancer>`
	payload := strings.Repeat("x", 200<<10)
	body := func() io.Reader { return iotest.HalfReader(strings.NewReader(payload)) } // chunked: it flows
	a.status.Store(503)
	g := start(t, setup{env: env, connection: fmt.Sprintf(lb, "")})
	if status, _ := g.do(t, "POST", "/", body()); status != 503 {
		t.Errorf("a body that A has read cannot be sent to B; got %d", status)
	}
	if status, _ := g.do(t, "POST", "/", body()); status != 200 {
		t.Errorf("B's turn: %d", status)
	}
	if status, got := g.get(t, "/"); status != 200 || got != "B" {
		t.Errorf("a request without a body: %d %s", status, got)
	}
	a.close(t)
	g.get(t, "/") // B's turn
	if status, got := g.do(t, "POST", "/", body()); status != 200 || got != "B"+payload {
		t.Errorf("A read nothing of the body, B must get all of it: %d, %d bytes", status, len(got))
	}
	never := start(t, setup{env: env, connection: fmt.Sprintf(lb, "<RetryEnabled>false</RetryEnabled>")})
	never.fault(t, "/", 503, "ServiceUnavailable")
}

// TestServerTLS: the target server's sSLInfo beats the endpoint's.
func TestServerTLS(t *testing.T) {
	ca := newAuthority(t)
	secure := newTLSBackend(t, ca.server(t, "localhost"))
	plain := newBackend(t, "plain")
	env := environment(t, plain)
	env.TargetServers["tls"] = targetServer(t, "tls", secure)
	env.TargetServers["tls"].SSL = &SSLInfo{Enabled: "true"}
	env.TargetServers["clear"] = targetServer(t, "clear", plain.addr)
	env.TargetServers["clear"].SSL = &SSLInfo{Enabled: "false"}
	for lb, want := range map[string]string{
		`<LoadBalancer><Server name="tls"/></LoadBalancer>`:                                             "200 secret",
		`<LoadBalancer><Server name="clear"/></LoadBalancer><SSLInfo><Enabled>true</Enabled></SSLInfo>`: "200 plain",
		`<LoadBalancer><Server name="plain"/></LoadBalancer>`:                                           "200 plain",
		`<LoadBalancer><Server name="tls"/></LoadBalancer><SSLInfo><Enabled>false</Enabled></SSLInfo>`:  "200 secret",
	} {
		g := start(t, setup{env: env, connection: lb})
		if status, body := g.get(t, "/"); fmt.Sprint(status, " ", body) != want {
			t.Errorf("%s: %d %s, want %s", lb, status, body, want)
		}
	}
}

func TestPath(t *testing.T) {
	a := newBackend(t, "A")
	a.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	for path, want := range map[string]string{
		"/v1":                          "/v1/x?q=1",
		"v1":                           "/v1/x?q=1",
		"/{request.header.p:none}?a=b": "/none/x?a=b&q=1",
		"":                             "/x?q=1",
	} {
		g := start(t, setup{env: environment(t, a), connection: `<LoadBalancer><Server name="A"/></LoadBalancer><Path>` + path + `</Path>`})
		if _, got := g.get(t, "/x?q=1"); got != want {
			t.Errorf("Path %q: %s, want %s", path, got, want)
		}
	}
}

// TestPolicyCall: the connection of a ServiceCallout tries servers in the same way.
func TestPolicyCall(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	a.status.Store(503)
	d, n, services, _ := compileTarget(t, setup{env: environment(t, a, b), connection: `<LoadBalancer><Server name="A"/><Server name="B"/>
	  <ServerUnhealthyResponse><ResponseCode>503</ResponseCode></ServerUnhealthyResponse></LoadBalancer><Path>/v1</Path>`})
	defer n.Close()
	c := d.targets["default"].connection
	for range 2 {
		request := flow.NewRequest()
		request.Method = "POST"
		request.SetContent([]byte("ping"))
		x := flow.NewExchange(&flow.ProxyInfo{}, services, request)
		m, err := c.Call(t.Context(), x, flow.Call{Request: request})
		if err != nil {
			t.Fatal(err)
		}
		if content, err := m.Content(); err != nil || string(content) != "Bping" || x.Target.Server != "B" {
			t.Errorf("%q %v from %s", content, err, x.Target.Server)
		}
	}
	if a.hits.Load() != 2 {
		t.Errorf("A was asked %d times; its turn came twice", a.hits.Load())
	}
	b.close(t)
	x := flow.NewExchange(&flow.ProxyInfo{}, services, flow.NewRequest())
	if _, err := c.Call(t.Context(), x, flow.Call{Request: x.Request}); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the outcome of the last server is that of the call: %v", err)
	}
}

func TestLoadBalancerProblems(t *testing.T) {
	for _, tc := range []struct {
		xml, code string
		refused   bool
	}{
		{`<LoadBalancer/>`, "MissingElement", true},
		{`<LoadBalancer><Algorithm>Random</Algorithm><Server name="A"/></LoadBalancer>`, "InvalidValue", true},
		{`<LoadBalancer><Server name="A"><IsFallback>true</IsFallback></Server><Server name="B"><IsFallback>true</IsFallback></Server></LoadBalancer>`, "InvalidValue", true},
		{`<LoadBalancer><Server name="A"/></LoadBalancer>`, "MissingTargetServer", false},
		{`<LoadBalancer><Algorithm>Weighted</Algorithm><Server name="A"/></LoadBalancer>`, "MissingElement", false},
		{`<LoadBalancer><Server name="A"/><ServerUnhealthyResponse><ResponseCode>5xx</ResponseCode></ServerUnhealthyResponse></LoadBalancer>`, "InvalidValue", true},
	} {
		_, _, _, problems := compileTarget(t, setup{connection: tc.xml})
		expect(t, problems, tc.code)
		if problems.Refused() != tc.refused {
			t.Errorf("%s: refused is %v: %v", tc.xml, problems.Refused(), problems)
		}
	}
}

func BenchmarkRotation(b *testing.B) {
	for _, algorithm := range []string{"RoundRobin", "Weighted", "LeastConnections"} {
		b.Run(algorithm, func(b *testing.B) {
			r := newRotation(algorithm, []server{{weight: 3}, {weight: 2}, {weight: 1}}, false, 3, returnAfter)
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				i := r.take(now, nil)
				r.passed(i)
				r.release(i)
			}
		})
	}
}
