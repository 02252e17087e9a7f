package integrations

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const runPlan = `{"triggerId":"api_trigger/t"}`

// approval is a plan in which task 2 waits; task 3 follows an approval and task 4 a rejection.
const approval = "start: 1\n1: 2\n2: 3 if $ok$ = true, 4 if $ok$ = false\n" +
	`2 task: "SuspensionTask"` + "\n" +
	`2 parameters: {"isApproved":{"value":{"stringArray":{"stringValues":["$ok$"]}}},"customMessage":{"value":{"stringValue":"approve $n$?"}},` +
	`"notifications":{"value":{"jsonValue":"{\"protoValues\":[{\"emailAddress\":{\"email\":\"a@example.com\"}}]}"}},` +
	`"suspensionExpiration":{"value":{"jsonValue":"{\"expireAfterMs\": 3600000}"}}}`

func TestApproval(t *testing.T) {
	for name, c := range map[string]struct {
		rejected bool
		wait     time.Duration
		want     string
	}{
		"lifted":   {false, 0, "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SKIPPED"},
		"rejected": {true, 0, "1 SUCCEED 2 SUCCEED 4 SUCCEED 3 SKIPPED"},
		"expired":  {false, time.Hour, "1 SUCCEED 2 SUCCEED 4 SUCCEED 3 SKIPPED"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &player{}
				e := planEngine(t, Options{Client: p.client()}, approval)
				status, body := execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":7}}}`)
				x := e.Executions("")[0]
				if status != 200 || x.State != Suspended || !x.Detached || len(x.Suspensions) != 1 || !strings.Contains(body, x.ID) {
					t.Fatalf("%d %s %+v", status, body, x)
				}
				if s := x.Suspensions[0]; s.Message != "approve 7?" || s.Notified[0] != "a@example.com" || !s.Expires.Equal(s.Created.Add(time.Hour)) {
					t.Errorf("%+v", s)
				}
				if c.wait > 0 {
					time.Sleep(c.wait)
				} else if err := e.Lift(t.Context(), x.ID, x.Suspensions[0].ID, "", c.rejected); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				all := e.Executions("")
				if got := strings.Join(states(all[0]), " "); len(all) != 1 || all[0].State != Succeeded || got != c.want || p.calls["1"] != 1 {
					t.Errorf("%d executions, %s, %s, calls %v", len(all), all[0].State, got, p.calls)
				}
				if err := e.Lift(t.Context(), x.ID, x.Suspensions[0].ID, "", false); !errors.Is(err, ErrNotHere) {
					t.Errorf("a second lift: %v", err)
				}
			})
		})
	}
}

func TestLiftKnowsItsSuspension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := planEngine(t, Options{Client: (&player{}).client()}, approval)
		execute(t, e, "plan", runPlan)
		id := e.Executions("")[0].ID
		var status *StatusError
		if err := e.Lift(t.Context(), id, "other", "", false); !errors.As(err, &status) || status.Code != 404 {
			t.Errorf("%v", err)
		}
		if err := e.Lift(t.Context(), "other", "other", "", false); !errors.Is(err, ErrNotHere) {
			t.Errorf("%v", err)
		}
		if s := e.Executions("")[0].State; s != Suspended {
			t.Errorf("state %s", s)
		}
	})
}

func TestTimerAndSuspend(t *testing.T) {
	const tasks = "start: 1\n1: 2\n2: 3\n" + `2 task: "KIND"` + "\n" +
		`2 parameters: {"suspensionExpiration":{"value":{"jsonValue":"{\"expireAfterMs\": 60000}"}},"suspensionResult":{"value":{"stringValue":"$code$"}}}`
	synctest.Test(t, func(t *testing.T) {
		p := &player{}
		e := planEngine(t, Options{Client: p.client()}, strings.Replace(tasks, "KIND", "TimerTask", 1))
		execute(t, e, "plan", runPlan)
		x := e.Executions("")[0]
		if err := e.Lift(t.Context(), x.ID, x.Suspensions[0].ID, "", false); err == nil {
			t.Error("a Timer can be lifted")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := p.played(); got != "1@0s 3@1m0s" || e.Executions("")[0].State != Succeeded {
			t.Errorf("%s, %s", got, e.Executions("")[0].State)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := &player{}
		e := planEngine(t, Options{Client: p.client()}, strings.Replace(tasks, "KIND", "SuspendTask", 1)+"\n2: 3 if $code$ = go")
		execute(t, e, "plan", runPlan)
		x := e.Executions("")[0]
		if err := e.Lift(t.Context(), x.ID, x.Suspensions[0].ID, "go", false); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := p.played(); got != "1@0s 3@0s" {
			t.Errorf("%s", got)
		}
	})
}

// TestLiftWhileOthersRun lifts one path while the other is busy: the execution is never put aside.
func TestLiftWhileOthersRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"1": "1m"}}
		e := planEngine(t, Options{Client: p.client()}, "start: 1, 2\n2 successPolicy: {\"finalState\":\"SUSPENDED\"}\n2: 3")
		done := make(chan int)
		go func() {
			a, _ := e.Execute(t.Context(), Call{Name: "plan", Body: []byte(runPlan)})
			done <- a.Status
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		x := e.Executions("")[0]
		if x.State != Processing || len(x.Suspensions) != 1 {
			t.Fatalf("%+v", x)
		}
		if err := e.Lift(t.Context(), x.ID, x.Suspensions[0].ID, "", false); err != nil {
			t.Fatal(err)
		}
		if status := <-done; status != 200 || p.played() != "1@0s 2@0s 3@10s" {
			t.Errorf("%d, calls %s", status, p.played())
		}
		if x := e.Executions("")[0]; x.State != Succeeded || x.Detached {
			t.Errorf("%+v", x)
		}
	})
}

func TestCancel(t *testing.T) {
	t.Run("suspended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := planEngine(t, Options{Client: (&player{}).client()}, approval)
			execute(t, e, "plan", runPlan)
			if err := e.Cancel(t.Context(), e.Executions("")[0].ID); err != nil {
				t.Fatal(err)
			}
			if x := e.Executions("")[0]; x.State != Cancelled || x.Done["2"].State != TaskCancelled || x.Error.Code != 499 {
				t.Errorf("%+v", x)
			}
		})
	})
	t.Run("on hold, and not while a task is under way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &player{plays: map[string]string{"1": "30s 500"}}
			e := planEngine(t, Options{Client: p.client(), NewID: func() string { return "x" }},
				"start: 1, 2\n2 policy: {\"retryStrategy\":\"FIXED_INTERVAL\",\"maxRetries\":9,\"intervalTime\":\"60s\"}")
			p.plays["2"] = "500"
			done := make(chan Answer)
			go func() {
				a, _ := e.Execute(t.Context(), Call{Name: "plan", Body: []byte(runPlan)})
				done <- a
			}()
			time.Sleep(10 * time.Second)
			synctest.Wait()
			var status *StatusError
			if err := e.Cancel(t.Context(), "x"); !errors.As(err, &status) || status.Code != 400 {
				t.Errorf("in process: %v", err)
			}
			time.Sleep(30 * time.Second)
			synctest.Wait()
			if s := e.Executions("")[0].State; s != RetryOnHold {
				t.Fatalf("state %s", s)
			}
			if err := e.Cancel(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
			if a := <-done; a.Status != 499 || e.Executions("")[0].State != Cancelled {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	})
}

func TestSuspensionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := planEngine(t, Options{Client: (&player{}).client(), MaxSuspended: 1}, approval)
		execute(t, e, "plan", runPlan)
		if status, body := execute(t, e, "plan", runPlan); status != 429 {
			t.Errorf("%d %s", status, body)
		}
	})
}
