package appint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// dispatch runs what is due, in order of time, as many at a time as the engine runs. Since only
// ids wait here, any number of executions may be scheduled.
func (s *Service) dispatch(ctx context.Context) {
	places := make(chan struct{}, s.workers)
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		id, ok := s.awaitDue(ctx)
		if !ok {
			return
		}
		s.running.Go(func() {
			defer func() { <-places }()
			s.goOn(ctx, id)
		})
	}
}

// awaitDue waits for the next execution that is due; false when ctx ended.
func (s *Service) awaitDue(ctx context.Context) (string, bool) {
	for {
		id, d := s.due.next(s.o.Now())
		if id != "" {
			return id, ctx.Err() == nil
		}
		t := time.NewTimer(d)
		select {
		case <-t.C:
		case <-s.due.changed:
		case <-ctx.Done():
		}
		t.Stop()
		if ctx.Err() != nil {
			return "", false
		}
	}
}

// goOn runs an execution from where it stands, if it is still for this process to do. When that
// does not come to an end it is tried again later.
func (s *Service) goOn(ctx context.Context, id string) {
	ctx, ok := s.activate(ctx, id)
	if !ok {
		return
	}
	err := s.resume(ctx, id)
	s.deactivate(id)
	switch {
	case s.life.Err() != nil:
	case err == nil, errors.Is(err, state.ErrNotFound), errors.Is(err, state.ErrRevision):
		// It ended, is suspended, or somebody else has it. Changes were not heard of meanwhile.
		if e, ok := s.records.lasting.get(id); ok {
			s.executionChanged(id, e, true)
		}
	default:
		s.o.Log(fmt.Errorf("execution %s stopped, and is tried again in %s: %w", id, s.o.Retry, err))
		now := s.o.Now()
		s.due.add(id, now.Add(s.o.Retry), now)
	}
}

func (s *Service) activate(ctx context.Context, id string) (context.Context, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[id] != nil {
		return ctx, false
	}
	ctx, cancel := context.WithCancel(ctx)
	s.active[id] = &activity{cancel}
	return ctx, true
}

func (s *Service) deactivate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active[id].cancel()
	delete(s.active, id)
}

// resume takes an execution and runs it.
func (s *Service) resume(ctx context.Context, id string) error {
	r, h, err := s.records.read(ctx, id)
	if err != nil {
		return err
	}
	if at, mine := s.mine(h.summary); !mine {
		return nil
	} else if now := s.o.Now(); at.After(now) {
		s.due.add(id, at, r.Created)
		return nil
	}
	if !s.records.holds(id, h) {
		if err := s.records.claim(ctx, r, h); err != nil {
			return err
		}
	}
	if err := s.versions.ready(ctx, r.Integration, r.Version); err != nil {
		return err
	}
	err = s.engine.Resume(ctx, r)
	if own := new(integrations.StatusError); errors.As(err, &own) && own.Code < 429 {
		return s.giveUp(ctx, r, own) // its integration is gone, or its record is of no use
	}
	return err
}

// giveUp ends an execution that can never go on.
func (s *Service) giveUp(ctx context.Context, r *integrations.Record, why *integrations.StatusError) error {
	r.State, r.Updated = integrations.Failed, s.o.Now()
	r.Error = &integrations.ErrorInfo{Code: why.Code, Status: why.Status, Message: why.Message}
	return s.records.update(ctx, r)
}

// mine tells whether an execution that has not ended is for this process to run, and from when
// on: what it owns, what nobody owns, and what a process owned that is gone.
func (s *Service) mine(e summary) (at time.Time, mine bool) {
	switch {
	case e.State.Ended():
		return time.Time{}, false
	case e.Owner == "" || e.Owner == s.records.process:
		return e.Due, true
	}
	return e.Due, !s.owners.has(e.Owner)
}

// executionChanged is told of every change of a lasting execution.
func (s *Service) executionChanged(id string, e summary, there bool) {
	s.mu.Lock()
	a := s.active[id]
	s.mu.Unlock()
	switch {
	case a != nil && e.By != s.records.process:
		a.cancel() // somebody else has it now
	case a != nil || !there:
	default:
		if at, mine := s.mine(e); mine {
			s.due.add(id, at, e.Created)
		}
	}
}

// ownerChanged is told when a process comes or goes: what it ran is then due.
func (s *Service) ownerChanged(process string, _ struct{}, there bool) {
	if there || process == s.records.process {
		return
	}
	left := s.records.lasting.list(func(e summary) bool { return e.Owner == process && !e.State.Ended() })
	for _, e := range left {
		s.due.add(e.ID, e.Due, e.Created)
	}
}
