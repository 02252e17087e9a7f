package policies_test

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

// spikeRate is what a rate looks like.
var spikeRate = regexp.MustCompile(`(?i)^([0-9]+)\s*p[sm]$`)

// FuzzSpikeArrestRate: a rate is refused at deployment unless it is one, and one
// that a variable has never breaks anything.
func FuzzSpikeArrestRate(f *testing.F) {
	for _, text := range []string{"10ps", " 100 PM ", "0ps", "+1ps", "ps", "1.5ps", "99999999999ps", "10ph", "2147483647pm", "1_0ps", "٣ps"} {
		f.Add(text)
	}
	services := quotaServices(f, time.Now)
	unit := &flow.Unit{Services: services}
	referring, _ := compileTraffic(f, unit, "<SpikeArrest><Rate ref='rate'/></SpikeArrest>")
	weighed, _ := compileTraffic(f, unit, "<SpikeArrest><Rate>1ps</Rate><MessageWeight ref='rate'/><UseEffectiveCount>true</UseEffectiveCount></SpikeArrest>")
	f.Fuzz(func(t *testing.T, text string) {
		valid := false
		if m := spikeRate.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			valid = n > 0 && n < 1<<31
		}
		if element, ok := spikeElement(text); ok {
			if _, problems := compileTraffic(t, unit, element); problems.Refused() == valid {
				t.Errorf("%q: %v", text, problems)
			}
		}
		x := client()
		x.Services = services
		x.Put("rate", flow.Text(text))
		got := faultText(referring.Execute(t.Context(), x))
		if unresolved := strings.Contains(got, "FailedToResolveSpikeArrestRate"); unresolved == valid {
			t.Errorf("%q by reference: %s", text, got)
		}
		_ = weighed.Execute(t.Context(), x)
	})
}

// spikeElement is a policy with this rate; ok is false for texts that XML cannot
// have or changes, and for blank ones.
func spikeElement(text string) (element string, ok bool) {
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, []byte(text)); err != nil || strings.Contains(escaped.String(), "\uFFFD") || strings.TrimSpace(text) == "" {
		return "", false
	}
	return "<SpikeArrest><Rate>" + escaped.String() + "</Rate></SpikeArrest>", true
}

// TestSpikeArrestSlots: a weight of any size takes a time, and none that is past.
func TestSpikeArrestSlots(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	services := quotaServices(t, func() time.Time { return now })
	use := func(weight int64) string {
		x := client()
		x.Services = services
		x.Put("w", flow.Int64(weight))
		return faultText(permissive.run(t, x, "<SpikeArrest><Rate>1pm</Rate><MessageWeight ref='w'/></SpikeArrest>"))
	}
	if got := use(1 << 40); got != "<nil>" {
		t.Fatalf("the first: %s", got)
	}
	now = now.Add(50 * 365 * 24 * time.Hour)
	if got := use(1); !strings.Contains(got, "429 policies.ratelimit.SpikeArrestViolation") {
		t.Errorf("after a message that takes two million years: %s", got)
	}
}
