package integrations

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Engine runs integrations. Its methods may be called concurrently.
type Engine struct {
	options   Options
	build     *build
	admission *admission
	scheduled chan struct{} // one element for each scheduled execution that has not ended
	history   *history
	held      atomic.Int64 // bytes, see Options.MaxHeld

	closing context.Context // cancelled by Close
	close   context.CancelCauseFunc
	running sync.WaitGroup // executions under way; grows only with mu held and not closed

	mu     sync.RWMutex // guards the rest
	loaded map[string]*versions
	active map[string]*run   // that run now, by execution id
	aside  map[string]*aside // suspended, without a journal
	closed bool
}

// New returns an engine without integrations. The caller closes it.
func New(o Options) *Engine {
	o = o.withDefaults()
	e := &Engine{
		options:   o,
		build:     &build{clients: newClients(o), outside: o.Outside},
		admission: newAdmission(o.MaxConcurrent, o.MaxQueue),
		scheduled: make(chan struct{}, o.MaxScheduled),
		history:   &history{now: o.Now},
		loaded:    map[string]*versions{},
		active:    map[string]*run{},
		aside:     map[string]*aside{},
	}
	e.closing, e.close = context.WithCancelCause(context.Background())
	return e
}

// Executions returns the executions of an integration, or of all with an empty name, newest
// first, out of the last 1000 of this process, sub-integrations included. Large inputs and
// outputs are null.
func (e *Engine) Executions(name string) []Record { return e.history.list(name) }

// Close stops every execution and waits for them. With a journal those that nobody waits for
// stay as they are, to be resumed; the others are cancelled. Later calls answer 503.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	for _, a := range e.aside {
		a.timer.Stop()
	}
	e.mu.Unlock()
	e.close(errClosed)
	e.running.Wait()
	e.build.clients.close()
}

var (
	errClosed    = &StatusError{Code: 503, Status: "UNAVAILABLE", Message: "The integration engine is shutting down."}
	errCancelled = &StatusError{Code: 499, Status: "CANCELLED", Message: "The execution was cancelled."}
	errExpired   = errors.New("the time limit has passed")
)

// A stopped execution has no end: its journal refused to go on, or the process ends.
type stopped struct{ err error }

func (e *stopped) Error() string { return "the execution stopped, to be resumed: " + e.err.Error() }
func (e *stopped) Unwrap() error { return e.err }

// limit derives a context that ends with the limit (errExpired), with Close (errClosed) or with
// Cancel.
func (e *Engine) limit(ctx context.Context, r *run) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	e.mu.Lock()
	r.cancel = cancel
	e.mu.Unlock()
	stop := context.AfterFunc(e.closing, func() { cancel(errClosed) })
	ctx, done := context.WithTimeoutCause(ctx, r.limit, errExpired)
	return ctx, func() {
		stop()
		done()
		cancel(nil)
	}
}

func (e *Engine) limitOf(r *Record) time.Duration {
	switch {
	case r.Timeout > 0:
		return r.Timeout
	case r.waited():
		return e.options.SyncLimit
	}
	return e.options.AsyncLimit
}
