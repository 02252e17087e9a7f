package appint

import (
	"context"
	"time"

	"sluice/internal/delay"
	"sluice/internal/state"
)

// owners is which processes are alive. Each keeps a lease in the bucket, as a key with a life,
// and renews it; an entry of an execution names its owner. That is one write every few seconds
// for a process, however many executions it has: a lease in each entry would be as many writes as
// there are executions.
type owners struct {
	process string
	life    time.Duration
	bucket  state.Bucket
	alive   mirror[struct{}]
}

// open takes this process's lease. When no other process uses the store, the leases of earlier
// ones end at once.
func (o *owners) open(ctx, watching context.Context, engine state.Engine, sole bool) error {
	if err := bucket(ctx, engine, &o.bucket, "integration-owners", false); err != nil {
		return err
	}
	if sole {
		if err := o.bucket.Purge(ctx, ""); err != nil {
			return err
		}
	}
	o.alive.read = func(string, []byte) (struct{}, bool) { return struct{}{}, true }
	if err := o.renew(ctx); err != nil {
		return err
	}
	return o.alive.follow(watching, o.bucket)
}

func (o *owners) renew(ctx context.Context) error {
	_, err := o.bucket.Put(ctx, o.process, nil, o.life)
	return err
}

// keep renews the lease until ctx ends, and then gives it up. after is called after each renewal.
func (o *owners) keep(ctx context.Context, after func(), failed func(error)) {
	for delay.For(ctx, o.life/3) {
		if err := o.renew(ctx); err != nil && ctx.Err() == nil {
			failed(err) // the next one may come in time
		}
		after()
	}
}

func (o *owners) leave(ctx context.Context) error { return o.bucket.Delete(ctx, o.process) }

func (o *owners) has(process string) bool {
	_, ok := o.alive.get(process)
	return ok
}
