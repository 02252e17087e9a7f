package integrations

import (
	"context"
	"errors"
	"slices"
	"time"
)

// maxSuspension is how long an execution may last, its pauses included
// (reference: integrations.md 1).
const maxSuspension = 31 * 24 * time.Hour

// A parking is how a task asks, as its error, to be suspended. Once it is lifted, rejected or
// expired the task is over; if it is a resumer, it hears of the result first.
type parking struct {
	wait            time.Duration // 0: until the execution is too old
	liftWhenExpired bool
	timer           bool
	message         string
	notified        []string
}

func (*parking) Error() string { return "suspended" }

// A resumer is a task that sets outputs when its suspension has ended.
type resumer interface {
	resumed(ctx context.Context, a *attempt, s Suspension) error
}

var (
	errNotParked   = errors.New("not suspended")
	errStillParked = errors.New("still suspended")
)

// park suspends a task. The journal has the suspension before anybody can hear of it.
func (r *run) park(ctx context.Context, a *attempt, p *parking) outcome {
	now := r.now()
	s := Suspension{
		ID: r.newID(), Task: a.n.id, State: SuspensionPending, Created: now, Expires: r.log.created().Add(maxSuspension),
		LiftWhenExpired: p.liftWhenExpired, Timer: p.timer, Message: p.message, Notified: p.notified,
	}
	if p.wait > 0 {
		s.Expires = now.Add(p.wait)
	}
	r.log.parked(a, s)
	if err := r.reached(ctx); err != nil {
		return outcome{n: a.n, stop: err}
	}
	return outcome{n: a.n, parked: true}
}

// unparked goes on with a task that was suspended: nil or its error when the suspension has
// ended, errStillParked, or errNotParked if it never was.
func (r *run) unparked(ctx context.Context, a *attempt) error {
	s, ok := r.log.suspension(a.n.id, r.now())
	switch {
	case !ok:
		return errNotParked
	case s.State == SuspensionPending:
		return errStillParked
	}
	if t, ok := a.n.task.(resumer); ok {
		return t.resumed(ctx, a, s)
	}
	return nil
}

// awaitLift tells whether a suspension of this execution has ended. A sub-integration waits for
// that; any other execution is put aside as a whole.
func (r *run) awaitLift(ctx context.Context) bool {
	for {
		lifted, next := r.log.liftable(r.now())
		if lifted {
			return true
		}
		if r.parent == nil || ctx.Err() != nil {
			return false
		}
		timer := time.NewTimer(next)
		select {
		case <-r.log.signal():
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// errNoSuspension is the answer to a lift of what is not there or has ended.
var errNoSuspension = &StatusError{Code: 404, Status: "NOT_FOUND", Message: "There is no pending suspension of that name."}

// Lift ends a suspension of r, an execution that runs nowhere: [Engine.Resume] then goes on with
// it. The error is a *StatusError.
func Lift(r *Record, suspensionID, result string, rejected bool, now time.Time) error {
	i := slices.IndexFunc(r.Suspensions, func(s Suspension) bool { return s.ID == suspensionID })
	if i < 0 || r.Suspensions[i].State != SuspensionPending || r.Suspensions[i].Timer {
		return errNoSuspension
	}
	r.Suspensions = slices.Clone(r.Suspensions)
	s := &r.Suspensions[i]
	s.State, s.Result, s.Ended = SuspensionLifted, result, now
	if rejected {
		s.State = SuspensionRejected
	}
	r.Updated = now
	return nil
}

// expire ends the suspensions whose time has come.
func expire(list []Suspension, now time.Time) {
	for i, s := range list {
		if s.State != SuspensionPending || now.Before(s.Expires) {
			continue
		}
		list[i].State, list[i].Ended = SuspensionRejected, now
		if s.LiftWhenExpired {
			list[i].State = SuspensionLifted
		}
	}
}
