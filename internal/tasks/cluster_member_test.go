package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/loopback"
	"sluice/internal/state"
	"sluice/internal/state/statetest"
)

func init() { parts["member"] = member }

const (
	clusterVariable = "SLUICE_TASKS_TEST_CLUSTER"
	termHeader      = "X-Term" // nanoseconds since 1970 at which the sender's term began
	sentHeader      = "X-Sent" // likewise of the attempt

	saysAddress = "api "
	saysLeads   = "this process sends the tasks now"
	saysStream  = "JetStream cluster new stream leader for " // NATS, of the node that it is
)

// member is a process that is one node of a cluster until its standard input ends. It prints the
// address of its API, and whatever it has to say before and after.
func member() {
	var cluster state.Cluster
	exitOn(json.Unmarshal([]byte(os.Getenv(clusterVariable)), &cluster))
	sender := &termed{life: os.Getenv(lifeVariable)}
	say := func(_ bool, text string) {
		if text == saysLeads {
			sender.term.Store(time.Now().UnixNano())
		}
		if text == saysLeads || strings.HasPrefix(text, saysStream) {
			fmt.Println(text)
		}
	}
	ctx := context.Background()
	e, err := state.Open(ctx, state.Options{Dir: os.Getenv(dirVariable), Cluster: cluster, Log: say})
	exitOn(err)
	s, err := New(ctx, e, Options{Transport: sender, Log: say})
	exitOn(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	exitOn(err)
	go func() { exitOn(http.Serve(listener, s.REST())) }()
	fmt.Println(saysAddress + "http://" + listener.Addr().String())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// termed says in each request which process has sent it, in which of its terms as the leader.
type termed struct {
	life string
	term atomic.Int64
}

func (s *termed) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(lifeHeader, s.life)
	r.Header.Set(termHeader, fmt.Sprint(s.term.Load()))
	r.Header.Set(sentHeader, fmt.Sprint(time.Now().UnixNano()))
	return http.DefaultTransport.RoundTrip(r)
}

// members are the nodes of a cluster, each a process of its own.
type members struct {
	nodes [3]*memberNode

	mu     sync.Mutex     // guards leader
	leader map[string]int // stream of NATS -> node
}

// memberNode is a node and the process that it is at present.
type memberNode struct {
	members *members
	number  int
	dir     string
	cluster state.Cluster
	starts  int
	command *exec.Cmd
	input   io.Closer
	address atomic.Pointer[string] // of its API; nil while it is down
}

// startMembers starts three nodes and waits until each serves.
func startMembers(t *testing.T) *members {
	t.Helper()
	m := &members{leader: map[string]int{}}
	routes := loopback.Addresses(t, len(m.nodes))
	for i := range m.nodes {
		m.nodes[i] = &memberNode{
			members: m, number: i, dir: filepath.Join(t.TempDir(), fmt.Sprint(i)),
			cluster: state.Cluster{Listen: routes[i], Routes: routes, User: "peer", Password: "known to three"},
		}
		m.nodes[i].start(t)
	}
	for _, n := range m.nodes {
		n.await(t)
	}
	return m
}

// of returns the node whose process has that life.
func (m *members) of(life string) *memberNode {
	for _, n := range m.nodes {
		if n.life() == life {
			return n
		}
	}
	return nil
}

func (n *memberNode) life() string { return fmt.Sprint(n.number, ".", n.starts) }

// start starts the next process of the node.
func (n *memberNode) start(t *testing.T) {
	t.Helper()
	n.starts++
	self, err := os.Executable()
	check(t, err)
	cluster, err := json.Marshal(n.cluster)
	check(t, err)
	n.command = exec.Command(self)
	n.command.Env = append(os.Environ(), partVariable+"=member", dirVariable+"="+n.dir, clusterVariable+"="+string(cluster), lifeVariable+"="+n.life())
	n.command.Stderr = os.Stderr
	n.command.Stdout = &statetest.Lines{Tell: n.hear}
	n.input, err = n.command.StdinPipe()
	check(t, err)
	check(t, n.command.Start())
	command, input := n.command, n.input
	t.Cleanup(func() {
		_ = input.Close()  // already done for one that was killed
		_ = command.Wait() // an error for one that was killed
	})
}

// hear takes a line that the process prints.
func (n *memberNode) hear(line string) {
	if address, ok := strings.CutPrefix(line, saysAddress); ok {
		n.address.Store(&address)
	}
	if stream, ok := strings.CutPrefix(line, saysStream); ok {
		n.members.mu.Lock()
		defer n.members.mu.Unlock()
		n.members.leader[stream] = n.number
	}
}

// streams returns how many streams of NATS there are, and how many of them a node leads.
func (m *members) streams(n *memberNode) (led, all int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, leader := range m.leader {
		if leader == n.number {
			led++
		}
	}
	return led, len(m.leader)
}

// await waits until the node serves.
func (n *memberNode) await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); n.address.Load() == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("node %d does not serve after %s", n.number, patience)
		}
	}
}

// kill ends the node with SIGKILL and returns when it is gone.
func (n *memberNode) kill(t *testing.T) {
	t.Helper()
	n.address.Store(nil)
	check(t, n.command.Process.Kill())
	_ = n.command.Wait() // says that it was killed
}
