package cases

import (
	"sync/atomic"
	"time"
)

// clock stands still until the case moves it.
type clock struct{ nanos atomic.Int64 }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.nanos.Store(at.UnixNano())
	return c
}

func (c *clock) now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

func (c *clock) move(d time.Duration) { c.nanos.Add(int64(d)) }
