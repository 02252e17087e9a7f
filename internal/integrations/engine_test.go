package integrations

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const restCall = `{"triggerId":"api_trigger/rest_API_1","inputParameters":{"base":{"stringValue":"http://orders"}}}`

// hanging is a client whose calls last until their context ends.
func hanging() *http.Client {
	return clientOf(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
}

// answering is a client that counts its calls and answers with the statuses in turn.
func answering(calls *atomic.Int64, statuses ...int) *http.Client {
	return clientOf(func(r *http.Request) (*http.Response, error) {
		n := calls.Add(1)
		return &http.Response{StatusCode: statuses[min(int(n), len(statuses))-1], Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	})
}

func TestSyncLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Client: hanging()}, "rest")
		began := time.Now()
		status, body := execute(t, e, "rest", restCall)
		if status != 504 || !strings.Contains(body, `"DEADLINE_EXCEEDED"`) {
			t.Errorf("%d %s", status, body)
		}
		if d := time.Since(began); d != 2*time.Minute {
			t.Errorf("it took %s", d)
		}
		if x := e.Executions("rest")[0]; x.State != Cancelled || x.Tasks()[0].State != TaskCancelled {
			t.Errorf("state %s, task %s", x.State, x.Tasks()[0].State)
		}
	})
}

func TestCallerGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Client: hanging()}, "rest")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := e.Execute(ctx, Call{Name: "rest", Body: []byte(restCall)})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if x := e.Executions("rest")[0]; x.State != Cancelled {
			t.Errorf("state %s", x.State)
		}
	})
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		e := newEngine(t, Options{Client: answering(&calls, 200), NewID: func() string { return "id-1" }}, "retry")
		at := time.Now().Add(time.Hour).Format(time.RFC3339)
		a, err := e.Schedule(t.Context(), Call{Name: "retry", Body: []byte(`{"triggerId":"api_trigger/retry_API_1","scheduleTime":"` + at + `","inputParameters":{"base":{"stringValue":"http://x"}}}`)})
		if err != nil || a.Status != 200 || string(a.Body) != `{"executionInfoIds":["id-1"]}` {
			t.Fatalf("%d %s %v", a.Status, a.Body, err)
		}
		time.Sleep(time.Hour - time.Second)
		synctest.Wait()
		if s := e.Executions("retry")[0].State; calls.Load() != 0 || s != Pending {
			t.Errorf("before its time: %d calls, %s", calls.Load(), s)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if x := e.Executions("retry")[0]; calls.Load() != 1 || x.State != Succeeded || x.Method != Schedule {
			t.Errorf("at its time: %d calls, %s", calls.Load(), x.State)
		}
		if n := e.held.Load(); n != 0 {
			t.Errorf("%d bytes held after the end", n)
		}
	})
}

func TestScheduleRefuses(t *testing.T) {
	e := newEngine(t, Options{}, "retry")
	a, err := e.Schedule(t.Context(), Call{Name: "retry", Body: []byte(`{"triggerId":"api_trigger/retry_API_1","scheduleTime":"tomorrow"}`)})
	if err != nil || a.Status != 400 || !strings.Contains(string(a.Body), `scheduleTime \"tomorrow\" is not an RFC 3339 time.`) {
		t.Errorf("%d %s %v", a.Status, a.Body, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Schedule(gone, Call{Name: "retry"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAsyncLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Client: hanging()}, "rest")
		if _, err := e.Schedule(t.Context(), Call{Name: "rest", Body: []byte(restCall)}); err != nil { // no scheduleTime: now
			t.Fatal(err)
		}
		time.Sleep(50*time.Minute - time.Second)
		if s := e.Executions("rest")[0].State; s != Processing {
			t.Errorf("before the limit: %s", s)
		}
		time.Sleep(2 * time.Second)
		if s := e.Executions("rest")[0].State; s != Cancelled {
			t.Errorf("after the limit: %s", s)
		}
	})
}

func TestRetries(t *testing.T) {
	call := Call{Name: "retry", Body: []byte(`{"triggerId":"api_trigger/retry_API_1","inputParameters":{"base":{"stringValue":"http://x"}}}`)}
	synctest.Test(t, func(t *testing.T) { // LINEAR_BACKOFF of 3 s, with 1 to 5 s on top of each
		var calls atomic.Int64
		e := newEngine(t, Options{Client: answering(&calls, 503, 503, 200)}, "retry")
		began := time.Now()
		a, err := e.Execute(t.Context(), call)
		if d := time.Since(began); err != nil || a.Status != 200 || calls.Load() != 3 || d < 11*time.Second || d > 19*time.Second {
			t.Errorf("%d %v, %d calls, %s", a.Status, err, calls.Load(), d)
		}
		if r := e.Executions("retry")[0].Done["1"]; r.Attempts != 3 || r.State != TaskSucceed {
			t.Errorf("%+v", r)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		e := newEngine(t, Options{Client: answering(&calls, 503)}, "retry")
		if a, err := e.Execute(t.Context(), call); err != nil || a.Status != 500 || calls.Load() != 3 {
			t.Errorf("%d %v, %d calls", a.Status, err, calls.Load())
		}
	})
	synctest.Test(t, func(t *testing.T) { // asynchronous: FIXED_INTERVAL of 10 s
		var calls atomic.Int64
		e := newEngine(t, Options{Client: answering(&calls, 503, 503, 200)}, "retry")
		if _, err := e.Schedule(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20*time.Second - time.Millisecond)
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls before 20 s", n)
		}
		time.Sleep(2 * time.Millisecond)
		if s := e.Executions("retry")[0].State; s != Succeeded {
			t.Errorf("state %s", s)
		}
	})
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		s    strategy
		want []time.Duration
	}{
		{fixed, []time.Duration{3 * time.Second, 3 * time.Second, 3 * time.Second}},
		{linear, []time.Duration{3 * time.Second, 6 * time.Second, 9 * time.Second}},
		{exponential, []time.Duration{3 * time.Second, 9 * time.Second, 81 * time.Second}},
	} {
		p := failurePolicy{strategy: c.s, retries: len(c.want), interval: 3 * time.Second}
		for i, want := range c.want {
			d, ok := p.delay(i + 1)
			most := want + 5*time.Second
			if c.s == fixed {
				most = want
			}
			if !ok || d < want || d > most {
				t.Errorf("%s %d: %s, %v; want %s", c.s, i+1, d, ok, want)
			}
		}
		if _, ok := p.delay(len(c.want) + 1); ok {
			t.Errorf("%s retries too often", c.s)
		}
	}
}

func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Client: hanging(), MaxConcurrent: 1, MaxQueue: 1, SyncLimit: time.Minute}, "rest", "branch")
		first := Call{Name: "rest", Body: []byte(restCall)}
		quick := Call{Name: "branch", Body: []byte(`{"triggerId":"api_trigger/branch_API_1"}`)}
		go e.Execute(t.Context(), first)
		synctest.Wait()
		waiting := make(chan Answer)
		go func() {
			time.Sleep(time.Second)
			a, _ := e.Execute(t.Context(), quick)
			waiting <- a
		}()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if a, err := e.Execute(t.Context(), quick); err != nil || a.Status != 429 || !strings.Contains(string(a.Body), `"RESOURCE_EXHAUSTED"`) {
			t.Errorf("third: %d %s %v", a.Status, a.Body, err)
		}
		if a := <-waiting; a.Status != 200 { // the first one expires after a minute
			t.Errorf("second: %d %s", a.Status, a.Body)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Options{Client: hanging()})
		load(t, e, "rest")
		answers := make(chan Answer, 1)
		go func() {
			a, _ := e.Execute(t.Context(), Call{Name: "rest", Body: []byte(restCall)})
			answers <- a
		}()
		later := strings.Replace(restCall, `{`, `{"scheduleTime":"2999-01-01T00:00:00Z",`, 1)
		if a, _ := e.Schedule(t.Context(), Call{Name: "rest", Body: []byte(later)}); a.Status != 200 {
			t.Fatalf("%s", a.Body)
		}
		synctest.Wait()
		e.Close()
		if a := <-answers; a.Status != 503 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		for _, x := range e.Executions("") {
			if x.State != Cancelled {
				t.Errorf("state %s", x.State)
			}
		}
		if a, err := e.Execute(t.Context(), Call{Name: "rest", Body: []byte(restCall)}); err != nil || a.Status != 503 {
			t.Errorf("after Close: %d %v", a.Status, err)
		}
		e.Close() // again is harmless
	})
}

func TestConcurrentLoadAndExecute(t *testing.T) {
	e := newEngine(t, Options{MaxConcurrent: 4}, "branch")
	done := make(chan int)
	for range 8 {
		go func() {
			n := 0
			for range 50 {
				a, err := e.Execute(t.Context(), Call{Name: "branch", Body: []byte(`{"triggerId":"api_trigger/branch_API_1","inputParameters":{"amount":{"intValue":7}}}`)})
				if err == nil && a.Status == 200 {
					n++
				}
			}
			done <- n
		}()
	}
	for range 50 {
		load(t, e, "branch")
		e.Executions("branch")
	}
	for range 8 {
		if n := <-done; n != 50 {
			t.Errorf("%d of 50 succeeded", n)
		}
	}
}
