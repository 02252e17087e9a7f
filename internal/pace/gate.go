package pace

import (
	"sync"
	"time"
)

// gateKeys bounds how many keys have holders at once.
const gateKeys = 1 << 16

// Gates bound how many holders a key has at once. A key without holders is
// forgotten; while 65,536 keys have some, no other key gets one.
type Gates struct {
	mu    sync.Mutex // guards what follows, and the holders' lists
	gates map[string]*gate
}

// gate is the holders of a key, those whose time ends first in front.
type gate struct {
	key     string
	holders []*Hold
}

// Hold is one place behind a gate, until Release or until its time ends.
type Hold struct {
	gates *Gates
	gate  *gate // nil once it is given back
	ends  time.Time
}

// NewGates returns gates that nobody has passed.
func NewGates() *Gates { return &Gates{gates: map[string]*gate{}} }

// Enter takes one of limit places of the key, and says how many are taken then.
// Without a free place the hold is nil. A hold ends by itself after life; 0 is
// never.
func (g *Gates) Enter(key string, limit int, now time.Time, life time.Duration) (hold *Hold, held int) {
	key = bounded(key)
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.gates[key]
	if at == nil {
		if limit <= 0 || len(g.gates) >= gateKeys && !g.sweep(now) {
			return nil, 0
		}
		at = &gate{key: key}
	}
	at.expire(now)
	if len(at.holders) >= limit {
		return nil, len(at.holders)
	}
	g.gates[key] = at
	hold = &Hold{gates: g, gate: at}
	if life > 0 {
		hold.ends = now.Add(life)
	}
	at.insert(hold)
	return hold, len(at.holders)
}

// Release gives the place back, and says how many are taken then. Later calls do
// nothing, like one after the hold's time.
func (h *Hold) Release() (held int) {
	h.gates.mu.Lock()
	defer h.gates.mu.Unlock()
	at := h.gate
	if at == nil {
		return 0
	}
	h.gate = nil
	for i, other := range at.holders {
		if other == h {
			at.holders = append(at.holders[:i], at.holders[i+1:]...)
			break
		}
	}
	h.gates.forget(at)
	return len(at.holders)
}

// forget drops a gate without holders. It is called with the lock held, like
// sweep, expire and insert.
func (g *Gates) forget(at *gate) {
	if len(at.holders) == 0 && g.gates[at.key] == at {
		delete(g.gates, at.key)
	}
}

// sweep forgets the gates whose holders' time has ended, and reports whether
// there is room for another.
func (g *Gates) sweep(now time.Time) bool {
	for _, at := range g.gates {
		at.expire(now)
		g.forget(at)
	}
	return len(g.gates) < gateKeys
}

func (at *gate) expire(now time.Time) {
	n := 0
	for n < len(at.holders) && at.holders[n].over(now) {
		at.holders[n].gate = nil
		n++
	}
	at.holders = at.holders[n:]
}

func (h *Hold) over(now time.Time) bool { return !h.ends.IsZero() && !now.Before(h.ends) }

// insert keeps the order by end. Holders of a gate have the same life nearly
// always, so the place is at the end of the list.
func (at *gate) insert(h *Hold) {
	i := len(at.holders)
	for i > 0 && h.before(at.holders[i-1]) {
		i--
	}
	at.holders = append(at.holders, nil)
	copy(at.holders[i+1:], at.holders[i:])
	at.holders[i] = h
}

func (h *Hold) before(other *Hold) bool {
	return !h.ends.IsZero() && (other.ends.IsZero() || h.ends.Before(other.ends))
}
