package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var golden = flag.Bool("golden", false, "rewrite the golden outputs of sluice test")

// times are what differs from run to run.
var times = regexp.MustCompile(`(time="|"seconds": )[0-9.]+`)

// sluice runs the program and returns what it printed, and its exit code.
func sluice(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, file, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestTestCommand compares what `sluice test` prints with testdata/test/NAME.txt:
// the files read as its manual.
func TestTestCommand(t *testing.T) {
	for _, c := range []struct {
		name string
		args string
		code int
	}{
		{"passing", "testdata/shop --run /(buys|closed)", 0},
		{"verbose", "testdata/shop/buys.case -v", 0},
		{"failing", "testdata/shop", 1},
		{"by-name", "testdata/shop --run ^Whoever", 0},
		{"fail-fast", "testdata/shop --fail-fast -j 1 --run closed|fault|text", 1},
		{"github", "testdata/shop --format github", 1},
		{"junit", "testdata/shop --format junit", 1},
		{"json", "testdata/shop --format json --run fault", 1},
		{"none", "testdata/test", 2},
		{"none-matches", "testdata/shop --run zebra", 2},
		{"no-path", "testdata/nowhere", 2},
		{"bad-format", "testdata/shop --format yaml", 2},
		{"bad-watch", "testdata/shop --watch --format json", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, errs, code := sluice(t, append([]string{"test"}, strings.Fields(c.args)...)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			got := "$ sluice test " + c.args + "\n" + times.ReplaceAllString(out+errs, "${1}0")
			compareGolden(t, filepath.Join("testdata", "test", c.name+".txt"), got)
		})
	}
}

// TestAllowMissingPolicies: what does not lead through a policy of a type that is not
// available here can be tested.
func TestAllowMissingPolicies(t *testing.T) {
	dir := bundle(t, "/java", `<PreFlow><Request><Step><Name>J</Name><Condition>request.verb = "POST"</Condition></Step></Request></PreFlow><RouteRule name="none"/>`, "")
	write(t, filepath.Join(dir, "apiproxy", "policies", "J.xml"), `<JavaCallout name="J"><ClassName>a.B</ClassName><ResourceURL>java://a.jar</ResourceURL></JavaCallout>`)
	write(t, filepath.Join(dir, "java.case"), "Only POST asks Java.\n-- request --\nGET /java HTTP/1.1\n-- response --\nHTTP/1.1 200 OK\n"+
		"-- request --\nPOST /java HTTP/1.1\nContent-Length: 0\n-- response --\nHTTP/1.1 501 Not Implemented\n\n{\"fault\":{\"faultstring\":\"Policy J cannot run: policy type JavaCallout is not available\",\"detail\":{\"errorcode\":\"sluice.PolicyTypeNotAvailable\"}}}\n")
	if out, _, code := sluice(t, "test", dir); code != 1 || !strings.Contains(out, "--allow-missing-policies") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if out, errs, code := sluice(t, "test", dir, "--allow-missing-policies"); code != 0 {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *golden {
		write(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// TestReportFiles writes reports to a file, which programs read, while people
// read text.
func TestReportFiles(t *testing.T) {
	for format, parse := range map[string]func([]byte) (passed, failed int, err error){
		"junit": func(data []byte) (int, int, error) {
			var r struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
			}
			err := xml.Unmarshal(data, &r)
			return r.Tests - r.Failures, r.Failures, err
		},
		"json": func(data []byte) (int, int, error) {
			var r struct{ Passed, Failed int }
			err := json.Unmarshal(data, &r)
			return r.Passed, r.Failed, err
		},
	} {
		file := filepath.Join(t.TempDir(), "report")
		out, _, code := sluice(t, "test", "testdata/shop", "-v", "--format", format, "--output", file)
		if code != 1 || !strings.HasSuffix(out, "\n2 passed, 4 failed\n") {
			t.Errorf("%s: exit code %d, text\n%s", format, code, out)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if passed, failed, err := parse(data); err != nil || passed != 2 || failed != 4 {
			t.Errorf("%s: %d passed, %d failed, %v", format, passed, failed, err)
		}
	}
	if _, errs, code := sluice(t, "test", "testdata/shop", "--output", "testdata/nowhere/x"); code != 2 || !strings.Contains(errs, "--output") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// TestUpdate rewrites what the bundle answers; what is no matter of the answer
// goes on failing.
func TestUpdate(t *testing.T) {
	dir := copied(t, "testdata/shop")
	out, _, code := sluice(t, "test", dir, "--update")
	if code != 1 || !strings.HasSuffix(out, "\n4 passed, 2 failed\n") || !strings.Contains(out, "wrong-answer.case  (2 sections rewritten)") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	for _, name := range []string{"wrong-answer.case", "wrong-fault.case", "buys.case"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, filepath.Join("testdata", "test", "updated-"+name+".txt"), string(data))
	}
	if out, _, code := sluice(t, "test", dir, "--run", "wrong-(answer|fault)"); code != 0 {
		t.Errorf("after --update:\n%s", out)
	}
}

func copied(t *testing.T, from string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWatchCases edits a case, which runs alone then, and the bundle, which all
// run for, until Ctrl-C.
func TestWatchCases(t *testing.T) {
	dir := copied(t, "testdata/shop")
	p := startTest(t, dir, "--watch", "--run", "buys|closed")
	p.await(t, "2 passed, 0 failed\nwatching")
	write(t, filepath.Join(dir, "closed.case"), "-- request --\nGET /shop/closed HTTP/1.1\n-- response --\nHTTP/1.1 200 OK\n")
	p.await(t, "closed.case changed: 1 case\nFAIL")
	p.await(t, "0 passed, 1 failed\nwatching")
	write(t, filepath.Join(dir, "apiproxy", "policies", "RF-Closed.xml"),
		`<RaiseFault name="RF-Closed"><FaultResponse><Set><StatusCode>200</StatusCode></Set></FaultResponse></RaiseFault>`)
	p.await(t, "RF-Closed.xml changed: 2 cases\nok")
	p.await(t, "case\n2 passed, 0 failed\nwatching")
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}

// startTest runs sluice test in the background.
func startTest(t *testing.T, args ...string) *process {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{out: &lockedBuffer{}}
	p.cmd = exec.Command(file, append([]string{"test"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has ended already in tests that stop it
		_ = p.cmd.Wait()
	})
	return p
}

// TestColourful takes the null device for a terminal, since both are devices.
func TestColourful(t *testing.T) {
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	if !colourful(device) || colourful(&bytes.Buffer{}) {
		t.Error("colours belong on a device, and nowhere else")
	}
	t.Setenv("NO_COLOR", "1")
	if colourful(device) {
		t.Error("NO_COLOR is set")
	}
}
