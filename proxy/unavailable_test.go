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
// bundle, with a message that tells a type of Apigee from a misspelt one.
func TestUnavailablePolicies(t *testing.T) {
	for _, c := range []struct{ element, step, want, severity string }{
		{"GraphQL", "P", "PolicyTypeNotAvailable", "error"},
		{"XSL", "P", "PolicyTypeNotAvailable", "error"},
		{"AssignMassage", "P", "UnknownPolicyType", "error"},
		{"GraphQL", "", "PolicyTypeNotAvailable", "warning"},
	} {
		steps := ""
		if c.step != "" {
			steps = preFlow(onRequest(c.step))
		}
		d := newDisk(t)
		d.write("b/apiproxy/proxies/default.xml", proxyAt("/b", steps+nullRoute))
		d.write("b/apiproxy/policies/P.xml", `<`+c.element+` name="P"/>`)
		got := (&Loader{Compiler: testCompiler(t), Paths: []string{d.root}}).Load().Problems
		if len(got) != 1 || got[0].Code != c.want || got[0].Severity != c.severity {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
