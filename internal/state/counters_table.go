package state

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"sluice/flow"
	"sluice/internal/window"
)

const (
	// maxCounters is how many counters are remembered, about 200 MB of them.
	maxCounters   = 1 << 19
	counterShards = 64
	// counterRest is how long a full shard is left alone after a sweep, so that a
	// flood of keys does not pay for one each.
	counterRest = time.Second
	// crowdedFor is how long calls may count with a counter that is not in the table,
	// and more than that.
	crowdedFor = time.Minute
	// longestIdentifier is the longest identifier that is kept as it is: clients
	// choose them.
	longestIdentifier = 128
)

// way is who a counter counts for.
type way uint8

const (
	alone way = iota
	synchronously
	asynchronously
)

// counterID is what a counter is found by.
type counterID struct {
	set        *flow.CounterSet
	identifier string
}

func identify(n *flow.Count) counterID {
	if len(n.Identifier) > longestIdentifier {
		return counterID{n.Of, digest(n.Identifier)}
	}
	return counterID{n.Of, n.Identifier}
}

func (id *counterID) is(other *counterID) bool {
	return id.identifier == other.identifier && (id.set == other.set || sameCounters(id.set, other.set))
}

// sameCounters reports whether two sets name the same counters: how often they are
// shared does not matter.
func sameCounters(a, b *flow.CounterSet) bool {
	v, w := &a.Window, &b.Window
	return a.Policy == b.Policy && a.Limits == b.Limits && wayOf(a) == wayOf(b) &&
		v.Kind == w.Kind && v.Unit == w.Unit && v.Precise == w.Precise && v.Length == w.Length && startOf(v) == startOf(w)
}

func wayOf(s *flow.CounterSet) way {
	switch {
	case s.Sharing.Distributed && s.Sharing.Synchronous:
		return synchronously
	case s.Sharing.Distributed:
		return asynchronously
	}
	return alone
}

// startOf is where the windows begin, in Unix seconds; 0 where they have no start.
func startOf(w *window.Window) int64 {
	if w.Kind != window.Calendar {
		return 0
	}
	return w.Start.Unix()
}

// name is what the keys of the counter on the tally begin with. It is a digest:
// identifiers are often secrets, such as API keys.
func (id *counterID) name() string {
	w, s := &id.set.Window, id.set
	return digest(fmt.Sprintf("%d %d %t %d %d %q %q %q", w.Kind, w.Unit, w.Precise, w.Length, startOf(w), s.Policy, s.Limits, id.identifier))[:32]
}

// counterTable holds the counters of this process.
type counterTable struct {
	seed   maphash.Seed
	shared bool // others count on the same tally
	shards [counterShards]counterShard
}

type counterShard struct {
	mu       sync.Mutex          // guards what follows; taken before that of a counter
	counters map[uint64]*counter // by the hash of the id; others of the same hash follow in counter.next
	size     int
	limit    int
	sweep    int       // size at which to forget counters
	swept    time.Time // when that was done last
	crowded  time.Time // when a counter was last handed out that is not in the table
}

func (t *counterTable) init(limit int, shared bool) {
	t.seed, t.shared = maphash.MakeSeed(), shared
	for i := range t.shards {
		t.shards[i].counters = map[uint64]*counter{}
		t.shards[i].limit = max(limit/counterShards, 1)
	}
}

// find returns the counter of n, locked. The error is ErrCrowded.
func (t *counterTable) find(n *flow.Count) (*counter, error) {
	id := identify(n)
	hash := t.hash(&id)
	s := &t.shards[hash%counterShards]
	s.mu.Lock()
	k := s.get(hash, &id)
	if k == nil {
		k = newCounter(id)
		switch {
		case s.room(n.Now):
			s.put(hash, k)
			k.single = !t.shared && k.way == synchronously && k.window.Kind == window.Rolling && n.Now.Sub(s.crowded) > crowdedFor
		case k.way == synchronously: // what that remembers is on the tally as well
			s.crowded = n.Now
		default:
			s.mu.Unlock()
			return nil, ErrCrowded
		}
	}
	k.mu.Lock()
	s.mu.Unlock()
	return k, nil
}

// hash is of what mostly tells counters apart. Who chooses identifiers does not know
// the seed.
func (t *counterTable) hash(id *counterID) uint64 {
	return maphash.String(t.seed, id.identifier) ^ maphash.String(t.seed, id.set.Policy)
}

// get returns the counter of that id, or nil. A set that was made anew takes the
// place of the old one, so that it is found by its pointer from then on.
func (s *counterShard) get(hash uint64, id *counterID) *counter {
	for k := s.counters[hash]; k != nil; k = k.next {
		if k.id.is(id) {
			k.id.set = id.set
			return k
		}
	}
	return nil
}

func (s *counterShard) put(hash uint64, k *counter) {
	k.next = s.counters[hash]
	s.counters[hash] = k
	s.size++
}

// room makes room for one more counter, and reports whether it could. Only those
// go whose windows have ended, for which being forgotten is no change. Each sweep
// is paid for by as many new counters as it leaves. It is called with the lock
// held.
func (s *counterShard) room(now time.Time) bool {
	if s.size < max(s.sweep, 1) {
		return true
	}
	if s.size >= s.limit && now.Before(s.swept.Add(counterRest)) {
		return false
	}
	s.forget(now)
	s.sweep, s.swept = min(max(2*s.size, 64), s.limit), now
	return s.size < s.limit
}

// forget drops the counters whose windows have ended.
func (s *counterShard) forget(now time.Time) {
	s.size = 0
	for hash, k := range s.counters {
		var kept *counter
		for next := k; k != nil; k = next {
			if next = k.next; !k.ended(now) {
				k.next, kept = kept, k
				s.size++
			}
		}
		if s.counters[hash] = kept; kept == nil {
			delete(s.counters, hash)
		}
	}
}

// counter is one counter.
type counter struct {
	id   counterID // its set is guarded by the lock of the shard
	next *counter  // also

	way    way
	name   string // of its keys on the tally; "" when it counts alone
	window window.Window

	mu    sync.Mutex // guards what follows; never held while the tally is asked
	parts parts
	ends  time.Time // when nothing of it counts any more

	began time.Time // fixed windows: begin of the last one asked for
	last  frame     // that one

	begin  int64 // Flexi: when the present window began, as a number of a part; 0 is never
	agreed int64 // the begin that was agreed on with others

	known  int64 // Rolling: parts below are as they stay
	marked int64 // the newest page of parts that was marked as written

	// single is a synchronous counter of a rolling window that nobody else counts in:
	// no other process, and no second counter of the same id here.
	single bool
	calls  calls // of a single counter

	lastPart, lastUsed int64 // synchronous: what counted in a part when it was last asked for

	interval time.Duration // asynchronous: how often to share
	shared   time.Time     // when that was begun last
	messages int64         // counts since then
	queued   bool          // waits to be shared
	dirty    bool          // has something to share
}

// newCounter returns the counter of that id. It keeps a copy of the identifier, which
// is often part of a longer text, such as a request's header.
func newCounter(id counterID) *counter {
	id.identifier = strings.Clone(id.identifier)
	k := &counter{id: id, way: wayOf(id.set), window: id.set.Window}
	if k.way != alone {
		k.name = id.name()
	}
	return k
}

func (k *counter) ended(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.dirty && !k.queued && !now.Before(k.ends)
}
