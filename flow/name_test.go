package flow

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// meaning tells what a name was parsed as, in the words of testdata/names.txt.
func meaning(n *Name) string {
	var s string
	switch {
	case n.root != nil:
		s = n.root.Name
	case n.part != nil:
		s = n.msg + " " + n.part.name
	default:
		s = "own"
	}
	if n.key != "" {
		s += " " + strconv.Quote(n.key)
	}
	if n.n != 0 {
		s += fmt.Sprint(" ", n.n)
	}
	return s
}

// TestNames runs testdata/names.txt.
func TestNames(t *testing.T) {
	data, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		name, want, ok := strings.Cut(line, " -> ")
		if !ok {
			t.Fatalf("names.txt:%d: %q", i+1, line)
		}
		if got := meaning(ParseName(strings.TrimSpace(name))); got != strings.TrimSpace(want) {
			t.Errorf("names.txt:%d: %s means %s, want %s", i+1, strings.TrimSpace(name), got, want)
		}
	}
}

func TestNameQuestions(t *testing.T) {
	for _, c := range []struct {
		name                       string
		private, predefined, reads bool
		message                    string
	}{
		{"private.key", true, false, false, ""},
		{"privatekey", false, false, false, ""},
		{"request.header.a", false, true, false, "request"},
		{"request.content", false, true, true, "request"},
		{"request.formparam.a.values.count", false, true, true, "request"},
		{"callout.content", false, false, true, "callout"},
		{"callout.status.code", false, false, false, "callout"},
		{"proxy.url", false, true, false, ""},
		{"propertyset.a.b", false, true, false, ""},
		{"my.own", false, false, false, ""},
		{"integration.name", false, false, false, ""},
	} {
		n := ParseName(c.name)
		if n.String() != c.name || n.Private() != c.private || n.Predefined() != c.predefined || n.ReadsBody() != c.reads || n.Message() != c.message {
			t.Errorf("%s: private %v, predefined %v, reads the body %v, message %q", n, n.Private(), n.Predefined(), n.ReadsBody(), n.Message())
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"", ".", "a.b.c", "request.header.x.2", "m.formparam..values", "propertyset.", "apigee.metrics.policy..timeTaken"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := ParseName(text)
		if n.String() != text {
			t.Fatalf("%q is called %q", text, n)
		}
		if n.root != nil && n.part != nil || n.n < 0 {
			t.Fatalf("%q means %s", text, meaning(n))
		}
		x := newTestExchange()
		_ = x.Set(n, Text("v")) // many names are read-only
		v := x.Get(n)
		if n.root == nil && n.part == nil && !strings.HasPrefix(text, "private.") && v.String() != "v" {
			t.Fatalf("%q was set to v and is %q", text, v)
		}
	})
}
