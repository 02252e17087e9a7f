package appint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

func TestScheduledRunsFireAfterARestart(t *testing.T) {
	virtually(t, 0, func(t *testing.T, c *cluster) {
		first := c.start("first", Options{})
		first.load("chain", chain(1))
		start := time.Now()
		for name, in := range map[string]time.Duration{"d": 4, "b": 2, "a": 1, "e": 5, "c": 3} {
			first.at(start.Add(in*time.Hour), name)
		}
		past := first.at(start.Add(-time.Hour), "past")
		time.Sleep(time.Second)
		c.called("at the start", "first /past/1")
		first.is(past, integrations.Succeeded)
		time.Sleep(90 * time.Minute)
		c.stop(first)

		time.Sleep(2 * time.Hour) // nobody is there at two and at three
		c.start("second", Options{Sole: true})
		time.Sleep(time.Second)
		c.called("after the restart", "first /past/1", "first /a/1", "second /b/1", "second /c/1")
		time.Sleep(time.Until(start.Add(4 * time.Hour)))
		synctest.Wait()
		c.called("at four", "first /past/1", "first /a/1", "second /b/1", "second /c/1", "second /d/1")
	})
}

// What a closed process was running goes on in another one, from the last finished task.
func TestCloseHandsOver(t *testing.T) {
	virtually(t, time.Minute, func(_ *testing.T, c *cluster) {
		first := c.start("first", Options{})
		first.load("chain", chain(3))
		id := first.at(time.Now(), "x")
		second := c.start("second", Options{})
		time.Sleep(90 * time.Second) // it is in the second task
		c.stop(first)
		time.Sleep(5 * time.Minute)
		c.called("in the end", "first /x/1", "first /x/2", "second /x/2", "second /x/3")
		second.is(id, integrations.Succeeded)
	})
}

// A process that does not renew its lease is relieved; when it comes back, it is refused.
func TestOnlyOneProcessRunsAnExecution(t *testing.T) {
	virtually(t, time.Minute, func(_ *testing.T, c *cluster) {
		link := &cutOff{Engine: c.store}
		first := c.startOn(link, "first", Options{Lease: 15 * time.Second})
		first.load("chain", chain(3))
		second := c.start("second", Options{Lease: 15 * time.Second})
		id := first.at(time.Now(), "x")
		time.Sleep(70 * time.Second) // it is in the second task
		c.called("before", "first /x/1", "first /x/2")
		link.cut.Store(true)
		time.Sleep(25 * time.Second) // the lease has ended
		c.called("after the lease", "first /x/1", "first /x/2", "second /x/2")
		link.cut.Store(false)
		time.Sleep(10 * time.Minute)
		c.called("in the end", "first /x/1", "first /x/2", "second /x/2", "second /x/3")
		second.is(id, integrations.Succeeded)
	})
}

// A store that does not answer for a while holds executions up, and loses none.
func TestUnavailableStore(t *testing.T) {
	virtually(t, time.Second, func(t *testing.T, c *cluster) {
		link := &cutOff{Engine: c.store}
		var logged atomic.Int64
		n := c.startOn(link, "n", Options{Lease: time.Hour, Log: func(error) { logged.Add(1) }})
		n.load("chain", chain(2))
		id := n.at(time.Now(), "x")
		time.Sleep(500 * time.Millisecond)
		link.cut.Store(true)
		if _, err := n.schedule(t.Context(), callOf("")); statusOf(err).Code != 503 {
			t.Errorf("accepted without a store: %v", err)
		}
		time.Sleep(time.Minute)
		link.cut.Store(false)
		time.Sleep(time.Minute)
		n.is(id, integrations.Succeeded)
		if logged.Load() == 0 {
			t.Error("nothing was logged")
		}
	})
}

// A suspended execution is on disk alone: another process lifts it, and it expires without its own.
func TestSuspendedExecutionsBelongToNobody(t *testing.T) {
	virtually(t, 0, func(t *testing.T, c *cluster) {
		first := c.start("first", Options{})
		first.load("chain", approval())
		lifted, expired := first.at(time.Now(), "lifted"), first.at(time.Now(), "expired")
		synctest.Wait()
		c.stop(first)
		time.Sleep(30 * time.Minute)
		second := c.start("second", Options{})
		r := second.record(lifted)
		if r.State != integrations.Suspended || len(r.Suspensions) != 1 {
			t.Fatalf("%s %v", r.State, r.Suspensions)
		}
		check(t, second.lift(t.Context(), lifted, r.Suspensions[0].ID, "yes", false))
		if err := second.lift(t.Context(), lifted, r.Suspensions[0].ID, "yes", false); err == nil {
			t.Error("lifted twice")
		}
		synctest.Wait()
		second.is(lifted, integrations.Succeeded)
		second.is(expired, integrations.Suspended)
		time.Sleep(31 * time.Minute)
		second.is(expired, integrations.Succeeded) // after its hour
		c.called("in the end", "second /lifted/2")
	})
}

// A caller who waits is answered when the execution is suspended, and from then on it lasts.
func TestSuspendedExecuteLasts(t *testing.T) {
	virtually(t, 0, func(t *testing.T, c *cluster) {
		n := c.start("n", Options{})
		n.load("chain", approval())
		id := n.executes("").ExecutionID
		n.is(id, integrations.Suspended)
		check(t, n.lift(t.Context(), id, n.record(id).Suspensions[0].ID, "yes", false))
		time.Sleep(time.Minute)
		n.is(id, integrations.Succeeded)
	})
}

// Another process's publication is heard of, and an execution keeps the version that it began with.
func TestVersionsAreShared(t *testing.T) {
	virtually(t, 0, func(t *testing.T, c *cluster) {
		first, second := c.start("first", Options{}), c.start("second", Options{})
		first.load("chain", chain(1))
		synctest.Wait()
		second.executes("")
		id := first.at(time.Now().Add(time.Hour), "old")
		first.load("chain", chain(2))
		c.stop(first)
		c.stop(second)
		third := c.start("third", Options{})
		time.Sleep(2 * time.Hour)
		if r := third.record(id); r.State != integrations.Succeeded || len(r.Done) != 1 {
			t.Errorf("%s, %d tasks", r.State, len(r.Done))
		}
		check(t, third.Remove("chain"))
		if a, err := third.answer(t.Context(), callOf(""), false); err != nil || a.Status != 404 {
			t.Errorf("removed: %d %v", a.Status, err)
		}
	})
}

// An execution whose integration is gone fails; it is not tried for ever.
func TestExecutionOfADeletedIntegrationFails(t *testing.T) {
	virtually(t, 0, func(t *testing.T, c *cluster) {
		n := c.start("n", Options{})
		n.load("chain", chain(1))
		id := n.at(time.Now().Add(time.Hour), "x")
		check(t, n.Remove("chain"))
		check(t, n.versions.remove(t.Context(), "chain"))
		time.Sleep(2 * time.Hour)
		if r := n.record(id); r.State != integrations.Failed || r.Error == nil || r.Error.Code != 404 {
			t.Errorf("%s %+v", r.State, r.Error)
		}
	})
}

// A requestId that a process took and did not live to answer may be used again.
func TestRequestOfADeadProcess(t *testing.T) {
	virtually(t, 0, func(t *testing.T, c *cluster) {
		first := c.start("first", Options{})
		first.load("chain", chain(1))
		o := order{call: integrations.Call{Name: "chain"}, method: integrations.Post, trigger: "api_trigger/run", request: "r1"}
		mine, earlier, err := first.requests.take(t.Context(), o.key(), []string{"never-run"})
		if mine == nil || earlier != nil || err != nil {
			t.Fatal(mine, earlier, err)
		}
		c.stop(first)
		c.start("second", Options{}).executes(`"requestId":"r1",`)
		c.called("in the end", "second /1")
	})
}

func TestLargeRecordsAreInParts(t *testing.T) {
	store := state.NewMemory(time.Now)
	s, tg := open(t, store, Options{}), newTarget(t)
	s.load("chain", chain(2))
	large := strings.Repeat("0123456789", partSize/10+1)
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

// betweenParts is a store that does something before a part of a record is read.
type betweenParts struct {
	state.Engine
	do func()
}

func (b *betweenParts) Bucket(ctx context.Context, of state.BucketConfig) (state.Bucket, error) {
	bucket, err := b.Engine.Bucket(ctx, of)
	if of.Name == "integration-parts" {
		bucket = partsBucket{bucket, b}
	}
	return bucket, err
}

type partsBucket struct {
	state.Bucket
	store *betweenParts
}

func (b partsBucket) Get(ctx context.Context, key string) (state.Entry, error) {
	if do := b.store.do; do != nil {
		b.store.do = nil
		do()
	}
	return b.Bucket.Get(ctx, key)
}

// TestReadWhileWritten: a record whose parts go while they are read is read again; one
// whose parts are gone is an error, and not an execution that nobody knows.
func TestReadWhileWritten(t *testing.T) {
	store := &betweenParts{Engine: state.NewMemory(time.Now)}
	s, tg := open(t, store, Options{}), newTarget(t)
	s.load("chain", chain(1))
	body := strings.Replace(input(tg.URL), `"inputParameters":{`, fmt.Sprintf(`"inputParameters":{"item":{"jsonValue":"\"%s\""},`, strings.Repeat("x", partSize)), 1)
	id := s.scheduled("chain", body)
	s.reaches(id, integrations.Succeeded)
	r, h, err := s.records.read(t.Context(), id)
	check(t, err)
	store.do = func() { check(t, s.records.claim(t.Context(), r, h)) }
	again, now, err := s.records.read(t.Context(), id)
	check(t, err)
	if now.generation == h.generation || len(again.Inputs) != len(r.Inputs) {
		t.Errorf("read generation %s after %s, %d bytes of inputs of %d", now.generation, h.generation, len(again.Inputs), len(r.Inputs))
	}
	check(t, s.records.dropParts(t.Context(), id, now))
	if _, _, err := s.records.read(t.Context(), id); !errors.Is(err, errNoPart) || errors.Is(err, state.ErrNotFound) {
		t.Error(err)
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
