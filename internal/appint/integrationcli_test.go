package appint

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/internal/devproxy"
	"sluice/internal/integrations"
)

// TestIntegrationcli runs Google's integrationcli, unmodified, through the local proxy:
//
//	SLUICE_INTEGRATIONCLI=/path/to/integrationcli go test ./internal/appint -run Integrationcli
func TestIntegrationcli(t *testing.T) {
	binary := os.Getenv("SLUICE_INTEGRATIONCLI")
	if binary == "" {
		t.Skip("SLUICE_INTEGRATIONCLI does not name an integrationcli (of Google's application-integration-management-toolkit)")
	}
	s, tg := newServer(t), newTarget(t)
	environment := proxied(t, s)
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	run := func(args ...string) string {
		t.Helper()
		c := exec.Command(binary, append(args, "-p", "p", "-r", "us-central1", "-t", "any", "--disable-check")...)
		c.Env, c.Dir = append(environment, "HOME="+dir), dir
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("integrationcli %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	contains := func(out, want string) {
		t.Helper()
		if !strings.Contains(out, want) {
			t.Errorf("%s\nhas no %s", out, want)
		}
	}

	run("integrations", "create", "-n", "chain", "-f", file("chain.json", named(chain(1), "a1")), "--publish")
	contains(run("integrations", "list"), `"active": true`)
	contains(run("integrations", "versions", "list", "-n", "chain", "--filter", "state=ACTIVE"), `"snapshotNumber": "1"`)
	contains(run("integrations", "execute", "-n", "chain", "-f", file("request.json", input(tg.URL))), `"a1": "1 answered"`)
	contains(run("integrations", "executions", "list", "-n", "chain"), `"state": "SUCCEEDED"`)

	run("integrations", "create", "-n", "approval", "-f", file("approval.json", named(approval(), "a2")), "--publish")
	id := s.scheduled("approval", input(tg.URL))
	s.reaches(id, integrations.Suspended)
	contains(run("integrations", "executions", "list", "-n", "approval"), `"state": "SUSPENDED"`)
	later := s.scheduled("approval", strings.Replace(input(tg.URL), "{", `{"scheduleTime":"2100-01-01T00:00:00Z",`, 1))
	contains(run("integrations", "executions", "cancel", "-n", "approval", "-e", later, "--cancel-reason", "no need"), `"isCanceled": true`)

	run("integrations", "versions", "unpublish", "-n", "chain", "-s", "1")
	contains(run("integrations", "versions", "list", "-n", "chain"), `"SNAPSHOT"`)
	run("authconfigs", "create", "-f", file("auth.json", `{"displayName":"mine","visibility":"CLIENT_VISIBLE","decryptedCredential":{"credentialType":"AUTH_TOKEN","authToken":{"type":"Bearer","token":"x"}}}`))
	contains(run("authconfigs", "list"), `"displayName": "mine"`)
	run("integrations", "delete", "-n", "chain")
}

// named is an export whose trigger names its variables.
func named(export []byte, output string) string {
	return strings.Replace(string(export), `"triggerId"`, `"inputVariables":{"names":["url"]},"outputVariables":{"names":["`+output+`"]},"triggerId"`, 1)
}

// proxied serves s for Google's host names and returns the environment that leads there.
func proxied(t *testing.T, s *server) []string {
	t.Helper()
	ca, err := devproxy.OpenCA(filepath.Join(t.TempDir(), "ca"), time.Now())
	check(t, err)
	proxy := devproxy.New(ca, s.Google)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ended := make(chan error, 1)
	go func() { ended <- proxy.Serve(l) }()
	t.Cleanup(func() {
		check(t, proxy.Close())
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return append(os.Environ(), "HTTPS_PROXY=http://"+l.Addr().String(), "NO_PROXY=", "SSL_CERT_FILE="+ca.File())
}
