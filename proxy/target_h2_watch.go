package proxy

import (
	"context"
	"io"
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
	leave func() bool // forgets the answer's body
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

// guard closes an answer's body when the call's context ends. net/http notices
// that only between two reads of the request's body, and a client that sends
// nothing more would keep it from noticing.
func (w *dog) guard(body io.Closer) {
	w.leave = context.AfterFunc(w.ctx, func() { _ = body.Close() }) // Read tells why
}

// pat tells a watching dog that something moved.
func (w *dog) pat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && w.awake {
		w.timer.Reset(w.limit)
	}
}

// cause finds the error behind one of net/http: why the context ended, if it did.
func (w *dog) cause(err error) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return err
}

// end lets the call's context go.
func (w *dog) end() {
	w.watch(false)
	if w.leave != nil {
		w.leave()
	}
	w.cancel(nil)
}
