package proxy

import (
	"testing"

	"sluice/faults"
)

// TestIsApigeePolicy: the catalogue's policies, and those without a fault.
func TestIsApigeePolicy(t *testing.T) {
	for _, element := range faults.Elements() {
		if want := element[0] != '('; isApigeePolicy(element) != want {
			t.Errorf("%s: %v", element, !want)
		}
	}
	for element, want := range map[string]bool{"XSL": true, "MessageLogging": true, "GraphQL": true, "AssignMassage": false} {
		if isApigeePolicy(element) != want {
			t.Errorf("%s: %v", element, !want)
		}
	}
}

// TestUnavailablePolicies: what is attached and does not exist here refuses the
// bundle, with a message that tells a type of Apigee from a misspelt one; AllowMissing
// loads it with the former.
func TestUnavailablePolicies(t *testing.T) {
	for _, c := range []struct {
		element, step, code, severity string
		allow                         bool
	}{
		{"GraphQL", "P", "PolicyTypeNotAvailable", "error", false},
		{"XSL", "P", "PolicyTypeNotAvailable", "error", false},
		{"XSL", "P", "PolicyTypeNotAvailable", "warning", true},
		{"AssignMassage", "P", "UnknownPolicyType", "error", false},
		{"AssignMassage", "P", "UnknownPolicyType", "error", true},
		{"GraphQL", "", "PolicyTypeNotAvailable", "warning", false},
		{"GraphQL", "", "PolicyTypeNotAvailable", "warning", true},
	} {
		steps := ""
		if c.step != "" {
			steps = preFlow(onRequest(c.step))
		}
		d := newDisk(t)
		d.write("b/apiproxy/proxies/default.xml", proxyAt("/b", steps+nullRoute))
		d.write("b/apiproxy/policies/P.xml", `<`+c.element+` name="P"/>`)
		compiler := testCompiler(t)
		compiler.Options.AllowMissing = c.allow
		got := (&Loader{Compiler: compiler, Paths: []string{d.root}}).Load().Problems
		if len(got) != 1 || got[0].Code != c.code || got[0].Severity != c.severity {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestMissingPolicy: it fails where a request reaches it, unless the step has
// continueOnError, and nowhere else.
func TestMissingPolicy(t *testing.T) {
	s := rig{options: Options{AllowMissing: true}, files: []string{
		proxyAt("/p", preFlow(onRequest("J if request.verb = \"POST\"", "C")), nullRoute),
		`<JavaCallout name="J"/>`, `<JavaCallout name="C" continueOnError="true"/>`}}.serve(t)
	s.wants("GET /p HTTP/1.1", 200, "")
	s.faults("POST /p HTTP/1.1\n\nx", 501, "sluice.PolicyTypeNotAvailable")
}
