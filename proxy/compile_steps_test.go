package proxy

import (
	"strings"
	"testing"
)

// TestMissingPolicyHints: what a step most likely means, when no policy has its name.
func TestMissingPolicyHints(t *testing.T) {
	for _, c := range []struct{ file, name, step, want string }{
		{"AM-Set", "AM-Set", "am-set", `did you mean "AM-Set"?`},
		{"AM-Answer", "AM-Answer", "AM-Anwser", `did you mean "AM-Answer"?`},
		{"a", "Other", "a", `policies/a.xml holds a policy whose name attribute is "Other": change that, or the step`},
		{"AM-Set", "AM-Set", "VA-Key", "add policies/VA-Key.xml or remove the step"},
	} {
		d := newDisk(t)
		d.write("apiproxy/policies/"+c.file+".xml", `<AssignMessage name="`+c.name+`"/>`)
		d.write("apiproxy/proxies/default.xml", `<ProxyEndpoint name="default"><PreFlow><Request><Step><Name>`+c.step+`</Name></Step></Request></PreFlow>
<HTTPProxyConnection><BasePath>/m</BasePath></HTTPProxyConnection><RouteRule name="none"/></ProxyEndpoint>`)
		var hint string
		for _, p := range (&Loader{Compiler: testCompiler(t), Paths: []string{d.root}}).Load().Problems {
			if p.Code == "MissingPolicy" {
				hint = p.Hint
			}
		}
		if !strings.Contains(hint, c.want) {
			t.Errorf("step %s: %q, want %q", c.step, hint, c.want)
		}
	}
}
