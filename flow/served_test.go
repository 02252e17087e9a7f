package flow

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPlanFrom(t *testing.T) {
	for from, want := range map[string]string{"a": "a b c f g h", "c": "c f g h", "e": "e g h", "f": "f g h", "h": "h"} {
		j := &journey{}
		plan := &Plan{
			Pre:      []Section{j.section(t, "hook", "", "a"), j.section(t, "PreFlow", "", "b c")},
			Branches: []Section{j.section(t, "one", no, "d e"), j.section(t, "two", "", "f")},
			Post:     []Section{j.section(t, "PostFlow", "", "g h")},
		}
		rest, ok := plan.From(from)
		if !ok {
			t.Fatalf("From(%q) does not find the step", from)
		}
		if err := rest.Run(context.Background(), newTestExchange()); err != nil {
			t.Fatal(err)
		}
		if j.String() != want {
			t.Errorf("From(%q) ran %q, want %q", from, j, want)
		}
		if _, ok := plan.From("x"); ok {
			t.Error("From finds a step that is not there")
		}
	}
}

func TestServedIsNoFailure(t *testing.T) {
	served := &Served{Step: "cache", Response: NewResponse()}
	x := newTestExchange()
	steps := []Step{{Name: "cache", Flags: []string{"responsecache.cache.failed"}, Policy: policyFunc(func(context.Context, *Exchange) error { return served })}}
	err := RunSteps(context.Background(), x, steps)
	if got, ok := errors.AsType[*Served](err); !ok || got != served {
		t.Fatalf("RunSteps returned %v, want the *Served", err)
	}
	if x.last != nil || x.Lookup(steps[0].Flags[0]).True() {
		t.Error("a policy that has the response counts as failed")
	}
}

func TestEndAndAnswer(t *testing.T) {
	x := newTestExchange()
	var done []string
	x.AtEnd(func() { done = append(done, "first") })
	x.AtEnd(func() { done = append(done, "second") })
	x.OnAnswer(func(m *Message) { m.Header.Set("X-Answer", "yes") })
	m := NewResponse()
	x.Answer(m)
	x.Answer(m)
	if got := m.Header.Values("X-Answer"); len(got) != 1 {
		t.Errorf("X-Answer is %q, want it once", got)
	}
	d := x.Detach()
	d.End()
	x.End()
	x.End()
	if got := strings.Join(done, " "); got != "second first" {
		t.Errorf("at the end ran %q, want each once, the newest first, and nothing for the detached copy", got)
	}
}
