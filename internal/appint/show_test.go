package appint

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/integrations"
)

// keptMany writes entries of executions as another process would have left them: two integrations,
// three states, creation times in no order and some of them equal.
func keptMany(t testing.TB, s *server, count int) {
	t.Helper()
	states := []integrations.State{integrations.Succeeded, integrations.Failed, integrations.Cancelled}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range count {
		created := start.Add(time.Duration(i*7919%count/2) * time.Second)
		r := &integrations.Record{
			ID: fmt.Sprintf("kept-%05d", i), Integration: []string{"orders", "stock"}[i%2], State: states[i%3],
			Method: integrations.PostToQueue, Created: created, Updated: created.Add(time.Second),
		}
		value, err := json.Marshal(entry{Summary: summarize(r, "elsewhere")})
		check(t, err)
		_, err = s.records.durable.Put(t.Context(), r.ID, value, time.Hour)
		check(t, err)
	}
	for deadline := time.Now().Add(testPatience); time.Now().Before(deadline); time.Sleep(time.Millisecond) { // the watch tells nobody how far it is
		if s.records.lasting.len() == count {
			return
		}
	}
	t.Fatalf("%d of %d executions are known", s.records.lasting.len(), count)
}

// TestExecutionInfosInPages goes through all pages of a query and finds each execution once.
func TestExecutionInfosInPages(t *testing.T) {
	s := newServer(t)
	const count = 300
	keptMany(t, s, count)
	for _, c := range []struct {
		query ExecutionQuery
		want  int
	}{
		{ExecutionQuery{}, count},
		{ExecutionQuery{Integration: "orders"}, count / 2},
		{ExecutionQuery{State: integrations.Failed}, count / 3},
		{ExecutionQuery{Integration: "stock", State: integrations.Failed}, count / 6},
		{ExecutionQuery{Integration: "nothing"}, 0},
	} {
		c.query.Limit = 7
		var got []ExecutionInfo
		for more := true; more; {
			page := s.ExecutionInfos(c.query)
			if len(page.Executions) == 0 && c.want > 0 {
				t.Fatal("an empty page")
			}
			got, more = append(got, page.Executions...), page.More
			if more {
				c.query.After = got[len(got)-1].ExecutionPlace
			}
		}
		inOrder := slices.IsSortedFunc(got, func(a, b ExecutionInfo) int { return a.compare(b.ExecutionPlace) })
		once := len(slices.CompactFunc(slices.Clone(got), func(a, b ExecutionInfo) bool { return a.ID == b.ID })) == len(got)
		if len(got) != c.want || !inOrder || !once {
			t.Errorf("%+v: %d executions, want %d; in order %t, each once %t", c.query, len(got), c.want, inOrder, once)
		}
	}
	states := s.ExecutionInfos(ExecutionQuery{Integration: "orders", State: integrations.Failed}).States
	if states[integrations.Failed] != count/6 || states[integrations.Succeeded] != count/6 {
		t.Errorf("states of orders: %v", states)
	}
}

// TestExecutionIsShownFromStartToEnd looks at an execution while its caller waits, and afterwards.
func TestExecutionIsShownFromStartToEnd(t *testing.T) {
	s := newServer(t)
	tg := newTarget(t)
	s.load("orders", chain(1))
	seen := make(chan ExecutionPage, 1)
	tg.answer = func(http.ResponseWriter, *http.Request) { seen <- s.ExecutionInfos(ExecutionQuery{Limit: 10}) }
	var answer struct{ ExecutionID string }
	s.get(&answer, "POST", "/integrations/orders:execute", input(tg.URL))
	during := <-seen
	if len(during.Executions) != 1 || during.Executions[0].State != integrations.Processing || during.Executions[0].ID != answer.ExecutionID {
		t.Errorf("while it runs: %+v", during)
	}
	after := s.ExecutionInfos(ExecutionQuery{Limit: 10})
	if len(after.Executions) != 1 || after.Executions[0].State != integrations.Succeeded || after.States[integrations.Succeeded] != 1 {
		t.Errorf("afterwards: %+v", after)
	}
	r, err := s.ExecutionRecord(t.Context(), answer.ExecutionID)
	check(t, err)
	if len(r.Done) != 1 || r.Integration != "orders" || !strings.Contains(string(r.Inputs), tg.URL) {
		t.Errorf("the record is %+v", r)
	}
}

// TestKeptExecutionIsShownOnce looks at an asynchronous execution, which is on disk, while it runs
// here.
func TestKeptExecutionIsShownOnce(t *testing.T) {
	s := newServer(t)
	tg := newTarget(t)
	s.load("orders", chain(1))
	seen := make(chan ExecutionPage, 1)
	tg.answer = func(http.ResponseWriter, *http.Request) { seen <- s.ExecutionInfos(ExecutionQuery{Limit: 10}) }
	id := s.scheduled("orders", input(tg.URL))
	during := <-seen
	if len(during.Executions) != 1 || during.Executions[0].ID != id || during.States[integrations.Processing] != 1 {
		t.Errorf("while %s runs: %+v", id, during)
	}
	s.reaches(id, integrations.Succeeded)
}

// TestNewestPageIsBounded adds the oldest first, so that each is on the page for a while.
func TestNewestPageIsBounded(t *testing.T) {
	p := newestPage{query: ExecutionQuery{Limit: 3}, states: map[integrations.State]int{}}
	for i := range 100 {
		p.add(summary{ID: fmt.Sprint(i), Created: time.Unix(int64(i), 0), State: integrations.Failed})
		if len(p.list) > 4 {
			t.Fatalf("%d executions are held for a page of 3", len(p.list))
		}
	}
	if page := p.done(); len(page.Executions) != 3 || page.Executions[0].ID != "99" || !page.More || page.States[integrations.Failed] != 100 {
		t.Errorf("%+v", page)
	}
}

func TestExecutionRecordRefuses(t *testing.T) {
	s := newServer(t)
	large, err := json.Marshal(entry{Summary: summary{ID: "large"}, Parts: maxShownRecord/partSize + 1, Generation: "g"})
	check(t, err)
	_, err = s.records.durable.Put(t.Context(), "large", large, time.Hour)
	check(t, err)
	for id, want := range map[string]string{"nobody": "NOT_FOUND", "../x\x00<": "NOT_FOUND", "large": "RESOURCE_EXHAUSTED"} {
		_, err := s.ExecutionRecord(t.Context(), id)
		if got := new(integrations.StatusError); !errors.As(err, &got) || got.Status != want {
			t.Errorf("execution %q: %v, want %s", id, err, want)
		}
	}
}

// TestIntegrationInfos pages over integrations with their versions.
func TestIntegrationInfos(t *testing.T) {
	s := newServer(t)
	for i := range 5 {
		s.load(fmt.Sprint("i", i), chain(1))
	}
	s.load("i3", chain(2))
	var got []IntegrationInfo
	for after, more := "", true; more; after = got[len(got)-1].Name {
		var part []IntegrationInfo
		if part, more = s.IntegrationInfos(after, 2); len(part) == 0 {
			t.Fatal("an empty page")
		}
		got = append(got, part...)
	}
	if len(got) != 5 || s.CountIntegrations() != 5 || got[3].Name != "i3" || len(got[0].Versions) != 1 {
		t.Fatalf("integrations: %+v", got)
	}
	v := got[3].Versions
	if len(v) != 2 || v[0].State != active || v[1].State != snapshot || v[0].ID != got[3].Active || !v[0].FromFile || v[0].Snapshot <= v[1].Snapshot {
		t.Errorf("versions of i3: %+v, active %s", v, got[3].Active)
	}
}

// BenchmarkExecutionInfos takes the first page of many.
func BenchmarkExecutionInfos(b *testing.B) {
	p := func() *newestPage {
		return &newestPage{query: ExecutionQuery{Limit: 50}, states: map[integrations.State]int{}}
	}
	const count = 100_000
	m := mirror[summary]{entries: map[string]mirrored[summary]{}}
	start := time.Now()
	for i := range count {
		e := summary{ID: fmt.Sprint(i), Created: start.Add(time.Duration(i*7919%count) * time.Second), State: integrations.Succeeded}
		m.entries[e.ID] = mirrored[summary]{e, 1}
	}
	b.ReportAllocs()
	for b.Loop() {
		page := p()
		m.list(func(e summary) bool { page.add(e); return false })
		if got := page.done(); len(got.Executions) != 50 || got.States[integrations.Succeeded] != count {
			b.Fatalf("%d executions, %v", len(got.Executions), got.States)
		}
	}
}
