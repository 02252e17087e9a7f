package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/internal/loopback"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file)) // a temporary folder
	}
	os.Exit(code)
}

// patience is how long a test waits for what should happen. It passes only in tests that
// fail, so it is far more than a busy machine needs.
const patience = 2 * time.Minute

// binary is the real program, built once, without the race detector: what it
// needs of memory is what users pay.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sluice-test")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "sluice")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

// process is a running sluice.
type process struct {
	cmd  *exec.Cmd
	addr string
	out  *lockedBuffer
}

// lockedBuffer collects output of a process while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs sluice with the arguments and waits until it listens.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{addr: loopback.Address(t), out: &lockedBuffer{}}
	p.cmd = exec.Command(file, append(args, "--listen", p.addr)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has ended already in tests that stop it
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("output of sluice:\n%s", p.out.String())
		}
	})
	p.await(t, "listening on http://")
	return p
}

// await waits until the output holds text.
func (p *process) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !strings.Contains(p.out.String(), text) {
		if time.Now().After(deadline) {
			t.Fatalf("%q was not printed; the output is\n%s", text, p.out.String())
		}
		time.Sleep(5 * time.Millisecond) // another process: there is nothing to wait on
	}
}

// bundle writes a small proxy bundle and returns its folder.
func bundle(t *testing.T, basePath, endpoint, target string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "apiproxy", "proxies", "default.xml"),
		`<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>`+basePath+`</BasePath></HTTPProxyConnection>`+endpoint+`</ProxyEndpoint>`)
	if target != "" {
		write(t, filepath.Join(dir, "apiproxy", "targets", "default.xml"),
			`<TargetEndpoint name="default"><HTTPTargetConnection><URL>`+target+`</URL></HTTPTargetConnection></TargetEndpoint>`)
	}
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const toTarget = `<RouteRule name="r"><TargetEndpoint>default</TargetEndpoint></RouteRule>`

// sink is a target that swallows bodies and tells their size.
func sink(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprint(w, n)
	})}
	go server.Serve(l) //nolint:errcheck // it ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String()
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestUploadStreams sends 1 GiB through a proxy whose policies do not touch the
// body, and measures the most memory that the process ever had.
func TestUploadStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 1 GiB")
	}
	p := start(t, "serve", bundle(t, "/up", toTarget, sink(t)))
	const size = 1 << 30
	req, err := http.NewRequest("POST", "http://"+p.addr+"/up", io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != strconv.Itoa(size) {
		t.Fatalf("the target got %q bytes, %v; want %d", got, err, size)
	}
	peak := peakMemory(t, p.cmd.Process.Pid)
	t.Logf("peak resident memory after 1 GiB: %.1f MiB", float64(peak)/1024)
	if peak > 64<<10 {
		t.Errorf("peak resident memory is %d KiB, more than 64 MiB", peak)
	}
}

// peakMemory reads VmHWM, in KiB.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no VmHWM in /proc/PID/status")
	return 0
}

// TestWatch edits a bundle while it is served: a good edit takes over, a bad one
// keeps the old revision serving and says why.
func TestWatch(t *testing.T) {
	dir := bundle(t, "/w", `<RouteRule name="r"/>`, "")
	p := start(t, "serve", dir, "--watch")
	file := filepath.Join(dir, "apiproxy", "proxies", "default.xml")
	expectStatus(t, p, "/w", 200)
	write(t, file, `<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/w2</BasePath></HTTPProxyConnection><RouteRule name="r"/></ProxyEndpoint>`)
	p.await(t, "reloaded in")
	expectStatus(t, p, "/w2", 200)
	expectStatus(t, p, "/w", 404)
	write(t, file, `<ProxyEndpoint name="default"><HTTPProxyConnection>`)
	p.await(t, "its previous version goes on serving")
	p.await(t, "MalformedXML")
	expectStatus(t, p, "/w2", 200)
}

// TestWatchEnvironment changes a target server while it is in use.
func TestWatchEnvironment(t *testing.T) {
	dir := bundle(t, "/e", toTarget, "")
	write(t, filepath.Join(dir, "apiproxy", "targets", "default.xml"),
		`<TargetEndpoint name="default"><HTTPTargetConnection><LoadBalancer><Server name="s"/></LoadBalancer></HTTPTargetConnection></TargetEndpoint>`)
	server := func(address string, enabled bool) string {
		host, port, _ := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
		return fmt.Sprintf(`[{"name":"s","host":%q,"port":%s,"isEnabled":%t}]`, host, port, enabled)
	}
	target := sink(t)
	write(t, filepath.Join(dir, "targetservers.json"), server(target, false))
	p := start(t, "serve", dir, "--watch")
	expectStatus(t, p, "/e", 503)
	write(t, filepath.Join(dir, "targetservers.json"), server(target, true))
	p.await(t, "reloaded in")
	expectStatus(t, p, "/e", 200)
}

func expectStatus(t *testing.T, p *process, path string, want int) {
	t.Helper()
	resp, err := http.Get("http://" + p.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		t.Errorf("%s answers %d, want %d", path, resp.StatusCode, want)
	}
}

// TestDrain sends SIGTERM while a request waits for its target: the request ends
// as it should, and only then the process.
func TestDrain(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		fmt.Fprint(w, "late")
	})}
	go target.Serve(l) //nolint:errcheck // it ends with Close
	defer target.Close()
	p := start(t, "serve", bundle(t, "/d", toTarget, "http://"+l.Addr().String()))
	type answer struct {
		body string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		resp, err := http.Get("http://" + p.addr + "/d")
		if err != nil {
			got <- answer{err: err}
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		got <- answer{string(body), err}
	}()
	<-arrived
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.await(t, "draining")
	close(release)
	if a := <-got; a.err != nil || a.body != "late" {
		t.Errorf("the request under way got %q, %v", a.body, a.err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the process ended with %v", err)
		}
	case <-ctx.Done():
		t.Error("the process did not end")
	}
}

// TestSecondSignal sends SIGTERM twice while a request waits for a target that does
// not answer: the second ends the process, whatever is under way. (SIGINT does the same,
// but is ignored where the tests run in the background of a shell.)
func TestSecondSignal(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	}))
	defer target.Close()
	defer close(release)
	p := start(t, "serve", bundle(t, "/d", toTarget, target.URL), "--drain", patience.String())
	cut := make(chan error, 1)
	go func() {
		resp, err := http.Get("http://" + p.addr + "/d")
		if err == nil {
			_ = resp.Body.Close()
		}
		cut <- err
	}()
	<-arrived
	for range 2 {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.await(t, "draining")
	}
	if err := <-cut; err == nil {
		t.Error("the request was answered")
	}
	_ = p.cmd.Wait() // tells of the signal, as the status does
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("the process ended with %v", p.cmd.ProcessState)
	}
}

// TestMaxConnections: with one place, a second connection is served when the first ends.
func TestMaxConnections(t *testing.T) {
	p := start(t, "serve", bundle(t, "/m", `<RouteRule name="r"/>`, ""), "--max-connections", "1")
	ask := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "GET /m HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		return c, bufio.NewReader(c)
	}
	first, answer := ask()
	if _, err := answer.Peek(1); err != nil {
		t.Fatal(err)
	}
	second, answer := ask()
	_ = second.SetReadDeadline(time.Now().Add(100 * time.Millisecond)) // as long as a wrong answer has to arrive
	if _, err := answer.Peek(1); err == nil {
		t.Error("a second connection is served beside the first")
	}
	_ = second.SetReadDeadline(time.Now().Add(patience))
	_ = first.Close()
	if _, err := answer.Peek(1); err != nil {
		t.Errorf("after the first ended: %v", err)
	}
}

// TestRefusals holds what users see when something is wrong with what they give.
func TestRefusals(t *testing.T) {
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	good := bundle(t, "/r", `<RouteRule name="r"/>`, "")
	bad := bundle(t, "/b", `<RouteRule name="r"><TargetEndpoint>nowhere</TargetEndpoint></RouteRule>`, "")
	config := filepath.Join(t.TempDir(), "sluice.yaml")
	write(t, config, "listen: 127.0.0.1:0\nlisten-tls: :1\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"nothing to serve", []string{"serve"}, 2, []string{"give the path of a bundle"}},
		{"no such path", []string{"serve", "/no/such/path"}, 2, []string{"/no/such/path", "hint:"}},
		{"all refused", []string{"serve", bad}, 1, []string{"MissingTarget", "no API proxy to serve"}},
		{"misspelt flag", []string{"serve", good, "--lisen", ":0"}, 2, []string{"unknown flag: --lisen; did you mean --listen?", "`sluice serve --help` lists"}},
		{"unknown flag", []string{"lint", good, "--everything"}, 2, []string{"unknown flag: --everything\n`sluice lint --help` lists"}},
		{"version", []string{"--version"}, 0, []string{"sluice ", ", go1."}},
		{"strict", []string{"serve", good, bad, "--strict"}, 1, []string{"MissingTarget", `"nowhere"`, "default.xml:1:", "not starting"}},
		{"unknown key", []string{"serve", good, "--config", config}, 2, []string{"line 2", `"listen-tls"`, "^", "did you mean tls-listen?"}},
		{"bad map", []string{"serve", good, "--map-host", "x"}, 2, []string{"--map-host", "NAME=HOST:PORT"}},
		{"no number", []string{"serve", good, "--max-connections", "many"}, 2, []string{"--max-connections", `"many" is not a whole number`}},
		{"less than none", []string{"serve", good, "--max-connections", "-1"}, 2, []string{"--max-connections is -1"}},
		{"half of a pair", []string{"serve", good, "--tls-cert", "x"}, 2, []string{"go together"}},
		{"lint", []string{"lint", bad}, 1, []string{"MissingTarget", "1 error"}},
		{"lint json", []string{"lint", "--format", "json", bad}, 1, []string{`"code": "MissingTarget"`, `"line": 1`}},
		{"lint sarif", []string{"lint", "--format", "sarif", bad}, 1, []string{`"ruleId": "MissingTarget"`, `"startLine": 1`}},
		{"lint, all well", []string{"lint", good}, 0, []string{"1 bundle, 0 errors"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, file, c.args...)
			out, _ := cmd.CombinedOutput() // the exit code says it
			if cmd.ProcessState.ExitCode() != c.code {
				t.Errorf("exit code %d, want %d", cmd.ProcessState.ExitCode(), c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("the output lacks %q:\n%s", want, out)
				}
			}
		})
	}
}
