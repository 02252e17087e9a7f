package main

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"sluice/flow"
	"sluice/internal/integrations"
)

// callingProxy writes a bundle that runs the integration called name through a
// trigger, with integrations beside it, and returns its folder.
func callingProxy(t *testing.T, name, trigger string, exports map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"apiproxy/calling.xml": `<APIProxy name="calling"/>`,
		"apiproxy/proxies/default.xml": `<ProxyEndpoint name="default">
<PreFlow><Request><Step><Name>SIR</Name></Step><Step><Name>IC</Name></Step></Request></PreFlow>
<HTTPProxyConnection><BasePath>/calling</BasePath></HTTPProxyConnection>
<RouteRule name="none"/>
</ProxyEndpoint>`,
		"apiproxy/policies/SIR.xml": `<SetIntegrationRequest name="SIR">
<IntegrationName>` + name + `</IntegrationName><IntegrationRegion>us-central1</IntegrationRegion>
<ApiTrigger>` + trigger + `</ApiTrigger>
</SetIntegrationRequest>`,
		"apiproxy/policies/IC.xml": `<IntegrationCallout name="IC"><Request>integration.request</Request></IntegrationCallout>`,
	}
	for name, text := range exports {
		files["integrations/"+name+".json"] = text
	}
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func TestLintReadsIntegrations(t *testing.T) {
	const start = `{"triggerConfigs": [{"triggerType": "API", "triggerId": "api_trigger/t", "startTasks": [{"taskId": "1"}]}], "taskConfigs": `
	for name, c := range map[string]struct{ export, want string }{
		"cut":  {"{\n  \"triggerConfigs\": [", "cut.json:2:21: error: the file is not JSON: unexpected end of JSON input [InvalidIntegration]"},
		"gap":  {start + `[]}`, "gap.json: error: "},
		"task": {start + `[{"task": "PubSbTask", "taskId": "1", "displayName": "Tell"}]}`, `task.json: error: tasks of type PubSbTask do not run here [UnknownTaskType] at task 1 "Tell"`},
		"mail": {start + `[{"task": "EmailTask", "taskId": "1", "parameters": {"To": {"key": "To", "value": {"stringArray": {"stringValues": ["a@b.example"]}}}}}]}`,
			"mail.json: warning: sends mail, and no SMTP server is set [MissingSetting]"},
		"good": {cliExport, ""},
	} {
		problems, bundles, err := lint([]string{callingProxy(t, "ask", "api_trigger/ask_API_1", map[string]string{name: c.export})}, "test")
		if err != nil || bundles != 1 {
			t.Fatalf("%s: %d bundles, %v", name, bundles, err)
		}
		problems = ofIntegrations(problems)
		if c.want == "" {
			if len(problems) > 0 {
				t.Errorf("%s: %v", name, problems)
			}
			continue
		}
		if len(problems) != 1 || !strings.Contains(problems[0].String(), c.want) {
			t.Errorf("%s: got %v, want one with %s", name, problems, c.want)
		}
	}
}

// ofIntegrations are the problems with files of integrations.
func ofIntegrations(problems flow.Problems) (list flow.Problems) {
	for _, p := range problems {
		if strings.HasPrefix(p.Bundle, "integration ") {
			list = append(list, p)
		}
	}
	return list
}

func TestMissingIntegrationsAreWarnedOf(t *testing.T) {
	there := map[string]string{"ask": cliExport}
	for _, c := range []struct {
		name, trigger string
		there         map[string]string
		want          string
	}{
		{"ask", "api_trigger/ask_API_1", there, ""},
		{"tell", "api_trigger/ask_API_1", there, `policies/SIR.xml:2:1: warning: no integration "tell" is published here [UnknownIntegration] at /SetIntegrationRequest/IntegrationName` + "\n    hint: put its export into integrations/tell.json"},
		{"as", "api_trigger/ask_API_1", there, `hint: did you mean "ask"?`},
		{"Aks", "api_trigger/ask_API_1", there, `hint: did you mean "ask"?`},
		{"ask", "api_trigger/ask_API_2", there, `policies/SIR.xml:3:1: warning: integration "ask" has no API trigger "api_trigger/ask_API_2" [UnknownTrigger]`},
		{"ask", "api_trigger/ask_API_2", there, `hint: did you mean "api_trigger/ask_API_1"?`},
		{"ask", "api_trigger/other", there, `hint: it has api_trigger/ask_API_1`},
		{"other", "api_trigger/other", nil, ""}, // on Google, for all that lint knows
		{"-", "api_trigger/other", there, ""},
		{"broken", "api_trigger/other", map[string]string{"broken": "{"}, "error: the file is not JSON"},
	} {
		problems, _, err := lint([]string{callingProxy(t, c.name, c.trigger, c.there)}, "test")
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" && len(problems) == 0 {
			continue
		}
		if len(problems) != 1 || c.want == "" || !strings.Contains(problems[0].String(), c.want) {
			t.Errorf("%s %s: got %v, want one with %s", c.name, c.trigger, problems, c.want)
		}
	}
}

func TestFailuresAreLogged(t *testing.T) {
	core, logged := observer.New(zap.InfoLevel)
	synctest.Test(t, func(*testing.T) { // where it takes no time
		report := logFailures(zap.New(core))
		for range 50 {
			report(integrations.Report{Integration: "ask", Task: `task 1 "Ask"`, Status: "INTERNAL", Reason: "GET http://host/ answered 500", Execution: "e"})
		}
	})
	entries := logged.All()
	if len(entries) != 10 { // in each second
		t.Fatalf("%d lines", len(entries))
	}
	want := map[string]any{"integration": "ask", "task": `task 1 "Ask"`, "status": "INTERNAL", "reason": "GET http://host/ answered 500", "execution": "e"}
	if got := entries[0]; got.Level != zap.WarnLevel || !maps.Equal(got.ContextMap(), want) {
		t.Errorf("got %v", got)
	}
}
