package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	clusterAllowed  = 400         // of each identifier
	clusterInterval = time.Second // SyncIntervalInSeconds
)

// clusterKinds are the kinds of load: quotas that are counted synchronously, for an hour in memory
// and for a day on disk, and asynchronously; writes into a map; and what needs no state.
var clusterKinds = []string{"hours", "days", "later", "put", "free"}

// clusterBundle is a proxy with a path for each kind of load.
func clusterBundle(t *testing.T) string {
	t.Helper()
	flow := func(path, request, response string) string {
		step := func(name string) string {
			if name == "" {
				return ""
			}
			return "<Step><Name>" + name + "</Name></Step>"
		}
		return `<Flow name="` + path + `"><Request>` + step(request) + `</Request><Response>` + step(response) + `</Response><Condition>proxy.pathsuffix MatchesPath "/` + path + `"</Condition></Flow>`
	}
	dir := bundle(t, "/c", "<Flows>"+flow("hours", "Hours", "UsedHours")+flow("days", "Days", "UsedDays")+flow("later", "Later", "UsedLater")+
		flow("put", "Put", "")+flow("get", "Get", "Got")+flow("free", "", "")+`</Flows><RouteRule name="none"/>`, "")
	policy := func(name, xml string) { write(t, filepath.Join(dir, "apiproxy", "policies", name+".xml"), xml) }
	// One window that holds all of the test.
	start := time.Now().UTC().Add(-time.Minute).Format(time.DateTime)
	for name, rest := range map[string]string{
		"Hours": "<TimeUnit>hour</TimeUnit><Synchronous>true</Synchronous>",
		"Days":  "<TimeUnit>day</TimeUnit><Synchronous>true</Synchronous>",
		"Later": fmt.Sprintf("<TimeUnit>hour</TimeUnit><AsynchronousConfiguration><SyncIntervalInSeconds>%d</SyncIntervalInSeconds></AsynchronousConfiguration>", clusterInterval/time.Second),
	} {
		policy(name, fmt.Sprintf(`<Quota name=%q type="calendar"><Identifier ref="request.queryparam.id"/><Allow count="%d"/><Interval>1</Interval><StartTime>%s</StartTime><Distributed>true</Distributed>%s</Quota>`,
			name, clusterAllowed, start, rest))
		policy("Used"+name, fmt.Sprintf(`<AssignMessage name="Used%s"><Set><Headers><Header name="Used">{ratelimit.%[1]s.used.count}</Header></Headers></Set></AssignMessage>`, name))
	}
	policy("Put", `<KeyValueMapOperations name="Put" mapIdentifier="written"><Put override="true"><Key><Parameter ref="request.queryparam.id"/></Key><Value ref="request.queryparam.id"/></Put></KeyValueMapOperations>`)
	policy("Get", `<KeyValueMapOperations name="Get" mapIdentifier="written"><Get assignTo="found"><Key><Parameter ref="request.queryparam.id"/></Key></Get></KeyValueMapOperations>`)
	policy("Got", `<AssignMessage name="Got"><Set><Payload>{found}</Payload></Set></AssignMessage>`)
	return dir
}

// clusterLoad sends requests of every kind through every node that is up.
type clusterLoad struct {
	cluster *cluster
	end     context.CancelFunc
	senders sync.WaitGroup

	mu       sync.Mutex // guards what follows
	counts   map[string]*clusterCount
	gaps     map[string]*clusterGap // by kind of load
	written  []string               // keys that were acknowledged
	errors   map[string]int         // kind of load, status and code of what was neither let through nor refused
	slowest  time.Duration          // of those
	problems []string
}

// clusterCount is what happened to the requests of one identifier.
type clusterCount struct {
	kind      string
	through   []time.Time
	used      map[string]bool // counts that those were told
	refused   int
	failed    int             // and may have been counted
	processes map[string]bool // that let something through
}

// clusterGap is the longest time without an answer that is as it should be.
type clusterGap struct {
	answers int
	last    time.Time
	max     time.Duration // since resetGaps
	ever    time.Duration
}

// startClusterLoad sends requests of these kinds until it is stopped.
func startClusterLoad(t *testing.T, c *cluster, kinds ...string) *clusterLoad {
	ctx, cancel := context.WithCancel(t.Context())
	l := &clusterLoad{cluster: c, end: cancel, counts: map[string]*clusterCount{}, gaps: map[string]*clusterGap{}, errors: map[string]int{}}
	t.Cleanup(l.stop)
	for _, kind := range kinds {
		l.gaps[kind] = &clusterGap{last: time.Now()}
		for _, n := range c.nodes {
			l.senders.Go(func() { l.send(ctx, kind, n) })
		}
	}
	return l
}

// stop ends the load.
func (l *clusterLoad) stop() {
	l.end()
	l.senders.Wait()
}

// send sends requests of a kind through a node. When an identifier was refused three times the next
// one follows, so that at any time there is one whose limit is near.
func (l *clusterLoad) send(ctx context.Context, kind string, n *clusterNode) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	id, refused := 0, 0
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		<-tick.C
		if !n.up.Load() {
			continue
		}
		name := fmt.Sprint(kind, "-", id)
		if kind == "put" || kind == "free" {
			name = fmt.Sprint(kind, "-", n.number, "-", i)
		}
		process := fmt.Sprint(n.number, ".", n.starts.Load())
		a := n.get(client, "/c/"+kind+"?id="+name)
		if l.note(kind, name, process, n, a) {
			refused++
		}
		if refused == 3 {
			id, refused = id+1, 0
		}
	}
}

// note remembers an answer, and tells whether it was a refusal.
func (l *clusterLoad) note(kind, name, process string, n *clusterNode, a clusterAnswer) (refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts[name]
	if c == nil && kind != "put" && kind != "free" {
		c = &clusterCount{kind: kind, used: map[string]bool{}, processes: map[string]bool{}}
		l.counts[name] = c
	}
	refused = a.status == 429 && a.code == "policies.ratelimit.QuotaViolation"
	switch {
	case a.status == 0 && n.up.Load() && process == fmt.Sprint(n.number, ".", n.starts.Load()):
		l.problems = append(l.problems, fmt.Sprintf("node %d lives and did not answer %s: %s", n.number, name, a.body))
	case a.status != 200 && !refused:
		if a.status != 0 {
			l.errors[fmt.Sprintf("%s %d %s", kind, a.status, a.code)]++
			l.slowest = max(l.slowest, a.took)
		}
		if c != nil {
			c.failed++
		}
		return false
	case c != nil && refused:
		c.refused++
	case c != nil:
		c.through = append(c.through, time.Now())
		c.used[a.used] = true
		c.processes[process] = true
	case kind == "put":
		l.written = append(l.written, name)
	}
	l.gaps[kind].mark()
	return refused
}

func (g *clusterGap) mark() {
	now := time.Now()
	g.answers++
	g.max = max(g.max, now.Sub(g.last))
	g.ever = max(g.ever, g.max)
	g.last = now
}

// resetGaps begins to measure gaps anew.
func (l *clusterLoad) resetGaps() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.gaps {
		g.max, g.last = 0, time.Now()
	}
}

// stalled is the longest time without an answer that takes no state: then the machine had other
// work, since there always is a node that lives.
func (l *clusterLoad) stalled() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gaps["free"].ever
}

// longest tells the longest gaps since resetGaps.
func (l *clusterLoad) longest() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var gaps []string
	for kind, g := range l.gaps {
		gaps = append(gaps, fmt.Sprintf("%s for %s", kind, max(g.max, time.Since(g.last)).Round(time.Millisecond)))
	}
	slices.Sort(gaps)
	return "no answer to " + strings.Join(gaps, ", ")
}

// waitFor waits for so many more answers to each kind of load.
func (l *clusterLoad) waitFor(t *testing.T, more int, kinds ...string) {
	t.Helper()
	goal := map[string]int{}
	l.mu.Lock()
	for _, kind := range kinds {
		goal[kind] = l.gaps[kind].answers + more
	}
	l.mu.Unlock()
	reached := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return !slices.ContainsFunc(kinds, func(kind string) bool { return l.gaps[kind].answers < goal[kind] })
	}
	for deadline := time.Now().Add(patience); !reached(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("traffic does not go on: %s", l)
		}
	}
}

func (l *clusterLoad) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for kind, g := range l.gaps {
		fmt.Fprintf(&b, "%d %s, ", g.answers, kind)
	}
	fmt.Fprintf(&b, "and errors %v, at most after %s", l.errors, l.slowest.Round(time.Millisecond))
	return b.String()
}
