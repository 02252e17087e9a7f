package proxy

import (
	"os"
	"path/filepath"
	"slices"
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

	// Neither does a copy of it, and it is told where the other is.
	d.write("build/m.zip", string(zipOf(t, entry{"apiproxy/proxies/default.xml", proxyAt("/n", nullRoute)})))
	twin := l.Load()
	if twin.Bundles != 4 || len(twin.Snapshot.Deployments) != 2 || len(twin.Problems) != 1 {
		t.Fatalf("with a copy: %+v", twin)
	}
	p := twin.Problems[0]
	if !strings.HasSuffix(p.File, "m.zip") || !strings.HasSuffix(p.Message, `is already served by "m" from `+filepath.Join(d.root, "m", "apiproxy")) {
		t.Errorf("of a copy it is said: %v", p)
	}
	d.remove("build")
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

// TestLoaderKeepsWhatCannotBeRead: a zip that is half written, a folder that fails
// to read and a path that is gone go on as they were, with the problem told. A zip
// that is gone from its folder was taken away on purpose.
func TestLoaderKeepsWhatCannotBeRead(t *testing.T) {
	d := newDisk(t)
	whole := string(zipOf(t, entry{"apiproxy/proxies/default.xml", proxyAt("/zip", nullRoute)},
		entry{"sf/sharedflowbundle/sharedflows/default.xml", `<SharedFlow name="default"/>`}))
	d.write("all/zips/p.zip", whole)
	d.write("all/f/apiproxy/proxies/default.xml", proxyAt("/f", nullRoute))
	d.write("all/z/apiproxy/proxies/default.xml", proxyAt("/z", nullRoute))
	d.write("named/apiproxy/proxies/default.xml", proxyAt("/named", nullRoute))
	all, named := filepath.Join(d.root, "all"), filepath.Join(d.root, "named")
	l := &Loader{Compiler: testCompiler(t), Paths: []string{all, named}}
	first := l.Load()
	if len(first.Problems) > 0 || len(first.Snapshot.Deployments) != 4 {
		t.Fatalf("%+v", first)
	}

	link := filepath.Join(all, "f", "apiproxy", "link.xml")
	if err := os.Symlink(filepath.Join(named, "elsewhere"), link); err != nil { // leaves the bundle: it is not read
		t.Skip(err)
	}
	d.write("all/zips/p.zip", whole[:len(whole)/2])
	d.remove("named")
	want := strings.Join([]string{filepath.Join(all, "f", "apiproxy"), filepath.Join(all, "zips", "p.zip"), named}, " ")
	for range 2 {
		bad := l.Load()
		if strings.Join(bad.Refused, " ") != want || strings.Join(bad.Kept, " ") != want || len(bad.Problems.Errors()) != 3 {
			t.Fatalf("refused %v\nkept %v\nwant %s\n%v", bad.Refused, bad.Kept, want, bad.Problems)
		}
		for _, name := range [...]string{"p", "f", "z", "named"} {
			if bad.named(name) == nil || bad.named(name) != first.named(name) {
				t.Errorf("%s does not go on as it was", name)
			}
		}
		if bad.Snapshot.SharedFlows["sf"] != first.Snapshot.SharedFlows["sf"] {
			t.Error("the shared flow does not go on as it was")
		}
	}

	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	d.write("all/zips/p.zip", whole)
	d.write("named/apiproxy/proxies/default.xml", proxyAt("/named", nullRoute))
	if mended := l.Load(); len(mended.Problems) > 0 || mended.named("p") != first.named("p") || len(mended.Snapshot.Deployments) != 4 {
		t.Errorf("after they can be read again: %+v", mended)
	}
	d.remove("all/zips/p.zip")
	if gone := l.Load(); gone.named("p") != nil || len(gone.Problems) > 0 {
		t.Errorf("after the zip was taken away: %+v", gone)
	}
}

// TestLoaderComparesKeyStores: key stores that were read again, and hold the same,
// compile nothing anew; another certificate in one of them does.
func TestLoaderComparesKeyStores(t *testing.T) {
	d := newDisk(t)
	d.write("b/apiproxy/proxies/default.xml", proxyAt("/b", nullRoute))
	read := func() *Environment {
		stores, problems := ReadKeyStores(filepath.Join(d.root, "keystores"))
		if len(problems) > 0 || len(stores) != 2 {
			t.Fatal(stores, problems)
		}
		return &Environment{Organization: "acme", Name: "test", KeyStores: stores}
	}
	ca := newAuthority(t)
	key := func() {
		pair := ca.sign(t, ca.template("sluice"))
		d.write("keystores/own/me.crt", string(certificatePEM(pair.Certificate[0])))
		d.write("keystores/own/me.key", string(keyPEM(t, pair.PrivateKey)))
	}
	trust := func(a *authority) { d.write("keystores/trusted/ca.crt", string(certificatePEM(a.cert.Raw))) }
	key()
	trust(ca)
	l := &Loader{Compiler: testCompiler(t), Paths: []string{d.root}}
	l.Configure(read())
	last := l.Load().named("b")
	for _, c := range []struct {
		name string
		edit func()
		anew bool
	}{
		{"nothing", func() {}, false},
		{"the same again", func() { trust(ca) }, false},
		{"another authority", func() { trust(newAuthority(t)) }, true},
		{"another key", key, true},
		{"nothing since", func() {}, false},
	} {
		c.edit()
		l.Configure(read())
		now := l.Load().named("b")
		if now == nil || (now != last) != c.anew {
			t.Errorf("%s: compiled anew: %v, want %v", c.name, now != last, c.anew)
		}
		last = now
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

// TestLoaderNamesTheRefused: a bundle is refused under the name that its problems
// have, which is the descriptor's; and what is compiled for the request and for the
// response is reported once.
func TestLoaderNamesTheRefused(t *testing.T) {
	d := newDisk(t)
	d.write("folder/apiproxy/a.xml", `<Other`)
	d.write("folder/apiproxy/b.xml", `<APIProxy name="orders"/>`)
	d.write("folder/apiproxy/proxies/default.xml", proxyAt("/o", `<Flows><Flow name="f"><Condition>request.verb === "GET"</Condition></Flow></Flows>`, nullRoute))
	load := (&Loader{Compiler: testCompiler(t), Paths: []string{d.root}}).Load()
	if got := strings.Join(load.Refused, " "); got != "orders" {
		t.Errorf("refused is %q", got)
	}
	codes := map[string]int{}
	for _, p := range load.Problems {
		codes[p.Code]++
		if p.Bundle != "orders" {
			t.Errorf("a problem of %q: %v", p.Bundle, p)
		}
	}
	if codes["MalformedXML"] != 1 || codes["InvalidCondition"] != 1 {
		t.Errorf("problems are %v", load.Problems)
	}
}

// TestLoaderMissesWhatIsListed: a name of deployments.json that no bundle has.
func TestLoaderMissesWhatIsListed(t *testing.T) {
	d := newDisk(t)
	d.write("orders/apiproxy/proxies/default.xml", proxyAt("/orders", nullRoute))
	d.write("extra/apiproxy/proxies/default.xml", proxyAt("/extra", nullRoute))
	d.write("half.zip", "PK")
	for _, all := range [...]bool{false, true} {
		c := testCompiler(t)
		c.Environment.Deploy, c.Environment.DeployFile = map[string]bool{"orders": true, "order": true, "nosuch": true, "half": true}, "deployments.json"
		c.Environment.DeployAll = all
		got := (&Loader{Compiler: c, Paths: []string{d.root}}).Load()
		var warned []string
		for _, p := range got.Problems {
			if p.Code == "UnknownDeployment" {
				warned = append(warned, p.String())
			}
		}
		want := []string{
			`deployments.json: warning: no bundle of an API proxy or shared flow is called "nosuch" [UnknownDeployment]` + "\n    hint: add its bundle to the archive, or take the name out",
			`deployments.json: warning: no bundle of an API proxy or shared flow is called "order" [UnknownDeployment]` + "\n    hint: did you mean \"orders\"?",
		}
		if !slices.Equal(warned, want) || (got.named("extra") != nil) != all {
			t.Errorf("all %t: %q, extra %v", all, warned, got.named("extra"))
		}
	}
}

// TestLoaderWarnsOfRevisions: two revisions of a proxy at base paths of their own are both served.
func TestLoaderWarnsOfRevisions(t *testing.T) {
	d := newDisk(t)
	for revision, folder := range map[string]string{"1": "a", "2": "b"} {
		d.write(folder+"/apiproxy/orders.xml", `<APIProxy name="orders" revision="`+revision+`"/>`)
		d.write(folder+"/apiproxy/proxies/default.xml", proxyAt("/"+folder, nullRoute))
	}
	got := (&Loader{Compiler: testCompiler(t), Paths: []string{d.root}}).Load()
	if len(got.Snapshot.Deployments) != 2 || len(got.Problems) != 1 || got.Problems.Refused() {
		t.Fatalf("%+v", got)
	}
	if p := got.Problems[0]; p.Code != "SeveralRevisions" || p.File != filepath.Join(d.root, "b", "apiproxy") || !strings.Contains(p.Message, filepath.Join(d.root, "a")) {
		t.Errorf("%+v", p)
	}
}
