package appint

import (
	"context"
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

	"sluice/internal/delay"
	"sluice/internal/integrations"
	"sluice/internal/state"
)

// cluster is a store in virtual time, and the nodes on it.
type cluster struct {
	t     *testing.T
	store state.Engine
	calls *calls
	nodes []*node
}

// virtually runs a test in virtual time, in which a call of a task takes slow. What
// is open at its end is closed.
func virtually(t *testing.T, slow time.Duration, test func(*testing.T, *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, store: state.NewMemory(time.Now), calls: &calls{slow: slow}}
		t.Cleanup(func() {
			for len(c.nodes) > 0 {
				c.stop(c.nodes[0])
			}
			check(t, c.store.Close())
		})
		test(t, c)
	})
}

// start opens a node that runs one execution at a time, and whose tasks call no network.
func (c *cluster) start(name string, o Options) *node { return c.startOn(c.store, name, o) }

// startOn is start for a node that has a link of its own to the store.
func (c *cluster) startOn(store state.Engine, name string, o Options) *node {
	c.t.Helper()
	n := start(c.t, store, integrations.Options{Client: c.calls.of(name), MaxConcurrent: 1}, o)
	c.nodes = append(c.nodes, n)
	synctest.Wait() // the first one leads the queues
	return n
}

func (c *cluster) stop(n *node) {
	c.t.Helper()
	c.nodes = slices.DeleteFunc(c.nodes, func(o *node) bool { return o == n })
	check(c.t, n.Close())
}

// called compares what the tasks have called so far.
func (c *cluster) called(when string, want ...string) {
	c.t.Helper()
	if got := c.calls.made(); !slices.Equal(got, want) {
		c.t.Errorf("%s: %v, want %v", when, got, want)
	}
}

func (n *node) load(name string, export []byte) {
	n.t.Helper()
	if bad := n.Load(name, export); bad != nil {
		n.t.Fatal(bad)
	}
}

// callOf is a call of the integration "chain" whose tasks call http://x; more are further fields.
func callOf(more string) integrations.Call {
	body := strings.Replace(input("http://x"), "{", "{"+more, 1)
	return integrations.Call{Project: "p", Region: "r", Name: "chain", Body: []byte(body)}
}

// at schedules an execution that calls http://x/name/1.
func (n *node) at(when time.Time, name string) string {
	n.t.Helper()
	body := strings.Replace(input("http://x/"+name), "{", fmt.Sprintf(`{"scheduleTime":%q,`, when.Format(time.RFC3339)), 1)
	ids, err := n.schedule(n.t.Context(), integrations.Call{Project: "p", Region: "r", Name: "chain", Body: []byte(body)})
	check(n.t, err)
	return ids[0]
}

// executes runs "chain" and wants 200.
func (n *node) executes(more string) integrations.Answer {
	n.t.Helper()
	a, err := n.execute(n.t.Context(), callOf(more))
	check(n.t, err)
	if a.Status != 200 {
		n.t.Fatalf("%d %s", a.Status, a.Body)
	}
	return a
}

// record reads an execution from the store.
func (n *node) record(id string) *integrations.Record {
	n.t.Helper()
	r, _, err := n.records.read(n.t.Context(), id)
	check(n.t, err)
	return r
}

// is wants an execution to be in a state.
func (n *node) is(id string, want integrations.State) {
	n.t.Helper()
	if e, _ := n.records.summary(id); e.State != want {
		n.t.Errorf("execution %s: %s, want %s", id, e.State, want)
	}
}

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
		if !delay.For(r.Context(), c.slow) {
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
