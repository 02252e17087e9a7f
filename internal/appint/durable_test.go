package appint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// calls are what the tasks of all nodes have called: NODE PATH.
type calls struct {
	mu   sync.Mutex
	list []string
	slow time.Duration // how long a call takes
}

func (c *calls) of(name string) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		c.mu.Lock()
		c.list = append(c.list, name+" "+r.URL.Path)
		c.mu.Unlock()
		if !wait(r.Context(), c.slow) {
			return nil, r.Context().Err()
		}
		return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader("ok"))}, nil
	})}
}

func (c *calls) made() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newNode is a service that runs one execution at a time, and whose tasks call no network.
func newNode(t *testing.T, store state.Engine, c *calls, name string, o Options) *node {
	t.Helper()
	n := start(t, store, integrations.Options{Client: c.of(name), MaxConcurrent: 1}, o)
	synctest.Wait() // the first one leads the queues
	return n
}

func (n *node) load(name string, export []byte) {
	n.t.Helper()
	if bad := n.Load(name, export); bad != nil {
		n.t.Fatal(bad)
	}
}

// at schedules an execution that calls http://name/1.
func (n *node) at(when time.Time, name string) string {
	n.t.Helper()
	body := strings.Replace(input("http://x/"+name), "{", fmt.Sprintf(`{"scheduleTime":%q,`, when.Format(time.RFC3339)), 1)
	ids, err := n.schedule(n.t.Context(), integrations.Call{Project: "p", Region: "r", Name: "chain", Body: []byte(body)})
	check(n.t, err)
	return ids[0]
}

func (n *node) state(id string) integrations.State {
	e, _ := n.records.summary(id)
	return e.State
}

func TestScheduledRunsFireAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := state.NewMemory(time.Now), &calls{}
		first := newNode(t, store, c, "first", Options{})
		first.load("chain", chain(1))
		start := time.Now()
		for name, in := range map[string]time.Duration{"d": 4, "b": 2, "a": 1, "e": 5, "c": 3} {
			first.at(start.Add(in*time.Hour), name)
		}
		past := first.at(start.Add(-time.Hour), "past")
		time.Sleep(time.Second)
		if got := c.made(); !slices.Equal(got, []string{"first /past/1"}) || first.state(past) != integrations.Succeeded {
			t.Errorf("at the start: %v", got)
		}
		time.Sleep(90 * time.Minute)
		check(t, first.Close())

		time.Sleep(2 * time.Hour) // nobody is there at two and at three
		second := newNode(t, store, c, "second", Options{Sole: true})
		time.Sleep(time.Second)
		want := []string{"first /past/1", "first /a/1", "second /b/1", "second /c/1"}
		if got := c.made(); !slices.Equal(got, want) {
			t.Errorf("after the restart: %v, want %v", got, want)
		}
		time.Sleep(time.Until(start.Add(4 * time.Hour)))
		synctest.Wait()
		if got := c.made(); !slices.Equal(got, append(want, "second /d/1")) {
			t.Errorf("at four: %v", got)
		}
		check(t, second.Close())
		check(t, store.Close())
	})
}

// What a closed process was running goes on in another one, from the last finished task.
func TestCloseHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := state.NewMemory(time.Now), &calls{slow: time.Minute}
		first := newNode(t, store, c, "first", Options{})
		first.load("chain", chain(3))
		id := first.at(time.Now(), "x")
		second := newNode(t, store, c, "second", Options{})
		time.Sleep(90 * time.Second) // it is in the second task
		check(t, first.Close())
		time.Sleep(5 * time.Minute)
		want := []string{"first /x/1", "first /x/2", "second /x/2", "second /x/3"}
		if got := c.made(); !slices.Equal(got, want) || second.state(id) != integrations.Succeeded {
			t.Errorf("%v, %s", got, second.state(id))
		}
		check(t, second.Close())
		check(t, store.Close())
	})
}

// cutOff is a store that one process cannot reach any more while cut is set.
type cutOff struct {
	state.Engine
	cut atomic.Bool
}

func (c *cutOff) Bucket(ctx context.Context, of state.BucketConfig) (state.Bucket, error) {
	b, err := c.Engine.Bucket(ctx, of)
	return cutBucket{b, c}, err
}

type cutBucket struct {
	state.Bucket
	c *cutOff
}

func (b cutBucket) Put(ctx context.Context, key string, value []byte, life time.Duration) (uint64, error) {
	if b.c.cut.Load() {
		return 0, state.ErrUnavailable
	}
	return b.Bucket.Put(ctx, key, value, life)
}

func (b cutBucket) Replace(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	if b.c.cut.Load() {
		return 0, state.ErrUnavailable
	}
	return b.Bucket.Replace(ctx, key, value, revision, life)
}

func (b cutBucket) Get(ctx context.Context, key string) (state.Entry, error) {
	if b.c.cut.Load() {
		return state.Entry{}, state.ErrUnavailable
	}
	return b.Bucket.Get(ctx, key)
}

func (b cutBucket) Delete(ctx context.Context, key string) error {
	if b.c.cut.Load() {
		return state.ErrUnavailable
	}
	return b.Bucket.Delete(ctx, key)
}

func (b cutBucket) Watch(ctx context.Context, do func(state.Change)) error {
	return b.Bucket.Watch(ctx, func(c state.Change) {
		if !b.c.cut.Load() {
			do(c)
		}
	})
}

// A process that does not renew its lease is relieved; when it comes back, it is refused.
func TestOnlyOneProcessRunsAnExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, c := state.NewMemory(time.Now), &calls{slow: time.Minute}
		link := &cutOff{Engine: memory}
		first := newNode(t, link, c, "first", Options{Lease: 15 * time.Second})
		first.load("chain", chain(3))
		second := newNode(t, memory, c, "second", Options{Lease: 15 * time.Second})
		id := first.at(time.Now(), "x")
		time.Sleep(70 * time.Second) // it is in the second task
		if got := c.made(); !slices.Equal(got, []string{"first /x/1", "first /x/2"}) {
			t.Fatalf("before: %v", got)
		}
		link.cut.Store(true)
		time.Sleep(25 * time.Second) // the lease has ended
		if got := c.made(); !slices.Equal(got[2:], []string{"second /x/2"}) {
			t.Errorf("after the lease: %v", got)
		}
		link.cut.Store(false)
		time.Sleep(10 * time.Minute)
		want := []string{"first /x/1", "first /x/2", "second /x/2", "second /x/3"}
		if got := c.made(); !slices.Equal(got, want) || second.state(id) != integrations.Succeeded {
			t.Errorf("in the end: %v, %s", got, second.state(id))
		}
		check(t, first.Close())
		check(t, second.Close())
		check(t, memory.Close())
	})
}

// A store that does not answer for a while holds executions up, and loses none.
func TestUnavailableStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link, c := &cutOff{Engine: state.NewMemory(time.Now)}, &calls{slow: time.Second}
		var logged atomic.Int64
		n := newNode(t, link, c, "n", Options{Lease: time.Hour, Log: func(error) { logged.Add(1) }})
		n.load("chain", chain(2))
		id := n.at(time.Now(), "x")
		time.Sleep(500 * time.Millisecond)
		link.cut.Store(true)
		if _, err := n.schedule(t.Context(), integrations.Call{Name: "chain", Body: []byte(input("http://x"))}); statusOf(err).Code != 503 {
			t.Errorf("accepted without a store: %v", err)
		}
		time.Sleep(time.Minute)
		link.cut.Store(false)
		time.Sleep(time.Minute)
		if n.state(id) != integrations.Succeeded || logged.Load() == 0 {
			t.Errorf("%s, %v, %d logged", n.state(id), c.made(), logged.Load())
		}
		check(t, n.Close())
		check(t, link.Close())
	})
}

// A suspended execution is on disk alone: another process lifts it, and it expires without its own.
func TestSuspendedExecutionsBelongToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := state.NewMemory(time.Now), &calls{}
		first := newNode(t, store, c, "first", Options{})
		first.load("chain", approval())
		lifted, expired := first.at(time.Now(), "lifted"), first.at(time.Now(), "expired")
		synctest.Wait()
		check(t, first.Close())
		time.Sleep(30 * time.Minute)
		second := newNode(t, store, c, "second", Options{})
		r, _, err := second.records.read(t.Context(), lifted)
		check(t, err)
		if r.State != integrations.Suspended || len(r.Suspensions) != 1 {
			t.Fatalf("%s %v", r.State, r.Suspensions)
		}
		check(t, second.lift(t.Context(), lifted, r.Suspensions[0].ID, "yes", false))
		if err := second.lift(t.Context(), lifted, r.Suspensions[0].ID, "yes", false); err == nil {
			t.Error("lifted twice")
		}
		synctest.Wait()
		if second.state(lifted) != integrations.Succeeded || second.state(expired) != integrations.Suspended {
			t.Errorf("lifted: %s, the other %s", second.state(lifted), second.state(expired))
		}
		time.Sleep(31 * time.Minute)
		if second.state(expired) != integrations.Succeeded {
			t.Errorf("after its hour: %s", second.state(expired))
		}
		if got := c.made(); !slices.Equal(got, []string{"second /lifted/2"}) {
			t.Error(got)
		}
		check(t, second.Close())
		check(t, store.Close())
	})
}

// A caller who waits is answered when the execution is suspended, and from then on it lasts.
func TestSuspendedExecuteLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := state.NewMemory(time.Now), &calls{}
		n := newNode(t, store, c, "n", Options{})
		n.load("chain", approval())
		a, err := n.execute(t.Context(), integrations.Call{Name: "chain", Body: []byte(input("http://x"))})
		check(t, err)
		if a.Status != 200 || n.state(a.ExecutionID) != integrations.Suspended {
			t.Fatalf("%d %s %s", a.Status, a.Body, n.state(a.ExecutionID))
		}
		r, _, err := n.records.read(t.Context(), a.ExecutionID)
		check(t, err)
		check(t, n.lift(t.Context(), r.ID, r.Suspensions[0].ID, "yes", false))
		time.Sleep(time.Minute)
		if n.state(r.ID) != integrations.Succeeded {
			t.Error(n.state(r.ID))
		}
		check(t, n.Close())
		check(t, store.Close())
	})
}

// Another process's publication is heard of, and an execution keeps the version that it began with.
func TestVersionsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := state.NewMemory(time.Now), &calls{}
		first := newNode(t, store, c, "first", Options{})
		second := newNode(t, store, c, "second", Options{})
		first.load("chain", chain(1))
		synctest.Wait()
		a, err := second.execute(t.Context(), integrations.Call{Name: "chain", Body: []byte(input("http://x"))})
		check(t, err)
		if a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		id := first.at(time.Now().Add(time.Hour), "old")
		first.load("chain", chain(2))
		check(t, first.Close())
		check(t, second.Close())
		third := newNode(t, store, c, "third", Options{})
		time.Sleep(2 * time.Hour)
		r, _, err := third.records.read(t.Context(), id)
		check(t, err)
		if r.State != integrations.Succeeded || len(r.Done) != 1 {
			t.Errorf("%s, %d tasks", r.State, len(r.Done))
		}
		check(t, third.Remove("chain"))
		if a, err := third.answer(t.Context(), integrations.Call{Name: "chain", Body: []byte(input("http://x"))}, false); err != nil || a.Status != 404 {
			t.Errorf("removed: %d %v", a.Status, err)
		}
		check(t, third.Close())
		check(t, store.Close())
	})
}

// An execution whose integration is gone fails; it is not tried for ever.
func TestExecutionOfADeletedIntegrationFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := state.NewMemory(time.Now), &calls{}
		n := newNode(t, store, c, "n", Options{})
		n.load("chain", chain(1))
		id := n.at(time.Now().Add(time.Hour), "x")
		check(t, n.Remove("chain"))
		check(t, n.versions.remove(t.Context(), "chain"))
		time.Sleep(2 * time.Hour)
		r, _, err := n.records.read(t.Context(), id)
		check(t, err)
		if r.State != integrations.Failed || r.Error == nil || r.Error.Code != 404 {
			t.Errorf("%s %+v", r.State, r.Error)
		}
		check(t, n.Close())
		check(t, store.Close())
	})
}

// A requestId that a process took and did not live to answer may be used again.
func TestRequestOfADeadProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := state.NewMemory(time.Now), &calls{}
		first := newNode(t, store, c, "first", Options{})
		first.load("chain", chain(1))
		o := order{call: integrations.Call{Name: "chain"}, method: integrations.Post, trigger: "api_trigger/run", request: "r1"}
		mine, earlier, err := first.requests.take(t.Context(), o.key(), []string{"never-run"})
		if mine == nil || earlier != nil || err != nil {
			t.Fatal(mine, earlier, err)
		}
		check(t, first.Close())
		second := newNode(t, store, c, "second", Options{})
		a, err := second.execute(t.Context(), integrations.Call{Name: "chain", Body: []byte(strings.Replace(input("http://x"), "{", `{"requestId":"r1",`, 1))})
		check(t, err)
		if a.Status != 200 || len(c.made()) != 1 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		check(t, second.Close())
		check(t, store.Close())
	})
}

func TestLargeRecordsAreInParts(t *testing.T) {
	store := state.NewMemory(time.Now)
	s, tg := open(t, store, Options{}), newTarget(t)
	s.load("chain", chain(2))
	large := strings.Repeat("0123456789", 700_000)
	body := strings.Replace(input(tg.URL), `"inputParameters":{`, fmt.Sprintf(`"inputParameters":{"item":{"jsonValue":"\"%s\""},`, large), 1)
	id := s.scheduled("chain", body)
	s.reaches(id, integrations.Succeeded)
	r, h, err := s.records.read(t.Context(), id)
	check(t, err)
	if !bytes.Contains(r.Inputs, []byte(large)) || h.parts < 2 {
		t.Errorf("%d bytes of inputs in %d parts", len(r.Inputs), h.parts)
	}
	// Nothing is left of the parts of earlier states.
	parts := 0
	ctx, cancel := context.WithCancel(t.Context())
	check(t, s.records.parts.Watch(ctx, func(state.Change) { parts++ }))
	cancel()
	if parts != h.parts {
		t.Errorf("%d parts are kept, %d are in use", parts, h.parts)
	}
}

func TestEndedExecutionsAreBounded(t *testing.T) {
	s, tg := newServer(t), newTarget(t)
	s.load("chain", chain(1))
	var ids []string
	for range 5 {
		code, _ := s.call("POST", "/integrations/chain:execute", input(tg.URL))
		id := s.scheduled("chain", input(tg.URL))
		s.reaches(id, integrations.Succeeded)
		if ids = append(ids, id); code != 200 {
			t.Fatal(code)
		}
	}
	check(t, s.records.trim(t.Context(), 2))
	if a, b := s.records.lasting.len(), s.records.past.len(); a != 2 || b != 2 {
		t.Errorf("%d and %d are kept", a, b)
	}
	if _, _, err := s.records.read(t.Context(), ids[0]); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the oldest: %v", err)
	}
	if _, _, err := s.records.read(t.Context(), ids[4]); err != nil {
		t.Errorf("the latest: %v", err)
	}
}
