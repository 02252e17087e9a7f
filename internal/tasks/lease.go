package tasks

import (
	"context"
	"errors"
	"time"

	"sluice/internal/delay"
	"sluice/internal/state"
)

// lease says which process of a cluster is the leader: an entry with a life, which its owner
// renews. It is fenced twice: a leader stops before its lease can have ended, counted from before
// its last renewal by its own clock; and what a former leader still writes is written in place of
// a revision, so it never undoes what the next one wrote.
//
// Targets do not know of it. What a killed leader had sent may still be at work when the next one
// sends it again, beside as many others as may be under way: until then a target may see up to twice
// the maxConcurrentDispatches of a queue.
type lease struct {
	bucket state.Bucket
	owner  string // unlike that of any other process
	life   time.Duration
	now    func() time.Time
}

const leaseKey = "leader"

// leasePause is between two tries to write the lease.
const leasePause = 50 * time.Millisecond

// Parts of the life of a lease.
const (
	leaseRenew  = 3 // it is renewed after a third of its life
	leaseSlow   = 2 // taken anew when that took half of it
	leaseMargin = 8 // and given up an eighth before its end
)

// keep runs work whenever this process is the leader, until ctx ends. work must return soon after
// the lease was lost; when ctx ends it may take its time, and the lease is held for so long.
func (l *lease) keep(ctx context.Context, work func(context.Context)) {
	for ctx.Err() == nil {
		revision, until, err := l.take(ctx)
		if err == nil {
			l.hold(ctx, revision, until, work)
			continue
		}
		delay.For(ctx, l.life/leaseRenew)
	}
}

// take takes the lease if nobody has it, or this process itself, which is so when an
// acknowledgement was lost. After an election of the engine that may take most of its life: then it
// is taken again, else it would be lost as soon as work begins, and everybody wait for its end.
func (l *lease) take(ctx context.Context) (revision uint64, until time.Time, err error) {
	for ctx.Err() == nil {
		asked := l.now()
		revision, err = l.bucket.Replace(ctx, leaseKey, []byte(l.owner), revision, l.life)
		switch {
		case errors.Is(err, state.ErrRevision):
			revision, err = l.mine(ctx)
			if err != nil && !errors.Is(err, state.ErrNotFound) {
				return 0, time.Time{}, err
			}
			delay.For(ctx, leasePause)
		case err != nil:
			return 0, time.Time{}, err
		case l.now().Sub(asked) < l.life/leaseSlow:
			return revision, asked.Add(l.life), nil
		}
	}
	return 0, time.Time{}, ctx.Err()
}

// mine returns the revision of the lease if this process has it: else state.ErrRevision, or
// state.ErrNotFound when nobody has it.
func (l *lease) mine(ctx context.Context) (uint64, error) {
	e, err := l.bucket.Get(ctx, leaseKey)
	switch {
	case err != nil:
		return 0, err
	case string(e.Value) != l.owner:
		return 0, state.ErrRevision
	}
	return e.Revision, nil
}

// hold runs work to its end, and ends it when the lease is lost.
func (l *lease) hold(ctx context.Context, revision uint64, until time.Time, work func(context.Context)) {
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(working)
	}()
	renewing := context.WithoutCancel(ctx)
	timer := time.NewTimer(l.rest(until))
	defer timer.Stop()
	for held := true; held; {
		select {
		case <-done:
			l.release(renewing)
			return
		case <-timer.C:
			revision, until, held = l.renew(renewing, revision, until)
			timer.Reset(l.rest(until))
		}
	}
	cancel()
	<-done
}

// rest is how long a lease that lasts until then needs no renewal.
func (l *lease) rest(until time.Time) time.Duration {
	return until.Add(l.life/leaseRenew - l.life).Sub(l.now())
}

// renew tries until the lease must be given up.
func (l *lease) renew(ctx context.Context, revision uint64, until time.Time) (uint64, time.Time, bool) {
	last := until.Add(-l.life / leaseMargin)
	ctx, cancel := context.WithTimeout(ctx, last.Sub(l.now()))
	defer cancel()
	for ctx.Err() == nil {
		asked := l.now()
		renewed, err := l.bucket.Replace(ctx, leaseKey, []byte(l.owner), revision, l.life)
		switch {
		case err == nil:
			return renewed, asked.Add(l.life), true
		case errors.Is(err, state.ErrRevision):
			if revision, err = l.mine(ctx); err != nil { // no renewal that was not acknowledged
				return 0, until, false
			}
		}
		delay.For(ctx, leasePause)
	}
	return revision, until, l.now().Before(last)
}

// release lets another process take over at once.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.life)
	defer cancel()
	_ = l.bucket.Delete(ctx, leaseKey) // else it ends by itself
}
