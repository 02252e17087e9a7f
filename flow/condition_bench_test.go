//go:build !race

// Under the race detector sync.Pool drops values at random, which allocates.

package flow

import "testing"

// benchmarkedCondition has four look-ups and four comparisons, all of which run.
const benchmarkedCondition = `proxy.pathsuffix StartsWith "/orders" and request.verb = "GET" and
	request.header.x-plan = "gold" and request.queryparam.debug = null`

func benchmarkedExchange() *Exchange {
	x := newConditionExchange()
	x.Path.Suffix = "/orders/12"
	x.Request.Query = "page=2"
	for _, name := range []string{"Host", "Accept", "User-Agent", "X-Plan"} {
		x.Request.Header.Add(name, "gold")
	}
	return x
}

func TestConditionAllocatesNothing(t *testing.T) {
	x := benchmarkedExchange()
	x.store("status", Int(404))
	x.store("length", Text("12345"))
	for _, text := range []string{
		benchmarkedCondition,
		`(status = "404" or length > 10000) and not (absent != null) and length >= 12.5`,
		`proxy.pathsuffix MatchesPath "/orders/{id}" and request.header.x-plan ~ "g*d" and request.verb := "get"`,
	} {
		c := compileTest(t, text)
		if ok, err := c.Eval(x); !ok || err != nil {
			t.Fatalf("%t, %v\n%s", ok, err, c.Explain(x))
		}
		if n := testing.AllocsPerRun(1000, func() { _, _ = c.Eval(x) }); n != 0 {
			t.Errorf("%v allocations: %s", n, text)
		}
	}
}

func BenchmarkCondition(b *testing.B) {
	x, c := benchmarkedExchange(), compileTest(b, benchmarkedCondition)
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := c.Eval(x); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkConditionMatchesPath(b *testing.B) {
	x, c := benchmarkedExchange(), compileTest(b, `proxy.pathsuffix MatchesPath "/orders/{id}" and request.verb = "GET"`)
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := c.Eval(x); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkCompileCondition(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		compileTest(b, benchmarkedCondition)
	}
}
