package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// TestPrintIsLogged: what a script prints is seen with --log-level debug, cut, and never at info.
func TestPrintIsLogged(t *testing.T) {
	t.Parallel()
	dir := bundle(t, "/print", `<PreFlow><Request><Step><Name>JS</Name></Step></Request></PreFlow><RouteRule name="r"/>`, "")
	write(t, filepath.Join(dir, "apiproxy", "policies", "JS.xml"),
		`<Javascript name="JS"><Source>print("seen", context.proxyRequest.method); print(Array(2000).join("x") + "end")</Source></Javascript>`)
	r := serving(t, dir)
	resp, err := http.Get("http://" + r.addr + "/print")
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.StatusCode, err)
	}
	r.await(t, `"policy": "JS", "line": "seen GET"}`)
	r.await(t, strings.Repeat("x", maxPrinted)+`..."}`)
	if logPrinted(zap.NewNop()) != nil {
		t.Error("a log without debug takes what scripts print")
	}
}
