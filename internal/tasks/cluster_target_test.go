package tasks

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// clusterTarget answers attempts, a quarter of them with failure, and remembers them. It counts
// how many are under way in each queue at once, as it sees it: when a sender dies, the target goes
// on with what that one had sent until settle.
type clusterTarget struct {
	mu       sync.Mutex // guards what follows
	tasks    map[string][]*clusterAttempt
	underWay map[string]map[string]int // queue -> process -> how many
	killed   map[string]bool           // processes
	settled  chan struct{}             // closed when attempts of killed processes may end
	last     *clusterAttempt           // the newest
	came     int                       // attempts
	most     int                       // under way in a queue, of one process
	mostAll  int                       // of all processes
	together int                       // of a process while another one that lives had some as well
	problems []string
}

// clusterAttempt is an attempt as the target saw it.
type clusterAttempt struct {
	life, retry string    // of the sender; the number that the sender gave it
	term, sent  int64     // nanoseconds since 1970
	answered    time.Time // zero while it is under way
	ok          bool
}

func (a *clusterAttempt) String() string {
	return fmt.Sprintf("{%s by %s, ok %t}", a.retry, a.life, a.ok)
}

func newClusterTarget() *clusterTarget {
	return &clusterTarget{
		tasks: map[string][]*clusterAttempt{}, underWay: map[string]map[string]int{}, killed: map[string]bool{}, settled: make(chan struct{}),
	}
}

func (c *clusterTarget) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	queue, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	a := c.begin(queue, r)
	time.Sleep(rand.N(20 * time.Millisecond)) // the work of a target
	if settled := c.outlives(a.life); settled != nil {
		<-settled
	}
	c.end(queue, a)
	if !a.ok {
		w.WriteHeader(500)
	}
}

func (c *clusterTarget) begin(queue string, r *http.Request) *clusterAttempt {
	term, _ := strconv.ParseInt(r.Header.Get(termHeader), 10, 64) // our own
	sent, _ := strconv.ParseInt(r.Header.Get(sentHeader), 10, 64)
	a := &clusterAttempt{life: r.Header.Get(lifeHeader), retry: r.Header.Get("X-CloudTasks-TaskRetryCount"), term: term, sent: sent, ok: rand.N(4) > 0}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks[r.URL.Path] = append(c.tasks[r.URL.Path], a)
	c.last = a
	c.came++
	if c.underWay[queue] == nil {
		c.underWay[queue] = map[string]int{}
	}
	c.underWay[queue][a.life]++
	c.measure(c.underWay[queue], a)
	return a
}

// measure is called with the lock held.
func (c *clusterTarget) measure(queue map[string]int, a *clusterAttempt) {
	all, living := 0, 0
	for life, n := range queue {
		all += n
		if life != a.life && !c.killed[life] {
			living += n
		}
	}
	c.most, c.mostAll = max(c.most, queue[a.life]), max(c.mostAll, all)
	if living > 0 {
		c.together = max(c.together, all)
	}
	if queue[a.life] > clusterAtOnce {
		c.problems = append(c.problems, fmt.Sprintf("process %s had %d attempts of a queue under way", a.life, queue[a.life]))
	}
	if all > 2*clusterAtOnce {
		c.problems = append(c.problems, fmt.Sprintf("%d attempts of a queue were under way: %v", all, queue))
	}
}

// outlives returns what to wait for before an attempt ends whose sender was killed, nil for others.
func (c *clusterTarget) outlives(life string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed[life] {
		return c.settled
	}
	return nil
}

func (c *clusterTarget) end(queue string, a *clusterAttempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underWay[queue][a.life]--
	a.answered = time.Now()
}

// sender returns the process that sent the newest attempt, and how many there were.
func (c *clusterTarget) sender() (life string, came int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return "", 0
	}
	return c.last.life, c.came
}

// kills notes that a process is killed now: whatever it has under way stays so until settle.
func (c *clusterTarget) kills(life string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.killed[life] = true
}

// settle ends the attempts of killed processes.
func (c *clusterTarget) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.settled)
	c.settled = make(chan struct{})
}

// clusterTally is what the attempts of all tasks come to.
type clusterTally struct {
	attempts, succeeded, exhausted int
	afterKill, afterLoss           int            // repeated attempts: the sender was killed, or had lost its lease
	byTerm                         map[string]int // repeated attempts by who had sent them first
	lag                            time.Duration  // the longest from an answer to the kill that kept it from being written
}

// check looks at the attempts of the tasks.
func (c *clusterTarget) check(t *testing.T, tasks []string, killedAt map[string]time.Time) *clusterTally {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.problems {
		t.Error(p)
	}
	sum := &clusterTally{byTerm: map[string]int{}}
	for _, name := range tasks {
		attempts := c.tasks[name]
		if len(attempts) == 0 {
			t.Errorf("%s was acknowledged and never sent", name)
			continue
		}
		sum.attempts += len(attempts)
		if err := sum.add(attempts, killedAt); err != nil {
			t.Errorf("%s: %v: %v", name, err, attempts)
		}
	}
	for term, n := range sum.byTerm {
		if n > clusterQueues*clusterAtOnce {
			t.Errorf("%d attempts that were sent by %s were repeated; only %d could be under way", n, term, clusterQueues*clusterAtOnce)
		}
	}
	return sum
}

// add looks at the attempts of one task.
func (s *clusterTally) add(attempts []*clusterAttempt, killedAt map[string]time.Time) error {
	numbers := map[string]*clusterAttempt{} // by the sender's number
	var success *clusterAttempt
	failed, repeated := 0, 0
	for _, a := range attempts {
		if before := numbers[a.retry]; before != nil {
			if err := s.repeat(before, a, killedAt); err != nil {
				return err
			}
			repeated++
		} else if success != nil && repeated == 0 {
			return fmt.Errorf("it was sent after it had succeeded")
		}
		numbers[a.retry] = a
		if a.ok {
			success = a
		} else {
			failed++
		}
	}
	switch {
	case success != nil:
		s.succeeded++
	case failed >= clusterAttempts && len(numbers)+repeated >= clusterAttempts:
		s.exhausted++
	default:
		return fmt.Errorf("it did not succeed and was given up")
	}
	return nil
}

// repeat explains why an attempt was repeated: it was under way when the term of its sender ended.
func (s *clusterTally) repeat(before, a *clusterAttempt, killedAt map[string]time.Time) error {
	switch {
	case before.life == a.life && before.term == a.term: // in another term it may not know what became of it
		return fmt.Errorf("attempt %s was sent twice by process %s", a.retry, a.life)
	case before.sent >= a.term:
		return fmt.Errorf("attempt %s was sent by process %s in the term of process %s", a.retry, before.life, a.life)
	}
	s.byTerm[fmt.Sprint(before.life, " in the term from ", before.term)]++
	kill, killed := killedAt[before.life]
	if !killed || kill.UnixNano() > a.sent {
		s.afterLoss++
		return nil
	}
	s.afterKill++
	if !before.answered.IsZero() {
		s.lag = max(s.lag, kill.Sub(before.answered))
	}
	return nil
}
