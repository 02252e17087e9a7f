package proxy

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/http1"
)

// patience is how long a test waits for what should happen. It passes only in tests that
// fail, so it is far more than a busy machine needs.
const patience = time.Minute

// rig is a runtime whose bundles are written in the test.
type rig struct {
	files    []string            // XML of the proxy "test"; the root element tells the folder
	proxies  map[string][]string // further proxies
	shared   map[string][]string // shared flow bundles
	env      *Environment
	options  Options
	hosts    map[string]string
	forward  string // URL of a forward proxy
	timeouts http1.Timeouts
	services flow.Services
	log      *zap.Logger // nil for none
}

// served is a rig at work.
type served struct {
	t        testing.TB
	addr     string
	table    *Table
	core     *Core
	server   *Server
	compiler *Compiler
	problems flow.Problems

	notes   chan string        // what Note policies wrote
	entered chan struct{}      // a Gate was reached
	gate    chan struct{}      // lets one Gate go on
	left    chan error         // why a Gate was left
	panics  chan string        // stacks of reported panics
	failed  chan error         // reported errors of ours
	ended   chan Record        // each request
	raised  chan *faults.Fault // the fault that each request ended with, nil for none
	stopped sync.Once
}

func (s *served) Panicked(_ *flow.Exchange, value any, stack []byte) {
	s.panics <- fmt.Sprint(value) + "\n" + string(stack)
}

func (s *served) Failed(_ *flow.Exchange, err error) { s.failed <- err }

// tell sends without waiting: what nobody reads is dropped.
func tell[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

// serve compiles and serves, all through the front door: Compiler, NewSnapshot,
// Table.Swap, Server.Serve.
func (g rig) serve(t testing.TB) *served {
	t.Helper()
	s := g.compiled(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(l) }()
	t.Cleanup(func() {
		s.shutdown()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// compiled does everything but listen.
func (g rig) compiled(t testing.TB) *served {
	t.Helper()
	const room = 1000
	s := &served{t: t, table: NewTable(), notes: make(chan string, room), entered: make(chan struct{}, room), gate: make(chan struct{}),
		left: make(chan error, room), panics: make(chan string, room), failed: make(chan error, room), ended: make(chan Record, room), raised: make(chan *faults.Fault, room)}
	if g.env == nil {
		g.env = &Environment{Organization: "acme", Name: "test"}
	}
	network, err := NewNetwork(g.hosts, g.forward)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	registry, err := flow.NewRegistry(s.policies())
	if err != nil {
		t.Fatal(err)
	}
	if g.services.ProcessID == "" {
		g.services.ProcessID = "rig"
	}
	s.compiler = &Compiler{Registry: registry, Services: &g.services, Environment: g.env, Network: network, Options: g.options}
	s.swap(g)
	s.core = &Core{Table: s.table, Services: &g.services, Report: s,
		Done:     func(r *Record) { tell(s.ended, *r) },
		Finished: func(x *flow.Exchange) { tell(s.raised, x.Fault) },
	}
	s.server = NewServer(s.core, cmp.Or(g.log, zap.NewNop()))
	s.server.h1.Timeouts = g.timeouts
	t.Cleanup(func() { s.table.Swap(&Snapshot{Environment: &Environment{}}) })
	return s
}

// swap compiles the bundles of g and puts them in place of what is served.
func (s *served) swap(g rig) {
	s.t.Helper()
	snapshot, problems := s.snapshot(g)
	s.problems = problems
	if problems.Refused() {
		s.t.Fatal(problems)
	}
	s.table.Swap(snapshot)
}

func (s *served) snapshot(g rig) (*Snapshot, flow.Problems) {
	var deployments []*Deployment
	var shared []*flow.SharedFlow
	var problems flow.Problems
	add := func(more flow.Problems) { problems = append(problems, more...) }
	proxies := map[string][]string{}
	for name, files := range g.proxies {
		proxies[name] = files
	}
	if g.files != nil {
		proxies["test"] = g.files
	}
	for _, name := range sortedKeys(proxies) {
		d, more := s.compiler.Proxy(bundleOf(name, proxies[name]...))
		deployments = append(deployments, d)
		add(more)
	}
	for _, name := range sortedKeys(g.shared) {
		f, more := s.compiler.SharedFlow(bundleOf(name, g.shared[name]...))
		shared = append(shared, f)
		add(more)
	}
	snapshot, more := NewSnapshot(s.compiler.Environment, s.compiler.Options, deployments, shared)
	add(more)
	return snapshot, problems
}

func (s *served) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.shutdownIn(ctx)
}

func (s *served) shutdownIn(ctx context.Context) {
	s.stopped.Do(func() {
		if err := s.server.Shutdown(ctx); err != nil {
			s.t.Error("shutdown:", err)
		}
	})
}

// bundleOf makes a bundle of XML texts; the root element tells the folder. A text
// that begins with "resources/" is a file of that path, with its content after the
// first line.
func bundleOf(name string, files ...string) *Bundle {
	folders := map[string]string{"ProxyEndpoint": "proxies", "TargetEndpoint": "targets", "SharedFlow": "sharedflows", "IntegrationEndpoint": "integration-endpoints"}
	b := &Bundle{Kind: APIProxy, Name: name, Path: name, Files: map[string][]byte{}}
	for i, text := range files {
		if strings.HasPrefix(text, "resources/") {
			file, content, _ := strings.Cut(text, "\n")
			b.Files[file] = []byte(content)
			continue
		}
		root := text[1 : 1+strings.IndexAny(text[1:], " />")]
		folder := folders[root]
		switch folder {
		case "":
			folder = "policies"
		case "sharedflows":
			b.Kind = SharedFlowBundle
		}
		b.Files[fmt.Sprintf("%s/%02d.xml", folder, i)] = []byte(text)
	}
	return b
}

// steps writes Step elements; "A if x = 1" has a condition.
func steps(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		name, condition, _ := strings.Cut(n, " if ")
		b.WriteString("<Step><Name>" + name + "</Name>" + when(condition) + "</Step>")
	}
	return b.String()
}

func when(condition string) string {
	if condition == "" {
		return ""
	}
	return "<Condition>" + strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(condition) + "</Condition>"
}

func onRequest(names ...string) string  { return "<Request>" + steps(names...) + "</Request>" }
func onResponse(names ...string) string { return "<Response>" + steps(names...) + "</Response>" }
func preFlow(parts ...string) string {
	return `<PreFlow name="PreFlow">` + strings.Join(parts, "") + "</PreFlow>"
}
func postFlow(parts ...string) string {
	return `<PostFlow name="PostFlow">` + strings.Join(parts, "") + "</PostFlow>"
}
func postClient(names ...string) string {
	return "<PostClientFlow>" + onResponse(names...) + "</PostClientFlow>"
}

func faultRules(rules ...string) string {
	return "<FaultRules>" + strings.Join(rules, "") + "</FaultRules>"
}

func faultRule(name, condition string, names ...string) string {
	return `<FaultRule name="` + name + `">` + when(condition) + steps(names...) + "</FaultRule>"
}

func defaultRule(always bool, names ...string) string {
	return `<DefaultFaultRule name="default">` + steps(names...) + "<AlwaysEnforce>" + strconv.FormatBool(always) + "</AlwaysEnforce></DefaultFaultRule>"
}

// nullRoute answers without a target.
const nullRoute = `<RouteRule name="null"/>`

// proxyAt is a ProxyEndpoint; its parts are elements, or properties "name=value".
// Without a RouteRule it goes to the target "default".
func proxyAt(base string, parts ...string) string {
	elements, properties := takeApart(parts)
	if !strings.Contains(elements, "<RouteRule") {
		elements += `<RouteRule name="default"><TargetEndpoint>default</TargetEndpoint></RouteRule>`
	}
	name := `name="default"`
	if base != "/" {
		name = `name="` + strings.Trim(strings.NewReplacer("/", "-", "*", "any").Replace(base), "-") + `"`
	}
	return "<ProxyEndpoint " + name + "><HTTPProxyConnection><BasePath>" + base + "</BasePath>" + properties + "</HTTPProxyConnection>" + elements + "</ProxyEndpoint>"
}

// targetAt is the TargetEndpoint "default", with parts as in proxyAt.
func targetAt(url string, parts ...string) string { return targetNamed("default", url, parts...) }

func targetNamed(name, url string, parts ...string) string {
	elements, properties := takeApart(parts)
	return `<TargetEndpoint name="` + name + `"><HTTPTargetConnection><URL>` + url + "</URL>" + properties + "</HTTPTargetConnection>" + elements + "</TargetEndpoint>"
}

func takeApart(parts []string) (elements, properties string) {
	for _, p := range parts {
		if name, value, ok := strings.Cut(p, "="); ok && !strings.HasPrefix(p, "<") {
			properties += `<Property name="` + name + `">` + value + "</Property>"
			continue
		}
		elements += p
	}
	if properties != "" {
		properties = "<Properties>" + properties + "</Properties>"
	}
	return elements, properties
}

// reply is what a client got, byte for byte.
type reply struct {
	raw    string
	status string // status line
	head   string // header lines, with "\n"
	body   string // as it stood on the wire
}

func (a reply) code() int {
	var n int
	_, _ = fmt.Sscanf(strings.TrimPrefix(a.status, "HTTP/1.1 "), "%d", &n)
	return n
}

// header is the first value of a header line with exactly that spelling.
func (a reply) header(name string) string {
	for line := range strings.Lines(a.head) {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// text is the body without its chunks.
func (a reply) text() string {
	if a.header("Transfer-Encoding") != "chunked" {
		return a.body
	}
	data, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(a.body)))
	if err != nil {
		return "broken chunks: " + err.Error() + "\n" + a.body
	}
	return string(data)
}

// wire completes a request text: CRLF, Host, Connection: close, and a
// Content-Length unless the text says something else.
func wire(text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	head = strings.TrimSuffix(head, "\n")
	if !strings.Contains(strings.ToLower(head), "\nhost:") && !strings.HasSuffix(head, "HTTP/1.0") {
		head += "\nHost: example.com"
	}
	if !strings.Contains(head, "\nConnection:") && strings.Contains(head, "HTTP/1.1") {
		head += "\nConnection: close"
	}
	if !strings.Contains(head, "\nContent-Length:") && !strings.Contains(head, "\nTransfer-Encoding:") && body != "" {
		head += "\nContent-Length: " + strconv.Itoa(len(body))
	}
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

// dial opens a connection that ends with the test.
func (s *served) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// ask sends a request, in clear bytes, and reads until the server closes.
func (s *served) ask(text string) reply {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	if _, err := io.WriteString(c, wire(text)); err != nil {
		s.t.Fatal(err)
	}
	raw, err := io.ReadAll(c)
	if err != nil && len(raw) == 0 {
		s.t.Fatalf("%q: %v", text, err)
	}
	return parseAnswer(string(raw))
}

func parseAnswer(raw string) reply {
	rest := raw
	for {
		head, body, _ := strings.Cut(rest, "\r\n\r\n")
		status, lines, _ := strings.Cut(head, "\r\n")
		if strings.HasPrefix(status, "HTTP/1.1 1") && !strings.HasPrefix(status, "HTTP/1.1 101") {
			rest = body
			continue
		}
		return reply{raw, status, strings.ReplaceAll(lines, "\r\n", "\n") + "\n", body}
	}
}

// wants asks and compares status and body.
func (s *served) wants(text string, status int, body string) reply {
	s.t.Helper()
	a := s.ask(text)
	if a.code() != status || a.text() != body {
		s.t.Errorf("%s\n got: %d %q\nwant: %d %q", text, a.code(), a.text(), status, body)
	}
	return a
}

// faults asks and expects a fault's default answer.
func (s *served) faults(text string, status int, code string) reply {
	s.t.Helper()
	a := s.ask(text)
	if want := `"errorcode":"` + code + `"`; a.code() != status || !strings.Contains(a.text(), want) {
		s.t.Errorf("%s\n got: %d %q\nwant: %d %s", text, a.code(), a.text(), status, want)
	}
	return a
}

// note waits for the next note.
func (s *served) note() string { return next(s.t, s.notes, "a note") }

func next[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain for " + what)
		panic("unreachable")
	}
}

// patiently tries with longer and longer limits, until what should happen before the
// limit ends was not too late on a machine as busy as this.
func patiently(t testing.TB, what string, inTime func(limit time.Duration) bool) {
	t.Helper()
	for limit := 50 * time.Millisecond; limit < patience; limit *= 4 {
		if inTime(limit) {
			return
		}
	}
	t.Fatal("not within any limit: " + what)
}

// arrived is a request at a target, byte for byte.
type arrived struct {
	line    string
	head    string // with "\n"
	body    string // without chunks
	trailer string
}

func (r arrived) header(name string) string { return reply{head: r.head}.header(name) }

// rawTarget is a target that answers what respond says, byte for byte ("\n" in
// the head becomes CRLF). An answer that is not whole, and "", close the
// connection.
func rawTarget(t testing.TB, respond func(arrived) string) (url string) {
	t.Helper()
	return "http://" + bareTarget(t, func(c net.Conn) {
		for br := bufio.NewReader(c); ; {
			r, err := readArrived(br)
			if err != nil {
				return
			}
			head, body, _ := strings.Cut(respond(r), "\n\n")
			if head == "" {
				return
			}
			_, err = io.WriteString(c, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body)
			if err != nil || !isWhole(head+"\n", body) {
				return
			}
		}
	})
}

func isWhole(head, body string) bool {
	status, lines, _ := strings.Cut(head, "\n")
	h := reply{head: lines}
	switch {
	case strings.HasPrefix(status, "HTTP/1.1 1") || h.header("Connection") != "":
		return false
	case strings.HasPrefix(status, "HTTP/1.1 204") || strings.HasPrefix(status, "HTTP/1.1 304"):
		return true
	case h.header("Transfer-Encoding") != "":
		return strings.HasSuffix(body, "\r\n\r\n")
	}
	return h.header("Content-Length") == strconv.Itoa(len(body))
}

// bareTarget serves connections, each closed when serve returns.
func bareTarget(t testing.TB, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(patience))
				serve(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return l.Addr().String()
}

func readArrived(br *bufio.Reader) (r arrived, err error) {
	var lines []string
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return r, err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			break
		}
		lines = append(lines, line)
	}
	r.line, r.head = lines[0], strings.Join(lines[1:], "\n")+"\n"
	var body []byte
	if r.header("Transfer-Encoding") == "chunked" {
		if body, err = io.ReadAll(httputil.NewChunkedReader(br)); err != nil {
			return r, err
		}
		for line := "x"; line != "\r\n"; {
			if line, err = br.ReadString('\n'); err != nil {
				return r, err
			}
			r.trailer += strings.TrimRight(line, "\r\n")
		}
	} else if n, _ := strconv.Atoi(r.header("Content-Length")); n > 0 {
		body = make([]byte, n)
		_, err = io.ReadFull(br, body)
	}
	r.body = string(body)
	return r, err
}

// webTarget is an ordinary net/http server.
func webTarget(t testing.TB, h http.HandlerFunc) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// echoTarget answers with the request line and the body of what it got.
func echoTarget(t testing.TB) string {
	return rawTarget(t, func(r arrived) string {
		return "HTTP/1.1 200 OK\nX-Line: " + r.line + "\nContent-Length: " + strconv.Itoa(len(r.body)) + "\n\n" + r.body
	})
}
