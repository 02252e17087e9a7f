package main

import (
	"testing"
)

// lintBundle lints a proxy with one policy, which is attached to its request flow.
func lintBundle(t *testing.T, policy string) map[string]string {
	t.Helper()
	dir := bundle(t, "/lint", `<PreFlow><Request><Step><Name>P</Name></Step></Request></PreFlow><RouteRule name="r"/>`, "")
	write(t, dir+"/apiproxy/policies/P.xml", policy)
	problems, _, err := lint([]string{dir}, "test")
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]string{}
	for _, p := range problems {
		messages[p.Code] += p.Message
	}
	return messages
}

// TestLintMissingResource: a resource that is not there is reported once, by the
// policy where the policy minds, and in general where it does not.
func TestLintMissingResource(t *testing.T) {
	for policy, want := range map[string]string{
		`<Javascript name="P"><ResourceURL>jsc://none.js</ResourceURL></Javascript>`:         "InvalidResourceUrlReference",
		`<OASValidation name="P"><OASResource>oas://none.yaml</OASResource></OASValidation>`: "MissingResource",
	} {
		found := lintBundle(t, policy)
		for _, code := range []string{"InvalidResourceUrlReference", "MissingResource"} {
			if _, ok := found[code]; ok != (code == want) {
				t.Errorf("%s\nproblems are %v, want %s", policy, found, want)
			}
		}
	}
}
