package proxy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// disk is a folder whose files a test writes.
type disk struct {
	t    *testing.T
	root string
}

func newDisk(t *testing.T) disk { return disk{t, t.TempDir()} }

func (d disk) write(file, text string) {
	d.t.Helper()
	file = filepath.Join(d.root, file)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d disk) remove(name string) {
	d.t.Helper()
	if err := os.RemoveAll(filepath.Join(d.root, name)); err != nil {
		d.t.Fatal(err)
	}
}

// named finds a deployment of a load.
func (l *Load) named(name string) *Deployment {
	for _, d := range l.Snapshot.Deployments {
		if d.Name == name {
			return d
		}
	}
	return nil
}

func TestLoader(t *testing.T) {
	d := newDisk(t)
	d.write("m/apiproxy/proxies/default.xml", proxyAt("/m", nullRoute))
	d.write("z/apiproxy/proxies/default.xml", proxyAt("/z", nullRoute))
	d.write("shared/sf/sharedflowbundle/sharedflows/default.xml", `<SharedFlow name="default"/>`)
	l := &Loader{Compiler: testCompiler(t), Paths: []string{d.root, d.root}}
	first := l.Load()
	if first.Bundles != 3 || len(first.Problems) > 0 || first.named("m") == nil || first.Snapshot.SharedFlows["sf"] == nil {
		t.Fatalf("%+v", first)
	}

	// A bad edit keeps the old one, tells why, again and again, until it is mended.
	d.write("m/apiproxy/proxies/default.xml", "<ProxyEndpoint")
	for range 2 {
		bad := l.Load()
		if bad.named("m") != first.named("m") || strings.Join(bad.Refused, " ") != "m" || strings.Join(bad.Kept, " ") != "m" || !bad.Problems.Refused() {
			t.Fatalf("after a bad edit: %+v", bad)
		}
		if bad.named("z") != first.named("z") {
			t.Error("what did not change was compiled anew")
		}
	}
	d.write("m/apiproxy/proxies/default.xml", proxyAt("/n", nullRoute))
	mended := l.Load()
	if mended.named("m") == first.named("m") || len(mended.Problems) > 0 || mended.named("m").Endpoints[0].BasePath != "/n" {
		t.Fatalf("after a good edit: %+v", mended)
	}

	// One that comes later does not push out the one that is served.
	d.write("a/apiproxy/proxies/default.xml", proxyAt("/n", nullRoute))
	clash := l.Load()
	if clash.named("m") == nil || clash.named("a") != nil || strings.Join(clash.Refused, " ") != "a" {
		t.Fatalf("after a clash: %+v", clash)
	}
	d.remove("a")
	d.remove("m")
	if gone := l.Load(); gone.named("m") != nil || gone.Bundles != 2 {
		t.Fatalf("after a removal: %+v", gone)
	}

	// A new environment reaches every deployment.
	l.Configure(&Environment{Organization: "acme", Name: "prod"})
	if other := l.Load(); other.named("z") == first.named("z") || other.named("z").Endpoints[0].info.Environment != "prod" {
		t.Errorf("after a change of the environment: %+v", other)
	}
	before := l.Load()
	l.Configure(&Environment{Organization: "acme", Name: "prod"})
	if same := l.Load(); same.named("z") != before.named("z") {
		t.Error("the same environment compiled everything anew")
	}
}

// TestLoaderKeepsToTheList: an environment's deployments say what is served.
func TestLoaderKeepsToTheList(t *testing.T) {
	d := newDisk(t)
	d.write("a/apiproxy/proxies/default.xml", proxyAt("/a", nullRoute))
	d.write("b/apiproxy/proxies/default.xml", proxyAt("/b", nullRoute))
	c := testCompiler(t)
	c.Environment.Deploy = map[string]bool{"b": true}
	if got := (&Loader{Compiler: c, Paths: []string{d.root}}).Load(); got.Bundles != 1 || got.named("b") == nil {
		t.Errorf("%+v", got)
	}
	if lost := (&Loader{Compiler: c, Paths: []string{filepath.Join(d.root, "absent")}}).Load(); len(lost.Refused) != 1 {
		t.Errorf("a path that does not exist: %+v", lost)
	}
}
