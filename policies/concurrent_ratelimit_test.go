package policies_test

import (
	"strings"
	"testing"
	"time"

	"sluice/flow"
)

// TestConcurrentRatelimitPlaces: of the attachments that Edge refuses one is refused,
// the other warned of.
func TestConcurrentRatelimitPlaces(t *testing.T) {
	request, response, fault := flow.Attachment{Side: flow.TargetSide}, flow.Attachment{Side: flow.TargetSide, Response: true}, flow.Attachment{Side: flow.TargetSide, Fault: true}
	for _, tt := range []struct {
		attached []flow.Attachment
		want     string
	}{
		{nil, ""},
		{[]flow.Attachment{request, response, fault}, ""},
		{[]flow.Attachment{request, response}, "warning ConcurrentRatelimitStepAttachmentMissingAtTargetEndpoint"},
		{[]flow.Attachment{fault}, "warning ConcurrentRatelimitStepAttachmentMissingAtTargetEndpoint"},
		{[]flow.Attachment{request, response, fault, {Side: flow.ProxySide}}, "error ConcurrentRatelimitStepAttachmentNotAllowedAtProxyEndpoint"},
	} {
		unit := &flow.Unit{Services: quotaServices(t, time.Now), Attached: func(string) []flow.Attachment { return tt.attached }}
		_, problems := compileTraffic(t, unit, "<ConcurrentRatelimit name='P'><AllowConnections count='1' ttl='5'/></ConcurrentRatelimit>")
		if got := strings.Join(calloutProblems(problems), ", "); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.attached, got, tt.want)
		}
	}
}

// TestConcurrentRatelimitEnds: a place is given back at the end of the exchange, or
// when its time is over, and once.
func TestConcurrentRatelimitEnds(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	services := quotaServices(t, func() time.Time { return now })
	enter := func() (*flow.Exchange, string) {
		x := client()
		x.Services, x.Phase = services, flow.TargetRequest
		return x, faultText(permissive.run(t, x, "<ConcurrentRatelimit><AllowConnections count='1' ttl='5'/></ConcurrentRatelimit>"))
	}
	const full = "503 policies.concurrentratelimit.ConcurrentRatelimtViolation: ConcurrentRatelimit connection exceeded. Connection limit : 1"
	first, got := enter()
	if got != "<nil>" {
		t.Fatal(got)
	}
	if _, got := enter(); got != full {
		t.Errorf("a second at once: %s", got)
	}
	first.End()
	second, got := enter()
	if got != "<nil>" {
		t.Errorf("after the end of the first: %s", got)
	}
	now = now.Add(5 * time.Second)
	third, got := enter()
	if got != "<nil>" {
		t.Errorf("after the time of the second: %s", got)
	}
	second.End()
	if _, got := enter(); got != full {
		t.Errorf("the end of the second gave the place of the third back: %s", got)
	}
	third.End()
}
