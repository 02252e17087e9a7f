package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const matrixBundle = "../../internal/matrix/testdata/five"

// matrixRun runs the matrix and returns its exit code as main would.
func matrixRun(t *testing.T, o matrixOptions, paths ...string) (code int, out, errs string) {
	t.Helper()
	if o.format == "" {
		o.format = "text"
	}
	var stdout, stderr bytes.Buffer
	err := runMatrix(context.Background(), paths, o, &stdout, &stderr)
	var exit exitCode
	switch {
	case errors.As(err, &exit):
		code = int(exit)
	case err != nil:
		code = 2
		stderr.WriteString(err.Error())
	}
	return code, stdout.String(), stderr.String()
}

func TestMatrixExitCodes(t *testing.T) {
	leaky := t.TempDir()
	write(t, filepath.Join(leaky, "apiproxy", "proxies", "default.xml"), `<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/leaky</BasePath></HTTPProxyConnection>
		<RouteRule name="default"/></ProxyEndpoint>`)
	broken := t.TempDir()
	write(t, filepath.Join(broken, "apiproxy", "proxies", "default.xml"), `<ProxyEndpoint name="default">`)
	baseline := filepath.Join(t.TempDir(), "accepted.txt")
	page := filepath.Join(t.TempDir(), "matrix.html")
	tests := []struct {
		name string
		o    matrixOptions
		path string
		code int
		says string
	}{
		{"all is well", matrixOptions{failOn: []string{"leaked"}}, matrixBundle, 0, "0 failures, 0 accepted by the baseline"},
		{"no gate", matrixOptions{html: page}, leaky, 0, "3 leaked"},
		{"a gate", matrixOptions{failOn: []string{"leaked"}}, leaky, 1, "body too big: leaked\n"},
		{"no baseline", matrixOptions{failOn: []string{"leaked"}, baseline: baseline}, leaky, 2, "--write-baseline"},
		{"write it", matrixOptions{baseline: baseline, writeBaseline: true}, leaky, 0, ""},
		{"with it", matrixOptions{failOn: []string{"leaked"}, baseline: baseline}, leaky, 0, "0 failures, 3 accepted by the baseline"},
		{"json", matrixOptions{format: "json"}, leaky, 0, `"outcome": "leaked"`},
		{"refused", matrixOptions{}, broken, 2, "MalformedXML"},
		{"wrong format", matrixOptions{format: "xml"}, leaky, 2, "--format"},
		{"wrong class", matrixOptions{failOn: []string{"leak"}}, leaky, 2, "--fail-on"},
		{"nothing", matrixOptions{}, t.TempDir(), 2, "there is no API proxy"},
		{"one cell", matrixOptions{fault: "connect timeout@default"}, matrixBundle, 0, "Handled: FaultRule 2 ran, and nothing leaks.\n"},
		{"one cell as JSON", matrixOptions{fault: "InvalidApiKey@Verify-Key:request", format: "json"}, matrixBundle, 0, `"verdict": "handled: FaultRule 3 ran, and nothing leaks"`},
		{"which cell", matrixOptions{fault: "InvalidApiKey@Verify-Key"}, matrixBundle, 2, "--fault: \"InvalidApiKey@Verify-Key\" means 2 cells; say which:\n  'InvalidApiKey@Verify-Key:request PreFlow'"},
		{"no such step", matrixOptions{fault: "InvalidApiKey@VerifyKy"}, matrixBundle, 2, "did you mean Verify-Key?"},
		{"a cell has no page", matrixOptions{fault: "a@b", html: page}, matrixBundle, 2, "leave out --html"},
	}
	for _, tt := range tests {
		code, out, errs := matrixRun(t, tt.o, tt.path)
		if code != tt.code || !strings.Contains(out+errs, tt.says) {
			t.Errorf("%s: exit code %d\n%s%s", tt.name, code, out, errs)
		}
	}
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("<!DOCTYPE html>")) {
		t.Errorf("the page: %v", err)
	}
}

// TestMatrixOfMany: what can be rehearsed is, and the totals are those of all.
func TestMatrixOfMany(t *testing.T) {
	broken := t.TempDir()
	write(t, filepath.Join(broken, "apiproxy", "proxies", "default.xml"), `<ProxyEndpoint name="default">`)
	code, out, errs := matrixRun(t, matrixOptions{}, matrixBundle, "../../internal/matrix/testdata/shop", broken)
	if code != 2 || !strings.Contains(out, "\n2 bundles (1 more refused), ") || !strings.Contains(errs, "MalformedXML") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if code, out, _ = matrixRun(t, matrixOptions{}, matrixBundle, "../../internal/matrix/testdata/shop"); code != 0 || !strings.Contains(out, "\n2 bundles, ") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// TestFaultFlag runs the command as users do.
func TestFaultFlag(t *testing.T) {
	for _, args := range [][]string{{"test", "--faults", matrixBundle}, {"test", "--fault", "InvalidApiKey@Verify-Key:request", matrixBundle}} {
		var out bytes.Buffer
		cmd := root()
		cmd.SetArgs(args)
		cmd.SetOut(&out)
		if err := cmd.Execute(); err != nil || !strings.Contains(out.String(), "Verify-Key") {
			t.Errorf("%q: %v\n%s", args, err, out.String())
		}
	}
}
