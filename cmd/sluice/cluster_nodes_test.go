package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/loopback"
	"sluice/internal/state/statetest"
)

// clusterKills is how often the tests of clusters kill: go test ./cmd/sluice -run TestCluster -cluster-kills=20
var clusterKills = flag.Int("cluster-kills", 1, "how many times nodes of a cluster are killed, those that lead the counters or all")

// cluster is three sluices that keep their state together.
type cluster struct {
	nodes [3]*clusterNode

	mu     sync.Mutex     // guards leader
	leader map[string]int // stream of NATS -> node
}

// clusterNode is one of them, and the process that it is at present.
type clusterNode struct {
	cluster *cluster
	number  int
	args    []string
	addr    string
	cmd     *exec.Cmd
	out     *lockedBuffer // of the present process
	starts  atomic.Int32
	up      atomic.Bool // it serves
}

// startCluster starts three nodes that serve a bundle, and waits until each does.
func startCluster(t *testing.T, bundle string) *cluster {
	t.Helper()
	c := &cluster{leader: map[string]int{}}
	var peers [3]string
	for i := range c.nodes {
		peers[i] = loopback.Address(t)
	}
	for i := range c.nodes {
		n := &clusterNode{cluster: c, number: i, addr: loopback.Address(t)}
		n.args = []string{
			"serve", bundle, "--listen", n.addr, "--log-level", "debug", // to hear who leads
			"--data", filepath.Join(t.TempDir(), fmt.Sprint(i)), "--cluster", peers[i], "--cluster-user", "peer", "--cluster-password", "known to three",
			"--cluster-route", peers[(i+1)%3], "--cluster-route", peers[(i+2)%3],
		}
		c.nodes[i] = n
		n.start(t)
	}
	for _, n := range c.nodes {
		n.await(t)
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			if t.Failed() {
				t.Logf("the last output of node %d:\n%s", n.number, lastLines(n.out.String(), 40))
			}
		}
	})
	return c
}

func lastLines(text string, n int) string {
	list := strings.Split(text, "\n")
	return strings.Join(list[max(0, len(list)-n):], "\n")
}

// start starts the next process of the node.
func (n *clusterNode) start(t *testing.T) {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	n.out = &lockedBuffer{}
	n.cmd = exec.Command(file, n.args...)
	n.cmd.Stdout = n.out
	n.cmd.Stderr = io.MultiWriter(n.out, &statetest.Lines{Tell: n.hear})
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n.starts.Add(1)
	cmd := n.cmd
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended already when the test killed it
		_ = cmd.Wait()
	})
}

// hear takes a line of the log. NATS names each stream that a node begins to lead.
func (n *clusterNode) hear(line string) {
	_, rest, ok := strings.Cut(line, "new stream leader for '$G > ")
	if !ok {
		return
	}
	stream, _, _ := strings.Cut(rest, "'")
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	n.cluster.leader[stream] = n.number
}

// leads returns the node that leads a stream.
func (c *cluster) leads(t *testing.T, stream string) *clusterNode {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	n, ok := c.leader[stream]
	if !ok {
		t.Fatalf("no node leads %s; there are leaders of %v", stream, c.leader)
	}
	return c.nodes[n]
}

// await waits until the node serves.
func (n *clusterNode) await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(n.out.String(), "listening on http://"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("node %d does not serve; the last of its output is\n%s", n.number, lastLines(n.out.String(), 40))
		}
	}
	n.up.Store(true)
}

// kill ends the node with SIGKILL and returns when it is gone.
func (n *clusterNode) kill(t *testing.T) {
	t.Helper()
	n.up.Store(false)
	if err := n.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = n.cmd.Wait() // says that it was killed
}

// clusterAnswer is what a node answered. A status of 0 is no answer: it was killed.
type clusterAnswer struct {
	status int
	used   string // what the quota has counted
	code   string // of the fault
	body   string
	took   time.Duration
}

// get sends a request to the node.
func (n *clusterNode) get(client *http.Client, path string) clusterAnswer {
	begin := time.Now()
	resp, err := client.Get("http://" + n.addr + path)
	if err != nil {
		return clusterAnswer{body: err.Error()}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return clusterAnswer{body: err.Error()}
	}
	a := clusterAnswer{status: resp.StatusCode, used: resp.Header.Get("Used"), body: string(body), took: time.Since(begin)}
	if _, rest, ok := strings.Cut(a.body, `"errorcode":"`); ok {
		a.code, _, _ = strings.Cut(rest, `"`)
	}
	return a
}
