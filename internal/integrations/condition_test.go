package integrations

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func conditionScope(t testing.TB) *scope {
	return fakeRun(t, `{"s":"abc","t":"true","b":true,"n":5,"d":2.5,"nt":"10","list":["a",1,true],"none":[],"obj":{"a":{"b":7}},"empty":"","null":null,
		"`+"`Task_2_responseStatus`"+`":"200 OK","`+"`ErrorInfo`"+`":{"code":404},"`+"`ExecutionMode`"+`":"SYNC","word":"undefined","in-put":"x"}`).scope
}

func TestConditions(t *testing.T) {
	s := conditionScope(t)
	for _, c := range []struct {
		text string
		want bool
	}{
		{`$s$ = "abc"`, true}, {`$s$='abc'`, true}, {`$s$ != "abc"`, false}, {`$s$ = abc`, true}, {`$s$ = "ABC"`, false},
		{`$t$ = true`, true}, {`$t$ = "true"`, true}, {`$b$ = TRUE`, true}, {`$b$ = "true"`, true}, {`$b$ = FALSE`, false}, {"$b$ = true\n\n", true},
		{`$n$ = 5`, true}, {`$n$ = "5"`, true}, {`$n$ = 5.0`, true}, {`$n$ >4`, true}, {`$n$ <= 5`, true}, {`$n$ < $nt$`, true}, {`$nt$ > "9"`, true}, {`$d$ >= $n$`, false},
		{`5 < 10`, true}, {`$s$ < "abd"`, true}, {`$s$ < 5`, false}, {`$s$ >= 5`, false},
		{`$s$ : "bc"`, true}, {`$s$ : "x"`, false}, {`$list$ : "a"`, true}, {`$list$ : 1`, true}, {`$list$ : "b"`, false}, {`$n$ : 5`, false},
		{`$none$ = []`, true}, {`$list$ != []`, true}, {`$list$ = ["a", 1, true]`, true}, {`$null$ != []`, true},
		{`$obj.a.b$ = 7`, true}, {`$obj.a.c$ = 7`, false}, {`$list[0]$ = a`, true},
		{"$`Task_2_responseStatus`$ != \"200 OK\"", false}, {"$`ErrorInfo.code`$ = 404", true}, {"$`ErrorInfo`.code$ = 404", true}, {"$`ExecutionMode`$ = SYNC", true},
		{`$word$ = undefined`, true}, {`$in-put$ = x`, true}, {`$missing$ = undefined`, false}, {`$missing$ = null`, true}, {`$missing$ != "x"`, true}, {`$missing$ < 5`, false},
		{`exists($s$)`, true}, {`exists($missing$)`, false}, {`NOT exists($missing$)`, true}, {`exists($obj.a$)`, true}, {`does_not_exist($missing$)`, true},
		{`is_empty($empty$)`, true}, {`IS_EMPTY($none$)`, true}, {`is_not_empty($list$)`, true}, {`is_not_empty($missing$)`, false},
		{`$b$`, true}, {`NOT($b$)`, false}, {`$n$`, false},
		{"$n$ = 5 AND\u00a0$s$ = abc", true}, {`$n$ = 4 OR $n$ = 5 AND $s$ = x`, false}, {`($n$ = 4 OR $n$ = 5) and $s$ = abc`, true}, {`NOT $n$ = 4 AND NOT ($s$ = x or $b$ = false)`, true},
		{`$s$ = ANDROID`, false}, {``, true}, {" \n\u00a0", true},
	} {
		cond, err := parseCondition(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := cond == nil || cond.holds(s); got != c.want {
			t.Errorf("%q is %v", c.text, got)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for text, want := range map[string]string{
		`$s`:                                 "not closed",
		`$s$ =`:                              "a value is missing",
		`= 5`:                                "a value is missing",
		`$s$ = "abc`:                         "not closed",
		`($s$ = a`:                           "')' is missing",
		`exists($s$`:                         "')' is missing",
		`$s$ = a b`:                          "AND, OR or the end",
		`$s$ == a`:                           "a value is missing",
		`$s$ = a AND`:                        "a value is missing",
		`$s$ =~ a`:                           "AND, OR or the end",
		`$s$ = [1`:                           "in an array",
		strings.Repeat("(", 1000):            "nested deeper than 100",
		strings.Repeat("NOT ", 1000) + "$s$": "nested deeper than 100",
	} {
		if _, err := parseCondition(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// TestCorpusConditions parses every condition of the real exports.
func TestCorpusConditions(t *testing.T) {
	n := 0
	for _, f := range corpusFiles(t) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var w export
		if json.Unmarshal(text, &w) != nil {
			continue // the index
		}
		for _, task := range w.TaskConfigs {
			for _, e := range task.NextTasks {
				if _, err := parseCondition(e.Condition); err != nil {
					t.Errorf("%s: %v", f, err)
				}
				if e.Condition != "" {
					n++
				}
			}
		}
	}
	if n < 29 {
		t.Errorf("only %d conditions found", n)
	}
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{`$s$ = "abc"`, `NOT exists($x$) AND ($a.b$ <= 100 OR $l$ : 'x')`, "$`T`$ != []", `$n$ >100`, "a\u00a0= $b$", `is_empty([{a:1}])`} {
		f.Add(s)
	}
	s := conditionScope(f)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCondition(text)
		if err != nil || c == nil {
			return
		}
		if c.holds(s) == (not{c}).holds(s) {
			t.Errorf("%q and its negation agree", text)
		}
	})
}

func BenchmarkCondition(b *testing.B) {
	s := conditionScope(b)
	c, err := parseCondition("$obj.a.b$ <= 100 AND $`Task_2_responseStatus`$ = \"200 OK\"")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !c.holds(s) {
			b.Fatal("does not hold")
		}
	}
}
