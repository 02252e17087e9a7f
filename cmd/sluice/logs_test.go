package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// loggingBundle logs to each destination after the client has its answer, and captures
// what the path says.
func loggingBundle(t *testing.T) string {
	t.Helper()
	flow := `<PreFlow><Request><Step><Name>DC</Name></Step><Step><Name>SC</Name></Step></Request></PreFlow>` +
		`<PostClientFlow><Response><Step><Name>ML-Syslog</Name></Step><Step><Name>ML-File</Name></Step><Step><Name>ML-Cloud</Name></Step></Response></PostClientFlow>` +
		`<RouteRule name="none"/>`
	dir := bundle(t, "/log", flow, "")
	for name, text := range map[string]string{
		"DC": `<DataCapture name="DC"><Capture><DataCollector>dc_id</DataCollector><Collect default="none"><URIPath><Pattern>/{$}</Pattern></URIPath></Collect></Capture></DataCapture>`,
		"SC": `<StatisticsCollector name="SC"><Statistics><Statistic name="size" ref="request.header.x-size" type="integer">0</Statistic></Statistics></StatisticsCollector>`,
		"ML-Syslog": `<MessageLogging name="ML-Syslog"><Syslog><Message>{request.verb} {proxy.pathsuffix} {response.status.code} {request.content}</Message>` +
			`<Host>logs.example.com</Host><Port>6514</Port><Protocol>TCP</Protocol></Syslog></MessageLogging>`,
		"ML-File": `<MessageLogging name="ML-File"><File><Message>{proxy.pathsuffix}</Message><FileName>paths.log</FileName></File></MessageLogging>`,
		"ML-Cloud": `<MessageLogging name="ML-Cloud"><CloudLogging><LogName>projects/{organization.name}/logs/{apiproxy.name}</LogName>` +
			`<Message contentType="application/json">{"path": "{proxy.pathsuffix}"}</Message></CloudLogging></MessageLogging>`,
	} {
		write(t, filepath.Join(dir, "apiproxy", "policies", name+".xml"), text)
	}
	return dir
}

func postText(t *testing.T, url, text string) {
	t.Helper()
	resp, err := http.Post(url, "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
}

// terminate ends the process as an operator does, and waits for it.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestLogsOfPolicies: what policies log arrives, the last of it at the end of the process.
func TestLogsOfPolicies(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(30 * time.Second)) // fails only on a closed connection
		all, _ := io.ReadAll(c)
		heard <- string(all)
	}()
	logs, analytics := t.TempDir(), filepath.Join(t.TempDir(), "analytics.jsonl")
	p := start(t, "serve", loggingBundle(t), "--map-host", "logs.example.com="+l.Addr().String(), "--message-logs", logs, "--analytics", analytics)
	postText(t, "http://"+p.addr+"/log/one", "first\nbody")
	postText(t, "http://"+p.addr+"/log/two", "second")
	p.terminate(t)
	got := strings.Split(strings.TrimSpace(<-heard), "\n")
	if want := []string{"POST /one 200 first body", "POST /two 200 second"}; !sameSet(got, want) {
		t.Errorf("syslog got %q", got)
	}
	paths, err := filepath.Glob(filepath.Join(logs, "local/test/*/*/ML-File/paths.log"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("log files are %q, %v", paths, err)
	}
	if got := fileLines(t, paths[0]); !sameSet(got, []string{"/one", "/two"}) {
		t.Errorf("the file has %q", got)
	}
	if got := strings.Join(fileLines(t, filepath.Join(logs, "cloud-logging.jsonl")), "\n"); strings.Count(got, `"jsonPayload":{"path":"/`) != 2 || !strings.Contains(got, `"logName":"projects/local/logs/`) {
		t.Errorf("entries are %s", got)
	}
	var ids []string
	for _, line := range fileLines(t, analytics) {
		var r struct {
			DataCollectors map[string]string
			Statistics     map[string]int
			Status         int
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("%v in %s", err, line)
		}
		ids = append(ids, fmt.Sprint(r.DataCollectors["dc_id"], r.Statistics["size"], r.Status))
	}
	if !sameSet(ids, []string{"one0 200", "two0 200"}) {
		t.Errorf("analytics are %q", ids)
	}
}

func fileLines(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

// sameSet compares without the order: PostClientFlows of two requests may overtake each
// other.
func sameSet(got, want []string) bool {
	seen := map[string]int{}
	for _, s := range got {
		seen[s]++
	}
	for _, s := range want {
		seen[s]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestCloudLoggingElsewhere: entries go to a stand-in with a token of the service account.
func TestCloudLoggingElsewhere(t *testing.T) {
	got := make(chan string, 10)
	stand := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.Header.Get("Authorization") + " " + string(body)
	}))
	defer stand.Close()
	p := start(t, "serve", loggingBundle(t), "--map-host", "logs.example.com=127.0.0.1:1", "--cloud-logging", stand.URL, "--google-tokens", "local")
	postText(t, "http://"+p.addr+"/log/one", "")
	if entry := <-got; !strings.HasPrefix(entry, "Bearer local-access-token ") || !strings.Contains(entry, `"jsonPayload":{"path":"/one"}`) {
		t.Errorf("got %s", entry)
	}
	p.await(t, "the syslog server logs.example.com:6514 takes no message") // 127.0.0.1:1 refuses
	p.terminate(t)
}

func TestLogSettings(t *testing.T) {
	for at, ok := range map[string]bool{"local": true, "google": true, "http://127.0.0.1:1/x": true, "cloud": false} {
		s := LogSettings{CloudLogging: at}
		if err := s.check(); (err == nil) != ok {
			t.Errorf("%s: %v", at, err)
		}
	}
}
