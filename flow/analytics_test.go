package flow

import (
	"fmt"
	"testing"
	"time"

	"sluice/faults"
)

// recorded is an Analytics that writes down what it gets.
type recorded []string

func (r *recorded) Record(a *AnalyticsRecord) {
	*r = append(*r, fmt.Sprint(a.Proxy, " ", a.Verb, " ", a.PathSuffix, " ", a.Status, " ", a.Fault, " ", a.Duration, " ", a.Target, " ", a.Captured))
}

func TestCapture(t *testing.T) {
	var got recorded
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	services := &Services{Analytics: &got, Now: func() time.Time { return start.Add(time.Second) }}
	x := NewExchange(&ProxyInfo{Name: "orders"}, services, NewRequest())
	x.End()
	if len(got) != 0 {
		t.Errorf("nothing was captured, and recorded is %q", got)
	}
	x.Client.Received.Start, x.Path.Suffix = start, "/a"
	x.Capture(Captured{Name: "a", Value: Int(1)})
	x.Capture(Captured{Name: "a", Value: Int(2), Statistic: true})
	x.Capture(Captured{Name: "a", Value: Int(3)})
	if d := x.Detach(); len(d.Captured()) != 0 {
		t.Error("a detached exchange has captured values")
	}
	x.Response = NewResponse()
	x.Target.Sent.Start, x.Target.Received.Start = start, start.Add(20*time.Millisecond)
	x.End()
	x.ForgetStatistics()
	x.Fault, x.Error = faults.MustRuntime("RouteFailed").New(), NewResponse()
	x.Error.Status, x.Client.Sent.End = 500, start.Add(30*time.Millisecond)
	x.recorded = false
	x.Capture(Captured{Name: "b"})
	x.End()
	want := []string{
		"orders GET /a 200  1s 20ms [{a 3 false} {a 2 true}]",
		"orders GET /a 500 messaging.runtime.RouteFailed 30ms 20ms [{a 3 false} {b  false}]",
	}
	if fmt.Sprintf("%q", []string(got)) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	x.Reset()
	if len(x.Captured()) != 0 {
		t.Error("captured values outlive the request")
	}
}

func TestTemplateDefault(t *testing.T) {
	x := NewExchange(&ProxyInfo{}, &Services{}, NewRequest())
	tmpl, err := CompileTemplate("{request.verb} {absent} {absent:own} {toUpperCase(absent)}", TemplateOptions{Default: "none"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tmpl.Expand(x, true); got != "GET none own ABSENT" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
