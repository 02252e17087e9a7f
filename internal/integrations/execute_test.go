package integrations

import (
	"slices"
	"strings"
	"testing"
)

func TestExecute(t *testing.T) {
	e := newEngine(t, Options{NewID: func() string { return "id-1" }}, "greeting", "branch", "overlap", "failing")
	for _, c := range []struct {
		name, integration, body string
		status                  int
		want                    string
	}{
		{"defaults, declared order, nothing for unset outputs", "greeting", `{"triggerId":"api_trigger/greeting_API_1"}`, 200,
			`{"executionId":"id-1","outputParameters":{"greeting":"Hello World!","order":{"customer":{"name":"World"},"total":7.5},"note":"no note"}}`},
		{"all types", "greeting", `{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"name":{"stringValue":"Ada"},"count":{"intValue":"2"},"price":{"doubleValue":1.25},"vip":{"booleanValue":true},"tags":{"stringArray":{"stringValues":["a","b"]}},"numbers":{"intArray":{"intValues":["1","2"]}},"extra":{"jsonValue":"{\"z\":1,\"a\":[true,null]}"}}}`, 200,
			`{"executionId":"id-1","outputParameters":{"greeting":"Hello Ada!","vip":true,"tags":["a","b"],"extra":{"z":1,"a":[true,null]},"order":{"customer":{"name":"Ada"},"total":2.5},"note":"no note","numbers":[1,2]}}`},
		{"snake case, unquoted numbers, raw JSON, an integer for a double", "greeting", `{"trigger_id":"api_trigger/greeting_API_1","input_parameters":{"count":{"int_value":2},"price":{"int_value":4},"extra":{"json_value":{"b":1}},"numbers":{"int_array":{"int_values":[9]}}}}`, 200,
			`{"executionId":"id-1","outputParameters":{"greeting":"Hello World!","extra":{"b":1},"order":{"customer":{"name":"World"},"total":8},"note":"no note","numbers":[9]}}`},
		{"variables of the trigger", "greeting", `{"triggerId":"api_trigger/greeting_API_2","inputParameters":{"name":{"stringValue":"Bo"}}}`, 200,
			`{"executionId":"id-1","outputParameters":{"greeting":"Hello Bo!"}}`},

		{"unknown integration", "nobody", `{"triggerId":"api_trigger/x"}`, 404,
			`{"error":{"code":404,"message":"Integration \"nobody\" was not found in projects/p/locations/europe-west1.","status":"NOT_FOUND"}}`},
		{"unknown trigger", "greeting", `{"triggerId":"api_trigger/x"}`, 404,
			`{"error":{"code":404,"message":"Trigger \"api_trigger/x\" was not found in integration \"greeting\".","status":"NOT_FOUND"}}`},
		{"private trigger", "greeting", `{"triggerId":"private_trigger/inner"}`, 404, `"NOT_FOUND"`},
		{"no trigger", "greeting", `{}`, 400, `triggerId is required`},
		{"no JSON", "greeting", `{"triggerId"`, 400, `"status":"INVALID_ARGUMENT"`},
		{"no object", "greeting", `[]`, 400, `The request body is not valid: a JSON object is expected.`},
		{"wrong type", "greeting", `{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"count":{"stringValue":"5"}}}`, 400,
			`{"error":{"code":400,"message":"Input parameter \"count\" must be of type INT_VALUE, but a value of type STRING_VALUE was given.","status":"INVALID_ARGUMENT"}}`},
		{"value that is not of its own type", "greeting", `{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"count":{"intValue":"five"}}}`, 400,
			`Input parameter \"count\" is not valid: intValue: \"five\" is not an integer.`},
		{"JSON value that is not JSON", "greeting", `{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"extra":{"jsonValue":"{"}}}`, 400, `Input parameter \"extra\" is not valid`},
		{"two types", "greeting", `{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"name":{"stringValue":"a","intValue":1}}}`, 400, `a value has more than one type`},
		{"plain value", "greeting", `{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"name":"a"}}`, 400, `Input parameter \"name\" is not valid`},
		{"not an input", "greeting", `{"triggerId":"api_trigger/greeting_API_2","inputParameters":{"count":{"intValue":5}}}`, 400, `Input parameter \"count\" is not an input of trigger api_trigger/greeting_API_2`},

		{"small", "branch", `{"triggerId":"api_trigger/branch_API_1","inputParameters":{"amount":{"intValue":100}}}`, 200, `"outputParameters":{"size":"small","seen":"start end"}`},
		{"large", "branch", `{"triggerId":"api_trigger/branch_API_1","inputParameters":{"amount":{"intValue":101}}}`, 200, `"outputParameters":{"size":"large","seen":"start end"}`},
		{"the first edge is not taken", "branch", `{"triggerId":"api_trigger/branch_API_1"}`, 200, `"outputParameters":{}`},
		{"Return", "branch", `{"triggerId":"api_trigger/branch_API_1","inputParameters":{"amount":{"intValue":1},"blocked":{"booleanValue":true}}}`, 403,
			`{"error":{"code":403,"message":"{\"why\":\"blocked\"}","status":"PERMISSION_DENIED"}}`},
		{"one edge holds", "overlap", `{"triggerId":"api_trigger/overlap_API_1","inputParameters":{"n":{"intValue":2}}}`, 200, `"seen":"two"`},
		{"two edges hold", "overlap", `{"triggerId":"api_trigger/overlap_API_1","inputParameters":{"n":{"intValue":3}}}`, 200, `"seen":"t`},
		{"first match", "overlap", `{"triggerId":"api_trigger/overlap_API_2","inputParameters":{"n":{"intValue":3}}}`, 200, `"seen":"two"`},
		{"first match, the last edge", "overlap", `{"triggerId":"api_trigger/overlap_API_2","inputParameters":{"n":{"intValue":1}}}`, 200, `"seen":"three"`},

		{"failed task", "failing", `{"triggerId":"api_trigger/none"}`, 500,
			`{"error":{"code":500,"message":"task 1 \"Parse\" failed: row 1 ($x$): TO_INT: \"many\" is not an integer","status":"INTERNAL"}}`},
		{"failed task, not propagated", "failing", `{"triggerId":"api_trigger/none","doNotPropagateError":true}`, 200,
			`{"executionId":"id-1","executionFailed":true,"eventParameters":{"parameters":[{"key":"PostWithTriggerIdExecutionException","value":{"stringValue":"task 1 \"Parse\" failed: row 1 ($x$): TO_INT: \"many\" is not an integer"}}]}}`},
		{"ignored", "failing", `{"triggerId":"api_trigger/ignored"}`, 200, `"out":"after"`},
		{"ignored on a condition", "failing", `{"triggerId":"api_trigger/conditional"}`, 200, `"out":"after"`},
		{"caught, and failed", "failing", `{"triggerId":"api_trigger/caught"}`, 500, `task 1 \"Parse\" failed`},
		{"caught, with an error of its own", "failing", `{"triggerId":"api_trigger/returned"}`, 404, `"not there: many"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := execute(t, e, c.integration, c.body)
			if status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("got %d %s\nwant %d %s", status, body, c.status, c.want)
			}
		})
	}
}

func TestInputLimit(t *testing.T) {
	e := newEngine(t, Options{MaxInput: 100}, "greeting")
	status, body := execute(t, e, "greeting", `{"triggerId":"api_trigger/greeting_API_1"}`+strings.Repeat(" ", 100))
	if status != 400 || !strings.Contains(body, "exceeds 100 bytes") {
		t.Errorf("%d %s", status, body)
	}
	e = newEngine(t, Options{MaxHeld: 100}, "greeting")
	long := `{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"name":{"stringValue":"` + strings.Repeat("n", 100) + `"}}}`
	if status, body := execute(t, e, "greeting", long); status != 429 {
		t.Errorf("%d %s", status, body)
	}
	if n := e.held.Load(); n != 0 {
		t.Errorf("%d bytes held after the end", n)
	}
}

func TestExecutions(t *testing.T) {
	e := newEngine(t, Options{}, "branch", "failing")
	execute(t, e, "branch", `{"triggerId":"api_trigger/branch_API_1","inputParameters":{"amount":{"intValue":5}}}`)
	execute(t, e, "failing", `{"triggerId":"api_trigger/caught"}`)
	execute(t, e, "failing", `{"triggerId":"api_trigger/ignored"}`)
	if got := e.Executions("branch"); len(got) != 1 {
		t.Fatalf("%d executions of branch", len(got))
	}
	x := e.Executions("branch")[0]
	if x.State != Succeeded || string(x.Inputs) != `{"amount":5}` || string(x.Outputs) != `{"size":"small","seen":"start end"}` {
		t.Errorf("%s %s %s", x.State, x.Inputs, x.Outputs)
	}
	if got, want := states(x), []string{"1 SUCCEED", "2 SUCCEED", "5 SUCCEED", "3 SKIPPED", "4 SKIPPED"}; !slices.Equal(got, want) {
		t.Errorf("tasks %v, want %v", got, want)
	}
	all := e.Executions("failing")
	if got, want := states(all[0]), []string{"2 SUCCEED", "3 SUCCEED"}; !slices.Equal(got, want) || all[0].State != Succeeded || all[0].Done["2"].Error == nil {
		t.Errorf("ignored: %s %v %v, want %v", all[0].State, got, all[0].Done["2"].Error, want)
	}
	if got, want := states(all[1]), []string{"1 FAILED", "5 SUCCEED", "3 SKIPPED"}; !slices.Equal(got, want) || all[1].State != Failed {
		t.Errorf("caught: %s %v, want %v", all[1].State, got, want)
	}
	if !strings.Contains(string(all[1].Outputs), "is not an integer") {
		t.Errorf("the catcher saw no ErrorInfo: %s", all[1].Outputs)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	e := newEngine(t, Options{}, "branch")
	for range maxHistory + 5 {
		execute(t, e, "branch", `{"triggerId":"api_trigger/branch_API_1"}`)
	}
	if n := len(e.Executions("")); n != maxHistory {
		t.Errorf("%d executions are remembered", n)
	}
}

func states(x Record) []string {
	var out []string
	for _, r := range x.Tasks() {
		out = append(out, r.ID+" "+string(r.State))
	}
	return out
}

func BenchmarkExecute(b *testing.B) {
	e := New(Options{})
	defer e.Close()
	load(b, e, "greeting")
	c := Call{Name: "greeting", Body: []byte(`{"triggerId":"api_trigger/greeting_API_1","inputParameters":{"name":{"stringValue":"Ada"}}}`)}
	b.ReportAllocs()
	for b.Loop() {
		if a, err := e.Execute(b.Context(), c); err != nil || a.Status != 200 {
			b.Fatal(a, err)
		}
	}
}
