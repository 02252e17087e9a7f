package main

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestCluster serves a proxy on three sluices that keep their state together, under load on all
// three, and kills the one that leads the counters with SIGKILL; then two of the three. What is
// checked stands at checkSynchronous, checkAsynchronous, checkWritten and checkAlone; and at all
// times the requests that need no state are answered.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes, and elections take some seconds")
	}
	c := startCluster(t, clusterBundle(t))
	l := startClusterLoad(t, c, clusterKinds...)
	l.waitFor(t, clusterAllowed, clusterKinds...)
	l.waitFor(t, 4*clusterAllowed, "later") // to its limit before anything happens
	var outages []outage
	for i := range *clusterKills {
		outages = append(outages, l.killLeader(t))
		if i%3 == 0 {
			outages = append(outages, l.killMajority(t))
		}
	}
	l.stop()
	t.Log(l)
	for _, p := range l.problems {
		t.Error(p)
	}
	l.checkSynchronous(t)
	l.checkAsynchronous(t, outages)
	l.checkWritten(t)
}

// TestClusterKilledWhole kills all three at once, under load. What was acknowledged is on their
// disks: entries of maps, and the counts of windows longer than three hours.
func TestClusterKilledWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes, and elections take some seconds")
	}
	c := startCluster(t, clusterBundle(t))
	l := startClusterLoad(t, c, "days", "put", "free")
	for range *clusterKills {
		l.waitFor(t, clusterAllowed, "days", "put")
		l.resetGaps()
		for _, n := range c.nodes {
			n.kill(t)
		}
		for _, n := range c.nodes {
			n.start(t)
		}
		for _, n := range c.nodes {
			n.await(t)
		}
		l.waitFor(t, clusterAllowed, "days", "put", "free")
		t.Logf("all nodes were killed and started again: %s", l.longest())
	}
	l.stop()
	t.Log(l)
	for _, p := range l.problems {
		t.Error(p)
	}
	l.checkSynchronous(t)
	l.checkWritten(t)
}

// killLeader kills the node that leads the counters and waits until all goes on.
func (l *clusterLoad) killLeader(t *testing.T) outage {
	t.Helper()
	n := l.cluster.leads(t, "TALLY_sluice_quotas_hours")
	l.resetGaps()
	o := outage{from: time.Now()}
	n.kill(t)
	l.waitFor(t, clusterAllowed, clusterKinds...)
	t.Logf("node %d, which led the counters, was killed: %s", n.number, l.longest())
	n.start(t)
	n.await(t)
	l.waitFor(t, clusterAllowed, clusterKinds...)
	o.to = time.Now()
	return o
}

// killMajority kills two nodes, looks at the third, and waits until all goes on with all three.
func (l *clusterLoad) killMajority(t *testing.T) outage {
	t.Helper()
	left := rand.N(3)
	dead := []*clusterNode{l.cluster.nodes[(left+1)%3], l.cluster.nodes[(left+2)%3]}
	l.resetGaps()
	o := outage{from: time.Now()}
	for _, n := range dead {
		n.kill(t)
	}
	l.checkAlone(t, l.cluster.nodes[left])
	for _, n := range dead {
		n.start(t)
	}
	for _, n := range dead {
		n.await(t)
	}
	l.waitFor(t, clusterAllowed, clusterKinds...)
	o.to = time.Now()
	t.Logf("all but node %d were killed and started again: %s", left, l.longest())
	return o
}

// outage is a time in which the cluster may have had no leader, or was taking a node back.
type outage struct{ from, to time.Time }

// checkAlone tells what clients get from a node without a majority.
func (l *clusterLoad) checkAlone(t *testing.T, n *clusterNode) {
	t.Helper()
	l.mu.Lock()
	known := l.written[0]
	l.mu.Unlock()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	for _, c := range []struct {
		what, path string
		status     int
		code, body string
	}{
		{"a synchronous quota", "/c/hours?id=alone", 500, "sluice.InternalError", ""},
		{"a synchronous quota of days", "/c/days?id=alone", 500, "sluice.InternalError", ""},
		{"an asynchronous quota", "/c/later?id=alone", 200, "", ""},
		{"writing into a map", "/c/put?id=alone", 500, "sluice.InternalError", ""},
		{"reading from a map", "/c/get?id=" + known, 200, "", known},
		{"a proxy without state", "/c/free", 200, "", ""},
	} {
		a := n.get(client, c.path)
		t.Logf("without a majority: %s answers %d %s after %s", c.what, a.status, a.code, a.took.Round(time.Millisecond))
		if a.status != c.status || a.code != c.code || c.body != "" && a.body != c.body || a.took > 20*time.Second {
			t.Errorf("%s without a majority: want %d %s %s within 2 s or so, got %s", c.what, c.status, c.code, c.body, a.body)
		}
	}
}

// checkSynchronous has the counters that ask the cluster each time: as many are let through as are
// allowed, and each is told a count that nobody else was told.
func (l *clusterLoad) checkSynchronous(t *testing.T) {
	t.Helper()
	full, most := map[string]int{}, 0
	for name, c := range l.counts {
		if c.kind == "later" {
			continue
		}
		most = max(most, len(c.through))
		if len(c.through) > clusterAllowed {
			t.Errorf("%s: %d requests were let through, %d are allowed", name, len(c.through), clusterAllowed)
		}
		if len(c.used) < len(c.through) {
			t.Errorf("%s: %d requests were let through, and told only %d different counts: some were lost", name, len(c.through), len(c.used))
		}
		if c.refused > 0 && len(c.through)+c.failed < clusterAllowed {
			t.Errorf("%s: only %d requests were let through, and %d failed, when one was refused; %d are allowed", name, len(c.through), c.failed, clusterAllowed)
		}
		if c.refused > 0 {
			full[c.kind]++
		}
	}
	t.Logf("synchronous: %v counters came to their limit of %d, where at most %d were let through", full, clusterAllowed, most)
}

// checkAsynchronous has the counters that are brought together from time to time: each process lets
// through as many as are allowed, at most, and outside of outages none later than it can know.
func (l *clusterLoad) checkAsynchronous(t *testing.T, outages []outage) {
	t.Helper()
	know := 2 * (clusterInterval + 2*time.Second + l.stalled()) // the patience of the engine is 2 s
	var beyond, beyondOutage, full int
	var late time.Duration
	for name, c := range l.counts {
		if c.kind != "later" || c.refused == 0 {
			continue
		}
		full++
		over := len(c.through) - clusterAllowed
		if over > clusterAllowed*(len(c.processes)-1) {
			t.Errorf("%s: %d requests were let through by %d processes, %d are allowed", name, len(c.through), len(c.processes), clusterAllowed)
		}
		if hit(outages, c.through) {
			beyondOutage = max(beyondOutage, over)
			continue
		}
		beyond = max(beyond, over)
		if over > 0 {
			late = max(late, c.through[len(c.through)-1].Sub(c.through[clusterAllowed-1]))
		}
	}
	if late > know {
		t.Errorf("asynchronous: a request was let through %s after the last that was allowed", late)
	}
	t.Logf("asynchronous: %d counters came to their limit of %d and at most %d beyond, %s after it; %d beyond when a node was killed meanwhile",
		full, clusterAllowed, beyond, late.Round(time.Millisecond), beyondOutage)
}

// hit tells whether there was an outage while these were let through, or so shortly before that
// the nodes had not come together yet.
func hit(outages []outage, through []time.Time) bool {
	for _, o := range outages {
		if len(through) > 0 && through[0].Before(o.to.Add(2*clusterInterval)) && through[len(through)-1].After(o.from) {
			return true
		}
	}
	return false
}

// checkWritten looks on each node for what was acknowledged. One that has just come back may lack
// something for a while.
func (l *clusterLoad) checkWritten(t *testing.T) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	deadline := time.Now().Add(patience)
	for _, n := range l.cluster.nodes {
		for _, key := range l.written {
			a := n.get(client, "/c/get?id="+key)
			for a.body != key && time.Now().Before(deadline) {
				time.Sleep(50 * time.Millisecond)
				a = n.get(client, "/c/get?id="+key)
			}
			if a.body != key {
				t.Errorf("%s was acknowledged, and node %d answers %d %q", key, n.number, a.status, a.body)
			}
		}
	}
	t.Logf("%d writes were acknowledged, and are there on each node", len(l.written))
}
