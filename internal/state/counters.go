package state

import (
	"context"
	"errors"
	"math"
	"time"

	"sluice/flow"
)

// Counters count requests for quotas: for this process, or for all processes on
// the same tally. Those either ask the tally each time (synchronous), or bring
// together from time to time what each of them counted (asynchronous).
//
// Synchronous counters let through what is allowed and not one more, also when nodes are killed
// meanwhile: each that is let through got a total of its own. One that fails because the tally does
// not answer may have been counted all the same, so that fewer pass. Of requests that come at once
// where a part of a rolling window ends, one may be turned away that would have fitted.
//
// Asynchronous counters let more through. A process knows at once what it counted itself, and what
// another one counted when that has told it, after an interval at most, and when it then hears of it,
// after another one. So they are late by twice the interval and the time of a call, which is up to
// the patience of the engine; while the tally does not answer they do not come together at all. Each
// process stops when it has let through by itself what is allowed: that is as much for each process
// at most. One that was killed has told less than it let through, and has forgotten it when it is
// started again: it counts as another process then.
//
// Both hold as long as the tally keeps its counts. When a majority of a cluster is killed at once,
// those with a life of up to three hours may begin anew (see tallyClasses).
//
//	counters.go           which way to count
//	counters_table.go     the counters of this process, a bounded number
//	counters_part.go      what a counter remembers: a window, or the parts of a rolling one
//	counters_local.go     counting here
//	counters_sync.go      counting on the tally
//	counters_rolling.go   what others counted in a rolling window; nobody, where the tally is not shared
//	counters_flexi.go     agreeing on when a flexi window begins
//	counters_async.go     counting here, telling the tally later, hearing from others
//	counters_share.go     when that is done, and by which goroutines
type Counters struct {
	tally Tally
	now   func() time.Time
	table counterTable
	share sharer
}

// ErrCrowded says that there are too many counters whose windows have not ended.
// A new one is refused then: to forget another would give its caller a new
// allowance, and anybody who can make up identifiers would see to that.
var ErrCrowded = errors.New("state: too many quota counters, and the window of none has ended")

// NewCounters returns counters that are shared through tally. now is the clock by
// which asynchronous counters are shared when nobody uses them any more.
func NewCounters(tally Tally, now func() time.Time) *Counters {
	c := &Counters{tally: tally, now: now}
	c.table.init(maxCounters, tally != nil && tally.Shared())
	c.share.init(c)
	return c
}

// Count implements flow.Counters. Synchronous counting fails when the tally does
// not answer, the other ways with ErrCrowded.
//
// A counter is that of its identifier, its policy, its limits and its window: the same
// with another window is another counter.
func (c *Counters) Count(ctx context.Context, n flow.Count) (flow.Counted, error) {
	n.Allowed, n.Weight = max(n.Allowed, 0), max(n.Weight, -math.MaxInt64)
	k, err := c.table.find(&n)
	if err != nil {
		return flow.Counted{}, err
	}
	switch k.way {
	case synchronously:
		k.mu.Unlock()
		shared := n // which is kept longer, so that n itself stays on the stack
		return c.synchronous(ctx, k, &shared)
	case asynchronously:
		return c.asynchronous(k, &n), nil
	}
	result := k.count(&n)
	k.mu.Unlock()
	return result, nil
}

// Close shares what asynchronous counters have not shared yet, and stops sharing.
// The error says that some of it could not be.
func (c *Counters) Close() error { return c.share.close() }
