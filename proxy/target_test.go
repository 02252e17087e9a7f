package proxy

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"sluice/flow"
	"sluice/internal/loopback"
)

// setup is what a test of the target side varies.
type setup struct {
	connection string // content of HTTPTargetConnection
	env        *Environment
	hosts      map[string]string
	forward    string // URL of a forward proxy
	identity   flow.Identity
	account    string
	clock      func() time.Time
	before     func(*Deployment) // sees the deployment before it is live
}

// gateway is a runtime on loopback that serves one proxy at base path "/".
type gateway struct {
	addr     string
	problems flow.Problems
	balancer *balancer
	table    *Table

	calls sync.Map // X-Call of a request -> chan flow.TargetInfo
	last  flow.TargetInfo
}

const proxyXML = `<ProxyEndpoint name="default">
  <HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection>
  <RouteRule name="default"><TargetEndpoint>default</TargetEndpoint></RouteRule>
</ProxyEndpoint>`

// start compiles a bundle with the connection, end to end, and serves it.
func start(t *testing.T, s setup) *gateway {
	t.Helper()
	d, n, services, problems := compileTarget(t, s)
	if problems.Refused() {
		t.Fatal(problems)
	}
	if s.before != nil {
		s.before(d)
	}
	snapshot, more := NewSnapshot(s.env, Options{}, []*Deployment{d}, nil)
	if more.Refused() {
		t.Fatal(more)
	}
	g := &gateway{problems: problems, table: NewTable(), balancer: d.targets["default"].connection.(*httpConnection).balancer}
	g.table.Swap(snapshot)
	core := &Core{Table: g.table, Services: services, Finished: func(x *flow.Exchange) {
		if ended, ok := g.calls.LoadAndDelete(x.Request.Header.Value("X-Call")); ok {
			ended.(chan flow.TargetInfo) <- x.Target
		}
	}}
	server := NewServer(core, zap.NewNop())
	l := listen(t)
	g.addr = l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		g.table.Swap(&Snapshot{Environment: &Environment{}})
		n.Close()
	})
	return g
}

// compileTarget compiles without serving.
func compileTarget(t *testing.T, s setup) (*Deployment, *Network, *flow.Services, flow.Problems) {
	t.Helper()
	if s.env == nil {
		s.env = &Environment{}
	}
	s.env.Accounts = map[string]string{"": s.account}
	n, err := NewNetwork(s.hosts, s.forward)
	if err != nil {
		t.Fatal(err)
	}
	registry, err := flow.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	services := &flow.Services{ProcessID: "test", Now: s.clock, Identity: s.identity}
	c := Compiler{Registry: registry, Services: services, Environment: s.env, Network: n}
	d, problems := c.Proxy(&Bundle{Kind: APIProxy, Name: "test", Files: map[string][]byte{
		"proxies/default.xml": []byte(proxyXML),
		"targets/default.xml": []byte(`<TargetEndpoint name="default"><HTTPTargetConnection>` + s.connection + `</HTTPTargetConnection></TargetEndpoint>`),
	}})
	return d, n, services, problems
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// caller is a plain client whose connections end with the test.
func caller(t *testing.T) *http.Client {
	c := &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: patience}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// get asks the gateway and returns status and body.
func (g *gateway) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return g.do(t, http.MethodGet, path, nil)
}

func (g *gateway) do(t *testing.T, method, path string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+g.addr+path, body)
	if err != nil {
		t.Fatal(err)
	}
	ended, id := make(chan flow.TargetInfo, 1), rand.Text()
	g.calls.Store(id, ended)
	req.Header.Set("Authorization", "client")
	req.Header.Set("X-Call", id)
	resp, err := caller(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	g.last = <-ended
	return resp.StatusCode, string(data)
}

// fault asks and expects a fault with that code in the answer.
func (g *gateway) fault(t *testing.T, path string, status int, code string) string {
	t.Helper()
	got, body := g.get(t, path)
	if got != status || !strings.Contains(body, code) {
		t.Fatalf("got %d %s, want %d %s", got, body, status, code)
	}
	return body
}

// target is what the runtime knew of the target of the last request.
func (g *gateway) target() flow.TargetInfo { return g.last }

// expect fails unless there is a problem with the code.
func expect(t *testing.T, problems flow.Problems, code string) {
	t.Helper()
	for _, p := range problems {
		if p.Code == code {
			return
		}
	}
	t.Fatalf("no problem %s in %v", code, problems)
}

// backend is a target that answers with its name until it is told otherwise.
type backend struct {
	name   string
	addr   string
	status atomic.Int32
	hits   atomic.Int32
	server *http.Server
	ended  chan struct{} // closed when server is through
}

func newBackend(t *testing.T, name string) *backend {
	b := &backend{name: name, addr: loopback.Address(t)}
	b.status.Store(200)
	b.open(t)
	t.Cleanup(func() { b.close(t) })
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.hits.Add(1)
	body, _ := io.ReadAll(r.Body) // a broken request shows in the answer
	w.Header().Set("X-State", "well")
	w.WriteHeader(int(b.status.Load()))
	_, _ = io.WriteString(w, b.name+string(body)) // the client's side reports a loss
}

// open listens, again after close.
func (b *backend) open(t *testing.T) {
	l, err := net.Listen("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	server, ended := &http.Server{Handler: b}, make(chan struct{})
	b.server, b.ended = server, ended
	go func() {
		defer close(ended)
		if err := server.Serve(l); err != http.ErrServerClosed {
			t.Error(err)
		}
	}()
}

func (b *backend) close(t *testing.T) {
	if err := b.server.Close(); err != nil {
		t.Error(err)
	}
	<-b.ended
}

// targetServer describes a backend for the environment.
func targetServer(t *testing.T, name, addr string) *TargetServer {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return &TargetServer{Name: name, Host: a.IP.String(), Port: a.Port, Enabled: true}
}

func environment(t *testing.T, list ...*backend) *Environment {
	e := &Environment{Organization: "org", Name: "env", TargetServers: map[string]*TargetServer{}}
	for _, b := range list {
		e.TargetServers[b.name] = targetServer(t, b.name, b.addr)
	}
	return e
}

// virtual is a clock that only the test moves.
type virtual struct{ ns atomic.Int64 }

func newVirtual() *virtual {
	v := &virtual{}
	v.ns.Store(time.Now().UnixNano())
	return v
}

func (v *virtual) now() time.Time          { return time.Unix(0, v.ns.Load()) }
func (v *virtual) advance(d time.Duration) { v.ns.Add(int64(d)) }
