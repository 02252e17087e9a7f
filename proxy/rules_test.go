package proxy

import (
	"fmt"
	"strings"
	"testing"
)

// fiveRules is the fixture of runtime.md 7.3: conditions F, T, T, F, F.
func fiveRules() string {
	var rules []string
	for i, holds := range []bool{false, true, true, false, false} {
		rules = append(rules, faultRule(fmt.Sprint("rule", i+1), fmt.Sprintf(`"%v" = "true"`, holds), fmt.Sprint("R", i+1)))
	}
	return faultRules(rules...)
}

func fiveMarks() []string {
	var list []string
	for i := range 5 {
		list = append(list, fmt.Sprintf(`<Assign name="R%d"><V name="error.header.Rule">{error.header.Rule}%d</V></Assign>`, i+1, i+1))
	}
	return append(list, `<Assign name="D"><V name="error.header.Rule">{error.header.Rule}D</V></Assign>`, `<Fault name="F" code="BadFormData"/>`)
}

// TestFiveRules: a ProxyEndpoint runs the last that holds, a TargetEndpoint the
// first.
func TestFiveRules(t *testing.T) {
	s := rig{files: append(fiveMarks(),
		proxyAt("/p", preFlow(onRequest("F if request.header.at = \"proxy\"")), fiveRules(), defaultRule(false, "D")),
		targetAt(echoTarget(t), preFlow(onRequest("F")), fiveRules(), defaultRule(true, "D")))}.serve(t)
	for at, want := range map[string]string{"proxy": "3", "target": "2D"} {
		if got := s.faults("GET /p HTTP/1.1\nat: "+at, 500, "protocol.http.BadFormData").header("Rule"); got != want {
			t.Errorf("%s: rules %q ran, want %q", at, got, want)
		}
	}
}

// TestWhoseRules: the endpoint in whose segment a fault arises handles it, alone
// (runtime.md 7.2).
func TestWhoseRules(t *testing.T) {
	proxyRules := faultRules(faultRule("proxy", "", "P"))
	files := []string{
		`<Assign name="P"><V name="error.header.By">proxy</V></Assign>`, `<Assign name="T"><V name="error.header.By">target</V></Assign>`,
		`<Fault name="F" code="BadFormData"/>`,
		proxyAt("/p", preFlow(onRequest("F if request.header.at = \"request\""), onResponse("F if request.header.at = \"response\"")), proxyRules,
			`<RouteRule name="r"><Condition>request.header.at != "route"</Condition><TargetEndpoint>default</TargetEndpoint></RouteRule>`),
		targetAt(echoTarget(t), preFlow(onRequest("F if request.header.at = \"target request\""), onResponse("F if request.header.at = \"target response\"")), faultRules(faultRule("target", "", "T"))),
		proxyAt("/bare", proxyRules, `<RouteRule name="b"><TargetEndpoint>bare</TargetEndpoint></RouteRule>`),
		targetNamed("bare", echoTarget(t), preFlow(onRequest("F"))),
		proxyAt("/url", proxyRules, `<RouteRule name="u"><URL>http://127.0.0.1:1/</URL></RouteRule>`),
	}
	s := rig{files: files}.serve(t)
	for _, c := range [][3]string{
		{"/p", "request", "proxy"}, {"/p", "route", "proxy"}, {"/p", "response", "proxy"}, {"/p", "target request", "target"}, {"/p", "target response", "target"},
		{"/bare", "", ""}, {"/url", "", ""},
	} {
		if a := s.ask("GET " + c[0] + " HTTP/1.1\nat: " + c[1]); a.header("By") != c[2] || a.code() < 500 {
			t.Errorf("%s, fault in %s: handled by %q, want %q: %s", c[0], c[1], a.header("By"), c[2], a.status)
		}
	}
	bubbling := rig{files: files, options: Options{Bubble: true}}.serve(t)
	for path, want := range map[string]string{"/bare": "proxy", "/p": "target"} {
		if a := bubbling.ask("GET " + path + " HTTP/1.1\nat: target request"); a.header("By") != want {
			t.Errorf("bubbling, %s: handled by %q, want %q", path, a.header("By"), want)
		}
	}
}

// TestTargetErrorPassesUntouched: a status that is no success brings the target's
// own answer (runtime.md 7.6); response flows are skipped, rules can read it.
func TestTargetErrorPassesUntouched(t *testing.T) {
	url := rawTarget(t, func(arrived) string {
		return "HTTP/1.1 418 I am one\nx-Why: short\nContent-Length: 6\n\nand st"
	})
	read := `<Assign name="A"><V name="error.header.Read">{fault.name} {response.status.code} {response.header.x-why} {error.status.code} {message.content} {error.content} {response.content}</V></Assign>`
	s := rig{files: []string{proxyAt("/p", postFlow(onResponse("Never")), `<RouteRule name="r"><Condition>request.header.rules = "yes"</Condition><TargetEndpoint>ruled</TargetEndpoint></RouteRule><RouteRule name="d"><TargetEndpoint>default</TargetEndpoint></RouteRule>`),
		targetAt(url, postFlow(onResponse("Never"))), targetNamed("ruled", url, faultRules(faultRule("r", "response.status.code = 418", "A"))), read,
		`<Assign name="Never"><V name="response.header.Never">1</V></Assign>`}}.serve(t)
	a := s.wants("GET /p HTTP/1.1", 418, "and st")
	if a.status != "HTTP/1.1 418 I am one" || a.header("x-Why") != "short" || a.header("Never") != "" {
		t.Error(a.raw)
	}
	if f := next(t, s.raised, "the fault"); f == nil || f.Code() != "messaging.adaptors.http.flow.ErrorResponseCode" || f.Status != 418 {
		t.Errorf("fault %v", f)
	}
	a = s.wants("GET /p HTTP/1.1\nrules: yes", 418, "and st")
	if got := a.header("Read"); got != "ErrorResponseCode 418 short 418 and st and st and st" {
		t.Errorf("the rule read %q", got)
	}
}

// TestRaiseInsideRules: what a rule raises replaces the fault, ends the rule, and
// keeps even an enforced DefaultFaultRule from running; another fault in a rule
// does not.
func TestRaiseInsideRules(t *testing.T) {
	s := rig{files: append(fiveMarks(),
		`<Raise name="R" status="418" reason="Teapot">raised</Raise>`, `<Fault name="G" code="BadPath"/>`,
		proxyAt("/raise", preFlow(onRequest("F")), faultRules(faultRule("r", "", "R1", "R", "R2")), defaultRule(true, "D"), postClient("N"), nullRoute),
		proxyAt("/fault", preFlow(onRequest("F")), faultRules(faultRule("r", "", "G", "R2")), defaultRule(true, "D"), nullRoute),
		proxyAt("/default", preFlow(onRequest("F")), faultRules(faultRule("r", `fault.name = "Other"`, "R1")), defaultRule(false, "R"), nullRoute),
		proxyAt("/plain", preFlow(onRequest("R")), faultRules(faultRule("r", `fault.name = "RaiseFault"`, "R1")), nullRoute),
		`<Note name="N">{fault.name} {error.status.code}</Note>`)}.serve(t)
	a := s.wants("GET /raise HTTP/1.1", 418, "raised")
	if a.status != "HTTP/1.1 418 Teapot" || a.header("Rule") != "" || s.note() != "RaiseFault 418" {
		t.Error(a.raw)
	}
	if a := s.faults("GET /fault HTTP/1.1", 500, "protocol.http.BadPath"); a.header("Rule") != "D" {
		t.Error(a.raw)
	}
	s.wants("GET /default HTTP/1.1", 418, "raised")
	if a := s.wants("GET /plain HTTP/1.1", 418, "raised"); a.header("Rule") != "1" {
		t.Error(a.raw)
	}
}

// TestRulesReadTheResponse: a fault in the proxy's response flow leaves the
// target's answer readable.
func TestRulesReadTheResponse(t *testing.T) {
	s := rig{files: []string{proxyAt("/p", preFlow(onResponse("F")), faultRules(faultRule("r", "", "A"))), targetAt(echoTarget(t)), `<Fault name="F" code="BadFormData"/>`,
		`<Assign name="A"><V name="error.content">{response.status.code} {response.content} {request.content} {fault.name} {error.message}</V><V name="error.status.code">422</V></Assign>`}}.serve(t)
	s.wants("POST /p HTTP/1.1\n\nbody", 422, "200 body body BadFormData Bad Form Data")
}

func TestEdgeStatus(t *testing.T) {
	files := []string{proxyAt("/p", preFlow(onRequest("F")), nullRoute), `<Fault name="F" element="Quota" code="QuotaViolation"/>`}
	for edge, status := range map[bool]int{false: 429, true: 500} {
		s := rig{options: Options{EdgeStatus: edge}, files: files}.serve(t)
		s.faults("GET /p HTTP/1.1", status, "policies.ratelimit.QuotaViolation")
	}
}

func TestXMLFaults(t *testing.T) {
	s := rig{options: Options{XMLFaults: true}, files: []string{proxyAt("/p", preFlow(onRequest("F")), nullRoute), `<Fault name="F" code="BadFormData"/>`,
		proxyAt("/raise", preFlow(onRequest("R")), nullRoute), `<Raise name="R" status="418">raised</Raise>`}}.serve(t)
	for _, request := range []string{"GET /p HTTP/1.1\nAccept: text/xml", "POST /p HTTP/1.1\nContent-Type: application/xml; charset=utf-8\n\n<a/>"} {
		a := s.ask(request)
		if want := "<errorcode>protocol.http.BadFormData</errorcode>"; !strings.Contains(a.text(), want) || a.header("Content-Type") != "application/xml" {
			t.Error(a.raw)
		}
	}
	if a := s.ask("GET /nowhere HTTP/1.1\nAccept: text/xml"); !strings.HasPrefix(a.text(), "<?xml") || a.code() != 404 {
		t.Error(a.raw)
	}
	s.wants("GET /raise HTTP/1.1\nAccept: text/xml", 418, "raised")
	s.faults("GET /p HTTP/1.1\nAccept: text/xml\nContent-Type: application/json", 500, "protocol.http.BadFormData")
}

// TestPanicEndsOneRequest: the request gets a 500, the operator the stack, rules
// run, and the server lives.
func TestPanicEndsOneRequest(t *testing.T) {
	rules := faultRules(faultRule("r", `fault.name = "PolicyPanic"`, "R1"))
	s := rig{files: append(fiveMarks(), `<Panic name="P"/>`, `<Call name="C">shared</Call>`, `<Broken name="B"/>`,
		proxyAt("/p", preFlow(onRequest("P")), rules, nullRoute), proxyAt("/response", preFlow(onResponse("P")), rules, nullRoute),
		proxyAt("/target", `<RouteRule name="t"><TargetEndpoint>default</TargetEndpoint></RouteRule>`), targetAt(echoTarget(t), preFlow(onRequest("P")), rules),
		proxyAt("/rule", preFlow(onRequest("F")), faultRules(faultRule("r", "", "P")), nullRoute),
		proxyAt("/shared", preFlow(onRequest("C")), faultRules(faultRule("r", "", "S")), nullRoute),
		proxyAt("/broken", preFlow(onRequest("B")), nullRoute), proxyAt("/ok", nullRoute),
		`<Assign name="S"><V name="error.header.Flow">{apigee.edge.sharedflow.name}.</V></Assign>`),
		shared: map[string][]string{"shared": {`<SharedFlow name="default">` + steps("P") + `</SharedFlow>`, `<Panic name="P"/>`}}}.serve(t)
	for path, rule := range map[string]string{"/p": "1", "/response": "1", "/target": "1", "/rule": "", "/shared": ""} {
		a := s.faults("GET "+path+" HTTP/1.1", 500, "sluice.PolicyPanic")
		if a.header("Rule") != rule || path == "/shared" && a.header("Flow") != "." {
			t.Errorf("%s: %s", path, a.raw)
		}
		if !strings.Contains(a.text(), "Policy P failed unexpectedly") {
			t.Errorf("%s: %s", path, a.text())
		}
		if stack := next(t, s.panics, "the report"); !strings.Contains(stack, "a policy's defect") {
			t.Errorf("%s: reported %q", path, stack)
		}
	}
	s.faults("GET /broken HTTP/1.1", 500, "sluice.InternalError")
	if err := next(t, s.failed, "the report"); !strings.Contains(err.Error(), "no fault, an error") {
		t.Error(err)
	}
	s.wants("GET /ok HTTP/1.1", 200, "")
}
