package logs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sluice/flow"
)

// What waits for one destination at most. The number is that of Cloud Logging's
// documented limit for each runtime pod (the fault TooManyPendingLoggingRequest).
const (
	maxPending      = 2500
	maxPendingBytes = 16 << 20
)

// Between two attempts to write.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

var errEnded = errors.New("the destination was idle and has ended")

// sink is the far end of a destination. Only the destination's goroutine uses it.
type sink interface {
	// write writes messages in order. It returns how many are done with, written or
	// not; with an error the others are tried again.
	write(ctx context.Context, batch [][]byte) (done int, err error)
	// close lets go of connection or file.
	close()
}

// refusedError is the error of messages that are done with although they were not
// written: trying again would not help.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }

// destination is a queue with the goroutine that empties it.
type destination struct {
	service *Service
	key     string
	name    string // for people
	sink    sink
	wake    chan struct{} // something came

	mu      sync.Mutex // guards what follows
	waiting [][]byte
	pending int // waiting, or being written
	bytes   int // of these
	dropped int // since the queue was full for the first time
	ended   bool

	told time.Time // of run: when a failure was reported
}

// put takes a message; it belongs to the destination then.
func (d *destination) put(message []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.ended:
		return errEnded
	case d.pending >= maxPending || d.bytes+len(message) > maxPendingBytes:
		if d.dropped++; d.dropped == 1 {
			d.service.o.Report("messages for " + d.name + " are dropped: too many wait to be written")
		}
		return flow.ErrPendingLogs
	}
	d.waiting = append(d.waiting, message)
	d.pending++
	d.bytes += len(message)
	select {
	case d.wake <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}

// take is all that waits.
func (d *destination) take() [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	batch := d.waiting
	d.waiting = nil
	return batch
}

// settle forgets messages that are done with.
func (d *destination) settle(done [][]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending -= len(done)
	for _, m := range done {
		d.bytes -= len(m)
	}
	if d.pending == 0 && d.dropped > 0 {
		d.service.o.Report(fmt.Sprintf("%d messages for %s were dropped", d.dropped, d.name))
		d.dropped = 0
	}
}

// run writes what comes until nothing comes any more, or the service ends.
func (d *destination) run() {
	defer d.sink.close()
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	for {
		if batch := d.take(); len(batch) > 0 {
			if !d.deliver(batch) {
				return
			}
			idle.Reset(idleAfter)
			continue
		}
		select {
		case <-d.wake:
		case <-idle.C:
			if d.service.forget(d) {
				return
			}
		case <-d.service.closing:
			if d.service.forget(d) {
				return
			}
		}
	}
}

// deliver writes a batch, however often that takes; false when the service ended.
func (d *destination) deliver(batch [][]byte) bool {
	life := d.service.life
	for wait := firstRetry; len(batch) > 0; {
		done, err := d.sink.write(life, batch)
		d.settle(batch[:done])
		batch = batch[done:]
		if done > 0 {
			wait = firstRetry
		}
		if err == nil {
			continue
		}
		if _, lost := errors.AsType[*refusedError](err); lost {
			d.tell("messages for " + d.name + " are lost: " + err.Error())
			continue
		}
		d.tell(d.name + " takes no message, it is tried again: " + err.Error())
		if !pause(life, wait) {
			d.lose()
			return false
		}
		wait = min(2*wait, lastRetry)
	}
	return true
}

// tellEvery is how often a destination's failures are worth a line.
const tellEvery = time.Minute

// tell reports a failure, unless one was reported just now, or all as lost.
func (d *destination) tell(text string) {
	d.mu.Lock()
	ended := d.ended
	d.mu.Unlock()
	if ended {
		return
	}
	if now := time.Now(); d.told.IsZero() || now.Sub(d.told) >= tellEvery {
		d.told = now
		d.service.o.Report(text)
	}
}

// lose tells, once, of what will never be written.
func (d *destination) lose() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	d.service.o.Report(fmt.Sprintf("%d messages for %s are lost: the process ends", d.pending+d.dropped, d.name))
	d.waiting, d.dropped, d.ended = nil, 0, true
}

// pause waits; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
