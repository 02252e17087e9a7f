package integrations

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// evalJsonnet runs a template on the variables of fakeRun.
func evalJsonnet(t testing.TB, ctx context.Context, source, vars string) (string, error) {
	t.Helper()
	p, err := compileJsonnet("local f = import 'functions'; " + source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	got, err := p.run(ctx, fakeRun(t, vars))
	if err != nil {
		return "", err
	}
	v, err := parseJSON(got)
	return text(v), err
}

func TestJsonnetFunctions(t *testing.T) {
	const vars = "{\"s\":\"abc\",\"n\":5,\"d\":2.5,\"b\":true,\"l\":[1,2,3],\"o\":{\"a\":{\"b\":[1]}},\"`Task_1_x`\":\"ticked\",\"null\":null}"
	for _, c := range []struct{ source, want string }{
		{"f.extVar('n') + 1", "6"}, {"std.extVar('d')", "2.5"}, {"f.extVar('o').a.b[0]", "1"}, {"f.extVar('`Task_1_x`')", "ticked"}, {"f.extVar('Task_1_x')", "ticked"},
		{"f.extVar('null')", ""}, {"f.extVar('l')", "[1,2,3]"}, {"f.extVar('b')", "true"},
		{"f.avg([1,2,6])", "3"}, {"f.contains([1,2], 2)", "true"}, {"f.maxArray([1,3,2])", "3"}, {"f.minArray([3,1,2])", "1"}, {"f.remove([1,2,3], 2)", "[1,3]"},
		{"f.removeAt([1,2,3], 0)", "[2,3]"}, {"f.sum([1,2,3])", "6"}, {"f.groupBy([1,2,3], function(x) if x > 1 then 'big' else 'small')", `{"big":[2,3],"small":[1]}`},
		{"f.zip([[1,2],['a','b']])", `[[1,"a"],[2,"b"]]`}, {"f.unzip([[1,'a'],[2,'b']])", `[[1,2],["a","b"]]`}, {"f.zip([])", "[]"},
		{"f.xor(true, false)", "true"}, {"f.xnor(true, false)", "false"},
		{"f.sha1('a')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"}, {"f.sha256('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
		{"std.length(f.sha512('a')) + std.length(f.sha3('a'))", "256"}, {"f.md5('a')", "0cc175b9c0f1b6a831c399e269772661"},
		{"f.objectRemoveKey({a: 1, b: 2}, 'a')", `{"b":2}`}, {"f.isDecimal(1.5)", "true"}, {"f.isInteger(1)", "true"}, {"f.isEven(2)", "true"}, {"f.isOdd(2)", "false"}, {"f.round(2.5)", "3"},
		{"f.randomNumber(3, 3)", "3"}, {"f.equalsIgnoreCase('aB', 'Ab')", "true"}, {"f.isEmpty('')", "true"}, {"f.trim(' a ')", "a"},
		{"f.match('a1b22', '[0-9]+')", `["1","22"]`}, {"f.isLeapYear(2000) && !f.isLeapYear(1900) && f.isLeapYear(2024)", "true"},
		{"f.dateFormat(0, 'YYYY-MM-DD HH:mm:ss')", "1970-01-01 00:00:00"}, {"f.dateFormat(1700000000, 'D.M.YY h:mm A', 'Europe/Berlin', 'E')", "14.11.23 11:13 PM"},
		{"f.dateFormat('2024-02-03T04:05:06Z', 'dddd, MMMM D, E')", "Saturday, February 3, 1706933106"}, {"f.dateFormat('03/02/2024', 'YYYY-MM-DD', 'UTC', 'DD/MM/YYYY')", "2024-02-03"},
		{"f.dateFormat(1700000000.25, 'SSS')", "250"},
		{"f.parseXml('<a x=\"1\"><b>t</b><b>u</b><n:c/></a>')", `{"a":{"@x":"1","b":[{"$":"t"},{"$":"u"}],"n:c":{}}}`},
		{"f.manifestXml({a: {'@x': 1, b: [{'$': 't'}, {'$': '<'}], c: 'd'}})", `<a x="1"><b>t</b><b>&lt;</b><c>d</c></a>`},
		{"f.manifestXml({a: {b: 1}}, indent_output=true)", "<a>\n  <b>1</b>\n</a>"},
		{"f.parseCsvWithHeader('a;b\\n1;\"x;y\"', ';')", `[{"a":"1","b":"x;y"}]`}, {"f.parseCsvWithHeader('a,a\\n1,2')", `[{"a":"2"}]`},
		{"f.parseCsvWithHeader('a,a\\n1,2', ',', false)", `[{"a":"1","a__1":"2"}]`}, {"f.manifestCsv([{a: 1, b: 'x'}, {b: 'y,z'}])", "a,b\n1,x\n,\"y,z\"\n"},
		{"f.manifestCsv([{a: 1, b: 2}], ['b'])", "b\n2\n"},
		{"f.nowInMillis()", "1667494335011"}, {"f.uuid()", "uuid-1"}, {"f.getExecutionId()", "exec-1"}, {"f.getIntegrationName()", "orders"},
		{"f.getIntegrationRegion()", "europe-west1"}, {"f.getProjectId()", "my-project"}, {"f.getIntegrationVersionId() + f.getIntegrationVersionNumber()", ""},
		{"f.filter(function(x) x > 1, f.map(function(x) x * 2, [0, 1]))", "[2]"}, {"[x for x in std.range(1, 3) if x != 2]", "[1,3]"},
		{"local g(n) = if n == 0 then 0 else 1 + g(n - 1) tailstrict; g(100)", "100"}, {"({a: 1, b: self.a} + {a: 2}).b", "2"},
	} {
		got, err := evalJsonnet(t, t.Context(), c.source, vars)
		if err != nil || got != c.want {
			t.Errorf("%s is %s, %v; want %s", c.source, got, err, c.want)
		}
	}
}

func TestJsonnetErrors(t *testing.T) {
	for source, want := range map[string]string{
		"f.extVar('missing')":                   "there is no variable missing",
		"error 'mine'":                          "mine",
		"f.match('a', '(')":                     "missing closing )",
		"f.dateFormat('x', 'YYYY')":             "cannot parse",
		"f.dateFormat(0, 'YYYY', 'Mars/Base')":  "unknown time zone",
		"f.parseXml('<a><b></a>')":              "</a> ends <b>",
		"f.parseXml('<a>')":                     "not",
		"f.parseXml('')":                        "no readable root element",
		"f.parseXml('<a/>', 'gdata')":           "badgerfish",
		"f.manifestXml({a: 1, b: 2})":           "one field",
		"f.xsltTransform('', '')":               "does not run here",
		"std.range(1, 2000000)":                 "more than 1000000 elements",
		"std.repeat('ab', 1000000)":             "more than 1000000 elements",
		"std.makeArray(1000001, function(i) i)": "more than 1000000 elements",
		"local g(n) = g(n + 1) + 1; g(0)":       "max stack frames exceeded",
		"(import 'other')":                      "import not available",
		"f.parseCsvWithHeader('a', 'too long')": "not of the types",
	} {
		if _, err := evalJsonnet(t, t.Context(), source, "{}"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
	if _, err := compileJsonnet("{"); err == nil || !strings.Contains(err.Error(), "template:1:") {
		t.Errorf("%v", err)
	}
}

// TestJsonnetEnds wants an endless template to end with its context, and its goroutine too
// (TestMain looks for leaks).
func TestJsonnetEnds(t *testing.T) {
	for _, source := range []string{
		"local g(n) = g(n + 1) tailstrict; g(0)",
		"local g(l) = g(std.map(function(x) x + 1, l)) tailstrict; g([1])",
		"local o = {f(n):: if n < 0 then 0 else self.f(n + 1) tailstrict}; o.f(0)",
		"local g = function(n=1) g(n) tailstrict; g()",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		began := time.Now()
		_, err := evalJsonnet(t, ctx, source, "{}")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Minute {
			t.Errorf("%s: %v after %s", source, err, time.Since(began))
		}
		cancel()
	}
	for deadline := time.Now().Add(time.Minute); jsonnetRunning.Load() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // the engine of the library is not in a bubble
	}
	if n := jsonnetRunning.Load(); n > 0 {
		t.Errorf("%d evaluations outlive their time", n)
	}
}

// TestJsonnetMachinesForget evaluates for one task after another: a machine is used again, and
// what it said of one task is not said of the next.
func TestJsonnetMachinesForget(t *testing.T) {
	p, err := compileJsonnet("local f = import 'functions'; f.getExecutionId() + f.uuid() + f.nowInMillis() + f.extVar('v')")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"one", "two", "three"} {
		a := fakeRun(t, `{"v":"`+id+`"}`)
		a.id, a.newID = id, func() string { return "-" + id + "-" }
		got, err := p.run(t.Context(), a)
		if want := `"` + id + "-" + id + "-1667494335011" + id + `"`; err != nil || strings.TrimSpace(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}

func TestJsonnetSetsVariables(t *testing.T) {
	template := `2 parameters: {"template":{"value":{"stringValue":"SOURCE"}}}`
	plan := "start: 2\n" + `2 task: "JsonnetMapperTask"` + "\n" + template
	e := planEngine(t, Options{}, strings.Replace(plan, "SOURCE", "{n: 3, code: 'x', other: {b: 1}}", 1))
	if status, body := execute(t, e, "plan", runPlan); status != 200 || !strings.Contains(body, `{"n":3,"code":"x"}`) {
		t.Errorf("%d %s", status, body)
	}
	e = planEngine(t, Options{}, strings.Replace(plan, "SOURCE", "[1]", 1))
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, "not an object of variables") {
		t.Errorf("%d %s", status, body)
	}
	e = planEngine(t, Options{}, strings.Replace(plan, "SOURCE", "{n: 'many'}", 1))
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, `variable n: \"many\" is not an integer`) {
		t.Errorf("%d %s", status, body)
	}
}

func FuzzBadgerfish(f *testing.F) {
	for _, s := range []string{"<a/>", "<a x='1'>t<b/>u</a>", "<?xml version='1.0'?><!DOCTYPE a><a><![CDATA[<]]></a>", "<a:b xmlns:a='u'/>", "<a></b>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := parseBadgerfish([]any{s, "badgerfish"})
		if err != nil {
			return
		}
		if _, err := manifestBadgerfish([]any{v, "badgerfish", false}); err != nil && !strings.Contains(err.Error(), "xml:") {
			t.Errorf("%q is read and not written: %v", s, err)
		}
	})
}

func BenchmarkJsonnet(b *testing.B) {
	p, err := compileJsonnet("local f = import 'functions'; {total: f.sum(f.map(function(x) x.q * x.p, f.extVar('lines')))}")
	if err != nil {
		b.Fatal(err)
	}
	a := fakeRun(b, `{"lines":[{"q":2,"p":1.5},{"q":3,"p":2}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.run(b.Context(), a); err != nil {
			b.Fatal(err)
		}
	}
}
