package policies

import "testing"

// TestJWTFaults looks for every fault that the shared code raises, for each of the
// six policies: one that is missing would be a nil Def at request time.
func TestJWTFaults(t *testing.T) {
	for _, kind := range []string{"GenerateJWT", "VerifyJWT", "DecodeJWT", "GenerateJWS", "VerifyJWS", "DecodeJWS"} {
		found := jwtFaults(kind)
		for _, name := range jwtFaultNames {
			if d := found[name]; d == nil || d.Status != 401 {
				t.Errorf("%s: no fault %s with status 401", kind, name)
			}
		}
	}
	known := map[string]bool{}
	for _, name := range jwtFaultNames {
		known[name] = true
	}
	for _, c := range jwtCauses {
		if !known[c.name] {
			t.Errorf("%s is not among the names", c.name)
		}
	}
}
