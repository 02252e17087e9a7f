package integrations

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure an Engine. The zero value is usable. The numbers are Google's, as far as it
// documents them; where its pages disagree, see reference integrations.md 1.
type Options struct {
	Client         *http.Client     // for Call REST Endpoint; default http.DefaultClient
	InsecureClient *http.Client     // for disableSSLValidation; default Client without checks, if its transport is http.Transport
	Now            func() time.Time // default time.Now; timers always run on real time
	NewID          func() string    // execution ids and GET_UUID; default random UUIDs
	SyncLimit      time.Duration    // one Execute, waiting included; default 2 minutes
	AsyncLimit     time.Duration    // one scheduled execution; default 50 minutes
	MaxConcurrent  int              // executions at a time; default 50
	MaxQueue       int              // executions that wait for a place; default 1000
	MaxScheduled   int              // scheduled executions that have not ended; default 10000
	MaxInput       int              // bytes of a request body; default 8 MB
	MaxHeld        int              // bytes of the inputs of all executions that have not ended; default 512 MB
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	setDefault(&o.SyncLimit, 2*time.Minute)
	setDefault(&o.AsyncLimit, 50*time.Minute)
	setDefault(&o.MaxConcurrent, 50)
	setDefault(&o.MaxQueue, 1000)
	setDefault(&o.MaxScheduled, 10_000)
	setDefault(&o.MaxInput, 8<<20)
	setDefault(&o.MaxHeld, 512<<20)
	return o
}

func setDefault[T int | time.Duration](to *T, v T) {
	if *to <= 0 {
		*to = v
	}
}

// newUUID is a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Engine runs integrations. Its methods may be called concurrently.
type Engine struct {
	options   Options
	build     *build
	admission *admission
	scheduled chan struct{} // one element for each scheduled execution that has not ended
	history   *history
	held      atomic.Int64 // bytes, see Options.MaxHeld

	closing context.Context // cancelled by Close
	close   context.CancelFunc
	running sync.WaitGroup // executions under way; grows only with mu held and not closed

	mu     sync.RWMutex // guards loaded and closed
	loaded map[string]*integration
	closed bool
}

// New returns an engine without integrations. The caller closes it.
func New(o Options) *Engine {
	o = o.withDefaults()
	e := &Engine{
		options:   o,
		build:     &build{clients: newClients(o)},
		admission: newAdmission(o.MaxConcurrent, o.MaxQueue),
		scheduled: make(chan struct{}, o.MaxScheduled),
		history:   &history{now: o.Now},
		loaded:    map[string]*integration{},
	}
	e.closing, e.close = context.WithCancel(context.Background())
	return e
}

// Load compiles an exported IntegrationVersion and puts it in the place of an earlier one of
// that name; executions under way finish with the version that they began with. It returns all
// problems, each a *Problem. An integration with problems is not loaded, and the earlier one
// stays.
func (e *Engine) Load(name string, json []byte) []error {
	in, bad := compile(name, json, e.build)
	if len(bad) > 0 {
		return bad
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.loaded[name] = in
	return nil
}

// Remove forgets an integration. Its executions under way go on.
func (e *Engine) Remove(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.loaded, name)
}

// Names returns the loaded integrations, sorted.
func (e *Engine) Names() []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return slices.Sorted(maps.Keys(e.loaded))
}

// Executions returns the executions of an integration, or of all with an empty name, newest
// first, out of the last 1000.
func (e *Engine) Executions(name string) []Execution { return e.history.list(name) }

// Close cancels every execution and waits for them. Later calls answer 503.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.close()
	e.running.Wait()
	e.build.clients.close()
}

var (
	errClosed  = &StatusError{Code: 503, Status: "UNAVAILABLE", Message: "The integration engine is shutting down."}
	errExpired = errors.New("the time limit has passed")
)

// Execute runs an integration and waits for its end, at most Options.SyncLimit; after that the
// answer is 504 DEADLINE_EXCEEDED. The error is that of ctx, when it ended first: the execution
// is then cancelled. Everything else, a failed execution too, is an Answer.
func (e *Engine) Execute(ctx context.Context, c Call) (Answer, error) {
	r, q, err := e.begin(c, true)
	if err != nil {
		return errorAnswer(err), nil
	}
	defer e.release(r)
	limited, cancel := e.limit(ctx, e.options.SyncLimit)
	defer cancel()
	err = e.finish(limited, r)
	switch {
	case err == nil:
		return executeAnswer(r.id, r.outputs()), nil
	case ctx.Err() != nil:
		return Answer{}, ctx.Err()
	case q.doNotPropagateError:
		return failedAnswer(r.id, err), nil
	}
	return errorAnswer(err), nil
}

// Schedule accepts an execution and answers at once with its id: {"executionInfoIds":["..."]}.
// It runs at scheduleTime of the request, or now, for at most Options.AsyncLimit. ctx is only
// that of the call.
func (e *Engine) Schedule(ctx context.Context, c Call) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	r, q, err := e.begin(c, false)
	if err != nil {
		return errorAnswer(err), nil
	}
	select {
	case e.scheduled <- struct{}{}:
	default:
		r.log.ended(Failed, nil, errQueueFull, nil)
		e.release(r)
		return errorAnswer(errQueueFull), nil
	}
	// The wait is from now, when the call is accepted, and not from when the
	// goroutine happens to begin.
	go e.runLater(r, q.scheduleTime.Sub(e.options.Now()))
	return scheduleAnswer(r.id), nil
}

func (e *Engine) runLater(r *run, wait time.Duration) {
	defer e.release(r)
	defer func() { <-e.scheduled }()
	if wait > 0 && pause(e.closing, wait) != nil {
		r.log.ended(Cancelled, nil, errClosed, r.start.reach)
		return
	}
	ctx, cancel := e.limit(context.Background(), e.options.AsyncLimit)
	defer cancel()
	_ = e.finish(ctx, r) // the record keeps the error
}

// begin checks a call and makes its execution; the caller owes a release. Nothing that is
// refused here is an execution.
func (e *Engine) begin(c Call, sync bool) (*run, *request, error) {
	if len(c.Body) > e.options.MaxInput {
		return nil, nil, invalid("The request exceeds %d bytes.", e.options.MaxInput)
	}
	in, err := e.find(c)
	if err != nil {
		return nil, nil, err
	}
	r, q, err := e.prepare(in, c, sync)
	if err != nil {
		e.running.Done()
	}
	return r, q, err
}

// find returns the integration and counts an execution as running.
func (e *Engine) find(c Call) (*integration, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	in := e.loaded[c.Name]
	switch {
	case e.closed:
		return nil, errClosed
	case in == nil:
		return nil, notFound("Integration %q was not found in projects/%s/locations/%s.", c.Name, c.Project, c.Region)
	}
	e.running.Add(1)
	return in, nil
}

func (e *Engine) prepare(in *integration, c Call, sync bool) (*run, *request, error) {
	q, err := readRequest(c.Body)
	if err != nil {
		return nil, nil, err
	}
	t := in.triggers[q.triggerID]
	if t == nil {
		return nil, nil, notFound("Trigger %q was not found in integration %q.", q.triggerID, in.name)
	}
	c.Body = nil // not needed any more, and large
	r := &run{
		in: in, start: t, call: c, id: e.options.NewID(), sync: sync, scope: newScope(in),
		now: e.options.Now, newID: e.options.NewID,
	}
	if err := q.bind(in, t, r.scope); err != nil {
		return nil, nil, err
	}
	if err := e.hold(r); err != nil {
		return nil, nil, err
	}
	r.setSystemVariables()
	r.log = e.history.add(Execution{
		ID: r.id, Integration: in.name, Trigger: t.id, Async: !sync, State: Pending, Input: remember(q.plain()),
	})
	q.inputs, q.order = nil, nil
	return r, q, nil
}

// hold accounts for the inputs of r until release.
func (e *Engine) hold(r *run) error {
	r.held = int64(r.scope.total)
	if e.held.Add(r.held) > int64(e.options.MaxHeld) {
		e.held.Add(-r.held)
		return errQueueFull
	}
	return nil
}

// release ends what begin began.
func (e *Engine) release(r *run) {
	e.held.Add(-r.held)
	e.running.Done()
}

// limit derives a context that ends with the limit (errExpired) or with Close (errClosed).
func (e *Engine) limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancelClosed := context.WithCancelCause(ctx)
	stop := context.AfterFunc(e.closing, func() { cancelClosed(errClosed) })
	ctx, cancel := context.WithTimeoutCause(ctx, d, errExpired)
	return ctx, func() {
		stop()
		cancel()
		cancelClosed(nil)
	}
}

// finish waits for a place, runs r to its end and closes its record.
func (e *Engine) finish(ctx context.Context, r *run) error {
	err := e.admission.enter(ctx)
	if err == nil {
		r.log.processing()
		err = r.execute(ctx)
		e.admission.leave()
	}
	state := Succeeded
	switch {
	case err != nil && ctx.Err() != nil:
		state, err = Cancelled, endOf(ctx, r)
	case err != nil:
		state = Failed
	}
	r.log.ended(state, r.outputs(), err, r.start.reach)
	return err
}

// endOf says why ctx ended.
func endOf(ctx context.Context, r *run) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errExpired) {
		return &StatusError{Code: 504, Status: "DEADLINE_EXCEEDED", Message: fmt.Sprintf("Execution %s of integration %q was cancelled: %v.", r.id, r.in.name, cause)}
	}
	return cause
}
