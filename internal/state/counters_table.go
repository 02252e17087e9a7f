package state

import (
	"fmt"
	"hash/maphash"
	"maps"
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
	key     flow.CounterKey
	way     way
	kind    window.Kind
	unit    window.Unit
	precise bool
	length  int
	start   int64 // Unix seconds
}

func identify(n *flow.Count) counterID {
	w := &n.Window
	id := counterID{key: n.Key, kind: w.Kind, unit: w.Unit, precise: w.Precise, length: w.Length}
	if w.Kind == window.Calendar {
		id.start = w.Start.Unix()
	}
	if len(id.key.Identifier) > longestIdentifier {
		id.key.Identifier = digest(id.key.Identifier)
	}
	switch {
	case n.Sharing.Distributed && n.Sharing.Synchronous:
		id.way = synchronously
	case n.Sharing.Distributed:
		id.way = asynchronously
	}
	return id
}

// name is what the keys of the counter on the tally begin with. It is a digest:
// identifiers are often secrets, such as API keys.
func (id *counterID) name() string {
	return digest(fmt.Sprintf("%d %d %t %d %d %q", id.kind, id.unit, id.precise, id.length, id.start, id.key))[:32]
}

// lasting is an id that may be kept: what identifies a client is often part of a
// longer text, such as a request's header.
func (id counterID) lasting() counterID {
	id.key.Identifier = strings.Clone(id.key.Identifier)
	return id
}

// counterTable holds the counters of this process.
type counterTable struct {
	seed   maphash.Seed
	shards [counterShards]counterShard
}

type counterShard struct {
	mu       sync.Mutex             // guards what follows; taken before that of a counter
	counters map[uint64]*counter    // by the hash of its id: comparing one id is cheaper than hashing it twice
	clashes  map[counterID]*counter // those whose hash another has
	limit    int
	sweep    int       // size at which to forget counters
	swept    time.Time // when that was done last
}

func (t *counterTable) init(limit int) {
	t.seed = maphash.MakeSeed()
	for i := range t.shards {
		t.shards[i].counters, t.shards[i].clashes = map[uint64]*counter{}, map[counterID]*counter{}
		t.shards[i].limit = max(limit/counterShards, 1)
	}
}

// find returns the counter of n, locked. The error is ErrCrowded.
func (t *counterTable) find(n *flow.Count) (*counter, error) {
	id := identify(n)
	hash := t.hash(&id)
	s := &t.shards[hash%counterShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.get(hash, &id)
	if k == nil {
		k = &counter{id: id.lasting(), window: n.Window}
		if id.way != alone {
			k.name = id.name()
		}
		switch {
		case s.room(n.Now):
			s.put(hash, k)
		case id.way != synchronously: // what that remembers is on the tally as well
			return nil, ErrCrowded
		}
	}
	k.mu.Lock()
	return k, nil
}

// hash is of what mostly tells counters apart. Who chooses identifiers does not know
// the seed.
func (t *counterTable) hash(id *counterID) uint64 {
	return maphash.String(t.seed, id.key.Identifier) ^ maphash.String(t.seed, id.key.Policy)
}

// get returns the counter of that id, or nil.
func (s *counterShard) get(hash uint64, id *counterID) *counter {
	k := s.counters[hash]
	if k == nil || k.id != *id {
		return s.clashes[*id]
	}
	return k
}

func (s *counterShard) put(hash uint64, k *counter) {
	if s.counters[hash] == nil {
		s.counters[hash] = k
	} else {
		s.clashes[k.id] = k
	}
}

func (s *counterShard) len() int { return len(s.counters) + len(s.clashes) }

// room makes room for one more counter, and reports whether it could. Only those
// go whose windows have ended, for which being forgotten is no change. Each sweep
// is paid for by as many new counters as it leaves. It is called with the lock
// held.
func (s *counterShard) room(now time.Time) bool {
	if s.len() < max(s.sweep, 1) {
		return true
	}
	full := s.len() >= s.limit
	if full && now.Before(s.swept.Add(counterRest)) {
		return false
	}
	maps.DeleteFunc(s.counters, func(_ uint64, k *counter) bool { return k.ended(now) })
	maps.DeleteFunc(s.clashes, func(_ counterID, k *counter) bool { return k.ended(now) })
	s.sweep, s.swept = min(max(2*s.len(), 64), s.limit), now
	return s.len() < s.limit
}

// counter is one counter.
type counter struct {
	id     counterID
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

	lastPart, lastUsed int64 // synchronous: what counted in a part when it was last asked for

	interval time.Duration // asynchronous: how often to share
	shared   time.Time     // when that was begun last
	messages int64         // counts since then
	queued   bool          // waits to be shared
	dirty    bool          // has something to share
}

func (k *counter) ended(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.dirty && !k.queued && !now.Before(k.ends)
}
