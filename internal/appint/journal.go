package appint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// journal is the integrations.Journal of a service. An execution that nobody waits for is on disk
// before it is accepted, and after each finished task; any other one leaves its record at its end.
type journal struct{ s *Service }

// lasts tells whether an execution must survive the process. One whose caller waits ends with the
// call, unless it was suspended; one that a task of another one waits for is begun again by that
// task.
func lasts(r *integrations.Record) bool {
	return r.Parent == "" && (r.Method != integrations.Post || r.Detached || r.State == integrations.Suspended)
}

// Accepted keeps a new execution. A sub-integration that is started again after a crash has the
// same id, and is there already.
func (j journal) Accepted(ctx context.Context, r *integrations.Record) error {
	if !lasts(r) {
		return nil
	}
	err := j.s.records.create(ctx, r)
	if errors.Is(err, state.ErrRevision) {
		return j.s.sameAs(ctx, r)
	}
	return err
}

// sameAs tells whether the execution that is there under the id of r is r.
func (s *Service) sameAs(ctx context.Context, r *integrations.Record) error {
	there, _, err := s.records.read(ctx, r.ID)
	switch {
	case err != nil:
		return err
	case there.Integration != r.Integration || there.Trigger != r.Trigger || string(there.Inputs) != string(r.Inputs):
		return status(409, "ALREADY_EXISTS", "There is an execution %s already, with other inputs.", r.ID)
	}
	return nil
}

// Reached keeps what is done so far.
func (j journal) Reached(ctx context.Context, r *integrations.Record) error {
	if !lasts(r) {
		return nil
	}
	return j.s.records.update(ctx, r)
}

// endPatience bounds the writing of an end, which nobody must be able to interrupt.
const endPatience = 30 * time.Second

// Ended keeps the whole record.
func (j journal) Ended(ctx context.Context, r *integrations.Record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
	defer cancel()
	if lasts(r) {
		return j.s.records.update(ctx, r)
	}
	if err := j.s.records.leave(ctx, r); err != nil {
		// The caller gets its answer all the same: only the record is lost.
		j.s.o.Log(fmt.Errorf("keeping the record of execution %s: %w", r.ID, err))
	}
	return nil
}
