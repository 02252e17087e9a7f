package matrix_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/flow"
	"sluice/internal/matrix"
	"sluice/policies"
	"sluice/proxy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// compiler knows the four policies that the fixtures run; all others are
// stand-ins, so that a new policy changes no golden file.
func compiler(t testing.TB, hooks map[string]proxy.FlowHook, kinds ...string) *proxy.Compiler {
	t.Helper()
	var known []*flow.Kind
	for _, k := range policies.All() {
		if kinds == nil || slices.Contains(kinds, k.Name) {
			known = append(known, k)
		}
	}
	registry, err := flow.NewRegistry(known)
	if err != nil {
		t.Fatal(err)
	}
	network, err := proxy.NewNetwork(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	now := func() time.Time { return time.Unix(1700000000, 0) }
	return &proxy.Compiler{
		Registry: registry, Network: network,
		Services:    &flow.Services{Now: now, ProcessID: "test", Integrations: struct{ flow.Integrations }{}, Identity: struct{ flow.Identity }{}},
		Environment: &proxy.Environment{Organization: "acme", Name: "test", FlowHooks: hooks},
	}
}

func run(t testing.TB, c *proxy.Compiler, paths ...string) *matrix.Matrix {
	t.Helper()
	loaded, problems := matrix.Load(c, paths)
	if problems.Refused() {
		t.Fatal(problems.Errors())
	}
	m, err := loaded.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func fixture(t testing.TB, name string) *matrix.Matrix {
	t.Helper()
	return run(t, compiler(t, nil, "AssignMessage", "RaiseFault", "FlowCallout", "ExtractVariables"), filepath.Join("testdata", name))
}

// cell finds a cell by the end of its row's ID and its fault.
func cell(t testing.TB, m *matrix.Matrix, row, fault string) *matrix.Cell {
	t.Helper()
	for _, r := range m.Rows {
		if !strings.HasSuffix(r.ID, row) {
			continue
		}
		for _, c := range r.Cells {
			if c.Fault == fault {
				return c
			}
		}
	}
	t.Fatalf("no cell %s / %s", row, fault)
	return nil
}

// TestFiveRules is the fixture of runtime.md 7.3: of the rules F,T,T,F,F a
// ProxyEndpoint runs the third, a TargetEndpoint the second.
func TestFiveRules(t *testing.T) {
	m := fixture(t, "five")
	proxySide := cell(t, m, "request / PreFlow / Verify-Key", "InvalidApiKey")
	targetSide := cell(t, m, "response / PreFlow / Verify-Key", "InvalidApiKey")
	refused := cell(t, m, "call / (the target)", "refused")
	for _, tt := range []struct {
		cell        *matrix.Cell
		rule, tried string
	}{
		{proxySide, "3", "5 false, 4 false, 3 ran, 2 not tried, 1 not tried"},
		{targetSide, "2", "1 false, 2 ran, 3 not tried, 4 not tried, 5 not tried"},
		{refused, "2", "1 false, 2 ran, 3 not tried, 4 not tried, 5 not tried"},
	} {
		if tt.cell.Outcome != matrix.Handled || tt.cell.Rule != tt.rule {
			t.Errorf("%s: %s by rule %q, want rule %s", tt.cell.Fault, tt.cell.Outcome, tt.cell.Rule, tt.rule)
			continue
		}
		var tried []string
		for _, at := range tt.cell.Story.Rules {
			tried = append(tried, at.Rule+" "+at.Result)
		}
		if got := strings.Join(tried, ", "); got != tt.tried {
			t.Errorf("%s: tried %s, want %s", tt.cell.Fault, got, tt.tried)
		}
		if got := tt.cell.Story.Response.Body; got != "rule "+tt.rule {
			t.Errorf("%s: the client gets %q", tt.cell.Fault, got)
		}
	}
}

func TestOutcomes(t *testing.T) {
	m := fixture(t, "shop")
	tests := []struct {
		row, fault    string
		outcome       matrix.Outcome
		rule, deflt   string
		status        int
		leaked, again bool
	}{
		{"PreFlow / Verify-Key", "FailedToResolveAPIKey", matrix.FaultedAgain, "fails-itself", "stamp", 500, true, true},
		{"PreFlow / Verify-Key", "InvalidApiKey", matrix.Handled, "no-key", "stamp", 401, false, false},
		{"PreFlow / Verify-Key", "ApiKeyNotApproved", matrix.Leaked, "", "stamp", 401, true, false},
		// RaiseFault in a rule keeps the default rule from running, AlwaysEnforce or not.
		{"request / PreFlow / Quota", "QuotaViolation", matrix.Handled, "raises", "", 429, false, false},
		{"PreFlow / Spike", "SpikeArrestViolation", matrix.Continued, "", "", 0, false, false},
		{"FC-Security > Threat", "ExecutionFailed", matrix.Handled, "shared", "stamp", 400, false, false},
		{"not-found / RF-NotFound", "RaiseFault", matrix.Defaulted, "", "stamp", 404, false, false},
		{"never / EV-Item", "ExecutionFailed", matrix.Unreachable, "", "", 0, false, false},
		{"too-late / EV-Item", "ExecutionFailed", matrix.Unreachable, "", "", 0, false, false},
		{"not-found / EV-Item", "ExecutionFailed", matrix.Unreachable, "", "", 0, false, false},
		{"RouteRule / backend", "no route", matrix.Leaked, "", "stamp", 500, true, false},
		{"backend / call / (the target)", "4xx", matrix.Handled, "missing", "", 401, false, false},
		{"backend / call / (the target)", "5xx", matrix.Unhandled, "", "", 500, false, false},
		{"backend / call / (the target)", "TLS", matrix.Defaulted, "", "backend-is-ill", 503, false, false},
		{"backend / call / (the target)", "no server left", matrix.Unreachable, "", "", 0, false, false},
		{"response / PreFlow / Quota", "QuotaViolation", matrix.Defaulted, "", "backend-is-ill", 503, false, false},
		{"unused / call / (the target)", "refused", matrix.Unreachable, "", "", 0, false, false},
		{"PostFlow / AM-Stamp", "SetVariableFailed", matrix.Leaked, "", "stamp", 500, true, false},
	}
	for _, tt := range tests {
		c := cell(t, m, tt.row, tt.fault)
		if c.Outcome != tt.outcome || c.Rule != tt.rule || c.Default != tt.deflt || c.Leaked != tt.leaked || c.Again != tt.again {
			t.Errorf("%s, %s: %s by %q and %q, leaked %t, again %t", tt.row, tt.fault, c.Outcome, c.Rule, c.Default, c.Leaked, c.Again)
		}
		if tt.status != 0 && (c.Story == nil || c.Story.Response.Status != tt.status) {
			t.Errorf("%s, %s: want status %d, story %+v", tt.row, tt.fault, tt.status, c.Story)
		}
		if c.Outcome == matrix.Unreachable && c.Why == "" {
			t.Errorf("%s, %s: unreachable for no reason", tt.row, tt.fault)
		}
	}
}

// TestStory looks at what the page tells of a cell.
func TestStory(t *testing.T) {
	c := cell(t, fixture(t, "shop"), "FC-Security > Threat", "ExecutionFailed")
	s := c.Story
	if len(s.Forced) != 2 || s.Forced[1] != `request.header.secure = "yes": false (request.header.secure is null)` {
		t.Errorf("forced %q", s.Forced)
	}
	if want := `fault.name = "ExecutionFailed": true (fault.name is "ExecutionFailed")`; s.Rules[0].Text != want {
		t.Errorf("condition %q", s.Rules[0].Text)
	}
	var ran []string
	for _, d := range s.Steps {
		ran = append(ran, strings.Repeat(" ", d.Depth)+d.Rule+":"+d.Name+map[bool]string{true: "!"}[d.Idle != ""])
	}
	if got, want := strings.Join(ran, "\n"), "shared:Log!\nshared:FC-Answer\n shared:AM-Answer\nshared:FC-Elsewhere!\nstamp:AM-Stamp"; got != want {
		t.Errorf("steps\n%s\nwant\n%s", got, want)
	}
	if !slices.Contains(s.Reads, matrix.Variable{Name: "fault.name", Value: "ExecutionFailed"}) {
		t.Errorf("reads %v", s.Reads)
	}
	if !slices.Contains(s.Response.Headers, "X-Stamp: shop") {
		t.Errorf("headers %q", s.Response.Headers)
	}
}

// TestRequestFollowsConditions: a rule that looks at the request sees one that
// could have come to the step.
func TestRequestFollowsConditions(t *testing.T) {
	for _, r := range fixture(t, "shop").Rows {
		if strings.HasSuffix(r.ID, "item / EV-Item") && r.Request != "DELETE /shop/items/any" {
			t.Errorf("the request is %s", r.Request)
		}
	}
}

// TestHooks: the steps of a hook's shared flow belong to the endpoint that they
// run in.
func TestHooks(t *testing.T) {
	hooks := map[string]proxy.FlowHook{"PreProxyFlowHook": {SharedFlow: "security"}, "PostTargetFlowHook": {SharedFlow: "security"}}
	m := run(t, compiler(t, hooks, "AssignMessage", "RaiseFault", "FlowCallout", "ExtractVariables"), "testdata/shop")
	if c := cell(t, m, "request / PreProxyFlowHook / PreProxyFlowHook > Threat", "ExecutionFailed"); c.Rule != "shared" {
		t.Errorf("in the proxy: %s by %q", c.Outcome, c.Rule)
	}
	if c := cell(t, m, "backend / response / PostTargetFlowHook / PostTargetFlowHook > Threat", "ExecutionFailed"); c.Default != "backend-is-ill" {
		t.Errorf("in the target: %s by %q", c.Outcome, c.Default)
	}
	if c := cell(t, m, "request / PreProxyFlowHook / PreProxyFlowHook", "SharedFlowNotFound"); c.Outcome != matrix.Leaked {
		t.Errorf("the hook itself: %s", c.Outcome)
	}
}

func TestGolden(t *testing.T) {
	m := fixture(t, "shop")
	golden(t, "shop.txt", func(w io.Writer) error { return m.WriteText(w, false) })
	golden(t, "shop.json", m.WriteJSON)
	golden(t, "shop.baseline", m.WriteBaseline)
}

func golden(t *testing.T, name string, write func(io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs; run with -update and look at the difference. Got:\n%s", file, got.Bytes())
	}
}

func TestColours(t *testing.T) {
	var plain, coloured bytes.Buffer
	m := fixture(t, "shop")
	if err := m.WriteText(&plain, false); err != nil {
		t.Fatal(err)
	}
	if err := m.WriteText(&coloured, true); err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured.String(), ""); got != plain.String() {
		t.Error("colours change more than the colour")
	}
}

func TestHTML(t *testing.T) {
	m := fixture(t, "shop")
	var page bytes.Buffer
	if err := m.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	if got := strings.Count(text, `<button class="cell `); got != m.Totals.Cells {
		t.Errorf("%d cells, want %d", got, m.Totals.Cells)
	}
	for _, r := range m.Rows {
		for _, c := range r.Cells {
			if !strings.Contains(text, `aria-label="`+html.EscapeString(r.Step)+", "+c.Fault+": "+string(c.Outcome)) {
				t.Errorf("no cell for %s, %s", r.ID, c.Fault)
			}
		}
	}
	// The names of the fixture's own hosts may stand in stories; nothing may be fetched.
	for _, outside := range []string{" src=", " href=", "@import", "url(", "fetch(", "XMLHttpRequest", "<link"} {
		if strings.Contains(text, outside) {
			t.Errorf("the page contains %q", outside)
		}
	}
	if at := regexp.MustCompile(`https?://[^"\\< ]+`).FindString(text); at != "" {
		t.Errorf("the page names %s", at)
	}
	data := text[strings.Index(text, `id="data">`)+len(`id="data">`):]
	var parsed struct{ Rows []matrix.Row }
	if err := json.Unmarshal([]byte(data[:strings.Index(data, "</script>")]), &parsed); err != nil || len(parsed.Rows) != len(m.Rows) {
		t.Errorf("the data of the page: %v, %d rows", err, len(parsed.Rows))
	}
}

func TestGate(t *testing.T) {
	m := fixture(t, "shop")
	all, _ := m.Gate(matrix.FailClasses, nil)
	if want := m.Totals.Leaked + m.Totals.LeakedAgain + m.Totals.Again + m.Totals.Unhandled; len(all) != want {
		t.Fatalf("%d failures, want %d", len(all), want)
	}
	again, _ := m.Gate([]string{"faulted-again"}, nil)
	if len(again) != 1 || again[0].Cell.Fault != "FailedToResolveAPIKey" {
		t.Fatalf("faulted again: %+v", again)
	}
	var file bytes.Buffer
	if err := m.WriteBaseline(&file); err != nil {
		t.Fatal(err)
	}
	accepted, err := matrix.ReadBaseline(&file)
	if err != nil {
		t.Fatal(err)
	}
	if failures, known := m.Gate(matrix.FailClasses, accepted); len(failures) != 0 || known != len(all) {
		t.Errorf("with its own baseline: %d failures, %d accepted", len(failures), known)
	}
	delete(accepted, again[0].Key())
	if failures, _ := m.Gate(matrix.FailClasses, accepted); len(failures) != 1 || failures[0].Class != "faulted-again" {
		t.Errorf("one line less: %+v", failures)
	}
	if err := matrix.CheckClasses([]string{"leaked", "leakd"}); err == nil || !strings.Contains(err.Error(), "leakd") {
		t.Errorf("a wrong class: %v", err)
	}
}

// TestMadeUp: a variable that only a policy which did nothing can set is made up,
// so that the rehearsal is not taken for a failure of the rule.
func TestMadeUp(t *testing.T) {
	m := run(t, compiler(t, nil, "AssignMessage"), bundle(t, map[string]string{
		"policies/JS.xml":     `<Javascript name="JS" timeLimit="200"><ResourceURL>jsc://a.js</ResourceURL></Javascript>`,
		"resources/jsc/a.js":  `context.setVariable("flow.answer", "sorry")`,
		"policies/Verify.xml": `<VerifyAPIKey name="Verify"><APIKey ref="request.queryparam.apikey"/></VerifyAPIKey>`,
		"policies/AM.xml":     `<AssignMessage name="AM"><Set><Payload>{flow.answer}</Payload></Set><IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables></AssignMessage>`,
		"proxies/default.xml": `<ProxyEndpoint name="default"><DefaultFaultRule name="all"><Step><Name>AM</Name></Step></DefaultFaultRule>
			<PreFlow name="PreFlow"><Request><Step><Name>JS</Name></Step><Step><Name>Verify</Name></Step></Request></PreFlow>
			<HTTPProxyConnection><BasePath>/made-up</BasePath></HTTPProxyConnection><RouteRule name="default"/></ProxyEndpoint>`,
	}))
	if c := cell(t, m, "PreFlow / JS", "ScriptExecutionFailed"); c.Outcome != matrix.FaultedAgain {
		t.Errorf("before the script ran: %s", c.Outcome)
	}
	c := cell(t, m, "PreFlow / Verify", "InvalidApiKey")
	if c.Outcome != matrix.Defaulted || c.Story.Response.Body != "(flow.answer)" {
		t.Errorf("after the script ran: %s, %+v", c.Outcome, c.Story.Response)
	}
	if want := "variable flow.answer is made up: JS did nothing here, and may set it"; !slices.Contains(c.Story.Notes, want) {
		t.Errorf("notes %q", c.Story.Notes)
	}
}

// bundle writes an API proxy and returns its folder.
func bundle(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, "apiproxy", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestIDs: a baseline needs names that are unique and stay.
func TestIDs(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range fixture(t, "shop").Rows {
		if seen[r.ID] {
			t.Errorf("two rows are called %s", r.ID)
		}
		seen[r.ID] = true
	}
}
