package appint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sluice/internal/delay"
	"sluice/internal/integrations"
	"sluice/internal/state"
)

const (
	retries   = 5 // of a write that the store did not acknowledge
	retryWait = 200 * time.Millisecond
)

// records keeps executions. Those that must survive are in a durable bucket from the moment that
// they are accepted. Those whose caller waits, and those that a task of another one waits for,
// only leave their record in the history at their end.
//
// Whoever writes the entry of an execution in place of exactly the revision that it knows, owns
// it: a process that was thought dead and goes on writing is refused.
type records struct {
	process string // of this one
	now     func() time.Time
	newID   func() string
	keep    time.Duration // how long what has ended is kept

	durable, history, parts state.Bucket
	lasting, past           mirror[summary] // of durable and of history

	mu   sync.Mutex // guards held
	held map[string]*held
}

// held is an entry that this process has written or read.
type held struct {
	revision   uint64
	summary    summary
	generation string // of its parts
	parts      int
}

func (s *records) open(ctx, watching context.Context, engine state.Engine) error {
	s.held = map[string]*held{}
	s.lasting.read, s.past.read = readSummary, readSummary
	err := errors.Join(
		bucket(ctx, engine, &s.durable, "integration-executions", true),
		bucket(ctx, engine, &s.history, "integration-history", false),
		bucket(ctx, engine, &s.parts, "integration-parts", true),
	)
	if err != nil {
		return err
	}
	return errors.Join(s.lasting.follow(watching, s.durable), s.past.follow(watching, s.history))
}

func bucket(ctx context.Context, engine state.Engine, into *state.Bucket, name string, durable bool) (err error) {
	*into, err = engine.Bucket(ctx, state.BucketConfig{Name: name, Durable: durable})
	return err
}

func readSummary(_ string, value []byte) (summary, bool) {
	var e entry
	err := json.Unmarshal(value, &e)
	return e.Summary, err == nil // otherwise not written by sluice
}

// summary returns what is known of an execution.
func (s *records) summary(id string) (summary, bool) {
	if e, ok := s.lasting.get(id); ok {
		return e, true
	}
	return s.past.get(id)
}

// create writes the entry of a new execution, which must not be there.
func (s *records) create(ctx context.Context, r *integrations.Record) error {
	return s.write(ctx, r, summarize(r, s.process), &held{})
}

// update writes the entry of an execution that this process runs.
func (s *records) update(ctx context.Context, r *integrations.Record) error {
	s.mu.Lock()
	h := s.held[r.ID]
	s.mu.Unlock()
	if h == nil { // a caller waited for it until now
		h = &held{}
	}
	return s.write(ctx, r, summarize(r, s.process), h)
}

// holds tells whether this process owns an execution as it was read.
func (s *records) holds(id string, h *held) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.held[id]
	return mine != nil && mine.revision == h.revision
}

// claim makes this process the owner of an execution as it was read.
func (s *records) claim(ctx context.Context, r *integrations.Record, h *held) error {
	as := summarize(r, s.process)
	as.Owner, as.Due = s.process, s.now()
	return s.write(ctx, r, as, h)
}

// write puts the entry of r in place of exactly the one of h. Afterwards this process holds r if
// it owns it, or may begin it without another write.
func (s *records) write(ctx context.Context, r *integrations.Record, as summary, h *held) error {
	value, next, err := s.encode(ctx, r, as)
	if err != nil {
		return err
	}
	next.revision, err = replace(ctx, s.durable, r.ID, value, h.revision, s.life(r))
	if err != nil {
		return errors.Join(err, s.dropParts(ctx, r.ID, next))
	}
	s.lasting.wrote(r.ID, value, next.revision)
	s.hold(r.ID, next, as.Owner == s.process || as.State == integrations.Pending)
	_ = s.dropParts(ctx, r.ID, h) // what stays is found by nobody, and ends with its life
	return nil
}

// hold notes an entry that was written and is in the mirror. By now the queue may have brought it
// back, and whoever runs it have written the next one.
func (s *records) hold(id string, h *held, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch known := s.held[id]; {
	case known != nil && known.revision > h.revision, s.lasting.revision(id) > h.revision:
	case mine:
		s.held[id] = h
	default:
		delete(s.held, id)
	}
}

// leave writes the record of an execution on which nothing depends any more.
func (s *records) leave(ctx context.Context, r *integrations.Record) error {
	value, _, err := s.encode(ctx, r, summarize(r, s.process))
	if err != nil {
		return err
	}
	revision, err := s.history.Put(ctx, r.ID, value, s.keep)
	if err == nil {
		s.past.wrote(r.ID, value, revision)
	}
	return err
}

// life is how long the entry of r is kept; 0 is without an end.
func (s *records) life(r *integrations.Record) time.Duration {
	if r.State.Ended() {
		return s.keep
	}
	return 0
}

// encode makes the entry of r, and writes its parts.
func (s *records) encode(ctx context.Context, r *integrations.Record, as summary) (value []byte, h *held, err error) {
	e := entry{Summary: as}
	if e.Record, err = json.Marshal(r); err != nil {
		return nil, nil, err
	}
	h = &held{}
	if len(e.Record) > partSize {
		if h, err = s.writeParts(ctx, r, e.Record); err != nil {
			return nil, nil, err
		}
		e.Record, e.Parts, e.Generation = nil, h.parts, h.generation
	}
	value, err = json.Marshal(e)
	return value, h, err
}

// read returns an execution as it is kept now. One that is written anew while its parts
// are read is read again.
func (s *records) read(ctx context.Context, id string) (*integrations.Record, *held, error) {
	e, err := s.entry(ctx, id)
	for err == nil {
		r, h, failed := s.decode(ctx, id, e)
		if !errors.Is(failed, errNoPart) {
			return r, h, failed
		}
		before := e.Revision
		if e, err = s.entry(ctx, id); err == nil && e.Revision == before {
			return nil, nil, failed
		}
	}
	return nil, nil, err
}

func (s *records) entry(ctx context.Context, id string) (state.Entry, error) {
	e, err := s.durable.Get(ctx, id)
	if err == nil {
		s.lasting.wrote(id, e.Value, e.Revision) // the watch may be behind
	}
	if errors.Is(err, state.ErrNotFound) {
		return s.history.Get(ctx, id)
	}
	return e, err
}

// errNoPart says that a part of a record is not there: the record was written anew
// since its entry was read, or it is broken.
var errNoPart = errors.New("a part of the record is missing")

func (s *records) decode(ctx context.Context, id string, e state.Entry) (*integrations.Record, *held, error) {
	var in entry
	if err := json.Unmarshal(e.Value, &in); err != nil {
		return nil, nil, fmt.Errorf("execution %s: %w", id, err)
	}
	h := &held{revision: e.Revision, summary: in.Summary, generation: in.Generation, parts: in.Parts}
	for i := range in.Parts {
		piece, err := s.parts.Get(ctx, part(id, in.Generation, i))
		if errors.Is(err, state.ErrNotFound) {
			err = errNoPart
		}
		if err != nil {
			return nil, nil, fmt.Errorf("execution %s, part %d of %d: %w", id, i+1, in.Parts, err)
		}
		in.Record = append(in.Record, piece.Value...)
	}
	r := new(integrations.Record)
	if err := json.Unmarshal(in.Record, r); err != nil {
		return nil, nil, fmt.Errorf("execution %s: %w", id, err)
	}
	return r, h, nil
}

// replace is Bucket.Replace that finds out whether a write was done when the store did not say.
func replace(ctx context.Context, b state.Bucket, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	written, err := b.Replace(ctx, key, value, revision, life)
	for range retries {
		if !errors.Is(err, state.ErrUnavailable) || !delay.For(ctx, retryWait) {
			break
		}
		e, found := b.Get(ctx, key)
		switch {
		case found == nil && bytes.Equal(e.Value, value):
			return e.Revision, nil
		case found == nil || errors.Is(found, state.ErrNotFound):
			written, err = b.Replace(ctx, key, value, revision, life)
		}
	}
	return written, err
}

// trim removes the records of the executions that ended first, when there are more than most.
func (s *records) trim(ctx context.Context, most int) error {
	var errs []error
	for _, of := range []struct {
		mirror *mirror[summary]
		bucket state.Bucket
	}{{&s.lasting, s.durable}, {&s.past, s.history}} {
		if of.mirror.len() <= most {
			continue
		}
		ended := of.mirror.list(func(e summary) bool { return e.State.Ended() })
		slices.SortFunc(ended, func(a, b summary) int { return b.Updated.Compare(a.Updated) })
		for _, e := range ended[min(most, len(ended)):] {
			errs = append(errs, of.bucket.Delete(ctx, e.ID), s.parts.Purge(ctx, e.ID))
		}
	}
	return errors.Join(errs...)
}
