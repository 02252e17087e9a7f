package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/loopback"
	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

func init() { parts["node"] = node }

const clusterEnv = "SLUICE_STATE_TEST_CLUSTER"

// node is a process that is one node of a cluster until its standard input ends.
func node() {
	var cluster state.Cluster
	exitOn(json.Unmarshal([]byte(os.Getenv(clusterEnv)), &cluster))
	e, err := state.Open(context.Background(), state.Options{Dir: os.Getenv(dirEnv), Cluster: cluster})
	exitOn(err)
	_, _ = io.Copy(io.Discard, os.Stdin)
	exitOn(e.Close())
}

// TestFailover has three nodes, this process and two others, and loses first the
// one that leads, then the other.
func TestFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("elections take some seconds")
	}
	t.Parallel()
	f := newFailover(t)
	leader := f.leaderElsewhere(t)
	l := startLoad(t, f.bucket, f.tally)

	l.waitFor(t, 200)
	f.nodes[leader].kill(t)
	l.waitFor(t, 200)
	l.stop()
	t.Logf("the leader was killed: no value was acknowledged for %s, no count for %s; %s", l.putGap.longest(), l.addGap.longest(), l)
	l.checkAcknowledged(t)

	f.nodes[3-leader].kill(t)
	f.checkUnavailable(t)

	for i := range 2 {
		f.nodes[i+1] = f.startNode(t, i+1)
	}
	f.checkAvailable(t)
	l.checkAcknowledged(t)
}

// TestLeaderCloses closes the node that leads, as an update of a cluster does.
func TestLeaderCloses(t *testing.T) {
	if testing.Short() {
		t.Skip("three nodes take some seconds")
	}
	t.Parallel()
	engines := statetest.Cluster(t, 3)
	openLoad(t, engines[0])
	leader := slices.IndexFunc(engines, func(e state.Engine) bool { return leads(t, e) })
	b, tally := openLoad(t, engines[(leader+1)%3])
	l := startLoad(t, b, tally)
	l.waitFor(t, 200)
	check(t, engines[leader].Close())
	l.waitFor(t, 200)
	l.stop()
	t.Logf("the leader was closed: no value was acknowledged for %s, no count for %s; %s", l.putGap.longest(), l.addGap.longest(), l)
	l.checkAcknowledged(t)
}

// leads tells whether an engine's own node leads the values.
func leads(t *testing.T, e state.Engine) bool {
	t.Helper()
	leader, err := state.Leader(t.Context(), e, loadStreams[0])
	check(t, err)
	return leader == state.NodeName(e)
}

// loadStreams are the streams of what a load writes.
var loadStreams = []string{state.BucketStream("load"), state.TallyStream("load", time.Minute)}

// failover is a cluster of which this process is node 0.
type failover struct {
	options []state.Options
	nodes   map[int]*process
	engine  state.Engine
	bucket  state.Bucket
	tally   state.Tally
}

// failoverPatience is more than the default, for a machine with other work.
const failoverPatience = 5 * time.Second

func newFailover(t *testing.T) *failover {
	statetest.Replicates(t)
	f := &failover{nodes: map[int]*process{}}
	routes := loopback.Addresses(t, 3)
	for i := range 3 {
		f.options = append(f.options, state.Options{
			Patience: failoverPatience,
			Dir:      filepath.Join(t.TempDir(), fmt.Sprint(i)),
			Cluster:  state.Cluster{Listen: routes[i], Routes: routes, User: "peer", Password: "known to three"},
		})
	}
	for i := range 2 {
		f.nodes[i+1] = f.startNode(t, i+1)
	}
	var err error
	f.engine, err = state.Open(t.Context(), f.options[0])
	check(t, err)
	t.Cleanup(func() { check(t, f.engine.Close()) })
	f.bucket, f.tally = openLoad(t, f.engine)
	return f
}

// openLoad opens what a load writes.
func openLoad(t *testing.T, e state.Engine) (state.Bucket, state.Tally) {
	t.Helper()
	b, err := e.Bucket(t.Context(), state.BucketConfig{Name: "load", Durable: true})
	check(t, err)
	tally, err := e.Tally(t.Context(), "load")
	check(t, err)
	return b, tally
}

// process is a node that runs elsewhere.
type process struct{ command *exec.Cmd }

func (f *failover) startNode(t *testing.T, i int) *process {
	t.Helper()
	o := f.options[i]
	cluster, err := json.Marshal(o.Cluster)
	check(t, err)
	p := &process{command: part(t, "node", dirEnv+"="+o.Dir, clusterEnv+"="+string(cluster))}
	in, err := p.command.StdinPipe()
	check(t, err)
	check(t, p.command.Start())
	t.Cleanup(func() {
		_ = in.Close()       // already done for one that was killed
		_ = p.command.Wait() // an error for one that was killed
	})
	return p
}

// kill ends a node with SIGKILL, and returns when it is gone.
func (p *process) kill(t *testing.T) {
	t.Helper()
	check(t, p.command.Process.Kill())
	_ = p.command.Wait() // says that it was killed
}

// leaderElsewhere has both streams led by one node that is not this process, and
// returns its number.
func (f *failover) leaderElsewhere(t *testing.T) int {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		places := []int{f.place(t, loadStreams[0]), f.place(t, loadStreams[1])}
		if places[0] == places[1] && places[0] > 0 {
			return places[0]
		}
		wrong := loadStreams[0]
		if places[0] > 0 {
			wrong = loadStreams[1]
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_ = state.StepDown(ctx, f.engine, wrong) // another try follows
		cancel()
	}
	t.Fatal("no other node came to lead both streams")
	return 0
}

// place returns the number of the node that leads a stream, -1 for none.
func (f *failover) place(t *testing.T, stream string) int {
	t.Helper()
	leader, err := state.Leader(t.Context(), f.engine, stream)
	if err != nil {
		return -1 // while one is elected
	}
	return slices.IndexFunc(f.options, func(o state.Options) bool {
		name, err := os.ReadFile(filepath.Join(o.Dir, "node"))
		check(t, err)
		return strings.TrimSpace(string(name)) == leader
	})
}

// checkUnavailable has writes while two of three nodes are down.
func (f *failover) checkUnavailable(t *testing.T) {
	t.Helper()
	var calls sync.WaitGroup
	defer calls.Wait()
	for name, do := range map[string]func() error{
		"Put":     func() error { _, err := f.bucket.Put(t.Context(), "alone.put", nil, 0); return err },
		"Replace": func() error { _, err := f.bucket.Replace(t.Context(), "alone.replace", nil, 0, 0); return err },
		"Delete":  func() error { return f.bucket.Delete(t.Context(), "alone.delete") },
		"Add":     func() error { _, err := f.tally.Add(t.Context(), "alone", 1, time.Minute); return err },
	} {
		calls.Go(func() {
			start := time.Now()
			err := do()
			took := time.Since(start)
			if !errors.Is(err, state.ErrUnavailable) || took > 5*failoverPatience {
				t.Errorf("%s without a majority: %v after %s", name, err, took)
			}
			t.Logf("%s without a majority fails after %s: %v", name, took.Round(time.Millisecond), err)
		})
	}
}

// checkAvailable waits until writes work again.
func (f *failover) checkAvailable(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		_, err := f.bucket.Put(t.Context(), "together", nil, 0)
		if err == nil {
			_, err = f.tally.Add(t.Context(), "together", 1, time.Minute)
		}
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("with all nodes back: %v", err)
		}
	}
}
