package tasks

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"sluice/internal/delay"
)

// clusterKills is how often TestLeaderKilled kills: go test ./internal/tasks -run LeaderKilled -cluster-kills=20
var clusterKills = flag.Int("cluster-kills", 2, "how many times the leader of a cluster is killed")

const (
	clusterQueues   = 3
	clusterAtOnce   = 5 // maxConcurrentDispatches of each queue
	clusterAttempts = 4
)

// TestLeaderKilled kills the leader of three processes with SIGKILL, over and over, while tasks are
// made through all of them, and a quarter of the attempts fail. In the end every task that was
// acknowledged has succeeded, or failed as often as it may. An attempt is repeated only when it was
// under way at the end of its leader's term, of which there are at most as many as the queues let
// be under way. So many more than maxConcurrentDispatches can be under way after a kill, as the
// target sees it, and never more of one process.
func TestLeaderKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes, and elections take some seconds")
	}
	target := newClusterTarget()
	web := httptest.NewServer(target)
	t.Cleanup(web.Close)
	t.Cleanup(target.settle)
	m := startMembers(t)
	makeClusterQueues(t, *m.nodes[0].address.Load())
	making := m.makeTasks(t, web.URL)
	killedAt := map[string]time.Time{}
	for range *clusterKills {
		n := target.awaitLeader(t, m)
		life := n.life()
		led, streams := m.streams(n)
		target.kills(life)
		killedAt[life] = time.Now()
		n.kill(t)
		pause := target.awaitNext(t, life).Sub(killedAt[life])
		t.Logf("process %s was killed, which led %d of %d streams: no attempt for %s", life, led, streams, pause.Round(time.Millisecond))
		time.Sleep(300 * time.Millisecond) // for the next leader to fill its queues beside what is under way
		target.settle()
		n.start(t)
		n.await(t)
	}
	target.awaitLeader(t, m)
	made := making.stop(t)
	for _, n := range m.nodes {
		awaitEmpty(t, *n.address.Load())
	}
	sum := target.check(t, made, killedAt)
	t.Logf("%d tasks, %d kills: %d succeeded, %d exhausted their retries; %d attempts, repeated were %d after a kill and %d after a lease was lost",
		len(made), *clusterKills, sum.succeeded, sum.exhausted, sum.attempts, sum.afterKill, sum.afterLoss)
	t.Logf("under way at most, where %d may be: %d of one process, %d of all, %d of processes that lived; %s from an answer to the kill before it was written",
		clusterAtOnce, target.most, target.mostAll, target.together, sum.lag.Round(time.Millisecond))
	if *clusterKills > 0 && target.most < clusterAtOnce {
		t.Errorf("the queues were never full, which proves nothing")
	}
}

// awaitLeader waits until one process has sent some attempts in a row, and returns it.
func (c *clusterTarget) awaitLeader(t *testing.T, m *members) *memberNode {
	t.Helper()
	life, from := c.sender()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		now, came := c.sender()
		if now != life {
			life, from = now, came
		}
		if n := m.of(life); n != nil && came >= from+200 {
			return n
		}
		if time.Now().After(deadline) {
			t.Fatalf("no process sends the tasks alone, and all the time; %d attempts came, the last from process %q", came, now)
		}
	}
}

// awaitNext waits until another process than that sends attempts, and returns when it did.
func (c *clusterTarget) awaitNext(t *testing.T, life string) time.Time {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if now, _ := c.sender(); now != life {
			return time.Now()
		}
	}
	t.Fatalf("nobody sends tasks %s after process %s was killed", patience, life)
	return time.Time{}
}

func clusterQueue(i int) string { return fmt.Sprint(testParent, "/queues/cluster-", i%clusterQueues) }

func makeClusterQueues(t *testing.T, address string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := range clusterQueues {
		body := fmt.Sprintf(`{"name":%q,"rateLimits":{"maxConcurrentDispatches":%d},"retryConfig":{"maxAttempts":%d,"minBackoff":"0.010s"}}`,
			clusterQueue(i), clusterAtOnce, clusterAttempts)
		eventually(t, "a queue is made", func() bool {
			status, text := postJSON(client, address+"/v2/"+testParent+"/queues", body)
			switch status {
			case 200, 409: // made, perhaps by a call before that was not told so
				return true
			case 503, 504: // the cluster is electing
				return false
			}
			t.Fatalf("queue %d: %d %s", i, status, text)
			return false
		})
	}
}

// making makes tasks through all nodes until it is stopped.
type making struct {
	ctx   context.Context
	end   context.CancelFunc
	tasks sync.WaitGroup

	mu   sync.Mutex // guards what follows
	made []string   // paths of the tasks that were acknowledged
	err  error
}

func (m *members) makeTasks(t *testing.T, target string) *making {
	g := &making{}
	g.ctx, g.end = context.WithCancel(t.Context())
	t.Cleanup(func() { g.end(); g.tasks.Wait() })
	for _, n := range m.nodes {
		g.tasks.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			defer client.CloseIdleConnections()
			for i := 0; g.makeTask(client, n, i, target); i++ {
			}
		})
	}
	return g
}

// makeTask makes a task through a node, until it is acknowledged: a repetition is told that it
// exists. It reports whether to go on.
func (g *making) makeTask(client *http.Client, n *memberNode, i int, target string) bool {
	queue := clusterQueue(i)
	path := fmt.Sprintf("/q%d/t%d-%d", i%clusterQueues, n.number, i)
	body := fmt.Sprintf(`{"task":{"name":"%s/tasks/t%d-%d","httpRequest":{"url":"%s%s"}}}`, queue, n.number, i, target, path)
	for pause := 4 * time.Millisecond; ; pause = 20 * time.Millisecond {
		if !delay.For(g.ctx, pause) {
			return false
		}
		at := n.address.Load()
		if at == nil {
			continue
		}
		status, text := postJSON(client, *at+"/v2/"+queue+"/tasks", body)
		switch status {
		case 200, 409:
			g.note(path, nil)
			return true
		case 0, 503, 504: // the node is down, or the cluster is electing
		default:
			g.note(path, fmt.Errorf("%s: %d %s", path, status, text))
			return false
		}
	}
}

func (g *making) note(path string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.err = err
		return
	}
	g.made = append(g.made, path)
}

// stop ends it and returns the paths of the tasks that were acknowledged.
func (g *making) stop(t *testing.T) []string {
	t.Helper()
	g.end()
	g.tasks.Wait()
	check(t, g.err)
	return slices.Clone(g.made)
}

// awaitEmpty waits until a node knows of no task.
func awaitEmpty(t *testing.T, address string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for i := range clusterQueues {
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			text := readText(client, address+"/v2/"+clusterQueue(i)+"/tasks")
			if text != "" && !bytes.Contains([]byte(text), []byte(`"tasks"`)) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("queue %d is not empty after %s: %.300s", i, patience, text)
			}
		}
	}
}

// readText returns what is answered with 200, "" for anything else.
func readText(client *http.Client, url string) string {
	r, err := client.Get(url)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 {
		return ""
	}
	return string(text)
}
