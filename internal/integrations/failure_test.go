package integrations

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStrategies measures the times of the calls of task 2, which fails always. The backoffs add
// 1 to 5 seconds to each delay.
func TestStrategies(t *testing.T) {
	for _, c := range []struct {
		strategy string
		delays   []time.Duration
		jitter   time.Duration
		calls1   int
	}{
		{"FIXED_INTERVAL", []time.Duration{3 * time.Second, 3 * time.Second, 3 * time.Second}, 0, 1},
		{"LINEAR_BACKOFF", []time.Duration{3 * time.Second, 6 * time.Second, 9 * time.Second}, 5 * time.Second, 1},
		{"EXPONENTIAL_BACKOFF", []time.Duration{3 * time.Second, 9 * time.Second, 81 * time.Second}, 5 * time.Second, 1},
		{"RESTART_INTEGRATION_WITH_BACKOFF", []time.Duration{3 * time.Second, 9 * time.Second, 81 * time.Second}, 5 * time.Second, 4},
	} {
		t.Run(c.strategy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &player{plays: map[string]string{"2": "500"}}
				e := planEngine(t, Options{Client: p.client(), SyncLimit: time.Hour},
					"start: 1\n1: 2\n2: 3\n2 policy: {\"retryStrategy\":\""+c.strategy+"\",\"maxRetries\":3,\"intervalTime\":\"3s\"}")
				status, _ := execute(t, e, "plan", `{"triggerId":"api_trigger/t"}`)
				at := p.at["2"]
				if status != 500 || len(at) != len(c.delays)+1 || p.calls["1"] != c.calls1 || p.calls["3"] != 0 {
					t.Fatalf("status %d, calls %v", status, p.calls)
				}
				for i, want := range c.delays {
					if d := at[i+1].Sub(at[i]); d < want || d > want+c.jitter {
						t.Errorf("delay %d is %s, want %s to %s", i+1, d, want, want+c.jitter)
					}
				}
				x := e.Executions("")[0]
				if x.State != Failed || x.Attempt != c.calls1 {
					t.Errorf("state %s, attempt %d", x.State, x.Attempt)
				}
			})
		})
	}
}

func TestRestartBeginsWithTheFirstInputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"2": "500 200"}}
		e := planEngine(t, Options{Client: p.client()},
			"start: 1 if $n$ = 1\n1: 2\n2 policy: {\"retryStrategy\":\"RESTART_INTEGRATION_WITH_BACKOFF\",\"maxRetries\":2,\"intervalTime\":1}")
		status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":1}}}`)
		x := e.Executions("")[0]
		if status != 200 || p.calls["1"] != 2 || p.calls["2"] != 2 || x.State != Succeeded || x.Attempt != 2 || x.Restarts["2"] != 1 {
			t.Errorf("%d %s, calls %v, %+v", status, body, p.calls, x)
		}
	})
}

func TestConditionalFailurePolicies(t *testing.T) {
	const policies = "{\"failurePolicies\":[" +
		"{\"condition\":\"$`ErrorInfo.code`$ = 404\",\"retryStrategy\":\"IGNORE\"}," +
		"{\"condition\":\"$`ErrorInfo.code`$ = 503 AND $`ExecutionMode`$ = SYNC\",\"retryStrategy\":\"FIXED_INTERVAL\",\"maxRetries\":\"1\",\"intervalTime\":\"1970-01-01T00:00:10Z\"}]," +
		"\"defaultFailurePolicy\":{\"retryStrategy\":\"FATAL\",\"condition\":\"$n$ = 99\"}}"
	for plays, want := range map[string]string{
		"404":     "1@0s 2@0s: 1 SUCCEED 2 SUCCEED",
		"503 200": "1@0s 1@10s 2@10s: 1 SUCCEED 2 SUCCEED",
		"503":     "1@0s 1@10s: 1 FAILED 2 SKIPPED",
		"500":     "1@0s: 1 FATAL 2 SKIPPED",
		"503 404": "1@0s 1@10s 2@10s: 1 SUCCEED 2 SUCCEED",
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &player{plays: map[string]string{"1": plays}}
			e := planEngine(t, Options{Client: p.client()}, "start: 1\n1: 2\n1 conditionalFailurePolicies: "+policies)
			execute(t, e, "plan", `{"triggerId":"api_trigger/t"}`)
			if got := p.played() + ": " + strings.Join(states(e.Executions("")[0]), " "); got != want {
				t.Errorf("%s: %s\nwant %s", plays, got, want)
			}
		})
	}
}
