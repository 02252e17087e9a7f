package pace

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"
)

const (
	pacerShards = 64
	// pacerKeys bounds the keys of a shard: a quarter of a million in all.
	pacerKeys = 4096
	// pacerRest is how long a full shard is left alone after a sweep, so that a
	// flood of keys does not pay for one each.
	pacerRest = 50 * time.Millisecond
)

// Pacer lets messages pass at an even pace: each takes a slot of time, and the
// next may pass when the slot is over. The first message of a key, which is a policy
// and an identifier, always passes.
//
// It remembers a key while its slot lasts, and at most a quarter of a million of
// them. While there are so many, keys that are not among them do not pass: that
// is a spike, too.
type Pacer struct {
	seed   maphash.Seed
	shards [pacerShards]pacerShard
}

type pacerShard struct {
	mu    sync.Mutex            // guards what follows
	next  map[paceKey]time.Time // when the slot of a key is over
	sweep int                   // size at which to forget slots that are over
	swept time.Time             // when that was done last
}

type paceKey struct{ policy, identifier string }

// NewPacer returns a pacer that remembers nothing.
func NewPacer() *Pacer { return &Pacer{seed: maphash.MakeSeed()} }

// Pass reports whether a message may pass at now, and if so takes its slot. A
// message that may not changes nothing; one without a slot always may. The policy is
// kept as it is, and clients choose the identifier.
func (p *Pacer) Pass(policy, identifier string, now time.Time, slot time.Duration) bool {
	if slot <= 0 {
		return true
	}
	k := paceKey{policy, bounded(identifier)}
	return p.shards[(maphash.String(p.seed, policy)^maphash.String(p.seed, k.identifier))%pacerShards].pass(k, now, slot)
}

func (s *pacerShard) pass(k paceKey, now time.Time, slot time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, known := s.next[k]
	if now.Before(next) || !known && !s.room(now) {
		return false
	}
	if !known {
		k.identifier = strings.Clone(k.identifier) // it may be part of a request's header
	}
	s.next[k] = now.Add(slot)
	return true
}

// room makes room for one more key, and reports whether it could. Each sweep is
// paid for by as many new keys as it leaves.
func (s *pacerShard) room(now time.Time) bool {
	if s.next == nil {
		s.next, s.sweep = map[paceKey]time.Time{}, 64
	}
	if len(s.next) < s.sweep {
		return true
	}
	if len(s.next) == pacerKeys && now.Before(s.swept.Add(pacerRest)) {
		return false
	}
	for key, next := range s.next {
		if !now.Before(next) {
			delete(s.next, key)
		}
	}
	s.sweep, s.swept = min(max(2*len(s.next), 64), pacerKeys), now
	return len(s.next) < pacerKeys
}
