package proxy

import (
	"strings"
	"testing"

	"sluice/flow"
)

func tableOf(paths ...string) *Snapshot {
	s := &Snapshot{}
	for _, p := range paths {
		s.root.insert(&Endpoint{Name: p, BasePath: p})
	}
	return s
}

// TestMatch holds the rules of runtime.md 2.1: whole segments, the longest base
// path wins, a literal segment beats "*".
func TestMatch(t *testing.T) {
	s := tableOf("/v1/orders", "/v1", "/v1/*/items", "/v1/team/*/members", "/v2/*/weather", "/v2/x")
	for _, c := range []struct{ path, want, suffix string }{
		{"/v1", "/v1", ""},
		{"/v1/", "/v1", "/"},
		{"/v1/orders", "/v1/orders", ""},
		{"/v1/orders/7", "/v1/orders", "/7"},
		{"/v1/ordersx", "/v1", "/ordersx"},
		{"/v1/orders/items", "/v1/orders", "/items"},
		{"/v1/a/items/3", "/v1/*/items", "/3"},
		{"/v1/team/a/members", "/v1/team/*/members", ""},
		{"/v1/team/a/b/members", "/v1", "/team/a/b/members"},
		{"/v1//items", "/v1", "//items"},
		{"/v2/x/weather", "/v2/x", "/weather"},
		{"/v2/y/weather", "/v2/*/weather", ""},
		{"/v2/y", "", ""},
		{"/v3", "", ""},
		{"*", "", ""},
		{"", "", ""},
	} {
		e, suffix := s.Match(c.path)
		got := ""
		if e != nil {
			got = e.Name
		}
		if got != c.want || suffix != c.suffix {
			t.Errorf("%q matches %q with suffix %q, want %q with %q", c.path, got, suffix, c.want, c.suffix)
		}
	}
}

func TestMatchRoot(t *testing.T) {
	s := tableOf("/", "/a")
	if e, suffix := s.Match("/b/c"); e == nil || e.Name != "/" || suffix != "/b/c" {
		t.Errorf("/b/c matches %v, %q", e, suffix)
	}
}

func TestSnapshotRefusesClashes(t *testing.T) {
	deployment := func(name string, paths ...string) *Deployment {
		d := &Deployment{Name: name}
		for _, p := range paths {
			d.Endpoints = append(d.Endpoints, &Endpoint{Name: "default", BasePath: p, deployment: d})
			if len(d.Endpoints) > 1 {
				d.Endpoints[len(d.Endpoints)-1].Name = "other"
			}
		}
		return d
	}
	s, problems := NewSnapshot(&Environment{}, Options{}, []*Deployment{
		deployment("first", "/a", "/b"), deployment("second", "/b/"), deployment("third", "/c", "/c"),
	}, nil)
	if len(s.Deployments) != 2 || len(problems) != 2 || len(problems.Errors()) != 1 {
		t.Fatalf("%d deployments and %d problems, want 2 and an error and a warning:\n%s", len(s.Deployments), len(problems), problems.Error())
	}
	if e, _ := s.Match("/c"); e.deployment != s.Deployments[1] || e.Name != "default" {
		t.Errorf("/c is served by %s", e.Name)
	}
	if !strings.Contains(problems[0].Message, `"first"`) {
		t.Errorf("the problem does not name the owner: %s", problems[0].Message)
	}
}

func TestSnapshotFindsCircles(t *testing.T) {
	shared := []*flow.SharedFlow{
		{Name: "a", Calls: []string{"b"}}, {Name: "b", Calls: []string{"c", "d"}}, {Name: "c", Calls: []string{"a"}}, {Name: "d"},
		{Name: "e", Calls: []string{"a"}}, {Name: "self", Calls: []string{"self"}},
	}
	_, problems := NewSnapshot(&Environment{}, Options{}, nil, shared)
	var got []string
	for _, p := range problems {
		got = append(got, p.Bundle)
	}
	if strings.Join(got, " ") != "a b c self" {
		t.Errorf("circles are reported for %v, want a b c self", got)
	}
	if !strings.Contains(problems[0].Message, "a -> b -> c -> a") {
		t.Errorf("the circle is not shown: %s", problems[0].Message)
	}
}

func BenchmarkMatch(b *testing.B) {
	s := tableOf("/v1/orders", "/v1", "/v1/*/items", "/v1/team/*/members", "/v2/*/weather")
	b.ReportAllocs()
	for b.Loop() {
		s.Match("/v1/team/a/members/17")
	}
}
