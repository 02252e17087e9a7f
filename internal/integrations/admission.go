package integrations

import (
	"context"
	"sync/atomic"
)

// admission lets a number of executions run at a time; the next ones wait, up to a bound.
// Google queues such runs for minutes; here they wait for a place and run at once then.
type admission struct {
	places   chan struct{}
	waiting  atomic.Int64
	maxQueue int64
}

var errQueueFull = &StatusError{Code: 429, Status: "RESOURCE_EXHAUSTED", Message: "Too many executions are running and waiting."}

func newAdmission(places, queue int) *admission {
	return &admission{places: make(chan struct{}, places), maxQueue: int64(queue)}
}

// enter waits for a place; whoever gets nil calls leave.
func (a *admission) enter(ctx context.Context) error {
	select {
	case a.places <- struct{}{}:
		return nil
	default:
	}
	if a.waiting.Add(1) > a.maxQueue {
		a.waiting.Add(-1)
		return errQueueFull
	}
	defer a.waiting.Add(-1)
	select {
	case a.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *admission) leave() { <-a.places }
