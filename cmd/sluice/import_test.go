package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"sluice/flow"
	"sluice/internal/loopback"
	"sluice/internal/orgdata"
	"sluice/internal/state"
	"sluice/proxy"
)

var updateImport = flag.Bool("update-import", false, "write what the commands print into the files of testdata/import")

// TestImport runs the scripts in testdata/import: each has the files of a folder,
// the commands to run one after the other, and what they print. Nothing that they
// print may hold the word canary, which stands for all that is secret.
func TestImport(t *testing.T) {
	scripts, err := filepath.Glob("testdata/import/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, archive)
			if strings.Contains(got, "canary") {
				t.Error("a secret is printed")
			}
			if want := string(archive.Files[1].Data); got != want && !*updateImport {
				t.Errorf("printed:\n%s\nwant:\n%s", got, want)
			}
			if *updateImport {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// runScript runs the commands of an archive whose first two files are they and
// what they print.
func runScript(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range archive.Files[2:] {
		write(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(archive.Files[0].Data)) {
		line = strings.TrimSpace(line)
		fmt.Fprintf(&out, "$ sluice %s\n", line)
		err := command(t.Context(), &out, strings.Fields(strings.ReplaceAll(line, "$DIR", dir))...)
		var code exitCode
		if err != nil && !errors.As(err, &code) {
			fmt.Fprintf(&out, "sluice: %v\n", err)
		}
	}
	return strings.ReplaceAll(ofState.ReplaceAllString(out.String(), ""), dir, "$DIR")
}

// ofState is a line in which the store says that the machine is slow.
var ofState = regexp.MustCompile(`(?m)^\S+\twarn\t.*\{"from": "state"\}\n`)

// command runs sluice inside this process.
func command(ctx context.Context, out io.Writer, args ...string) error {
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(out)
	return cmd.ExecuteContext(ctx)
}

// guarded is a proxy that wants a key, and answers with an entry of a map.
func guarded(t *testing.T, target string) string {
	t.Helper()
	dir := bundle(t, "/shop", `<PreFlow name="PreFlow"><Request><Step><Name>VA</Name></Step><Step><Name>KVM</Name></Step></Request>
<Response><Step><Name>AM</Name></Step></Response></PreFlow>`+toTarget, target)
	policy := func(name, xml string) { write(t, filepath.Join(dir, "apiproxy", "policies", name+".xml"), xml) }
	policy("VA", `<VerifyAPIKey name="VA"><APIKey ref="request.queryparam.apikey"/></VerifyAPIKey>`)
	policy("KVM", `<KeyValueMapOperations name="KVM" mapIdentifier="settings"><Scope>environment</Scope>
<Get assignTo="private.region"><Key><Parameter>region</Parameter></Key></Get></KeyValueMapOperations>`)
	policy("AM", `<AssignMessage name="AM"><Set><Headers><Header name="X-Region">{private.region}</Header></Headers></Set></AssignMessage>`)
	write(t, filepath.Join(dir, "apiproxy", "targets", "default.xml"),
		`<TargetEndpoint name="default"><HTTPTargetConnection><LoadBalancer><Server name="backend"/></LoadBalancer></HTTPTargetConnection></TargetEndpoint>`)
	return dir
}

// shop is edge.json of the guarded proxy.
func shop(target, key, region string) string {
	host, port, _ := strings.Cut(strings.TrimPrefix(target, "http://"), ":")
	return fmt.Sprintf(`{"orgConfig": {"apiProducts": [{"name": "silver"}], "developers": [{"email": "ann@example.com"}],
  "developerApps": {"ann@example.com": [{"name": "a", "apiProducts": ["silver"]}]},
  "importKeys": {"ann@example.com": [{"name": "a", "consumerKey": %q, "consumerSecret": "canary-secret", "apiProducts": ["silver"]}]}},
 "envConfig": {"test": {"targetServers": [{"name": "backend", "host": %q, "port": %s}], "kvms": [{"name": "settings", "entry": [{"name": "region", "value": %q}]}]}}}`,
		key, host, port, region)
}

// running is a sluice inside this process.
type running struct {
	out  *lockedBuffer
	addr string
	end  func()
}

func serving(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{out: &lockedBuffer{}, addr: loopback.Address(t)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- command(ctx, r.out, append([]string{"serve", "--listen", r.addr, "--log-level", "debug", "--drain", "1s"}, args...)...)
	}()
	r.end = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve ended with %v", err)
		}
		ended <- nil
		if strings.Contains(r.out.String(), "canary") {
			t.Errorf("a secret is printed:\n%s", r.out)
		}
	}
	t.Cleanup(r.end)
	r.await(t, "listening on http://")
	return r
}

func (r *running) await(t *testing.T, text string) {
	t.Helper()
	(&process{out: r.out}).await(t, text)
}

func (r *running) expect(t *testing.T, key string, status int, region string) {
	t.Helper()
	resp, err := http.Get("http://" + r.addr + "/shop?apikey=" + key)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != status || resp.Header.Get("X-Region") != region {
		t.Errorf("the key gets %d with region %q, want %d with %q", resp.StatusCode, resp.Header.Get("X-Region"), status, region)
	}
}

// TestServeImported imports into a data folder, then serves from it; nobody else
// can have the folder meanwhile.
func TestServeImported(t *testing.T) {
	t.Parallel()
	target := sink(t)
	dir, data := guarded(t, ""), filepath.Join(t.TempDir(), "state")
	write(t, filepath.Join(dir, "edge.json"), shop(target, "canary-key", "eu"))
	var out bytes.Buffer
	if err := command(t.Context(), &out, "import", dir, "--data", data); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "targetservers.json"), backend(target))
	r := serving(t, dir, "--data", data)
	r.expect(t, "canary-key", 200, "eu")
	r.expect(t, "canary-other", 401, "")
	err := command(t.Context(), &out, "import", dir, "--data", data)
	if err == nil || !strings.Contains(err.Error(), "is in use by another process; stop that one or name another directory") {
		t.Errorf("importing into a folder that is served from: %v", err)
	}
	if err := command(t.Context(), &out, "serve", dir, "--data", data, "--listen", loopback.Address(t)); err == nil || !strings.Contains(err.Error(), "is in use by another process") {
		t.Errorf("a second sluice on the folder: %v", err)
	}
	if strings.Contains(out.String(), "canary") {
		t.Errorf("a secret is printed:\n%s", out.String())
	}
}

func backend(target string) string {
	host, port, _ := strings.Cut(strings.TrimPrefix(target, "http://"), ":")
	return fmt.Sprintf(`[{"name":"backend","host":%q,"port":%s}]`, host, port)
}

// TestServeConfig gives the folder to --config: its target servers count too, but
// less than those of flags. Edits take over; a bad one leaves what was loaded.
func TestServeConfig(t *testing.T) {
	t.Parallel()
	target := sink(t)
	dir, config := guarded(t, ""), t.TempDir()
	file := filepath.Join(config, "edge.json")
	write(t, file, shop(target, "canary-one", "eu"))
	settings := filepath.Join(t.TempDir(), "settings.yaml")
	write(t, settings, "region: mars\n")
	r := serving(t, dir, "--config", config, "--config", settings, "--watch")
	r.expect(t, "canary-one", 200, "eu")

	write(t, file, shop(target, "canary-two", "us"))
	r.await(t, "reloaded in")
	r.expect(t, "canary-two", 200, "us")
	r.expect(t, "canary-one", 401, "")

	write(t, file, strings.ReplaceAll(shop(target, "canary-three", "asia"), `"email"`, `"mail"`))
	r.await(t, "what was there before stays")
	r.expect(t, "canary-two", 200, "us")

	servers := filepath.Join(t.TempDir(), "servers.json")
	write(t, servers, backend("http://127.0.0.1:1"))
	write(t, file, shop(target, "canary-two", "us"))
	serving(t, dir, "--config", config, "--target-servers", servers).expect(t, "canary-two", 503, "")
}

// TestTestDataHint: an archive's test data is not loaded unasked.
func TestTestDataHint(t *testing.T) {
	t.Parallel()
	archive := t.TempDir()
	smoke := filepath.Join(archive, "src", "tests", "smoke")
	write(t, filepath.Join(smoke, "products.json"), `[{"name":"p"}]`)
	write(t, filepath.Join(archive, "src", "tests", "features", "a.feature"), "")
	write(t, filepath.Join(archive, "src", "main", "apigee", "environments", "test", "deployments.json"), `{"proxies":["p"]}`)
	write(t, filepath.Join(archive, "src", "main", "apigee", "apiproxies", "p", "apiproxy", "proxies", "default.xml"),
		`<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection><RouteRule name="r"/></ProxyEndpoint>`)
	r := serving(t, archive)
	r.await(t, "the test data in "+smoke+" is not loaded; --org-data "+smoke+" loads it")
	if strings.Contains(r.out.String(), "features") {
		t.Errorf("a folder without test data is named:\n%s", r.out)
	}
	if found := testData([]string{archive}, []string{smoke + "/"}); found != nil {
		t.Errorf("loaded test data is called not loaded: %q", found)
	}
}

// TestDataBesideBundles: what `sluice test` reads beside a bundle, serve does not
// load unasked; asked to, it says what that was.
func TestDataBesideBundles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := func(name string) string { return filepath.Join(root, name) }
	write(t, filepath.Join(dir("a"), "apiproxy", "proxies", "default.xml"),
		`<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/a</BasePath></HTTPProxyConnection><RouteRule name="r"/></ProxyEndpoint>`)
	write(t, filepath.Join(dir("a"), "maps.json"), `[{"name":"m","scope":"environment","environment":"test"},{"name":"m","scope":"environment","environment":"prod"},{"name":"o"}]`)
	write(t, filepath.Join(dir("a"), "products.json"), `[{"name":"p"}]`)
	for file, text := range map[string]string{"edge.json": "{}", "resources/edge/org/kvms.json": "[]", "org__m__kvmfile__0.json": "{}", "readme.md": ""} {
		write(t, filepath.Join(dir("b"+filepath.Base(file)), file), text)
		write(t, filepath.Join(dir("b"+filepath.Base(file)), "apiproxy", "b.xml"), `<APIProxy name="b"/>`)
	}
	want := []string{dir("a"), dir("bedge.json"), dir("bkvms.json"), dir("borg__m__kvmfile__0.json")}
	if found := testData([]string{root}, nil); !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	if found := testData([]string{root}, []string{dir("a") + "/maps.json", dir("bedge.json"), dir("bkvms.json") + "/resources/edge"}); !slices.Equal(found, want[3:]) {
		t.Errorf("found %q, want %q", found, want[3:])
	}
	serving(t, dir("a")).await(t, "the test data in "+dir("a")+" is not loaded; --org-data "+dir("a")+" loads it")
	serving(t, dir("a"), "--org-data", dir("a")).await(t, "loaded from "+dir("a")+": 1 product, 0 developers, 0 apps with 0 consumer keys, 2 maps and 0 target servers")
}

// TestReloadOrgData: files that did not change are not loaded again, so that what
// proxies wrote into maps stays.
func TestReloadOrgData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "edge.json")
	write(t, file, shop("http://127.0.0.1:1", "canary-key", "eu"))
	r := &runtime{settings: &settings{}, errs: &bytes.Buffer{}, store: state.Memory(time.Now), data: &orgData{Data: &orgdata.Data{}}}
	defer func() { closeQuietly(r.store.Close) }()
	r.settings.OrgData = []string{file}
	name := flow.MapName{Scope: "environment", Organization: "acme", Environment: "test", Name: "settings"}
	expect := func(want string) {
		t.Helper()
		e := &proxy.Environment{Organization: "acme", Name: "test"}
		r.reloadOrgData(e)
		if v, _ := r.store.Maps.Get(name, "region"); len(v) != 1 || v[0] != want {
			t.Errorf("the entry is %q, want %q", v, want)
		}
		if s := e.TargetServers["backend"]; s == nil || s.Port != 1 {
			t.Errorf("the target server is %+v", s)
		}
	}
	expect("eu")
	if err := r.store.Maps.Put(t.Context(), name, "region", []string{"changed"}); err != nil {
		t.Fatal(err)
	}
	expect("changed")
	write(t, file, "{")
	expect("changed")
	write(t, file, shop("http://127.0.0.1:1", "canary-key", "us"))
	expect("us")
	if told := fmt.Sprint(r.errs); strings.Count(told, "stays") != 1 || strings.Contains(told, "canary") {
		t.Errorf("told:\n%s", told)
	}
}

// TestConfigVariable: SLUICE_CONFIG is what --config is, unless that is given.
func TestConfigVariable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SLUICE_CONFIG", "settings.yaml,"+dir)
	var s settings
	if file, err := s.takeConfig(nil); err != nil || file != "settings.yaml" || len(s.OrgData) != 1 || s.OrgData[0] != dir {
		t.Errorf("file %q, folders %q, %v", file, s.OrgData, err)
	}
	s = settings{}
	if file, err := s.takeConfig([]string{"other.yaml"}); err != nil || file != "other.yaml" || s.OrgData != nil {
		t.Errorf("file %q, folders %q, %v", file, s.OrgData, err)
	}
}
