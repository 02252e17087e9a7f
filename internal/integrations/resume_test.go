package integrations

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A cutJournal keeps records as JSON and fails from a number of Reached on, as if the process
// had been killed just then.
type cutJournal struct {
	left int // Reached that still succeed

	mu    sync.Mutex
	kept  map[string][]byte
	ended map[string]State
	order []string
}

var errCut = errors.New("cut")

func newCutJournal(left int) *cutJournal {
	return &cutJournal{left: left, kept: map[string][]byte{}, ended: map[string]State{}}
}

func (j *cutJournal) Accepted(_ context.Context, r *Record) error { return j.keep("accepted", r) }

func (j *cutJournal) Reached(_ context.Context, r *Record) error {
	j.mu.Lock()
	j.left--
	cut := j.left < 0
	j.mu.Unlock()
	if cut {
		return errCut
	}
	return j.keep("reached", r)
}

func (j *cutJournal) Ended(_ context.Context, r *Record) error {
	j.mu.Lock()
	j.ended[r.ID] = r.State
	j.mu.Unlock()
	return j.keep("ended", r)
}

func (j *cutJournal) keep(what string, r *Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kept[r.ID] = text
	j.order = append(j.order, what+" "+r.ID)
	return nil
}

func (j *cutJournal) record(t *testing.T, id string) *Record {
	t.Helper()
	r := &Record{}
	if err := json.Unmarshal(j.kept[id], r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestResumeAfterEveryTask cuts an execution after each of its steps, resumes it in another
// engine, and wants the same end, with no finished task run again.
func TestResumeAfterEveryTask(t *testing.T) {
	for name, c := range map[string]struct {
		plan, plays string
		state       State
		tasks       string
	}{
		"fork and join":        {"start: 1\n1: 2, 3\n2: 4\n3: 4 if $n$ = 5\n4: 5", "2=1s 3=2s", Succeeded, "1 SUCCEED 2 SUCCEED 3 SUCCEED 4 SUCCEED 5 SUCCEED"},
		"failure and catcher":  {"start: 1\n1: 2\n2 catcher: EC\n2: 3\ncatcher EC: 8\n8: 9", "2=500", Failed, "1 SUCCEED 2 FAILED 8 SUCCEED 9 SUCCEED 3 SKIPPED"},
		"catcher of a trigger": {"start: 1, 4\nstart catcher: EC\n1: 2\n4: 2\ncatcher EC: 8\n8: 9", "1=500 4=1s", Failed, "1 FAILED 4 SUCCEED 8 SUCCEED 9 SUCCEED 2 SKIPPED"},
		"FATAL":                {"start: 1\n1: 2\n2: 3\n2 policy: {\"retryStrategy\":\"FATAL\"}", "2=500", Failed, "1 SUCCEED 2 FATAL 3 SKIPPED"},
		"first match":          {"start: 1\n1: 2 if $n$ = 0, 3 if $n$ = 5, 4\n1 fork: RUN_FIRST_MATCH", "", Succeeded, "1 SUCCEED 3 SUCCEED 2 SKIPPED 4 SKIPPED"},
	} {
		t.Run(name, func(t *testing.T) {
			for cut := 0; ; cut++ {
				if whole := resumeAfter(t, cut, c.plan, c.plays, c.state, c.tasks); whole {
					return
				}
			}
		})
	}
}

func resumeAfter(t *testing.T, cut int, plan, playsOf string, state State, tasks string) (whole bool) {
	synctest.Test(t, func(t *testing.T) {
		first := &player{plays: plays(playsOf)}
		j := newCutJournal(cut)
		o := Options{Client: first.client(), Journal: j, NewID: func() string { return "x" }}
		e := planEngine(t, o, plan)
		rec, err := e.Accept(t.Context(), Call{Name: "plan", Body: []byte(`{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":5}}}`)}, PostToQueue)
		if err != nil {
			t.Fatal(err)
		}
		if err = e.Resume(t.Context(), rec); err == nil {
			whole = true
			checkEnd(t, j, rec, state, tasks)
			return
		}
		if !errors.Is(err, errCut) || len(j.ended) > 0 {
			t.Fatalf("cut %d: %v, ended %v", cut, err, j.ended)
		}
		kept := j.record(t, "x")
		second := &player{plays: plays(playsOf)}
		j.left = 1000
		o.Client = second.client()
		rec = kept
		before := maps.Clone(kept.Done)
		if err := planEngine(t, o, plan).Resume(t.Context(), rec); err != nil {
			t.Fatalf("cut %d: %v", cut, err)
		}
		for id, was := range before {
			if !was.Ended.IsZero() && second.calls[id] > 0 {
				t.Errorf("cut %d: task %s had ended and was called again", cut, id)
			}
		}
		checkEnd(t, j, rec, state, tasks)
	})
	return whole
}

func checkEnd(t *testing.T, j *cutJournal, rec *Record, state State, tasks string) {
	t.Helper()
	if got := strings.Join(states(*rec), " "); rec.State != state || got != tasks || j.ended["x"] != state {
		t.Errorf("%s (journal %s), tasks %s\nwant %s, tasks %s", rec.State, j.ended["x"], got, state, tasks)
	}
}

func TestJournalRefuses(t *testing.T) {
	e := planEngine(t, Options{Client: (&player{}).client(), Journal: refusing{}}, "start: 1")
	if _, err := e.Accept(t.Context(), Call{Name: "plan", Body: []byte(runPlan)}, Post); !errors.Is(err, errCut) {
		t.Errorf("%v", err)
	}
	if status, _ := execute(t, e, "plan", runPlan); status != 500 {
		t.Errorf("%d", status)
	}
	if n := e.held.Load(); n != 0 {
		t.Errorf("%d bytes held", n)
	}
}

type refusing struct{ Journal }

func (refusing) Accepted(context.Context, *Record) error { return errCut }

// TestCloseLeavesDurableExecutions wants no end for an execution that nobody waits for, and one
// for an execution that somebody does.
func TestCloseLeavesDurableExecutions(t *testing.T) {
	for method, ended := range map[Method]bool{PostToQueue: false, Post: true} {
		synctest.Test(t, func(t *testing.T) {
			j := newCutJournal(1000)
			e := planEngine(t, Options{Client: (&player{plays: map[string]string{"2": "1h"}}).client(), Journal: j, NewID: func() string { return "x" }}, "start: 1\n1: 2")
			rec, err := e.Accept(t.Context(), Call{Name: "plan", Body: []byte(runPlan)}, method)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- e.Resume(context.Background(), rec) }()
			synctest.Wait()
			e.Close()
			err = <-done
			if (err == nil) != ended || (j.ended["x"] == Cancelled) != ended {
				t.Errorf("%s: %v, ended %v", method, err, j.ended)
			}
			if !ended && j.record(t, "x").Done["1"].State != TaskSucceed {
				t.Errorf("%+v", j.record(t, "x"))
			}
		})
	}
}

// TestResumeLifted suspends, lifts the record as on disk, and resumes.
func TestResumeLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{}
		j := newCutJournal(1000)
		o := Options{Client: p.client(), Journal: j, NewID: func() string { return "x" }}
		rec, err := planEngine(t, o, approval).Accept(t.Context(), Call{Name: "plan", Body: []byte(runPlan)}, Post)
		if err != nil {
			t.Fatal(err)
		}
		if err := planEngine(t, o, approval).Resume(t.Context(), rec); err != nil || rec.State != Suspended {
			t.Fatalf("%v %s", err, rec.State)
		}
		if a := rec.Answer(); a.Status != 200 || !strings.Contains(string(a.Body), `"executionId":"x"`) {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		time.Sleep(30 * time.Minute)
		kept := j.record(t, "x")
		if err := Lift(kept, "x", "", false, time.Now()); err != nil { // the suspension has the same id here
			t.Fatal(err)
		}
		if err := planEngine(t, o, approval).Resume(t.Context(), kept); err != nil || kept.State != Succeeded || p.played() != "1@0s 3@30m0s" {
			t.Errorf("%v %s %s", err, kept.State, p.played())
		}
	})
}

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{plays: map[string]string{"2": "500 200"}}
		j := newCutJournal(1000)
		n := 0
		e := planEngine(t, Options{Client: p.client(), Journal: j, NewID: func() string { n++; return "x" + string(rune('0'+n)) }}, "start: 1 if $n$ = 5\n1: 2")
		execute(t, e, "plan", `{"triggerId":"api_trigger/t","inputParameters":{"n":{"intValue":5}}}`)
		failed := j.record(t, "x1")
		if failed.State != Failed || failed.Error == nil || failed.Error.Task != "2" {
			t.Fatalf("%+v", failed)
		}
		again, err := e.Replay(t.Context(), failed, "REPLAY_MODE_POINT_OF_FAILURE", "try", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Resume(t.Context(), again); err != nil || again.State != Succeeded || p.calls["1"] != 1 || p.calls["2"] != 2 || again.Replay.Of != "x1" {
			t.Errorf("%v %+v, calls %v", err, again, p.calls)
		}
		begun, err := e.Replay(t.Context(), failed, "REPLAY_MODE_FROM_BEGINNING", "", map[string]json.RawMessage{"n": json.RawMessage("6")})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Resume(t.Context(), begun); err != nil || begun.State != Succeeded || begun.Done["1"].State != TaskSkipped {
			t.Errorf("%v %+v", err, begun)
		}
	})
}

// TestDurableCallsCarryTheirKey wants the same header for every try of a task, also after a cut.
func TestDurableCallsCarryTheirKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys []string
		client := clientOf(func(r *http.Request) (*http.Response, error) {
			keys = append(keys, r.Header.Get(idempotencyKey))
			return nil, errCut
		})
		e := planEngine(t, Options{Client: client, Journal: newCutJournal(1000), NewID: func() string { return "x" }},
			"start: 7\n7 policy: {\"retryStrategy\":\"FIXED_INTERVAL\",\"maxRetries\":1,\"intervalTime\":1}")
		execute(t, e, "plan", runPlan)
		if got := strings.Join(keys, " "); got != "x-7 x-7" {
			t.Errorf("keys %s", got)
		}
	})
}
