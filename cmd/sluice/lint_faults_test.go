package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"sluice/flow"
	"sluice/internal/faultlint"
)

// faultyProxy writes a bundle with a fault rule that waits for a misspelt fault,
// and with a condition that both groups of rules report.
func faultyProxy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "apiproxy")
	for name, text := range map[string]string{
		"proxies/default.xml": `<ProxyEndpoint name="default">
<FaultRules>
<FaultRule name="key"><Condition>fault.name = "InvalidAPIKey"</Condition></FaultRule>
<FaultRule name="mixed"><Condition>request.verb = "GET" and a or b</Condition></FaultRule>
</FaultRules>
<PreFlow><Request><Step><Name>VA-Key</Name></Step></Request></PreFlow>
<HTTPProxyConnection><BasePath>/faulty</BasePath></HTTPProxyConnection>
<RouteRule name="default"/>
</ProxyEndpoint>`,
		"policies/VA-Key.xml": `<VerifyAPIKey name="VA-Key"><APIKey ref="request.queryparam.apikey"/></VerifyAPIKey>`,
	} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func TestLintRules(t *testing.T) {
	dir := faultyProxy(t)
	for rules, want := range map[string]map[string]int{
		"deploy,faults":          {"ConditionWarning": 0, "fault-name": 1, "mixed-connectives": 1, "unhandled-fault": 0},
		"deploy":                 {"ConditionWarning": 1, "fault-name": 0, "mixed-connectives": 0},
		"faults":                 {"ConditionWarning": 0, "fault-name": 1, "mixed-connectives": 1},
		"deploy,fault-name":      {"ConditionWarning": 1, "fault-name": 1, "mixed-connectives": 0},
		"fault-name, faults":     {"fault-name": 1, "mixed-connectives": 1},
		"faults,unhandled-fault": {"fault-name": 1, "unhandled-fault": 0},
	} {
		chosen, err := parseLintRules(strings.Split(rules, ","))
		if err != nil {
			t.Fatal(err)
		}
		problems, bundles, err := chosen.lint([]string{dir, dir}, "test")
		if err != nil || bundles != 1 {
			t.Fatalf("%s: %d bundles, %v", rules, bundles, err)
		}
		for code, n := range want {
			if got := countCode(problems, code); got != n {
				t.Errorf("--rules %s: %d of %s, want %d\n%v", rules, got, code, n, problems)
			}
		}
	}
}

func countCode(problems flow.Problems, code string) int {
	n := 0
	for i := range problems {
		if problems[i].Code == code {
			n++
		}
	}
	return n
}

func TestLintRulesAreNamed(t *testing.T) {
	_, err := parseLintRules([]string{"deploy", "fault-nam"})
	if err == nil || !strings.Contains(err.Error(), "`sluice doc rules` lists") {
		t.Errorf("got %v", err)
	}
}

func TestLintReportsAPathOnce(t *testing.T) {
	chosen, err := parseLintRules([]string{deployRules, faultRules})
	if err != nil {
		t.Fatal(err)
	}
	problems, _, err := chosen.lint([]string{filepath.Join(t.TempDir(), "nothing")}, "test")
	if err != nil || len(problems) != 1 || !problems.Refused() {
		t.Errorf("got %v, %v", problems, err)
	}
}

func TestWriteGitHub(t *testing.T) {
	var out bytes.Buffer
	problems := flow.Problems{
		{File: "./p,1/apiproxy/proxies/default.xml", Line: 3, Column: 5, Severity: "warning", Code: "fault-name", Message: "100%\nof it", Hint: "mend it"},
		{File: "b.zip", Severity: "error", Code: "ZipRefused", Message: "no"},
	}
	if err := writeProblems(&out, "github", problems, 1); err != nil {
		t.Fatal(err)
	}
	const want = `::warning file=p%2C1/apiproxy/proxies/default.xml,line=3,col=5,title=fault-name::100%25%0Aof it%0Ahint: mend it
::error file=b.zip,line=1,col=1,title=ZipRefused::no
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestDocRules(t *testing.T) {
	var list, sarif bytes.Buffer
	if err := docRules(&list, nil); err != nil {
		t.Fatal(err)
	}
	problems := flow.Problems{}
	for _, r := range faultlint.Rules() {
		problems = append(problems, flow.Problem{Code: r.Name, Severity: "warning"})
		var one bytes.Buffer
		if err := docRules(&one, []string{r.Name}); err != nil || !strings.Contains(one.String(), r.Doc.Sample) {
			t.Errorf("%s: %v\n%s", r.Name, err, one.String())
		}
		if !strings.Contains(list.String(), r.Name+" ") {
			t.Errorf("%s is not listed:\n%s", r.Name, list.String())
		}
	}
	if err := writeProblems(&sarif, "sarif", problems, 1); err != nil {
		t.Fatal(err)
	}
	for _, r := range faultlint.Rules() {
		if !strings.Contains(sarif.String(), r.Doc.Title) {
			t.Errorf("SARIF does not describe %s", r.Name)
		}
	}
	if err := docRules(&list, []string{"nothing"}); err == nil {
		t.Error("a rule that does not exist is described")
	}
}

// TestLintMissingSharedFlow: a call of a shared flow that is not at the paths is
// warned of where it stands, from proxies and from shared flows.
func TestLintMissingSharedFlow(t *testing.T) {
	root := t.TempDir()
	dir := bundle(t, "/s", `<PreFlow name="PreFlow"><Request><Step><Name>FC</Name></Step></Request></PreFlow><RouteRule name="r"/>`, "")
	write(t, filepath.Join(dir, "apiproxy", "policies", "FC.xml"), "<FlowCallout name='FC'>\n<SharedFlowBundle>common</SharedFlowBundle></FlowCallout>")
	flowDir := filepath.Join(root, "common", "sharedflowbundle")
	write(t, filepath.Join(flowDir, "sharedflows", "default.xml"), `<SharedFlow name="default"><Step><Name>FC2</Name></Step></SharedFlow>`)
	write(t, filepath.Join(flowDir, "policies", "FC2.xml"), "<FlowCallout name='FC2'><SharedFlowBundle>nowhere</SharedFlowBundle></FlowCallout>")
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{[]string{dir}, `FC.xml:2:1: warning: no bundle of shared flow "common" is served`},
		{[]string{dir, root}, `FC2.xml:1:25: warning: no bundle of shared flow "nowhere" is served`},
	} {
		problems, _, err := lint(c.paths, "test")
		if err != nil || len(problems) != 1 || problems.Refused() || !strings.Contains(problems[0].String(), c.want) {
			t.Errorf("%v: %v, %v; want %s", c.paths, problems, err, c.want)
		}
	}
}
