package keysets

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"sluice/flow"
	"sluice/internal/jose"
)

// How long things are true. Apigee documents none of these; it is recalled that
// it keeps a set for about five minutes.
const (
	life      = 5 * time.Minute  // of a set, until it is fetched again
	staleLife = time.Hour        // of a set that cannot be fetched again, from when it was
	retry     = 10 * time.Second // between fetches for keys that are not in the set, and after a failure with an old set
	failLife  = time.Second      // of a failure without an old set
)

// maxSets bounds how many sets are kept: uriRef lets a variable name the set.
const maxSets = 1000

// Sets implements flow.KeySets.
type Sets struct {
	now func() time.Time

	mu   sync.RWMutex // guards sets
	sets map[string]*set
}

// New returns an empty cache that lives by the clock now.
func New(now func() time.Time) *Sets {
	return &Sets{now: now, sets: map[string]*set{}}
}

// set is what is known of one URI.
type set struct {
	known atomic.Pointer[known] // nil until a fetch succeeded
	used  atomic.Int64          // Unix time in seconds; the least goes first when there are too many

	mu     sync.Mutex    // guards the rest
	flight chan struct{} // closed when the fetch under way ends; nil for none
	tried  time.Time     // when the last fetch ended
	err    error         // of the last fetch
}

var errAborted = errors.New("fetching the key set was broken off")

// known is the content of a set. It does not change.
type known struct {
	keys []flow.PublicKey
	at   time.Time
}

func (k *known) has(kid string) bool {
	if kid == "" {
		return true
	}
	for i := range k.keys {
		if k.keys[i].ID == kid {
			return true
		}
	}
	return false
}

// KeySet implements flow.KeySets. get runs on the goroutine of the caller, or not
// at all. The error is get's, wraps jose.ErrKey when what get returned is no key
// set, or is that of ctx.
func (s *Sets) KeySet(ctx context.Context, uri, kid string, get func(context.Context) ([]byte, error)) ([]flow.PublicKey, error) {
	now := s.now()
	e := s.entry(uri, now)
	for {
		k := e.known.Load()
		if k != nil && now.Sub(k.at) < life && k.has(kid) {
			return k.keys, nil
		}
		flight, mine := e.board(k, kid, now)
		switch {
		case mine:
			return e.fetch(ctx, get, s.now)
		case flight == nil:
			return e.settled(now)
		}
		select {
		case <-flight:
			now = s.now()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// entry finds the set for a URI, or makes it in place of the one that was not
// used for the longest time.
func (s *Sets) entry(uri string, now time.Time) *set {
	s.mu.RLock()
	e := s.sets[uri]
	s.mu.RUnlock()
	if e == nil {
		e = s.add(uri)
	}
	if at := now.Unix(); e.used.Load() != at {
		e.used.Store(at)
	}
	return e
}

func (s *Sets) add(uri string) *set {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.sets[uri]; e != nil {
		return e
	}
	if len(s.sets) >= maxSets {
		s.evict()
	}
	e := &set{}
	e.used.Store(s.now().Unix())
	s.sets[uri] = e
	return e
}

func (s *Sets) evict() {
	oldest, least := "", int64(1)<<62
	for uri, e := range s.sets {
		if used := e.used.Load(); used < least {
			oldest, least = uri, used
		}
	}
	delete(s.sets, oldest)
}

// board decides what a caller does who needs a fetch, having seen k: make it
// (mine), wait for the one under way, or, with neither, take what there is.
func (e *set) board(k *known, kid string, now time.Time) (flight chan struct{}, mine bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	usable := k.usable(now) && k.has(kid)
	switch {
	case e.flight != nil && usable:
		return nil, false
	case e.flight != nil:
		return e.flight, false
	case e.known.Load() != k:
		return landed, false // a fetch ended since: look again
	case e.resting(k, now):
		return nil, false
	}
	e.flight = make(chan struct{})
	return nil, true
}

// landed is a flight that is over.
var landed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// resting reports whether it is too early for another fetch.
func (e *set) resting(k *known, now time.Time) bool {
	since := now.Sub(e.tried)
	switch {
	case k.usable(now):
		due := e.err == nil && now.Sub(k.at) >= life
		return !due && since < retry
	case e.err != nil:
		return since < failLife
	}
	return false
}

func (k *known) usable(now time.Time) bool { return k != nil && now.Sub(k.at) < staleLife }

// settled is the answer without a fetch: the set as it is, or why there is none.
func (e *set) settled(now time.Time) ([]flow.PublicKey, error) {
	if k := e.known.Load(); k.usable(now) {
		return k.keys, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return nil, e.err
}

// fetch gets the set anew and lets the others go on, also when get panics.
func (e *set) fetch(ctx context.Context, get func(context.Context) ([]byte, error), now func() time.Time) ([]flow.PublicKey, error) {
	var keys []flow.PublicKey
	err := errAborted
	defer func() { e.land(ctx, keys, err, now()) }()
	var text []byte
	if text, err = get(ctx); err == nil {
		keys, err = parse(text)
	}
	if err == nil {
		return keys, nil
	}
	if k := e.known.Load(); k.usable(now()) && ctx.Err() == nil {
		return k.keys, nil
	}
	return nil, err
}

// land ends a fetch. One whose request was given up tells nothing about the set:
// whoever waits makes the next.
func (e *set) land(ctx context.Context, keys []flow.PublicKey, err error, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		e.known.Store(&known{keys: keys, at: now})
	}
	if err == nil || ctx.Err() == nil {
		e.tried, e.err = now, err
	}
	close(e.flight)
	e.flight = nil
}

func parse(text []byte) ([]flow.PublicKey, error) {
	keys, err := jose.ParseKeySet(text)
	if err != nil {
		return nil, err
	}
	list := make([]flow.PublicKey, len(keys))
	for i, k := range keys {
		list[i] = flow.PublicKey{ID: k.ID, Algorithm: k.Algorithm, Use: k.Use, Key: k.Public}
	}
	return list, nil
}
