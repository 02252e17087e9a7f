package faults

import (
	"slices"
	"strings"
)

// extraFlags are flags that bundles or vendor examples test besides the
// documented one of the key.
var extraFlags = map[string][]string{
	"IntegrationCallout.{policy}.failed": {"integrationcallout.{policy}.failed"}, // reference/runtime.md 9.2 [R]
	"JWT.failed":                         {"jwt.{policy}.failed"},                // notes of GenerateJWT and DecodeJWT
	"JWS.failed":                         {"jws.{policy}.failed"},                // notes of GenerateJWS and DecodeJWS
	"jwt.{policy}.failed":                {"JWT.failed"},                         // policies-2.md 27, 28; bundles test it
	"jws.{policy}.failed":                {"JWS.failed"},
	"jsonattack.{policy}.failed":         {"jsonthreatprotection.{policy}.failed"}, // note of JSONThreatProtection
}

// ownFlags are flags of a policy type that its faults do not name in the
// catalogue: VerifyAPIKey lists verifyapikey.POLICY.failed among its variables
// (reference/policies-2.md 25), and shares its faults' flag with OAuthV2.
var ownFlags = map[string][]string{"VerifyAPIKey": {"verifyapikey.{policy}.failed"}}

// FlagNames returns the flow variables to set to true when the fault is raised
// by the policy of this name: each flag with the policy name and in the short
// form without it, which bundles test as often (reference/policies-1.md 0.1).
// It allocates; call it while compiling.
func (d *Def) FlagNames(policy string) []string {
	names := make([]string, len(d.flags))
	for i, pattern := range d.flags {
		names[i] = strings.ReplaceAll(pattern, "{policy}", policy)
	}
	return names
}

// ElementFlags returns all flags of a policy element, for a runner that sets
// them to false when the policy has run and passed.
func ElementFlags(element, policy string) []string {
	var names []string
	for _, d := range catalogue.defs {
		if d.Element == element {
			names = appendNew(names, d.FlagNames(policy)...)
		}
	}
	return names
}

// flagPatterns completes documented flags with their extra and short forms.
func flagPatterns(documented []string) []string {
	var patterns []string
	for _, flag := range documented {
		for _, form := range append([]string{flag}, extraFlags[flag]...) {
			short := strings.Replace(form, ".{policy}", "", 1)
			patterns = appendNew(patterns, form, short)
		}
	}
	return patterns
}

func appendNew(list []string, items ...string) []string {
	for _, item := range items {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
