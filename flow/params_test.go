package flow

import (
	"slices"
	"strings"
	"testing"
)

// TestQueryReads: what a parameter means, and that reading changes nothing of
// the query, also where it does not parse.
func TestQueryReads(t *testing.T) {
	for _, c := range []struct {
		query, name string
		values      []string
	}{
		{"a=1&b=2", "a", []string{"1"}},
		{"a=1&b=2&a=3", "a", []string{"1", "3"}},
		{"a", "a", []string{""}},
		{"a=", "a", []string{""}},
		{"a==b=c", "a", []string{"=b=c"}},
		{"x=1;y=2", "x", []string{"1;y=2"}},
		{"x=%zz", "x", []string{"%zz"}},
		{"x=%", "x", []string{"%"}},
		{"x=%4", "x", []string{"%4"}},
		{"x=%41%7a%2B", "x", []string{"Az+"}},
		{"x=a+b%20c", "x", []string{"a b c"}},
		{"%78=1", "x", []string{"1"}},
		{"X=1", "x", nil},
		{"&&a=1&", "a", []string{"1"}},
		{"=1&a=2", "a", []string{"2"}},
		{"x=%ff", "x", []string{"\xff"}},
		{"", "a", nil},
	} {
		m := NewRequest()
		m.Query = c.query
		if got := m.QueryValues(c.name); !slices.Equal(got, c.values) {
			t.Errorf("%q: values of %s: %q, want %q", c.query, c.name, got, c.values)
		}
		for i, want := range c.values {
			if got, ok := m.QueryParam(c.name, i+1); got != want || !ok {
				t.Errorf("%q: value %d of %s: %q, %v", c.query, i+1, c.name, got, ok)
			}
		}
		for _, n := range []int{0, -1, len(c.values) + 1} {
			if got, ok := m.QueryParam(c.name, n); ok {
				t.Errorf("%q: value %d of %s: %q", c.query, n, c.name, got)
			}
		}
		if m.Query != c.query || m.query().String() != c.query {
			t.Errorf("reading made %q of %q", m.query().String(), c.query)
		}
	}
}

// TestQueryEdits: only the parameter that is edited is written anew.
func TestQueryEdits(t *testing.T) {
	for _, c := range []struct {
		name, before string
		edit         func(m *Message)
		after        string
	}{
		{"set", "x=%zz&a=1;2&b", func(m *Message) { m.SetQueryParam("a", "ä &=") }, "x=%zz&a=%C3%A4%20%26%3D&b"},
		{"set drops repetitions", "a=1&b=%&a=2&a=3", func(m *Message) { m.SetQueryParam("a", "9") }, "a=9&b=%"},
		{"set what is not there", "b", func(m *Message) { m.SetQueryParam("a", "1") }, "b&a=1"},
		{"set on nothing", "", func(m *Message) { m.SetQueryParam("a", "1") }, "a=1"},
		{"add", "a=1", func(m *Message) { m.AddQueryParam("a", "2") }, "a=1&a=2"},
		{"del", "a=1&%61=2&b=+", func(m *Message) { m.DelQueryParam("a", 0) }, "b=+"},
		{"del the last", "a=1", func(m *Message) { m.DelQueryParam("a", 0) }, ""},
		{"del the second", "a=1&a=2&a=3", func(m *Message) { m.DelQueryParam("a", 2) }, "a=1&a=3"},
		{"del what is not there", "a=1&&b", func(m *Message) { m.DelQueryParam("c", 0) }, "a=1&&b"},
		{"set the second", "a=1&a=2", func(m *Message) { m.setQueryItem("a", 2, "9") }, "a=1&a=9"},
		{"set one past the end", "a=1&b", func(m *Message) { m.setQueryItem("a", 2, "9") }, "a=1&b&a=9"},
		{"set far past the end", "a=1", func(m *Message) { m.setQueryItem("a", 3, "9") }, "a=1"},
		{"set index 0", "a=1", func(m *Message) { m.setQueryItem("a", 0, "9") }, "a=1"},
		{"after the query was assigned", "a=1", func(m *Message) {
			m.QueryNames()
			m.Query = "b=2"
			m.AddQueryParam("c", "3")
		}, "b=2&c=3"},
	} {
		m := NewRequest()
		m.Query = c.before
		c.edit(m)
		if m.Query != c.after {
			t.Errorf("%s: %q, want %q", c.name, m.Query, c.after)
		}
	}
}

func TestQueryNames(t *testing.T) {
	m := NewRequest()
	m.Query = "b=1&a=2&&b=3&=4&%61"
	if got, want := m.QueryNames(), []string{"b", "a"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestKeepPlus: request.queryparams.ignore.content.type.charset (runtime.md 8);
// whether it applies to a request is the proxy package's business.
func TestKeepPlus(t *testing.T) {
	m := NewRequest()
	m.Query = "q=a+b&r=%20+"
	for _, keep := range []bool{false, true, false} {
		m.KeepPlus(keep)
		want := map[bool]string{true: "a+b| +", false: "a b|  "}[keep]
		q, _ := m.QueryParam("q", 1)
		r, _ := m.QueryParam("r", 1)
		if got := q + "|" + r; got != want {
			t.Errorf("keep %v: %q, want %q", keep, got, want)
		}
	}
}

// TestSetAllIsLinear: a form of one name ten thousand times is edited at once.
func TestSetAllIsLinear(t *testing.T) {
	p := parseParams(strings.Repeat("a=1&", 9999)+"b", true)
	p.setAll("a", "2")
	if got := p.String(); got != "a=2&b" {
		t.Errorf("%.40q", got)
	}
}

func FuzzParams(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "x=1;y=2", "%zz=%", "&&=&a", "a=+%20&a", "a=%ff"} {
		f.Add(s, "a", 1)
	}
	f.Fuzz(func(t *testing.T, text, name string, n int) {
		p := parseParams(text, true)
		if got := p.String(); got != text {
			t.Fatalf("%q is written as %q", text, got)
		}
		others := len(p.pairs) - len(p.values(name))
		p.set(name, n, "v &=%+é")
		p.setAll(name, "v &=%+é")
		p = parseParams(p.String(), true)
		if got, ok := p.get(name, 1); !ok || got != "v &=%+é" || len(p.values(name)) != 1 {
			t.Fatalf("%q: set to %q", name, p.values(name))
		}
		p.del(name, 0)
		if len(p.values(name)) != 0 || len(p.pairs) != others {
			t.Fatalf("%q: deleting %q left %q", text, name, p.String())
		}
	})
}
