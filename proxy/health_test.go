package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// often makes the compiled health monitor probe without delay: the interval is
// in whole seconds in a bundle.
func often(d *Deployment) {
	d.targets["default"].connection.(*httpConnection).balancer.monitor.interval = 2 * time.Millisecond
}

// eventually waits for probes that run beside the test.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it did not happen: " + what)
}

func (g *gateway) out(i int) bool {
	r := g.balancer.rotation
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.servers[i].out
}

const twoServers = `<LoadBalancer><Server name="A"/><Server name="B"/><MaxFailures>2</MaxFailures></LoadBalancer>`

func monitored(probe string) string {
	return twoServers + `<HealthMonitor><IsEnabled>true</IsEnabled><IntervalInSec>5</IntervalInSec>` + probe + `</HealthMonitor>`
}

func TestTCPMonitor(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	clock := newVirtual()
	g := start(t, setup{env: environment(t, a, b), clock: clock.now, before: often, connection: monitored(`<TCPMonitor><ConnectTimeoutInSec>60</ConnectTimeoutInSec></TCPMonitor>`)})
	g.answers(t, 2)
	a.close(t)
	eventually(t, "A leaves the rotation", func() bool { return g.out(0) })
	if got := g.answers(t, 3); got != "BBB" || g.target().FailedServers != nil {
		t.Errorf("%s, failed %v", got, g.target().FailedServers)
	}
	clock.advance(2 * returnAfter)
	if got := g.answers(t, 3); got != "BBB" || g.target().FailedServers != nil {
		t.Error("with a monitor, time alone brings no server back")
	}
	a.open(t)
	eventually(t, "A returns", func() bool { return !g.out(0) })
	if got := g.answers(t, 4); strings.Count(got, "A") != 2 {
		t.Error(got)
	}
}

func TestHTTPMonitor(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	probed := make(chan *http.Request, 1)
	serve := a.ServeHTTP
	a.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			serve(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body) // compared below
		r.Header.Set("Body", string(body))
		select {
		case probed <- r:
		default:
		}
		w.Header().Set("X-Health", "fine")
		w.WriteHeader(int(a.status.Load()))
	})
	g := start(t, setup{env: environment(t, a, b), before: often, connection: monitored(`<HTTPMonitor><Request>
	  <Verb>PUT</Verb><Path>health?deep=true</Path><Header name="X-Probe">yes</Header><Payload>ping</Payload><IncludeHealthCheckIdHeader>true</IncludeHealthCheckIdHeader>
	  </Request><SuccessResponse><ResponseCode>200</ResponseCode><ResponseCode>202</ResponseCode><Header name="X-Health">fine</Header></SuccessResponse></HTTPMonitor>`)})
	r := <-probed
	id := strings.Split(r.Header.Get("X-Apigee-Healthcheck-Id"), "/")
	if r.Method != "PUT" || r.RequestURI != "/health?deep=true" || r.Header.Get("X-Probe") != "yes" || r.Header.Get("Body") != "ping" || r.Host != a.addr || len(id) != 4 || id[0] != "org" || id[1] != "env" {
		t.Errorf("the probe was %s %s %v", r.Method, r.RequestURI, r.Header)
	}
	// B answers 200 without the header X-Health.
	eventually(t, "B leaves the rotation", func() bool { return g.out(1) })
	for _, step := range []struct {
		status int32
		out    bool
	}{{503, true}, {202, false}, {500, true}, {200, false}} {
		a.status.Store(step.status)
		eventually(t, "A follows its status", func() bool { return g.out(0) == step.out })
	}
	if got := g.answers(t, 2); got != "AA" {
		t.Error(got)
	}
}

// TestHTTPMonitorTLS: which certificates a probe accepts.
func TestHTTPMonitorTLS(t *testing.T) {
	ca := newAuthority(t)
	addr := newTLSBackend(t, ca.server(t, "localhost"))
	plain := newBackend(t, "B")
	for settings, passes := range map[string]bool{
		``:                    false, // clear text to a TLS server
		`<IsSSL>true</IsSSL>`: false, // strict: the authority is not known
		`<IsSSL>true</IsSSL><TrustAllSSL>true</TrustAllSSL>`:    true,
		`<UseTargetServerSSLInfo>true</UseTargetServerSSLInfo>`: true,
	} {
		env := environment(t, plain)
		env.TargetServers["A"] = targetServer(t, "A", addr)
		env.TargetServers["A"].SSL = &SSLInfo{Enabled: "true"}
		d, n, _, problems := compileTarget(t, setup{env: env, connection: monitored(`<HTTPMonitor><Request>` + settings + `</Request></HTTPMonitor>`)})
		if problems.Refused() {
			t.Fatal(problems)
		}
		l := d.targets["default"].connection.(*httpConnection).balancer
		if err := l.monitor.probe.ask(t.Context(), &l.servers[0]); (err == nil) != passes {
			t.Errorf("%s: %v", settings, err)
		}
		n.Close()
	}
}

// TestMonitorLivesWithDeployment: probes go through the host map, begin when the
// deployment goes live and are over when it is not.
func TestMonitorLivesWithDeployment(t *testing.T) {
	a, b := newBackend(t, "A"), newBackend(t, "B")
	env := environment(t, b)
	env.TargetServers["A"] = &TargetServer{Name: "A", Host: "a.invalid", Port: 80, Enabled: true}
	d, n, _, problems := compileTarget(t, setup{env: env, hosts: map[string]string{"a.invalid": a.addr}, connection: monitored(`<HTTPMonitor/>`)})
	if problems.Refused() {
		t.Fatal(problems)
	}
	defer n.Close()
	often(d)
	table := NewTable()
	live, _ := NewSnapshot(env, Options{}, []*Deployment{d}, nil)
	for range 2 { // a rollback brings a deployment to life again
		before := a.hits.Load()
		table.Swap(live)
		eventually(t, "probes", func() bool { return a.hits.Load() > before })
		table.Swap(&Snapshot{Environment: env})
		after := a.hits.Load()
		time.Sleep(20 * time.Millisecond) // ten intervals in which nothing may happen
		if a.hits.Load() > after+1 {      // the last probe may still be on its way to the backend's handler
			t.Error("probes go on after the deployment ended")
		}
	}
}

// TestStopEndsProbe: a probe that hangs does not hold up a deployment.
func TestStopEndsProbe(t *testing.T) {
	silent := listen(t)
	defer silent.Close()
	env := environment(t)
	env.TargetServers["A"] = targetServer(t, "A", silent.Addr().String())
	d, n, _, _ := compileTarget(t, setup{env: env, connection: monitored(`<HTTPMonitor/>`)})
	defer n.Close()
	often(d)
	d.start()
	c, err := silent.Accept() // the probe is under way
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	d.stop()
	if took := time.Since(began); took > probeTimeout/2 {
		t.Errorf("stop took %s", took)
	}
}

// slowEnd is a probe that takes its time to end.
type slowEnd struct{ began, ended chan struct{} }

func (p slowEnd) ask(ctx context.Context, _ *server) error {
	close(p.began)
	<-ctx.Done()
	time.Sleep(10 * time.Millisecond) // long enough for a stop that does not wait to be over first
	close(p.ended)
	return ctx.Err()
}

// TestStopWaits: after stop nothing of the monitor is left.
func TestStopWaits(t *testing.T) {
	p := slowEnd{make(chan struct{}), make(chan struct{})}
	m := &monitor{interval: time.Millisecond, probe: p, now: time.Now,
		balancer: &balancer{servers: []server{{}}, rotation: newRotation("", []server{{}}, false, 1, 0)}}
	m.start()
	<-p.began
	m.stop()
	select {
	case <-p.ended:
	default:
		t.Error("stop did not wait")
	}
}

func TestHealthMonitorProblems(t *testing.T) {
	const tcp = `<TCPMonitor/>`
	for _, tc := range []struct {
		xml, code string
		refused   bool
	}{
		{`<IsEnabled>true</IsEnabled>` + tcp, "MissingElement", true},
		{`<IsEnabled>true</IsEnabled><IntervalInSec>5</IntervalInSec>`, "MissingElement", true},
		{`<IsEnabled>true</IsEnabled><IntervalInSec>5</IntervalInSec><HTTPMonitor/>` + tcp, "InvalidValue", false},
		{`<IsEnabled>true</IsEnabled><IntervalInSec>5</IntervalInSec>` + tcp, "MissingElement", false},
		{`<IsEnabled>false</IsEnabled>`, "MissingTargetServer", false},
	} {
		_, _, _, problems := compileTarget(t, setup{connection: `<LoadBalancer><Server name="A"/></LoadBalancer><HealthMonitor>` + tc.xml + `</HealthMonitor>`})
		expect(t, problems, tc.code)
		if problems.Refused() != tc.refused {
			t.Errorf("%s: %v", tc.xml, problems)
		}
	}
}

// TestPolicyMonitor: the load balancer of a policy has its servers watched too.
func TestPolicyMonitor(t *testing.T) {
	env := &Environment{TargetServers: map[string]*TargetServer{"A": {Name: "A", Host: "127.0.0.1", Port: 1, Enabled: true}}}
	s := rig{env: env, files: []string{proxyAt("/p", preFlow(onRequest("C")), nullRoute), `<Callout name="C"><HTTPTargetConnection>
		<LoadBalancer><Server name="A"/><MaxFailures>1</MaxFailures></LoadBalancer>
		<HealthMonitor><IsEnabled>true</IsEnabled><IntervalInSec>3600</IntervalInSec><TCPMonitor/></HealthMonitor>
	</HTTPTargetConnection></Callout>`}}.serve(t)
	if n := len(s.core.Table.Snapshot().Deployments[0].monitors); n != 1 {
		t.Errorf("%d monitors run, want 1", n)
	}
}
