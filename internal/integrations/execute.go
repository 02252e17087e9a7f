package integrations

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/delay"
)

// Execute runs an integration and waits for its end, at most Options.SyncLimit; after that the
// answer is 504 DEADLINE_EXCEEDED. The error is that of ctx, when it ended first: the execution
// is then cancelled. Everything else, a failed execution too, is an Answer. An execution that is
// suspended answers with what outputs it has then; Google does not say what it does.
func (e *Engine) Execute(ctx context.Context, c Call) (Answer, error) {
	r, err := e.accept(ctx, c, Post)
	if err != nil {
		return e.refused(ctx, err)
	}
	defer e.release(r)
	err = e.finish(ctx, r)
	switch {
	case err != nil && ctx.Err() != nil:
		return Answer{}, ctx.Err()
	case errors.As(err, new(*stopped)):
		return errorAnswer(&StatusError{Code: 503, Status: "UNAVAILABLE", Message: err.Error()}), nil
	}
	return r.answer(), nil
}

// answer is what Execute answers.
func (r *run) answer() Answer {
	rec := r.log.snapshot()
	rec.Outputs = r.result
	return rec.Answer()
}

// refused is the answer to a call that was not accepted.
func (e *Engine) refused(ctx context.Context, err error) (Answer, error) {
	if ctx.Err() != nil {
		return Answer{}, ctx.Err()
	}
	return errorAnswer(err), nil
}

// Schedule accepts an execution and answers at once with its id: {"executionInfoIds":["..."]}.
// It runs at scheduleTime of the request, or now, for at most Options.AsyncLimit; with a Journal
// it is for its owner to resume it. ctx is only that of the call.
func (e *Engine) Schedule(ctx context.Context, c Call) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	r, err := e.accept(ctx, c, PostToQueue)
	if err != nil {
		return e.refused(ctx, err)
	}
	if e.options.Journal != nil {
		e.release(r)
		return scheduleAnswer(r.id), nil
	}
	if err := e.later(r); err != nil {
		return errorAnswer(err), nil
	}
	return scheduleAnswer(r.id), nil
}

// later runs r in the background at its time, if there is room, and releases it.
func (e *Engine) later(r *run) error {
	select {
	case e.scheduled <- struct{}{}:
	default:
		r.log.ended(Failed, nil, errQueueFull, nil)
		e.release(r)
		return errQueueFull
	}
	// The wait is from now, when the call is accepted, and not from when the
	// goroutine happens to begin.
	go e.runLater(r, r.log.snapshot().Schedule.Sub(e.options.Now()))
	return nil
}

func (e *Engine) runLater(r *run, wait time.Duration) {
	defer e.release(r)
	defer func() { <-e.scheduled }()
	if wait > 0 && !delay.For(e.closing, wait) {
		r.log.ended(Cancelled, nil, errClosed, r.start.graph.nodes)
		return
	}
	_ = e.finish(context.Background(), r) // the record keeps the error
}

// Resume runs an accepted execution from its last finished task, or from its beginning, until it
// ends or is suspended; it never waits for its Schedule. It fills rec with what became of it and
// returns nil when that is an end, a failure too, or SUSPENDED.
//
// An error means that the execution has no end and is to be resumed later: the journal refused
// to go on; ctx or the engine ended while nobody waits for it; or too many executions wait for a
// place (a *StatusError, 429). A task may then run twice: calls carry the header
// X-Idempotency-Key, which is the same each time.
func (e *Engine) Resume(ctx context.Context, rec *Record) error {
	r, err := e.revive(rec)
	if err != nil {
		return err
	}
	defer e.release(r)
	err = e.finish(ctx, r)
	*rec = *r.full()
	if rec.State.Ended() || rec.State == Suspended {
		return nil
	}
	return err
}

// finish waits for a place and runs r until it ends, is suspended, or stops without an end.
func (e *Engine) finish(ctx context.Context, r *run) error {
	if !e.enlist(r) {
		return &stopped{errors.New("the execution runs already")}
	}
	defer e.strike(r)
	limited, done := e.limit(ctx, r)
	defer done()
	err := e.admission.enter(limited)
	if err == nil {
		r.log.processing()
		err = r.untilAside(limited)
		e.admission.leave()
	}
	return e.end(limited, r, err)
}

// untilAside executes r. When all that is left is suspended it puts r aside, unless a lift has
// come at the last moment: then it goes on.
func (r *run) untilAside(ctx context.Context) error {
	for {
		err := r.execute(ctx)
		if !errors.Is(err, errSuspended) || r.log.setAside(r.now()) {
			return err
		}
	}
}

// end closes the record of r and tells the journal.
func (e *Engine) end(ctx context.Context, r *run, err error) error {
	state := Succeeded
	r.result = appendJSON(nil, r.outputs())
	switch {
	case errors.Is(err, errSuspended):
		return e.putAside(ctx, r)
	case errors.As(err, new(*stopped)):
		return err
	case err != nil && r.durable() && !r.sync && (errors.Is(err, errQueueFull) || resumable(ctx)):
		return &stopped{errors.Join(err, context.Cause(ctx))}
	case err != nil && ctx.Err() != nil:
		state, err = Cancelled, endOf(ctx, r)
	case err != nil:
		state = Failed
	}
	r.log.ended(state, r.result, err, r.reach())
	e.report(ctx, r, state, err)
	if r.durable() {
		if err := e.options.Journal.Ended(context.WithoutCancel(ctx), r.lasting()); err != nil {
			return &stopped{err}
		}
	}
	return err
}

// resumable tells whether ctx ended with the process, and not for a reason of the execution.
func resumable(ctx context.Context) bool {
	cause := context.Cause(ctx)
	return cause != nil && !errors.Is(cause, errExpired) && !errors.Is(cause, errCancelled)
}

// endOf says why ctx ended.
func endOf(ctx context.Context, r *run) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errExpired) {
		return &StatusError{Code: 504, Status: "DEADLINE_EXCEEDED", Message: fmt.Sprintf("Execution %s of integration %q was cancelled: %v.", r.id, r.in.name, cause)}
	}
	return cause
}

// reach is what an execution could have run: the rest of it was skipped.
func (r *run) reach() []*node { return r.start.graph.nodes }

// enlist makes r known to Lift and Cancel; false if it is already running.
func (e *Engine) enlist(r *run) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.active[r.id] != nil {
		return false
	}
	e.active[r.id] = r
	return true
}

func (e *Engine) strike(r *run) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.active, r.id)
}
