package integrations

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pairs is a ParameterMap between bare names: "a>b c>d".
func pairs(s string) string {
	var entries []string
	for _, p := range strings.Fields(s) {
		from, to, _ := strings.Cut(p, ">")
		entries = append(entries, fmt.Sprintf(`{"key":{"literalValue":{"stringValue":%q}},"value":{"literalValue":{"stringValue":%q}}}`, from, to))
	}
	return typedText("jsonValue", `{"entries":[`+strings.Join(entries, ",")+`]}`)
}

// typedText is a parameter of one field, given as text.
func typedText(field, s string) string {
	quoted, _ := json.Marshal(s)
	return fmt.Sprintf(`{"value":{%q:%s}}`, field, quoted)
}

func param(name, s string) string { return fmt.Sprintf("%q:%s", name, typedText("stringValue", s)) }

// callsSub are lines of a task that calls the integration sub.
func callsSub(id, kind string, params ...string) string {
	params = append(params, param("workflowName", "sub"), param("triggerId", "api_trigger/t"))
	return fmt.Sprintf("%s task: %q\n%s parameters: {%s}\n", id, kind, id, strings.Join(params, ","))
}

func subEngine(t *testing.T, o Options, mainPlan, subPlan string) *Engine {
	t.Helper()
	e := planEngine(t, o, mainPlan)
	if bad := e.Load("sub", planExport(t, subPlan)); bad != nil {
		t.Fatal(bad)
	}
	return e
}

func TestCallIntegration(t *testing.T) {
	main := "start: 1\nvar ids STRING_ARRAY OUT:\nvar got STRING_VALUE OUT:\n" +
		callsSub("1", "SubWorkflowExecutorV2Task", `"requestParamsMap":`+pairs("n>n nothing>there"), `"responseParamsMap":`+pairs("code>got n>n"), param("executionIds", "$ids$"))
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"5": "201"}}
		e := subEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }}, main, "start: 5 if $n$ = 7")
		status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":7}}}`)
		if status != 200 || !strings.Contains(body, `"outputParameters":{"ids":["x-1-0"],"got":"201 Created","n":7}`) {
			t.Errorf("%d %s", status, body)
		}
		child := e.Executions("sub")[0]
		if child.ID != "x-1-0" || child.Parent != "x" || e.Executions("plan")[0].Done["1"].Children[0] != "x-1-0" {
			t.Errorf("%+v", child)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"5": "404"}}
		e := subEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }}, main, "start: 5")
		status, body := execute(t, e, "plan", runPlan)
		if status != 500 || !strings.Contains(body, `execution x-1-0 of integration \"sub\": task 5 failed: GET http://task/5 answered 404 Not Found`) {
			t.Errorf("%d %s", status, body)
		}
		e.Remove("sub")
		if status, body := execute(t, e, "plan", runPlan); status != 404 || !strings.Contains(body, `Integration \"sub\" was not found`) {
			t.Errorf("%d %s", status, body)
		}
	})
}

func TestCallIntegrationLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"5": "10s"}}
		main := "start: 1\n1: 2\n" + callsSub("1", "SubWorkflowExecutorV2Task", param("executionStrategy", "ASYNC"), `"timeInMsToSchedule":{"value":{"intValue":"60000"}}`)
		e := subEngine(t, Options{Client: p.client()}, main, "start: 5")
		if status, body := execute(t, e, "plan", runPlan); status != 200 || p.played() != "2@0s" {
			t.Errorf("%d %s, calls %s", status, body, p.played())
		}
		time.Sleep(80 * time.Second)
		synctest.Wait()
		if child := e.Executions("sub")[0]; p.played() != "2@0s 5@1m0s" || child.State != Succeeded || child.Parent != "" || child.Method != PostToQueue {
			t.Errorf("calls %s, %+v", p.played(), child)
		}
	})
}

func TestRecursionIsBounded(t *testing.T) {
	e := subEngine(t, Options{}, "start: 1\n"+callsSub("1", "SubWorkflowExecutorV2Task"), "start: 1\n"+callsSub("1", "SubWorkflowExecutorV2Task"))
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, "nested deeper than 20") {
		t.Errorf("%d %s", status, body)
	}
}

func TestForEachLoop(t *testing.T) {
	main := "start: 1\nvar list STRING_ARRAY IN:\nvar codes STRING_ARRAY OUT:\nvar meta JSON_VALUE OUT:\n" +
		callsSub("1", "SubWorkflowForEachLoopV2Task", param("listToIterate", "$list$"), param("iterationElementMapping", "task"),
			`"aggregatorParameterMapping":`+pairs("code>codes"), param("loopMetadata", "$meta$"))
	sub := "start: 5\nvar task STRING_VALUE IN:\n5 parameters: {" + param("url", "http://task/$task$") + "," + param("httpMethod", "GET") + "," +
		param("responseStatus", "$code$") + `,"throwError":{"value":{"booleanValue":true}}}`
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"a": "1s", "b": "202"}}
		e := subEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }}, main, sub)
		status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"list":{"stringArray":{"stringValues":["a","b"]}}}}`)
		if status != 200 || p.played() != "a@0s b@1s" || !strings.Contains(body, `"codes":["200 OK","202 Accepted"]`) ||
			!strings.Contains(body, `"current_iteration_count":2,"Current Iteration Count":2,"sub_integration_execution_ids":["x-1-0","x-1-1"]`) {
			t.Errorf("%d %s, calls %s", status, body, p.played())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"b": "500"}}
		e := subEngine(t, Options{Client: p.client(), Journal: newCutJournal(1000), NewID: func() string { return "x" }}, main+"1 policy: {\"retryStrategy\":\"IGNORE\"}", sub)
		status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"list":{"stringArray":{"stringValues":["a","b","c"]}}}}`)
		if status != 200 || p.calls["c"] != 0 || !strings.Contains(body, `"codes":["200 OK"]`) || !strings.Contains(body, `"failure_location":1`) || !strings.Contains(body, "answered 500") {
			t.Errorf("%d %s, calls %v", status, body, p.calls)
		}
	})
	e := subEngine(t, Options{}, main, sub)
	if status, body := execute(t, e, "plan", runPlan); status != 500 || !strings.Contains(body, "the list to go through: the value is null") {
		t.Errorf("%d %s", status, body)
	}
	if _, err := elements(parseTemplate("$big$"), bigScope(t, maxIterations+1), maxIterations); err == nil {
		t.Error("a list beyond the limit is taken")
	}
}

func bigScope(t *testing.T, n int) *scope {
	s := fakeRun(t, "{}").scope
	s.vars["big"] = make([]any, n)
	return s
}

func TestWhileLoopIsBounded(t *testing.T) {
	main := "start: 1\n" + callsSub("1", "SubWorkflowWhileLoopV2Task", param("whileCondition", "$n$ = 1"))
	e := subEngine(t, Options{Client: (&player{}).client()}, main, "start: 5 if $n$ = 0")
	status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":1}}}`)
	if status != 500 || !strings.Contains(body, "the condition still holds after 8000 rounds") {
		t.Errorf("%d %s", status, body)
	}
}

func TestForEachParallel(t *testing.T) {
	task := func(more ...string) string {
		return "start: 1\nvar list STRING_ARRAY IN:\nvar codes STRING_ARRAY OUT:\nvar all JSON_VALUE OUT:\n" +
			callsSub("1", "SubWorkflowScatterGatherTask", append(more, param("listToScatter", "$list$"), param("subworkflowInput", "task"),
				`"responseAggregatorMap":`+pairs("code>codes"), param("scatterResponseJson", "$all$"))...)
	}
	sub := "start: 5\nvar task STRING_VALUE IN:\n5 parameters: {" + param("url", "http://task/$task$") + "," + param("httpMethod", "GET") + "," +
		param("responseStatus", "$code$") + `,"throwError":{"value":{"booleanValue":true}}}`
	const call = `{"triggerId":"api_trigger/t","inputParameters":{"list":{"stringArray":{"stringValues":["a","b","c"]}}}}`
	synctest.Test(t, func(t *testing.T) { // two at a time; results in the order of the list
		p := &player{plays: map[string]string{"a": "4s", "b": "1s", "c": "202"}}
		e := subEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }}, task(`"maxParallelScatters":{"value":{"intValue":"2"}}`), sub)
		status, body := execute(t, e, "plan", call)
		if status != 200 || p.played() != "a@0s b@0s c@1s" || !strings.Contains(body, `"codes":["200 OK","200 OK","202 Accepted"]`) {
			t.Errorf("%d %s, calls %s", status, body, p.played())
		}
	})
	synctest.Test(t, func(t *testing.T) { // a failure cancels the others
		p := &player{plays: map[string]string{"a": "1h", "b": "500"}}
		e := subEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }}, task(), sub)
		began := time.Now()
		status, body := execute(t, e, "plan", call)
		if status != 500 || time.Since(began) > time.Second || !strings.Contains(body, "element 1: execution x-1-1") {
			t.Errorf("%d %s after %s", status, body, time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) { // or is ignored
		p := &player{plays: map[string]string{"b": "500"}}
		e := subEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }}, task(`"ignoreIndividualFailures":{"value":{"booleanValue":true}}`), sub)
		status, body := execute(t, e, "plan", call)
		if status != 200 || !strings.Contains(body, `"codes":["200 OK","200 OK"]`) || !strings.Contains(body, `{"executionId":"x-1-1","error":`) {
			t.Errorf("%d %s", status, body)
		}
	})
	synctest.Test(t, func(t *testing.T) { // in the background, a batch at a time
		p := &player{}
		e := subEngine(t, Options{Client: p.client()}, task(param("executionStrategy", "ASYNC"), `"maxParallelScatters":{"value":{"intValue":"2"}}`, `"staggeredScheduleByBatch":{"value":{"intValue":"5000"}}`), sub)
		execute(t, e, "plan", call)
		time.Sleep(time.Minute)
		synctest.Wait()
		if p.played() != "a@0s b@0s c@5s" {
			t.Errorf("calls %s", p.played())
		}
	})
}

// TestSuspendedSubIntegration waits inside of its parent, and is lifted by its own id.
func TestSuspendedSubIntegration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{}
		e := subEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }}, "start: 1\n"+callsSub("1", "SubWorkflowExecutorV2Task"), approval)
		done := make(chan Answer)
		go func() {
			a, _ := e.Execute(t.Context(), Call{Name: "plan", Body: []byte(runPlan)})
			done <- a
		}()
		time.Sleep(time.Minute)
		if err := e.Lift(t.Context(), "x-1-0", "x", "", false); err != nil {
			t.Fatal(err)
		}
		if a := <-done; a.Status != 200 || p.played() != "1@0s 3@1m0s" {
			t.Errorf("%d %s, calls %s", a.Status, a.Body, p.played())
		}
	})
}

func TestLoopOutputIsBounded(t *testing.T) {
	a := fakeRun(t, `{"big":"x"}`)
	a.scope.vars["big"] = strings.Repeat("x", 20<<20)
	l := loop{collect: []pairing{{splitReference("big"), splitReference("all")}}}
	c := l.collector(a)
	var err error
	rounds := 0
	for ; err == nil && rounds < 10; rounds++ {
		err = c.add(a.scope)
	}
	if err == nil || rounds != 3 {
		t.Errorf("%v after %d rounds of 20 MB", err, rounds)
	}
}
