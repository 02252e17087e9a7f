package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"sluice/flow"
	"sluice/internal/loopback"
	"sluice/proxy"
)

// TestListenAllOrNothing: when the listener of TLS cannot serve, the other does not
// serve either.
func TestListenAllOrNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []settings{
		{TLSListen: "127.0.0.1:0", TLSCert: "absent.crt", TLSKey: "absent.key"},
		{TLSListen: taken.Addr().String(), SelfSigned: true},
	} {
		c.Listen = loopback.Address(t)
		server := proxy.NewServer(&proxy.Core{Table: proxy.NewTable(), Services: &flow.Services{}}, zap.NewNop())
		failed := make(chan error, 2)
		if err := (&runtime{settings: &c}).listen(server, failed); err == nil {
			t.Errorf("%+v: listens", c)
		}
		if conn, err := net.Dial("tcp", c.Listen); err == nil {
			t.Errorf("%s is open", c.Listen)
			_ = conn.Close()
		}
		if err := server.Shutdown(t.Context()); err != nil || len(failed) > 0 {
			t.Errorf("something served: %v", err)
		}
	}
}

// TestWatchEnds: nothing is closed under a reload.
func TestWatchEnds(t *testing.T) {
	dir := bundle(t, "/w", `<RouteRule name="r"/>`, "")
	s := defaultSettings()
	s.Paths, s.Watch = []string{dir}, true
	out := &heldWriter{text: "reloaded in", reached: make(chan struct{}), release: make(chan struct{})}
	r, err := newRuntime(t.Context(), &s, out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	stop := r.startWatch(t.Context())
	file := filepath.Join(dir, "apiproxy", "proxies", "default.xml")
	for reloading := false; !reloading; { // the watch may not have begun
		write(t, file, `<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/w2</BasePath></HTTPProxyConnection><RouteRule name="r"/></ProxyEndpoint>`)
		select {
		case <-out.reached:
			reloading = true
		case <-time.After(2 * settle):
		}
	}
	time.AfterFunc(20*time.Millisecond, func() { close(out.release) }) // long enough for a stop that does not wait
	stop()
	select {
	case <-out.release:
	default:
		t.Error("stop returned while a reload was under way")
	}
}

// heldWriter holds back whoever writes the text.
type heldWriter struct {
	text             string
	reached, release chan struct{}
	once             sync.Once // closes reached
}

func (w *heldWriter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.once.Do(func() { close(w.reached) })
		<-w.release
	}
	return len(p), nil
}

// TestLinkedBundles: a link that is given as a path is followed, and so is a link
// that is a bundle's folder; also what stands beside it is found.
func TestLinkedBundles(t *testing.T) {
	dir, links := bundle(t, "/linked", `<RouteRule name="r"/>`, ""), t.TempDir()
	write(t, filepath.Join(dir, "targetservers.json"), "[]")
	whole, own := filepath.Join(links, "whole"), filepath.Join(links, "own")
	write(t, filepath.Join(own, "targetservers.json"), "[]")
	for link, to := range map[string]string{whole: dir, filepath.Join(own, "apiproxy"): filepath.Join(dir, "apiproxy")} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip(err)
		}
	}
	for _, path := range []string{whole, whole + "/", own, filepath.Join(own, "apiproxy")} {
		problems, bundles, err := lint([]string{path}, "test")
		if err != nil || bundles != 1 || len(problems) > 0 {
			t.Errorf("%s: %d bundles, %v, %v", path, bundles, problems, err)
		}
	}
	for _, path := range []string{whole, own} {
		want := filepath.Join(path, "targetservers.json")
		if found := beside([]string{path}, "targetservers.json"); len(found) != 1 || found[0] != want {
			t.Errorf("beside the bundle is %v, want %s", found, want)
		}
	}
}

// TestFaultsAreLogged: at level debug a line tells why a request failed, also when a
// fault rule answered it, without what the request held (see serving).
func TestFaultsAreLogged(t *testing.T) {
	t.Parallel()
	dir := bundle(t, "/why", `<DefaultFaultRule name="d"><AlwaysEnforce>true</AlwaysEnforce><Step><Name>AM</Name></Step></DefaultFaultRule>
<PreFlow><Request><Step><Name>Q</Name><Condition>proxy.pathsuffix = "/quota"</Condition></Step></Request></PreFlow>`+toTarget, "http://127.0.0.1:1")
	policies := filepath.Join(dir, "apiproxy", "policies")
	write(t, filepath.Join(policies, "Q.xml"), `<Quota name="Q"><Identifier ref="request.queryparam.key"/><Allow count="0"/><Interval>1</Interval><TimeUnit>hour</TimeUnit></Quota>`)
	write(t, filepath.Join(policies, "AM.xml"), `<AssignMessage name="AM"><Set><StatusCode>418</StatusCode></Set></AssignMessage>`)
	r := serving(t, dir)
	for path, want := range map[string]string{
		"/why/quota?key=canary": `"status": 418, "proxy": "001", "policy": "Q", "flow": "PreFlow", "phase": "proxy request", "fault": "policies.ratelimit.QuotaViolation", "reason": "Rate limit quota violation.`,
		"/why/target":           `connection refused`,
	} {
		resp, err := http.Get("http://" + r.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		r.await(t, want)
	}
	if strings.Contains(r.out.String(), "JetStream") {
		t.Error("the server of a state in memory talks about itself")
	}
}

// TestAnnounce: the columns stay in line, however long a base path is.
func TestAnnounce(t *testing.T) {
	endpoint := func(path string) []*proxy.Endpoint { return []*proxy.Endpoint{{Name: "default", BasePath: path}} }
	long := "/" + strings.Repeat("long", 20)
	var out bytes.Buffer
	r := &runtime{settings: &settings{}, out: &out, table: proxy.NewTable()}
	r.table.Swap(&proxy.Snapshot{Environment: &proxy.Environment{}, Deployments: []*proxy.Deployment{
		{Name: "a", Revision: "1", Endpoints: endpoint("/a")}, {Name: "b", Revision: "2", Endpoints: endpoint(long)},
	}})
	r.announce()
	want := "  /a" + strings.Repeat(" ", len(long)-len("/a")) + "  a revision 1, default\n  " + long + "  b revision 2, default\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s", out.String())
	}
}
