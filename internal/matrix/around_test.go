package matrix_test

import (
	"strings"
	"testing"

	"sluice/internal/matrix"
)

const (
	verifyKey = `<VerifyAPIKey name="VK"><APIKey ref="request.queryparam.apikey"/></VerifyAPIKey>`
	sorry     = `<AssignMessage name="Sorry"><Set><Payload contentType="text/plain">sorry</Payload></Set></AssignMessage>`
	logging   = `<Syslog><Message>x</Message><Host>logs.example</Host></Syslog></MessageLogging>`
	onward    = `<HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection><RouteRule name="default"><TargetEndpoint>default</TargetEndpoint></RouteRule></ProxyEndpoint>`
	backend   = `<HTTPTargetConnection><URL>https://backend.example/</URL></HTTPTargetConnection></TargetEndpoint>`
)

// around is a proxy with all that runs behind an answer's status: its EventFlow
// and its target's, and PostClientFlow.
func around(t *testing.T, targetEvents string) *matrix.Matrix {
	return run(t, compiler(t, nil, "AssignMessage", "RaiseFault"), bundle(t, map[string]string{
		"policies/VK.xml":    verifyKey,
		"policies/Sorry.xml": sorry,
		"policies/Log.xml":   `<MessageLogging name="Log">` + logging,
		"policies/Last.xml":  `<MessageLogging name="Last" continueOnError="true">` + logging,
		"policies/RF.xml":    `<RaiseFault name="RF"><FaultResponse><Set><Payload>no</Payload></Set></FaultResponse></RaiseFault>`,
		"proxies/default.xml": `<ProxyEndpoint name="default"><DefaultFaultRule name="all"><Step><Name>Sorry</Name></Step></DefaultFaultRule>
			<PostFlow name="PostFlow"><Response><Step><Name>Sorry</Name></Step></Response></PostFlow>
			<EventFlow name="EventFlow" content-type="text/event-stream"><Response><Step><Name>Log</Name><Condition>response.event.current.count = 7</Condition></Step></Response></EventFlow>
			<PostClientFlow name="PostClientFlow"><Response><Step><Name>Log</Name></Step><Step><Name>Last</Name></Step></Response></PostClientFlow>` + onward,
		"targets/default.xml": `<TargetEndpoint name="default"><DefaultFaultRule name="target"><Step><Name>Sorry</Name></Step></DefaultFaultRule>` + targetEvents + backend,
	}))
}

// TestEventFlowRows: the fault of an EventFlow goes out as one more event. The
// rules of the target run, and no client sees what they write (runtime.md 3.8).
func TestEventFlowRows(t *testing.T) {
	c := cell(t, around(t, ""), "default / events / EventFlow / Log", "StepDefinitionExecutionFailed")
	if c.Outcome != matrix.Leaked || c.Default != "target" || c.Note == "" {
		t.Errorf("%+v", c)
	}
	r := c.Story.Response
	if r.Status != 200 || !strings.HasPrefix(r.Body, `data: {"fault":`) || strings.Contains(r.Body, "sorry") {
		t.Errorf("the client gets %+v", r)
	}
	if len(c.Story.Forced) != 1 {
		t.Errorf("forced %q", c.Story.Forced)
	}
}

// TestEventFlowOfTarget runs in place of the endpoint's.
func TestEventFlowOfTarget(t *testing.T) {
	m := around(t, `<EventFlow name="EventFlow" content-type="text/event-stream"><Response><Step><Name>RF</Name></Step></Response></EventFlow>`)
	if c := cell(t, m, "TargetEndpoint default / events / EventFlow / RF", "RaiseFault"); c.Outcome != matrix.Leaked {
		t.Errorf("the target's: %s", c.Verdict)
	}
	c := cell(t, m, "ProxyEndpoint default / events / EventFlow / Log", "StepDefinitionExecutionFailed")
	if want := "the EventFlow of TargetEndpoint default runs in its place"; c.Outcome != matrix.Unreachable || c.Why != want {
		t.Errorf("the endpoint's: %s", c.Verdict)
	}
}

// TestPostClientFlowRows: no rule runs, and no client sees anything.
func TestPostClientFlowRows(t *testing.T) {
	m := around(t, "")
	c := cell(t, m, "postclient / PostClientFlow / Log", "StepDefinitionExecutionFailed")
	if want := "the client has its answer already, but Last does not run any more"; c.Outcome != matrix.Unseen || c.Why != want {
		t.Errorf("%s: %s", c.Outcome, c.Why)
	}
	if s := c.Story; c.Default != "" || c.Leaked || s.Response.Status != 200 || s.Response.Body != "sorry" || s.Faults[0].In != "Log" {
		t.Errorf("%+v, story %+v", c, s)
	}
	if c := cell(t, m, "postclient / PostClientFlow / Last", "StepDefinitionExecutionFailed"); c.Outcome != matrix.Continued {
		t.Errorf("with continueOnError: %s", c.Verdict)
	}
}

// inRules is a proxy whose rules fail in all ways.
func inRules(t *testing.T) *matrix.Matrix {
	return run(t, compiler(t, nil, "AssignMessage", "RaiseFault"), bundle(t, map[string]string{
		"policies/VK.xml":     verifyKey,
		"policies/Sorry.xml":  sorry,
		"policies/Before.xml": `<AssignMessage name="Before" continueOnError="true"><Set><Payload>before</Payload></Set></AssignMessage>`,
		"policies/RF.xml":     `<RaiseFault name="RF"><FaultResponse><Set><Payload>no</Payload></Set></FaultResponse></RaiseFault>`,
		"proxies/default.xml": `<ProxyEndpoint name="default"><FaultRules>
			<FaultRule name="shadowed"><Condition>fault.name = "InvalidApiKey"</Condition><Step><Name>Sorry</Name></Step></FaultRule>
			<FaultRule name="misspelt"><Condition>fault.name = "InvalidApiKeyy"</Condition><Step><Name>Sorry</Name></Step></FaultRule>
			<FaultRule name="raises"><Condition>fault.name = "ApiKeyNotApproved"</Condition><Step><Name>RF</Name></Step><Step><Name>Sorry</Name></Step></FaultRule>
			<FaultRule name="key"><Condition>fault.name = "InvalidApiKey"</Condition><Step><Name>Before</Name></Step><Step><Name>Sorry</Name><Condition>request.verb = "PUT"</Condition></Step></FaultRule>
			</FaultRules><DefaultFaultRule name="all"><AlwaysEnforce>true</AlwaysEnforce><Step><Name>Sorry</Name></Step></DefaultFaultRule>
			<PreFlow name="PreFlow"><Request><Step><Name>VK</Name></Step></Request></PreFlow>` + onward,
		"targets/default.xml": `<TargetEndpoint name="default"><FaultRules>
			<FaultRule name="any"><Step><Name>Sorry</Name></Step></FaultRule></FaultRules>
			<DefaultFaultRule name="never"><Step><Name>Sorry</Name></Step></DefaultFaultRule>` + backend,
	}))
}

// TestRowsOfRules: a fault while another is handled. What was injected is no
// failure of the rules; what comes of it is (runtime.md 7.3).
func TestRowsOfRules(t *testing.T) {
	m := inRules(t)
	tests := []struct {
		row         string
		outcome     matrix.Outcome
		rule, deflt string
		why         string
	}{
		// AlwaysEnforce: the default rule answers for the rule that failed.
		{"rule / key / Sorry", matrix.Defaulted, "key", "all", ""},
		{"rule / key / Before", matrix.Handled, "key", "all", "continueOnError: the rule went on"},
		{"rule / shadowed / Sorry", matrix.Unreachable, "", "", `FaultRule "key" is tried before it and has the same condition`},
		{"rule / raises / Sorry", matrix.Unreachable, "", "", "it stands behind RF, which always raises a fault"},
		{"rule / misspelt / Sorry", matrix.Defaulted, "misspelt", "all", ""},
		{"ProxyEndpoint default / default / all / Sorry", matrix.LeakedAgain, "", "all", ""},
		{"TargetEndpoint default / rule / any / Sorry", matrix.LeakedAgain, "any", "", ""},
		{"TargetEndpoint default / default / never / Sorry", matrix.Unreachable, "", "", `FaultRule "any" always holds, and AlwaysEnforce is not set`},
	}
	for _, tt := range tests {
		c := cell(t, m, tt.row, "SetVariableFailed")
		if c.Outcome != tt.outcome || c.Rule != tt.rule || c.Default != tt.deflt || c.Why != tt.why || c.Again {
			t.Errorf("%s: %s by %q and %q, why %q, again %t", tt.row, c.Outcome, c.Rule, c.Default, c.Why, c.Again)
		}
	}
	if m.Totals.Leaked != 0 || m.Totals.LeakedAgain != 6 || m.Totals.Again != 0 {
		t.Errorf("totals %+v", m.Totals)
	}
	if c := cell(t, m, "rule / raises / RF", "RaiseFault"); c.Outcome != matrix.Handled || c.Story.Response.Body != "no" {
		t.Errorf("RaiseFault in a rule: %s, %+v", c.Verdict, c.Story)
	}
	if failures, _ := m.Gate([]string{"leaked"}, nil); len(failures) != 0 {
		t.Errorf("the gate leaked takes a leak of a rule for one of its own: %v", failures[0].Key())
	}
}

// TestLeads: a step that no fault leads to is rehearsed with its rule forced.
func TestLeads(t *testing.T) {
	for _, r := range inRules(t).Rows {
		forced := strings.HasSuffix(r.ID, "rule / misspelt / Sorry") || strings.HasSuffix(r.ID, "rule / key / Sorry")
		if (r.Note != "") != forced {
			t.Errorf("%s: note %q", r.ID, r.Note)
		}
		if !forced || len(r.Cells) == 0 {
			continue
		}
		if s := r.Cells[0].Story; len(s.Forced) == 0 || len(s.Faults) != 2 {
			t.Errorf("%s: forced %q, faults %+v", r.ID, s.Forced, s.Faults)
		}
	}
}

// TestProxiesDoNotMeet: proxies that share a base path, and one that is refused,
// do not keep others from their matrix.
func TestProxiesDoNotMeet(t *testing.T) {
	proxy := map[string]string{"proxies/default.xml": `<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/p</BasePath></HTTPProxyConnection><RouteRule name="default"/></ProxyEndpoint>`}
	broken := map[string]string{"proxies/default.xml": `<ProxyEndpoint name="default">`}
	first := bundle(t, proxy)
	loaded, problems := matrix.Load(compiler(t, nil), []string{first, bundle(t, proxy), bundle(t, broken), first})
	if loaded.Proxies() != 2 || loaded.Refused != 1 || !problems.Refused() {
		t.Errorf("%d proxies, %d refused: %v", loaded.Proxies(), loaded.Refused, problems.Errors())
	}
	m, err := loaded.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := m.WriteText(&text, false); err != nil {
		t.Fatal(err)
	}
	if want := "\n2 bundles (1 more refused), 4 places, 8 cells: 6 leaked, 2 unreachable\n"; !strings.HasSuffix(text.String(), want) {
		t.Errorf("%s\nwant at its end %s", text.String(), want)
	}
}
