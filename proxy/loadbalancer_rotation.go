package proxy

import (
	"sync"
	"time"
)

// rotation is the changing side of a LoadBalancer: which servers take part and
// whose turn it is. A deployment has its own, so failures count per load
// balancer and start anew with a new revision, as on Apigee.
type rotation struct {
	choose      func(*rotation, turn) int
	fallback    int // index, or -1
	maxFailures int // 0: servers never leave
	pause       time.Duration

	mu        sync.Mutex // guards what follows
	servers   []standing
	next      int  // where the round goes on
	monitored bool // a health monitor brings servers back
}

// standing is how one server does.
type standing struct {
	weight   int
	credit   int // of the weighted round
	active   int // requests under way
	failures int // since the last answer
	out      bool
	back     time.Time // when a server that is out gets a request again
}

// turn is one choice of a server.
type turn struct {
	now   time.Time
	tried []bool // for this request; nil for none
}

func newRotation(algorithm string, servers []server, fallback bool, maxFailures int, pause time.Duration) *rotation {
	r := &rotation{choose: (*rotation).roundRobin, fallback: -1, maxFailures: maxFailures, pause: pause}
	switch algorithm {
	case "Weighted":
		r.choose = (*rotation).weighted
	case "LeastConnections":
		r.choose = (*rotation).leastConnections
	}
	for _, s := range servers {
		r.servers = append(r.servers, standing{weight: s.weight})
	}
	if fallback {
		r.fallback = len(servers) - 1
	}
	return r
}

// take chooses a server and counts it as busy until release. It is -1 when none
// is left. The fallback's turn comes when every other server is out or was tried
// for this request.
func (r *rotation) take(now time.Time, tried []bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := turn{now, tried}
	i := r.choose(r, t)
	if i < 0 && r.fallback >= 0 && r.may(t, r.fallback) {
		i = r.fallback
	}
	if i < 0 {
		return i
	}
	s := &r.servers[i]
	s.active++
	if s.out {
		s.back = now.Add(r.pause) // this request is the trial; the others stay away
	}
	return i
}

func (r *rotation) may(t turn, i int) bool {
	if t.tried != nil && t.tried[i] {
		return false
	}
	s := &r.servers[i]
	return !s.out || !r.monitored && !t.now.Before(s.back)
}

// regular reports whether server i may be chosen in the ordinary way.
func (r *rotation) regular(t turn, i int) bool { return i != r.fallback && r.may(t, i) }

func (r *rotation) roundRobin(t turn) int {
	for range r.servers {
		i := r.next % len(r.servers)
		r.next = i + 1
		if r.regular(t, i) {
			return i
		}
	}
	return -1
}

// weighted is the smooth weighted round robin of nginx: weights 3 and 1 give
// A A B A and not A A A B.
func (r *rotation) weighted(t turn) int {
	best, total := -1, 0
	for i := range r.servers {
		if !r.regular(t, i) {
			continue
		}
		s := &r.servers[i]
		s.credit += s.weight
		total += s.weight
		if best < 0 || s.credit > r.servers[best].credit {
			best = i
		}
	}
	if best >= 0 {
		r.servers[best].credit -= total
	}
	return best
}

// leastConnections takes turns among those that are equally busy.
func (r *rotation) leastConnections(t turn) int {
	best := -1
	for n := range r.servers {
		i := (r.next + n) % len(r.servers)
		if r.regular(t, i) && (best < 0 || r.servers[i].active < r.servers[best].active) {
			best = i
		}
	}
	if best >= 0 {
		r.next = best + 1
	}
	return best
}

// passed notes that server i answered: it starts anew.
func (r *rotation) passed(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.servers[i].failures, r.servers[i].out = 0, false
}

// failed notes a failure of server i; the last one that it may have puts it out.
func (r *rotation) failed(i int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.servers[i]
	s.failures++
	if r.maxFailures > 0 && s.failures >= r.maxFailures {
		s.out, s.back = true, now.Add(r.pause)
	}
}

func (r *rotation) release(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.servers[i].active--
}

func (r *rotation) watch(monitored bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.monitored = monitored
}

func (r *rotation) isFallback(i int) bool { return i == r.fallback }

// busy is a server's work on one request; it ends once.
type busy struct {
	rotation *rotation
	server   int
	once     sync.Once
}

func (b *busy) end() { b.once.Do(func() { b.rotation.release(b.server) }) }
