package integrations

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestWalk runs graphs in virtual time. calls is when each task was called; tasks how each ended.
func TestWalk(t *testing.T) {
	for _, c := range []struct {
		name, plan, plays, inputs string
		state                     State
		calls, tasks              string
	}{
		{"a fork runs side by side, a join waits for all", "start: 1\n1: 2, 3\n2: 4\n3: 4", "2=3s 3=5s", "", Succeeded,
			"1@0s 2@0s 3@0s 4@5s", "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SUCCEED"},
		{"two starts", "start: 1, 2\n1: 3\n2: 3", "1=1s 2=2s", "", Succeeded, "1@0s 2@0s 3@2s", "1 SUCCEED 2 SUCCEED 3 SUCCEED"},
		{"a join with one true edge runs after all have finished", "start: 1\n1: 2, 3\n2: 4 if $n$ = 0\n3: 4 if $n$ = 1", "2=7s", `{"n":{"intValue":1}}`, Succeeded,
			"1@0s 2@0s 3@0s 4@7s", "1 SUCCEED 3 SUCCEED 2 SUCCEED 4 SUCCEED"},
		{"a join without a true edge is skipped, and what follows", "start: 1\n1: 2, 3\n2: 4 if $n$ = 0\n3: 4 if $n$ = 2\n4: 5", "", `{"n":{"intValue":1}}`, Succeeded,
			"1@0s 2@0s 3@0s", "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SKIPPED 5 SKIPPED"},
		{"WHEN_ANY_SUCCEED runs once, with the first", "start: 1\n1: 2, 3\n2: 4\n3: 4\n4 join: WHEN_ANY_SUCCEED", "2=3s 3=5s", "", Succeeded,
			"1@0s 2@0s 3@0s 4@3s", "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SUCCEED"},
		{"WHEN_ANY_SUCCEED without a true edge is skipped", "start: 1\n1: 2, 3\n2: 4 if $n$ = 0\n3: 4 if $n$ = 0\n4 join: WHEN_ANY_SUCCEED", "", `{"n":{"intValue":1}}`, Succeeded,
			"1@0s 2@0s 3@0s", "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SKIPPED"},
		{"all edges must hold", "start: 1\n1: 2, 3\n2: 4\n3: 4 if $n$ = 0\n4 join: WHEN_ALL_TASKS_AND_CONDITIONS_SUCCEED", "", `{"n":{"intValue":1}}`, Succeeded,
			"1@0s 2@0s 3@0s", "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SKIPPED"},
		{"all edges hold", "start: 1\n1: 2, 3\n2: 4\n3: 4\n4 join: WHEN_ALL_TASKS_AND_CONDITIONS_SUCCEED", "3=1s", "", Succeeded,
			"1@0s 2@0s 3@0s 4@1s", "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SUCCEED"},
		{"RUN_FIRST_MATCH", "start: 1\n1: 2 if $n$ = 0, 3, 4\n1 fork: RUN_FIRST_MATCH", "", `{"n":{"intValue":1}}`, Succeeded,
			"1@0s 3@0s", "1 SUCCEED 3 SUCCEED 2 SKIPPED 4 SKIPPED"},
		{"a path may be empty", "start: 1 if $n$ = 5", "", `{"n":{"intValue":1}}`, Succeeded, "", "1 SKIPPED"},

		{"NONE fails what follows, and the execution", "start: 1\n1: 2", "1=500", "", Failed, "1@0s", "1 FAILED 2 SKIPPED"},
		{"NONE is made up for by the end of another path", "start: 1, 2\n1: 3\n2: 4", "1=500 2=2s", "", Succeeded,
			"1@0s 2@0s 4@2s", "1 FAILED 2 SUCCEED 4 SUCCEED 3 SKIPPED"},
		{"a failure before a join keeps it from running", "start: 1, 2\n1: 3\n2: 3", "1=500", "", Failed, "1@0s 2@0s", "1 FAILED 2 SUCCEED 3 SKIPPED"},
		{"so does a failure further up", "start: 1, 2\n1: 3\n3: 4\n2: 4\n4: 5", "1=500", "", Failed, "1@0s 2@0s", "1 FAILED 2 SUCCEED 3 SKIPPED 4 SKIPPED 5 SKIPPED"},
		{"a failure before WHEN_ANY_SUCCEED does not", "start: 1, 2\n1: 3\n2: 3\n3 join: WHEN_ANY_SUCCEED", "1=500", "", Succeeded, "1@0s 2@0s 3@0s", "1 FAILED 2 SUCCEED 3 SUCCEED"},
		{"FATAL ends all paths", "start: 1, 2\n1: 4\n4 policy: {\"retryStrategy\":\"FATAL\"}\n2: 3", "1=1s 4=500 2=60s", "", Failed,
			"1@0s 2@0s 4@1s", "1 SUCCEED 2 CANCELLED 4 FATAL 3 SKIPPED"},
		{"IGNORE goes on", "start: 1\n1: 2\n1 policy: {\"retryStrategy\":\"IGNORE\"}", "1=500", "", Succeeded, "1@0s 2@0s", "1 SUCCEED 2 SUCCEED"},
		{"UNSPECIFIED is NONE", "start: 1\n1 policy: {\"retryStrategy\":\"RETRY_STRATEGY_UNSPECIFIED\"}", "1=500", "", Failed, "1@0s", "1 FAILED"},

		{"an error catcher of a task", "start: 1\n1 catcher: EC\n1: 2\ncatcher EC: 8\n8: 9 if $`ErrorInfo.code`$ = 503", "1=503", "", Failed,
			"1@0s 8@0s 9@0s", "1 FAILED 8 SUCCEED 9 SUCCEED 2 SKIPPED"},
		{"that of the trigger is for tasks without one", "start: 1\n1 catcher: EC\nstart catcher: ED\ncatcher EC: 8\ncatcher ED: 9", "1=503", "", Failed,
			"1@0s 8@0s", "1 FAILED 8 SUCCEED"},
		{"that of the trigger", "start: 1\nstart catcher: ED\ncatcher ED: 9", "1=503", "", Failed, "1@0s 9@0s", "1 FAILED 9 SUCCEED"},
		{"a failure in an error catcher", "start: 1\nstart catcher: ED\ncatcher ED: 9", "1=503 9=500", "", Failed, "1@0s 9@0s", "1 FAILED 9 FAILED"},
		{"an error catcher after retries, with FATAL", "start: 1\n1 catcher: EC\n1 policy: {\"retryStrategy\":\"FATAL\"}\ncatcher EC: 8", "1=503", "", Failed, "1@0s 8@0s", "1 FATAL 8 SUCCEED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &player{plays: plays(c.plays)}
				e := planEngine(t, Options{Client: p.client()}, c.plan)
				inputs := c.inputs
				if inputs == "" {
					inputs = "{}"
				}
				execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":`+inputs+`}`)
				x := e.Executions("")[0]
				if got := strings.Join(states(x), " "); x.State != c.state || p.played() != c.calls || got != c.tasks {
					t.Errorf("%s, calls %s, tasks %s\nwant %s, calls %s, tasks %s", x.State, p.played(), got, c.state, c.calls, c.tasks)
				}
			})
		})
	}
}

// plays reads "1=500 2=3s,200" as task to words.
func plays(s string) map[string]string {
	out := map[string]string{}
	for _, f := range strings.Fields(s) {
		task, words, _ := strings.Cut(f, "=")
		out[task] = strings.ReplaceAll(words, ",", " ")
	}
	return out
}

// planEngine returns an engine with one integration, "plan".
func planEngine(t *testing.T, o Options, lines string) *Engine {
	t.Helper()
	e := newEngine(t, o)
	if bad := e.Load("plan", planExport(t, lines)); bad != nil {
		t.Fatal(bad)
	}
	return e
}

func TestErrorCatchersDoNotNest(t *testing.T) {
	e := newEngine(t, Options{})
	for _, lines := range []string{
		"start: 1\n1 catcher: EC\ncatcher EC: 1",
		"start: 1\n1 catcher: EC\ncatcher EC: 8\n8 catcher: ED\ncatcher ED: 9",
	} {
		bad := e.Load("plan", planExport(t, lines))
		if len(bad) != 1 || !strings.Contains(bad[0].Error(), "has an error catcher itself") {
			t.Errorf("%q: %v", lines, bad)
		}
	}
}
