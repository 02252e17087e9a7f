// Package policies holds Apigee's policies, one file each.
//
// A file tells everything of its policy, in this order: the flow.Kind with its
// documentation and a sample, the runtime struct, its compile function, Execute,
// small helpers. Its cases lie in testdata/NAME: a real bundle and *.case files.
// A new policy touches no other file: it registers itself in the package's list,
// and All returns the list. Policies never call each other; what several of them
// stand on (cache_key.go, identity.go, jwt_*.go, assign_to.go, threat_source.go,
// conversion.go, xpath_namespaces.go, google_call.go and others) has files that
// register no policy.
//
//	element -> Kind.Compile (at deploy, reads XML, collects problems)
//	        -> Policy.Execute (per request, reads and writes the Exchange)
package policies

import "sluice/flow"

var kinds []*flow.Kind

// register adds a policy type to the list; each policy file calls it once, from
// a package-level variable.
func register(k flow.Kind) *flow.Kind {
	kinds = append(kinds, &k)
	return &k
}

// All returns every policy type of this package.
func All() []*flow.Kind { return append([]*flow.Kind(nil), kinds...) }
