package proxy

import (
	"context"
	"os"
	"sync"
	"time"

	"sluice/internal/http1"
)

// dog ends a call in which a target moves nothing any more: net/http has no
// timeout of inactivity for HTTP/2 streams. It watches while somebody waits for
// the target; a client that is slow to take the answer is not the target's fault.
type dog struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration

	mu    sync.Mutex  // guards what follows
	timer *time.Timer // nil: no limit
	awake bool
}

// errInactive is the cause of a call that the dog ended. It is a timeout.
var errInactive = &http1.IOError{Op: http1.ReadResponse, Err: os.ErrDeadlineExceeded}

// watchdog returns a dog that watches, with a context of its own to end.
func watchdog(ctx context.Context, limit time.Duration) *dog {
	w := &dog{limit: limit, awake: true}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	if limit > 0 {
		w.timer = time.AfterFunc(limit, func() { w.cancel(errInactive) })
	}
	return w
}

// watch begins or ends a wait for the target.
func (w *dog) watch(awake bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.awake = awake
	switch {
	case w.timer == nil:
	case awake:
		w.timer.Reset(w.limit)
	default:
		w.timer.Stop()
	}
}

// pat tells a watching dog that something moved.
func (w *dog) pat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && w.awake {
		w.timer.Reset(w.limit)
	}
}

// cause finds the error behind one of net/http.
func (w *dog) cause(err error) error {
	if context.Cause(w.ctx) == error(errInactive) {
		return errInactive
	}
	return err
}

// end lets the call's context go.
func (w *dog) end() {
	w.watch(false)
	w.cancel(nil)
}
