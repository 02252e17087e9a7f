package integrations

import (
	"context"
	"errors"
	"time"
)

// ErrNotHere tells that an execution does not run in this engine. With a journal it may be on
// disk: see the functions [Lift] and [Record.Cancel].
var ErrNotHere = errors.New("the execution does not run here")

// An aside is a suspended execution without a journal: kept until it is lifted or expires.
type aside struct {
	rec   *Record
	timer *time.Timer // resumes it when a suspension expires
}

// putAside keeps a suspended execution: the journal does, or else the memory.
func (e *Engine) putAside(ctx context.Context, r *run) error {
	if r.e.options.Journal != nil {
		if err := r.reached(ctx); err != nil {
			return err
		}
		return errSuspended
	}
	_, wait := r.log.liftable(r.now())
	rec := r.full()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case len(e.aside) >= e.options.MaxSuspended:
		r.log.ended(Failed, nil, errQueueFull, r.reach())
		return errQueueFull
	case e.closed:
		return errSuspended
	}
	e.aside[r.id] = &aside{rec: rec, timer: time.AfterFunc(wait, func() { e.takeUp(r.id, nil) })}
	return errSuspended
}

// takeUp resumes an execution that was put aside, after change if that allows it.
func (e *Engine) takeUp(id string, change func(*Record) error) error {
	e.mu.Lock()
	a := e.aside[id]
	if a == nil || e.closed {
		e.mu.Unlock()
		return ErrNotHere
	}
	if change != nil {
		if err := change(a.rec); err != nil {
			e.mu.Unlock()
			return err
		}
	}
	a.timer.Stop()
	delete(e.aside, id)
	e.mu.Unlock()
	if a.rec.State.Ended() {
		e.history.drop(id)
		e.history.add(*a.rec)
		return nil
	}
	r, err := e.revive(a.rec)
	if err != nil {
		return err
	}
	return e.later(r)
}

// Lift ends a suspension of an execution that runs or is suspended in this engine, with the
// result of an approver: lifted, or rejected. ErrNotHere, or a *StatusError.
func (e *Engine) Lift(_ context.Context, executionID, suspensionID, result string, rejected bool) error {
	e.mu.RLock()
	r := e.active[executionID]
	e.mu.RUnlock()
	if r != nil {
		return r.log.lift(suspensionID, result, rejected)
	}
	return e.takeUp(executionID, func(rec *Record) error {
		return Lift(rec, suspensionID, result, rejected, e.options.Now())
	})
}

var errNotCancelled = &StatusError{Code: 400, Status: "FAILED_PRECONDITION",
	Message: "Only an execution that is pending, suspended or on hold can be cancelled."}

// Cancel ends an execution of this engine that is on hold, suspended or waits for a place;
// Google refuses to cancel others. ErrNotHere, or a *StatusError.
func (e *Engine) Cancel(_ context.Context, id string) error {
	e.mu.RLock()
	r := e.active[id]
	var cancel context.CancelCauseFunc
	if r != nil {
		cancel = r.cancel
	}
	e.mu.RUnlock()
	if r == nil {
		return e.takeUp(id, func(rec *Record) error { return rec.Cancel(errCancelled.Message, e.options.Now()) })
	}
	if err := r.log.cancellable(); err != nil {
		return err
	}
	if cancel == nil { // between its acceptance and its beginning
		return errNotCancelled
	}
	cancel(errCancelled)
	return nil
}

// Cancel ends r, an execution that runs nowhere. The error is a *StatusError.
func (r *Record) Cancel(reason string, now time.Time) error {
	if r.State != Pending && r.State != Suspended && r.State != RetryOnHold {
		return errNotCancelled
	}
	r.State, r.Updated = Cancelled, now
	r.Error = &ErrorInfo{Code: errCancelled.Code, Status: errCancelled.Status, Message: reason}
	done := map[string]TaskRecord{}
	for id, t := range r.Done {
		if t.Ended.IsZero() {
			t.State, t.Ended = TaskCancelled, now
		}
		done[id] = t
	}
	r.Done = done
	return nil
}
