package integrations

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/internal/delay"
)

// An attempt is one try at one task of an execution: what a task may use.
type attempt struct {
	*run
	n     *node
	try   int // counts from 1
	scope *scope
}

// key names this task of this execution, the same for every try and after a restart of the
// process; calls carry it so that who receives one twice can know.
func (a *attempt) key() string { return a.run.key(a.n) }

func (r *run) key(n *node) string { return r.id + "-" + n.id }

// A TaskError is the failure of one task.
type TaskError struct {
	Task string // for example: task 3 "Send Email"; empty when Err names it
	ID   string
	Err  error
	n    *node
}

func (e *TaskError) Error() string {
	if e.Task == "" {
		return e.Err.Error()
	}
	return e.Task + " failed: " + e.Err.Error()
}

func (e *TaskError) Unwrap() error { return e.Err }

// errSuspended ends a walk, and with it Resume, when all that is left waits to be lifted.
var errSuspended = errors.New("the execution is suspended")

// perform runs one task to its end, its error catcher included. What the record has as ended,
// from before the execution was resumed, is not run again.
func (r *run) perform(ctx context.Context, n *node) outcome {
	o, kept := r.kept(n)
	if !kept {
		o = r.tries(ctx, n)
	}
	if o.err == nil || n.catcher == nil || o.stop != nil && !errors.As(o.stop, new(*TaskError)) {
		return o
	}
	switch err := r.walk(ctx, n.catcher); {
	case errors.Is(err, errSuspended):
		return outcome{n: n, parked: true}
	case err != nil && !errors.As(err, new(*TaskError)): // Return, or the end of the execution
		o.stop = err
	}
	return o
}

// kept is the outcome of a task that ended before the execution was resumed.
func (r *run) kept(n *node) (outcome, bool) {
	t, ok := r.log.task(n.id)
	if !ok || t.Ended.IsZero() {
		return outcome{}, false
	}
	o := outcome{n: n}
	switch t.State {
	case TaskSucceed:
		for _, e := range n.next.edges {
			if slices.Contains(t.Next, e.to.id) {
				o.next = append(o.next, e.to)
			}
		}
	case TaskFatal, TaskFailed:
		o.err = &TaskError{ID: n.id, Err: t.Error.asError(), n: n}
		if t.State == TaskFatal {
			o.stop = o.err
		}
	default:
		return o, false
	}
	return o, true
}

// tries runs a task, again and again if its failure policy says so.
func (r *run) tries(ctx context.Context, n *node) outcome {
	a := &attempt{run: r, n: n, try: 1, scope: r.scope.forTask()}
	err := r.unparked(ctx, a)
	if errors.Is(err, errStillParked) {
		return outcome{n: n, parked: true}
	}
	if errors.Is(err, errNotParked) {
		r.log.taskStarted(n)
		err = r.try(ctx, a)
	}
	for {
		if park := new(parking); errors.As(err, &park) {
			return r.park(ctx, a, park)
		}
		d := r.judge(ctx, a, err)
		if d.again <= 0 {
			return r.ended(ctx, a, d)
		}
		if err := r.holdOn(ctx, n, d.again); err != nil {
			return r.ended(ctx, a, decision{state: TaskCancelled, err: err, stop: err})
		}
		a = &attempt{run: r, n: n, try: a.try + 1, scope: r.scope.forTask()}
		err = r.try(ctx, a)
	}
}

func (r *run) try(ctx context.Context, a *attempt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := a.n.task.run(ctx, a)
	if err == nil && a.n.suspends {
		return &parking{}
	}
	return err
}

// A decision is what follows one try: another one after a while, or the end of the task.
type decision struct {
	again time.Duration // more than 0: try again after this time
	state TaskState
	err   error // also one that is ignored, for the record
	stop  error
}

// judge applies the failure policy of the task to err.
func (r *run) judge(ctx context.Context, a *attempt, err error) decision {
	switch {
	case err == nil:
		return decision{state: TaskSucceed}
	case ctx.Err() != nil:
		return decision{state: TaskCancelled, err: ctx.Err(), stop: ctx.Err()}
	case errors.As(err, new(*returned)):
		return decision{state: TaskFatal, err: err, stop: err}
	}
	failure := &TaskError{Task: a.n.String(), ID: a.n.id, Err: err, n: a.n}
	info := errorInfo(failure)
	r.scope.setSystem("ErrorInfo", info)
	r.setErrorMessage(failure)
	policy := a.n.policies.choose(r.scope.with("ErrorInfo", info), r.sync)
	switch policy.strategy {
	case ignore:
		return decision{state: TaskSucceed, err: failure}
	case fatal:
		return decision{state: TaskFatal, err: failure, stop: failure}
	case restart:
		return r.wantRestart(a.n, policy, failure)
	}
	if d, retry := policy.delay(a.try); retry {
		return decision{again: max(d, 1), err: failure}
	}
	return decision{state: TaskFailed, err: failure}
}

// setErrorMessage sets the variable ErrorMessage of those who declare one: the sample "Catch task
// error" says that an error fills it.
func (r *run) setErrorMessage(failure error) {
	if r.in.types["ErrorMessage"] == stringValue {
		_ = r.scope.setNamed("ErrorMessage", shorten(failure.Error())) // a text fits it
	}
}

// ended keeps the record of a task and returns its outcome. The journal has it before anything
// that follows begins.
func (r *run) ended(ctx context.Context, a *attempt, d decision) outcome {
	o := outcome{n: a.n, stop: d.stop}
	if d.state == TaskSucceed {
		o.next = r.choose(a.n.next, r.scope)
	} else {
		o.err = d.err
	}
	r.log.taskEnded(a, d, o.next)
	if d.state == TaskCancelled || errors.As(d.stop, new(*restarting)) {
		return o
	}
	if err := r.reached(ctx); err != nil {
		o.stop = err
	}
	return o
}

// holdOn waits for another try.
func (r *run) holdOn(ctx context.Context, n *node, d time.Duration) error {
	r.log.holding(n, true)
	defer r.log.holding(n, false)
	delay.For(ctx, d)
	return ctx.Err()
}

// errorInfo is the value of $`ErrorInfo`$: an object with code and message, as conditions read it.
func errorInfo(err error) *object {
	i := infoOf(err)
	o := newObject()
	o.put("code", int64(i.Code))
	o.put("message", i.Message)
	return o
}

// apiInfo is err as the API answers it.
func apiInfo(err error) *ErrorInfo {
	i := infoOf(err)
	s := statusOf(err)
	i.Code, i.Status = s.Code, s.Status
	return i
}

// infoOf is err for a record. The code of a failed HTTP call is that of its answer.
func infoOf(err error) *ErrorInfo {
	s := statusOf(err)
	i := &ErrorInfo{Code: s.Code, Status: s.Status, Message: shorten(s.Message)}
	if call := new(httpFailure); errors.As(err, &call) {
		i.Code, i.Status = call.code, statusName(call.code)
	}
	if t := new(TaskError); errors.As(err, &t) {
		i.Task = t.ID
	}
	return i
}

// asError is i as the error of a task that failed before the execution was resumed.
func (i *ErrorInfo) asError() error {
	if i == nil {
		return errors.New("the error was not kept")
	}
	return &StatusError{Code: i.Code, Status: i.Status, Message: i.Message, composed: true}
}

// A restarting failure begins the integration again, with its first inputs
// (RESTART_INTEGRATION_WITH_BACKOFF).
type restarting struct {
	task  string // that asks for it
	after time.Duration
	err   error
}

func (e *restarting) Error() string { return fmt.Sprintf("restart after %s: %v", e.after, e.err) }

func (r *run) wantRestart(n *node, p failurePolicy, failure error) decision {
	d, ok := p.delay(r.log.restarts(n.id) + 1)
	if !ok {
		return decision{state: TaskFailed, err: failure}
	}
	return decision{state: TaskFailed, err: failure, stop: &restarting{n.id, d, failure}}
}
