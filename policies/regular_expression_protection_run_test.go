package policies

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluice/faults"
	"sluice/internal/javaregex"
)

func TestRegexProtectionTime(t *testing.T) {
	failed, _ := faults.Lookup("RegularExpressionProtection", "ExecutionFailed")
	pattern, err := javaregex.Compile("x", javaregex.Options{})
	if err != nil {
		t.Fatal(err)
	}
	patterns := []*javaregex.Regexp{pattern}
	ctx, cancel := context.WithCancel(t.Context())
	r := newRegexProtectionRun(ctx, &regexProtection{failed: failed}, nil)
	if err := r.look(patterns, "y"); err != nil {
		t.Fatal(err)
	}
	r.until = time.Now().Add(-time.Second)
	if err := r.look(patterns, "x"); !errors.Is(err, errRegexProtectionTime) {
		t.Errorf("after the time: %v", err)
	}
	cancel()
	if err := r.look(patterns, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the request: %v", err)
	}
}

// FuzzRegexProtectionUnescape: where every escape is one, the result is that of net/url.
func FuzzRegexProtectionUnescape(f *testing.F) {
	for _, seed := range []string{"/a%2fb%2Fc", "/%zz/%41", "%", "%4", "%+1", "/plain", "%%34%31"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := regexProtectionUnescape(path)
		if want, err := url.PathUnescape(path); err == nil && got != want {
			t.Errorf("%q becomes %q, want %q", path, got, want)
		}
		if len(got) > len(path) || strings.Count(path, "%") == 0 && got != path {
			t.Errorf("%q becomes %q", path, got)
		}
	})
}
