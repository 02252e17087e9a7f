package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// TestLintNeedsBundles: a gate with a mistyped path must not be open. What it is
// about is told, with what to do.
func TestLintNeedsBundles(t *testing.T) {
	good := bundle(t, "/good", `<RouteRule name="r"/>`, "")
	empty := t.TempDir()
	plain := filepath.Join(empty, "plain.txt")
	write(t, plain, "x")
	for _, c := range []struct {
		path, want string
		code       exitCode
	}{
		{good, "1 bundle, 0 errors", 0},
		{empty, "no bundle is here", 2},
		{filepath.Join(good, "apiproxy", "proxies"), "no bundle is here", 2},
		{filepath.Join(empty, "none"), "does not exist [NoBundle]", 2},
		{plain, "neither a folder nor a .zip file [NoBundle]", 2},
	} {
		for _, rules := range []string{"deploy", "faults", "deploy,faults"} {
			var out bytes.Buffer
			err := command(t.Context(), &out, "lint", "--rules", rules, good, c.path)
			var code exitCode
			if errors.As(err, &code); code != c.code || err == nil != (c.code == 0) {
				t.Errorf("lint --rules %s %s: %v, want exit code %d", rules, c.path, err, c.code)
			}
			if n := strings.Count(out.String(), c.want); n != 1 || c.code != 0 && !strings.Contains(out.String(), "hint: give the path of a bundle") {
				t.Errorf("lint --rules %s %s says\n%s", rules, c.path, out.String())
			}
		}
	}
}

// TestServeNeedsBundles: what has nothing to serve could not run.
func TestServeNeedsBundles(t *testing.T) {
	for _, path := range []string{t.TempDir(), "none"} {
		var out bytes.Buffer
		var code exitCode
		if err := command(t.Context(), &out, "serve", "--listen", "127.0.0.1:0", path); !errors.As(err, &code) || code != 2 {
			t.Errorf("serve %s: %v\n%s", path, err, out.String())
		}
	}
}

// lintBundle lints a proxy with one policy, which is attached to its request flow.
func lintBundle(t *testing.T, policy string) map[string]string {
	t.Helper()
	dir := bundle(t, "/lint", `<PreFlow><Request><Step><Name>P</Name></Step></Request></PreFlow><RouteRule name="r"/>`, "")
	write(t, dir+"/apiproxy/policies/P.xml", policy)
	problems, _, err := lint([]string{dir}, "test")
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]string{}
	for _, p := range problems {
		messages[p.Code] += p.Message
	}
	return messages
}

// TestLintMissingResource: a resource that is not there is reported once, by the
// policy where the policy minds, and in general where it does not.
func TestLintMissingResource(t *testing.T) {
	for policy, want := range map[string]string{
		`<Javascript name="P"><ResourceURL>jsc://none.js</ResourceURL></Javascript>`:         "InvalidResourceUrlReference",
		`<OASValidation name="P"><OASResource>oas://none.yaml</OASResource></OASValidation>`: "ResourceDoesNotExist",
		`<NoSuchPolicy name="P"><ResourceURL>jsc://none.js</ResourceURL></NoSuchPolicy>`:     "MissingResource",
	} {
		found := lintBundle(t, policy)
		for _, code := range []string{"InvalidResourceUrlReference", "ResourceDoesNotExist", "MissingResource"} {
			if _, ok := found[code]; ok != (code == want) {
				t.Errorf("%s\nproblems are %v, want %s", policy, found, want)
			}
		}
	}
}

// TestLintSaysWhere: a deployment error that tells where the bundle is deployed
// does so.
func TestLintSaysWhere(t *testing.T) {
	found := lintBundle(t, `<Quota name="P"><Allow count="5"/><Interval>1</Interval><TimeUnit>hours</TimeUnit></Quota>`)
	const want = "Invalid quota interval time unit hours in quota policy P in Revision 1 of application "
	if got := found["InvalidQuotaTimeUnit"]; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ", in organization local.") || strings.ContainsAny(got, "{}") {
		t.Errorf("lint says %q", got)
	}
}

// TestFaultsFitThePage: the reference is read on a terminal.
func TestFaultsFitThePage(t *testing.T) {
	var out bytes.Buffer
	if err := command(t.Context(), &out, "faults"); err != nil {
		t.Fatal(err)
	}
	const quota = "Quota  runtime  429  policies.ratelimit.QuotaViolation\n  text   Rate limit quota violation. Quota limit exceeded. Identifier : {identifier}\n  cause  quota exceeded\n"
	if !strings.Contains(out.String(), quota) {
		t.Errorf("the list lacks\n%s", quota)
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > pageWidth+1 && strings.HasPrefix(line, "  ") && strings.Count(strings.TrimSpace(line), " ") > 0 {
			t.Errorf("%d bytes wide: %s", len(line), line)
		}
	}
}
