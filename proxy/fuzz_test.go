package proxy

import (
	"testing"

	"sluice/flow"
)

// testCompiler returns a compiler without policies.
func testCompiler(tb testing.TB) *Compiler {
	tb.Helper()
	registry, err := flow.NewRegistry(nil)
	if err != nil {
		tb.Fatal(err)
	}
	network, err := NewNetwork(nil, "")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(network.Close)
	return &Compiler{Registry: registry, Services: &flow.Services{ProcessID: "test"}, Environment: &Environment{Organization: "acme", Name: "test"}, Network: network}
}

// FuzzBundle compiles whatever stands in the files of a bundle: nothing may
// panic or run away, and what is not refused must link.
func FuzzBundle(f *testing.F) {
	f.Add([]byte(`<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/a</BasePath></HTTPProxyConnection><RouteRule name="r"><Condition>request.verb = "GET"</Condition><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>`),
		[]byte(`<TargetEndpoint name="t"><HTTPTargetConnection><URL>http://{host}/x</URL><Properties><Property name="success.codes">2xx, 404</Property></Properties></HTTPTargetConnection></TargetEndpoint>`))
	f.Add([]byte(`<ProxyEndpoint><PreFlow><Request><Step><Name>A</Name></Step></Request></PreFlow><FaultRules/></ProxyEndpoint>`),
		[]byte(`<TargetEndpoint name="t"><HTTPTargetConnection><LoadBalancer><Server name="s"/></LoadBalancer></HTTPTargetConnection></TargetEndpoint>`))
	f.Add([]byte("<!-- late --><?xml version='1.0'?><ProxyEndpoint/>"), []byte(`<TargetEndpoint><LocalTargetConnection><Path>/a</Path></LocalTargetConnection></TargetEndpoint>`))
	f.Fuzz(func(t *testing.T, endpoint, target []byte) {
		c := testCompiler(t)
		b := &Bundle{Kind: APIProxy, Name: "fuzz", Path: "fuzz", Files: map[string][]byte{"proxies/default.xml": endpoint, "targets/t.xml": target}}
		d, problems := c.Proxy(b)
		if problems.Refused() {
			return
		}
		s, _ := NewSnapshot(c.Environment, Options{}, []*Deployment{d}, nil)
		for _, e := range d.Endpoints {
			s.Match(e.BasePath + "/x")
		}
	})
}

// FuzzZip reads arbitrary archives.
func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, entry{"apiproxy/proxies/default.xml", "<ProxyEndpoint/>"}, entry{`a\apiproxy\x`, "y"}))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		bundles, err := readZip("a.zip", data)
		if err == nil && len(bundles) == 0 {
			t.Error("neither bundles nor an error")
		}
		for _, b := range bundles {
			parse(b)
		}
	})
}
