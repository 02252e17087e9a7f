package faults

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestReason(t *testing.T) {
	tests := []struct {
		why  string
		def  *Def
		args []string
		want string // after At("P", ...)
	}{
		{"a value and the policy", must("IntegrationCallout", "NullRequestVariable"), []string{"variable", "req"},
			"IntegrationCallout[P]: request variable req value is null"},
		{"what is not filled stays", must("IntegrationCallout", "NullRequestVariable"), nil,
			"IntegrationCallout[P]: request variable {variable} value is null"},
		{"values are not expanded again", must("IntegrationCallout", "NullRequestVariable"), []string{"variable", "{policy}"},
			"IntegrationCallout[P]: request variable {policy} value is null"},
		{"a given policy wins over At", must("IntegrationCallout", "NullRequestVariable"), []string{"policy", "Q", "variable", "v"},
			"IntegrationCallout[Q]: request variable v value is null"},
		{"literal braces survive", must("SpikeArrest", "SpikeArrestViolation"), []string{"messages", "5", "micros", "3000000", "burst", "1.0"},
			"Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, periodInMicroseconds=3000000, maxBurstMessageCount=1.0}"},
		{"a number in braces is no placeholder", must("OAuthV2", "InvalidClientIdentifier"), []string{"0", "x"}, "Invalid client identifier {0}"},
		{"repeated placeholders take successive values, the last one the rest", must("SanitizeUserPrompt", "FilterMatched"), []string{"bool", "true", "bool", "false"},
			"Model armor template filter matched. Policy caught the offending text. filter matched: RAIMatchesFound: true, SDPMatchesFound: false, PIMatchesFound: false, CSAMMatchesFound: false, URIMatchesFound: false"},
		{"a name without a value is no pair", MustRuntime("NoResolvedHost"), []string{"host"}, "Unable to resolve host {host}"},
		{"no text known: composed, with the values", must("AssertCondition", "ConditionEvaluationFailed"), []string{"condition", "a > b"},
			"AssertCondition[P]: ConditionEvaluationFailed: the condition could not be evaluated at run time (condition a > b)"},
		{"composed for the runtime", MustRuntime("TargetMissing"), nil,
			"TargetMissing: the RouteRule names a target that does not exist"},
	}
	for _, tt := range tests {
		if got := tt.def.New(tt.args...).At("P", "", "").Reason; got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.why, got, tt.want)
		}
	}
}

// TestComposedSentences: no remark of the reference reaches a client.
func TestComposedSentences(t *testing.T) {
	for _, d := range All() {
		reason := d.New().Reason
		if reason == "" {
			t.Errorf("%s %s has no text at all", d.Element, d.Code)
		}
		if d.Text != "" {
			continue
		}
		for _, remark := range []string{"SAP", "recalled", "listed", "documented"} {
			if strings.Contains(reason, remark) {
				t.Errorf("%s %s: %q", d.Element, d.Code, reason)
			}
		}
	}
}

func TestAtKeepsTheInnermostPlace(t *testing.T) {
	f := must("ServiceCallout", "ExecutionFailed").New("reason", "Host not reachable")
	if !strings.Contains(f.Reason, "{policy}") {
		t.Fatalf("before At: %q", f.Reason)
	}
	f.At("", "PreFlow", "").At("Inner", "Shared", "request").At("Outer", "Other", "response")
	if f.Policy != "Inner" || f.Flow != "PreFlow" || f.Phase != "request" {
		t.Errorf("place: %q %q %q", f.Policy, f.Flow, f.Phase)
	}
	if !strings.Contains(f.Reason, "Inner") || strings.Contains(f.Reason, "Outer") {
		t.Errorf("reason: %q", f.Reason)
	}

	own := must("ServiceCallout", "ExecutionFailed").New()
	own.Reason = "mine about {policy}"
	if own.At("P", "", ""); own.Reason != "mine about {policy}" {
		t.Errorf("At changed a Reason that New did not make: %q", own.Reason)
	}
}

func TestWrap(t *testing.T) {
	d := must("IntegrationCallout", "ExecutionFailed")
	f := d.Wrap(io.ErrUnexpectedEOF).At("Call", "PreFlow", "proxy request")
	if !errors.Is(f, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	const want = "steps.integrationcallout.ExecutionFailed: Execution of IntegrationCallout Call failed. Reason: unexpected EOF, " +
		"policy Call, flow PreFlow, phase proxy request: unexpected EOF"
	if f.Error() != want {
		t.Errorf("\n got %s\nwant %s", f.Error(), want)
	}

	args := make([]string, 2, 8) // room that Wrap must not write into
	args[0], args[1] = "reason", "given"
	if f := d.Wrap(io.EOF, args...); !strings.HasSuffix(f.Reason, "Reason: given") {
		t.Errorf("a given reason wins: %q", f.Reason)
	}
	if args[:4][2] != "" {
		t.Error("Wrap wrote into the caller's slice")
	}
	if f := d.Wrap(nil); f.Cause != nil || errors.Unwrap(f) != nil {
		t.Error("no cause became a cause")
	}
}

func TestCodeOfTheThrower(t *testing.T) {
	f := must("ExternalCallout", "{error_code}").New("error_code", "Denied", "fault_string of the Fault message", "no")
	if f.Code() != "steps.externalcallout.Denied" || f.Name() != "Denied" || f.Reason != "no" {
		t.Errorf("%s %s %s", f.Code(), f.Name(), f.Reason)
	}
}

func TestBody(t *testing.T) {
	f := MustRuntime("ApplicationNotFound").New("virtualhost", "default", "path", "/a/\"b\\c\n\x01\u2028é\xff")
	const want = `{"fault":{"faultstring":"Unable to identify proxy for host: default and url: \/a\/\"b\\c\n\u0001\u2028é` + "\uFFFD" +
		`","detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}`
	if got := string(f.Body()); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}

	f = MustRuntime("GatewayTimeout").New()
	f.Detail = DetailTargetReadTimeout
	const timeout = `{"fault":{"faultstring":"Gateway Timeout","detail":{"errorcode":"messaging.adaptors.http.flow.GatewayTimeout","reason":"TARGET_READ_TIMEOUT"}}}`
	if got := string(f.Body()); got != timeout {
		t.Errorf("\n got %s\nwant %s", got, timeout)
	}
}

func TestXMLBody(t *testing.T) {
	f := MustRuntime("NoResolvedHost").New("host", "<a&b>")
	const want = `<?xml version='1.0' encoding='UTF-8'?><fault><faultstring>Unable to resolve host &lt;a&amp;b&gt;</faultstring>` +
		`<detail><errorcode>protocol.http.NoResolvedHost</errorcode></detail></fault>`
	if got := string(f.XMLBody()); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestResponseBody(t *testing.T) {
	f := must("OAuthV2", "invalid_request/GenerateAuthorizationCode/Invalid redirection uri {redirect_uri}").New("redirect_uri", `http://x"y`)
	const want = `{"ErrorCode" : "invalid_request", "Error" :"Invalid redirection uri http:\/\/x\"y"}`
	if got := string(f.ResponseBody()); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if MustRuntime("BadPath").New().ResponseBody() != nil {
		t.Error("a fault without a documented body has one")
	}
}

func TestFlagNames(t *testing.T) {
	tests := []struct {
		element, name string
		want          []string
	}{
		{"AssignMessage", "SetVariableFailed", []string{"assignmessage.P.failed", "assignmessage.failed"}},
		{"IntegrationCallout", "ExecutionFailed", []string{
			"IntegrationCallout.P.failed", "IntegrationCallout.failed", "integrationcallout.P.failed", "integrationcallout.failed"}},
		{"SetIntegrationRequest", "UnresolvedVariable", []string{
			"SetIntegrationRequest.P.failed", "SetIntegrationRequest.failed", "setintegrationrequest.P.failed", "setintegrationrequest.failed"}},
		{"VerifyJWT", "TokenExpired", []string{"jwt.P.failed", "jwt.failed", "JWT.failed"}},
		{"GenerateJWT", "SigningFailed", []string{"JWT.failed", "jwt.P.failed", "jwt.failed"}},
		{"FlowCallout", "SharedFlowNotFound", []string{}},
	}
	for _, tt := range tests {
		if got := must(tt.element, tt.name).FlagNames("P"); !slices.Equal(got, tt.want) {
			t.Errorf("%s %s: %q", tt.element, tt.name, got)
		}
	}
	if got := ElementFlags("Quota", "P"); !slices.Equal(got, []string{"ratelimit.P.failed", "ratelimit.failed"}) {
		t.Errorf("ElementFlags: %q", got)
	}
}

// FuzzFault: whatever a client's value or a text holds, bodies stay well-formed
// and filling a placeholder never fills another.
func FuzzFault(f *testing.F) {
	f.Add("a {x} b {policy}", "value", "P")
	f.Add("{0}{{x}}{x{x}", `"/\`, "{x}")
	f.Add("}{", "\xff\u2028\x00", "]]>")
	f.Fuzz(func(t *testing.T, text, value, policy string) {
		d := &Def{Element: ElementRuntime, Kind: Runtime, Code: "a.B", Name: "B", Text: text}
		fault := d.New("x", value).At(policy, "", "")
		var body struct {
			Fault struct{ Faultstring string }
		}
		if err := json.Unmarshal(fault.Body(), &body); err != nil {
			t.Fatalf("%v: %s", err, fault.Body())
		}
		if want := strings.ToValidUTF8(fault.Reason, "\uFFFD"); len([]rune(body.Fault.Faultstring)) < len([]rune(want)) {
			t.Fatalf("body lost text: %q of %q", body.Fault.Faultstring, fault.Reason)
		}
		if err := xml.Unmarshal(fault.XMLBody(), new(struct{})); err != nil {
			t.Fatalf("%v: %s", err, fault.XMLBody())
		}
		if got := expand(text, func(name string, _ int) (string, bool) { return "{" + name + "}", true }); got != text {
			t.Fatalf("filling each placeholder with itself changed %q to %q", text, got)
		}
	})
}

func BenchmarkNewBody(b *testing.B) {
	d := must("IntegrationCallout", "NullRequestVariable")
	b.ReportAllocs()
	for b.Loop() {
		d.New("variable", "integration.request").At("Call", "PreFlow", "proxy request").Body()
	}
}

func BenchmarkNewBodyPlain(b *testing.B) {
	d := MustRuntime("RouteFailed")
	b.ReportAllocs()
	for b.Loop() {
		d.New().At("", "", "route").Body()
	}
}

// TestToldHidesContents: what a log says of a fault has the names of things, and
// not what a message or a key holds.
func TestToldHidesContents(t *testing.T) {
	for _, c := range []struct {
		element, name, want string
		args                []string
	}{
		{"AssignMessage", "UnresolvedVariable", "AssignMessage[P]: unable to resolve variable x", []string{"variable", "x"}},
		{"Quota", "QuotaViolation", "Rate limit quota violation. Quota limit  exceeded. Identifier : (hidden)", []string{"identifier", "secret"}},
		{"IntegrationCallout", "ExecutionFailed", "Execution of IntegrationCallout P failed. Reason: (hidden)", []string{"reason", "secret"}},
	} {
		d, ok := Lookup(c.element, c.name)
		if !ok {
			t.Fatalf("no fault %s of %s", c.name, c.element)
		}
		f := d.New(c.args...).At("P", "", "")
		if got := f.Told(); got != c.want || strings.Contains(got, "secret") {
			t.Errorf("%s: told is %q, want %q", c.name, got, c.want)
		}
		if len(c.args) > 1 && !strings.Contains(f.Reason, c.args[1]) {
			t.Errorf("%s: the reason lost its value: %q", c.name, f.Reason)
		}
	}
}
