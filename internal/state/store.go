package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"sluice/flow"
	"sluice/internal/pace"
)

// Store is everything that outlives a request, on one engine: who may call,
// tokens, key-value maps, caches and counters.
type Store struct {
	Tokens   *Tokens
	Maps     *Maps
	Caches   *Caches
	Counters *Counters
	Entities *Entities

	engine Engine
	end    context.CancelFunc // ends the watches
}

// NewStore makes a store on an engine, which it closes at its end. It returns when
// the local replicas hold everything that is there. now is the clock that lives
// and expiry are measured by.
func NewStore(ctx context.Context, engine Engine, now func() time.Time) (*Store, error) {
	watching, end := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{engine: engine, end: end}
	err := errors.Join(
		open(&s.Entities, func() (*Entities, error) { return openEntities(ctx, watching, engine) }),
		open(&s.Tokens, func() (*Tokens, error) { return openTokens(ctx, watching, engine, now) }),
		open(&s.Maps, func() (*Maps, error) { return openMaps(ctx, watching, engine) }),
		open(&s.Caches, func() (*Caches, error) { return openCaches(ctx, watching, engine, now) }),
		open(&s.Counters, func() (*Counters, error) { return openCounters(ctx, engine, now) }),
	)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func open[T any](into *T, do func() (T, error)) (err error) {
	*into, err = do()
	return err
}

func openCounters(ctx context.Context, engine Engine, now func() time.Time) (*Counters, error) {
	tally, err := engine.Tally(ctx, "quotas")
	if err != nil {
		return nil, fmt.Errorf("quota counters: %w", err)
	}
	return NewCounters(tally, now), nil
}

// Memory returns a store that keeps everything in memory, for tests and for runs
// that need not remember.
func Memory(now func() time.Time) *Store {
	s, err := NewStore(context.Background(), NewMemory(now), now)
	if err != nil {
		panic("the memory engine failed: " + err.Error()) // it has no way to
	}
	return s
}

// Engine is what the store is on, for others that keep state there too. They end
// before the store does.
func (s *Store) Engine() Engine { return s.engine }

// Services makes the store what the policies of services use.
func (s *Store) Services(services *flow.Services) {
	services.Entities = s.Entities.Directory
	services.Tokens, services.Maps, services.Caches, services.Counters = s.Tokens, s.Maps, s.Caches, s.Counters
	services.Pacer, services.Gates = pace.NewPacer(), pace.NewGates()
}

// Close ends the store and its engine. Counts that were not shared yet are
// shared before.
func (s *Store) Close() error {
	if s.Counters != nil {
		s.Counters.Close()
	}
	if s.Tokens != nil {
		s.Tokens.local.close()
	}
	if s.Caches != nil {
		s.Caches.local.close()
	}
	s.end()
	return s.engine.Close()
}

// digest is a text as a part of a key: short, of fixed length, and nobody reads
// the text from it.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
