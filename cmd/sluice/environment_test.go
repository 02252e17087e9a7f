package main

import "testing"

// TestTLSEnforce: the flag reaches the environment that bundles are compiled for.
func TestTLSEnforce(t *testing.T) {
	for value, want := range map[string]bool{"": false, "true": true, "false": false} {
		t.Setenv("SLUICE_TLS_ENFORCE", value)
		s := defaultSettings()
		options := s.options()
		if value == "" {
			options = nil // not given
		}
		if err := s.resolve("", options); err != nil {
			t.Fatal(err)
		}
		if e, problems := readEnvironment(&s); e.EnforceTLS != want || len(problems) > 0 {
			t.Errorf("%q: enforced %v, %v", value, e.EnforceTLS, problems)
		}
	}
}
