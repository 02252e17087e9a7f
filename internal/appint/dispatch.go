package appint

import (
	"context"
	"errors"
	"fmt"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// goOn is what the queue calls when an execution is due, for as many at a time as the engine runs. It
// runs the execution with the id body from where it stands. An error has the queue try again.
func (s *Service) goOn(ctx context.Context, _ string, body []byte) error {
	id := string(body)
	active, ok := s.activate(ctx, id)
	if !ok {
		return nil // it goes on already
	}
	err := s.resume(active, id)
	s.deactivate(id)
	switch {
	case err == nil, errors.Is(err, state.ErrNotFound), errors.Is(err, state.ErrRevision):
		// It ended, is suspended, or somebody else has it. Changes were not heard of meanwhile.
		if e, ok := s.records.lasting.get(id); ok {
			s.executionChanged(id, e, true)
		}
		return nil
	case ctx.Err() == nil && !errors.Is(err, errNotYet):
		s.o.Log(fmt.Errorf("execution %s stopped, and is tried again: %w", id, err))
	}
	return err
}

// errNotYet tells that an execution is not due, or that another process runs it.
var errNotYet = errors.New("it is not for this process to run now")

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
	switch {
	case h.summary.State.Ended():
		return nil
	case s.elsewhere(h.summary), h.summary.Due.After(s.o.Now()):
		return errNotYet
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

// elsewhere tells whether another process, which is alive, runs an execution.
func (s *Service) elsewhere(e summary) bool {
	return e.Owner != "" && e.Owner != s.records.process && s.owners.has(e.Owner)
}

// executionChanged is told of every change of a lasting execution. Whoever wrote what has not
// ended sees to it that it goes on.
func (s *Service) executionChanged(id string, e summary, there bool) {
	s.mu.Lock()
	a := s.active[id]
	s.mu.Unlock()
	switch {
	case a != nil && e.By != s.records.process:
		a.cancel() // somebody else has it now
	case a != nil || !there || e.State.Ended():
	case e.By == s.records.process || !s.owners.has(e.By):
		s.waiting.add(id, s.records.lasting.revision(id), e.Due)
	}
}

// ownerChanged is told when a process comes or goes: what it wrote last is then up to the others.
// They may all put it into the queue, which takes it once.
func (s *Service) ownerChanged(process string, _ struct{}, there bool) {
	if there || process == s.records.process {
		return
	}
	left := s.records.lasting.list(func(e summary) bool { return e.By == process && !e.State.Ended() })
	for _, e := range left {
		s.executionChanged(e.ID, e, true)
	}
}
