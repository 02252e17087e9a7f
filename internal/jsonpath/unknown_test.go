package jsonpath

import (
	"errors"
	"testing"
)

func TestUnknownFunction(t *testing.T) {
	for path, want := range map[string]bool{"^(rooster|hen)$": true, "$.a.nothing()": true, "$.a[": false, "$.a.length(": false} {
		_, err := Compile(path)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.UnknownFunction() != want {
			t.Errorf("%s: %v, want an unknown function: %v", path, err, want)
		}
	}
}
