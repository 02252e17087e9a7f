package tasks

import (
	"context"
	"errors"
	"time"

	"sluice/internal/state"
)

// lease says which process of a cluster is the leader: an entry with a life, which its owner
// renews. It is fenced twice: a leader stops before its lease can have ended, counted from before
// its last renewal by its own clock; and what a former leader still writes is written in place of
// a revision, so it never undoes what the next one wrote.
type lease struct {
	bucket state.Bucket
	owner  string // unlike that of any other process
	life   time.Duration
	now    func() time.Time
}

const leaseKey = "leader"

// Parts of the life of a lease.
const (
	leaseRenew  = 3 // it is renewed after a third of its life
	leaseMargin = 8 // and given up an eighth before its end
)

// keep runs work whenever this process is the leader, until ctx ends. work must return soon after
// the lease was lost; when ctx ends it may take its time, and the lease is held for so long.
func (l *lease) keep(ctx context.Context, work func(context.Context)) {
	for ctx.Err() == nil {
		asked := l.now()
		revision, err := l.bucket.Replace(ctx, leaseKey, []byte(l.owner), 0, l.life)
		if err == nil {
			l.hold(ctx, revision, asked.Add(l.life), work)
			continue
		}
		sleep(ctx, l.life/leaseRenew)
	}
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
	ticker := time.NewTicker(l.life / leaseRenew)
	defer ticker.Stop()
	for held := true; held; {
		select {
		case <-done:
			l.release(renewing)
			return
		case <-ticker.C:
			revision, until, held = l.renew(renewing, revision, until)
		}
	}
	cancel()
	<-done
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
			// Perhaps a renewal that was not acknowledged.
			e, err := l.bucket.Get(ctx, leaseKey)
			if err != nil || string(e.Value) != l.owner || e.Revision == revision {
				return 0, until, false
			}
			revision = e.Revision
		default:
			sleep(ctx, 50*time.Millisecond)
		}
	}
	return revision, until, l.now().Before(last)
}

// release lets another process take over at once.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.life)
	defer cancel()
	_ = l.bucket.Delete(ctx, leaseKey) // else it ends by itself
}

// sleep waits, and tells whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
