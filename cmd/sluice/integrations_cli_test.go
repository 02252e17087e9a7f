package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sluice/internal/appint"
	"sluice/internal/integrations"
	"sluice/internal/state"
	"sluice/internal/tasks"
)

// cliExport calls $url$ and sets the outputs answer and count.
const cliExport = `{
  "description": "Asks a server",
  "triggerConfigs": [{"triggerType": "API", "triggerNumber": "1", "triggerId": "api_trigger/ask_API_1", "startTasks": [{"taskId": "1"}]}],
  "taskConfigs": [{"task": "GenericRestV2Task", "taskId": "1", "displayName": "Ask", "parameters": {
    "url": {"key": "url", "value": {"stringValue": "$url$"}},
    "httpMethod": {"key": "httpMethod", "value": {"stringValue": "GET"}},
    "throwError": {"key": "throwError", "value": {"booleanValue": true}},
    "responseBody": {"key": "responseBody", "value": {"stringArray": {"stringValues": ["$answer$"]}}}}}],
  "integrationParameters": [
    {"key": "url", "dataType": "STRING_VALUE", "inputOutputType": "IN"},
    {"key": "count", "dataType": "INT_VALUE", "inputOutputType": "IN_OUT"},
    {"key": "tags", "dataType": "STRING_ARRAY", "inputOutputType": "IN_OUT"},
    {"key": "answer", "dataType": "STRING_VALUE", "inputOutputType": "OUT"}]}`

// cli is a running API and the commands that talk to it.
type cli struct {
	t   *testing.T
	url string
}

func newCLI(t *testing.T) cli {
	t.Helper()
	return newCLIOf(t, map[string]string{"ask": cliExport})
}

// newCLIOf has integrations of its own.
func newCLIOf(t *testing.T, exports map[string]string) cli {
	t.Helper()
	store := state.NewMemory(time.Now)
	queues, err := tasks.New(t.Context(), store, tasks.Options{Later: true, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := appint.Open(t.Context(), store, queues, integrations.Options{}, appint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	queues.Start()
	for name, export := range exports {
		if bad := s.Load(name, []byte(export)); bad != nil {
			t.Fatal(bad)
		}
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := errors.Join(queues.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return cli{t, server.URL}
}

// run runs a command and returns what it printed.
func (c cli) run(args ...string) (string, error) {
	c.t.Helper()
	cmd := integrationsCommand()
	var out bytes.Buffer
	cmd.SetArgs(append(args, "--url", c.url))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(c.t.Context())
	return out.String(), err
}

// prints fails the test unless a command prints what matches.
func (c cli) prints(pattern string, args ...string) []string {
	c.t.Helper()
	out, err := c.run(args...)
	if err != nil {
		c.t.Fatalf("%v: %v", args, err)
	}
	found := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if found == nil {
		c.t.Fatalf("%v printed\n%s\nwhich does not match %s", args, out, pattern)
	}
	return found
}

func TestIntegrationsCommands(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "42") }))
	defer target.Close()
	c := newCLI(t)
	c.prints(`(?s)INTEGRATION .*\nask +yes +\d{4}-\S+ \S+ +Asks a server\n`, "list")
	id := c.prints(`execution (\S+)\n\{\n  "count": 3,\n  "tags": \[\n    "a"\n  \],\n  "answer": "42"\n\}`,
		"run", "ask", "--input", "url="+target.URL, "--input", "count=3", "--input", `tags=["a"]`, "--trigger", "ask_API_1")[1]
	c.prints(`(?s)execution +`+id+`\nintegration +ask, version \S+\n.*state +SUCCEEDED\n.*inputs +\{"count":3,.*outputs +\{"count":3,.*task 1 "Ask", GenericRestV2Task: SUCCEED at .*read \{"url":.*set \{"answer":"42"\}`, "get", id)
	c.prints(`(?s)EXECUTION +INTEGRATION +STATE.*\n`+id+` +ask +SUCCEEDED +POST +`, "executions", "ask", "--state", "succeeded")
	c.prints(`"executionInfos": \[`, "executions", "--json")
	again := c.prints(`execution (\S+)\n`, "replay", id, "--reason", "once more")[1]
	if again == id {
		t.Error("the replay is the execution itself")
	}
	later := c.prints("accepted; `sluice integrations get (\\S+)` shows how it goes", "run", "ask", "--input", "url="+target.URL, "--at", "1h")[1]
	c.prints(`(?s)state +PENDING\n.*scheduled +\d`, "get", later)
	c.prints(later+` is cancelled`, "cancel", later, "--reason", "test")
	c.prints(`(?s)state +CANCELLED\n.*error +.*test`, "get", later)

	file := filepath.Join(t.TempDir(), "request.json")
	if err := os.WriteFile(file, []byte(`{"triggerId":"api_trigger/ask_API_1","inputParameters":{"url":{"stringValue":"http://127.0.0.1:1"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.run("run", "ask", "--inputs", file); err == nil || !strings.Contains(err.Error(), `task 1 "Ask" failed`) {
		t.Errorf("a failing run: %v", err)
	}
	failed := c.prints(`(?m)^(\S+) +ask +FAILED .*task 1 "Ask" failed`, "executions")[1]
	c.prints(`(?s)state +FAILED.*error 500 `, "get", failed)
}

func TestWhyThereAreNoExecutions(t *testing.T) {
	traceless := strings.Replace(cliExport, "{", `{"databasePersistencePolicy": "DATABASE_PERSISTENCE_DISABLED",`, 1)
	c := newCLIOf(t, map[string]string{"ask": cliExport, "traceless": traceless})
	c.prints(`^No execution is kept\.\n$`, "executions", "ask")
	c.prints(`^No execution is kept\.\nWith DATABASE_PERSISTENCE_DISABLED .* this is so for traceless\.\n`, "executions")
	if _, err := c.run("run", "traceless", "--input", "url=http://127.0.0.1:1"); err == nil {
		t.Error("the run of traceless must fail")
	}
	c.prints(`^No execution that is kept is FAILED\.\n.* for traceless\.\nWhy .* log`, "executions", "traceless", "--state", "failed")
}

func TestIntegrationsCommandErrors(t *testing.T) {
	c := newCLI(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "other"}, `no integration "other" is published; ` + "`sluice integrations list`"},
		{[]string{"run", "ask", "--input", "colour=red"}, `integration "ask" has no variable of that name; it has answer, count, tags, url`},
		{[]string{"run", "ask", "--input", "colour"}, `is not NAME=VALUE`},
		{[]string{"run", "ask", "--input", "tags=red"}, `write it in JSON`},
		{[]string{"run", "ask", "--trigger", "other"}, `has no API trigger "other"; it has api_trigger/ask_API_1`},
		{[]string{"run", "ask", "--at", "noon"}, `--at "noon": it is not a time such as`},
		{[]string{"run", "ask", "--inputs", "missing.json"}, `--inputs: open missing.json`},
		{[]string{"get", "nobody"}, `Execution "nobody" of integration "-" was not found. (NOT_FOUND)`},
		{[]string{"executions", "nosuch"}, `no integration "nosuch" is here; ` + "`sluice integrations list`"},
		{[]string{"executions", "--state", "a b"}, "(INVALID_ARGUMENT)"},
	} {
		if out, err := c.run(test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v\n%s\nwant %s", test.args, err, out, test.want)
		}
	}
	c.url = "http://127.0.0.1:1"
	if _, err := c.run("list"); err == nil || !strings.Contains(err.Error(), "--integrations-listen") {
		t.Error(err)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	c.url = other.URL
	if _, err := c.run("list"); err == nil || !strings.Contains(err.Error(), "is the --url right?") {
		t.Error(err)
	}
}

func TestEnvironmentForGooglesTools(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's here")
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := printEnvironment(out, ":8086", dir, "http://localhost:8085/"); err != nil {
			t.Fatal(err)
		}
	}
	ca := "'" + strings.ReplaceAll(dir, "'", `'\''`) + "/ca.pem'"
	want := "export HTTPS_PROXY='http://localhost:8086'\nexport https_proxy='http://localhost:8086'\n" +
		"export NO_PROXY='localhost,127.0.0.1'\nexport no_proxy='localhost,127.0.0.1'\n" +
		"export SSL_CERT_FILE=" + ca + "\nexport NODE_EXTRA_CA_CERTS=" + ca + "\nexport GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=" + ca + "\n"
	if !strings.HasPrefix(first.String(), want) || first.String() != second.String() || !strings.Contains(first.String(), "CUSTOM_ENDPOINT='http://localhost:8085/v1/'") {
		t.Errorf("got\n%s\n%s\nwant\n%s", first.String(), second.String(), want)
	}
	if _, err := os.Stat(filepath.Join(dir, "ca.pem")); err != nil {
		t.Error(err)
	}
}
