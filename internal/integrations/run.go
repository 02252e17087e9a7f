package integrations

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// run is one execution while it runs. It belongs to one goroutine.
type run struct {
	in    *integration
	start *trigger
	call  Call
	id    string
	sync  bool
	scope *scope
	held  int64 // bytes of the inputs
	log   *record
	now   func() time.Time
	newID func() string
}

// A TaskError is the failure of one task, which is the failure of its execution.
type TaskError struct {
	Task string // for example: task 3 "Send Email"
	Err  error
}

func (e *TaskError) Error() string { return e.Task + " failed: " + e.Err.Error() }
func (e *TaskError) Unwrap() error { return e.Err }

// execute runs from the trigger to the end of the path. When a task fails, its error catcher
// runs, or else that of the trigger. The execution fails all the same; Google does not say
// whether it does. A Return task in the catcher decides on the error.
func (r *run) execute(ctx context.Context) error {
	failed, err := r.walk(ctx, r.start.start)
	if err == nil || ctx.Err() != nil || errors.As(err, new(*returned)) {
		return err
	}
	catcher := r.start.catcher
	if failed != nil && failed.catcher != nil {
		catcher = failed.catcher
	}
	if catcher == nil {
		return err
	}
	if _, err2 := r.walk(ctx, *catcher); errors.As(err2, new(*returned)) {
		return err2
	}
	return err
}

// walk runs one task after another until a task has no edge to take. It ends, because the graph
// has no cycles. With an error it returns the task that failed.
func (r *run) walk(ctx context.Context, p path) (*node, error) {
	var last *node
	for {
		n, err := r.choose(p)
		if err != nil || n == nil {
			return last, err
		}
		if err := r.attempt(ctx, n); err != nil {
			return n, err
		}
		last, p = n, n.next
	}
}

// choose returns the task that the path leads to, nil at its end.
func (r *run) choose(p path) (*node, error) {
	var chosen *node
	for _, e := range p.edges {
		if e.when != nil && !e.when.holds(r.scope) {
			continue
		}
		if chosen != nil {
			return nil, fmt.Errorf("the conditions to %s and to %s both hold; parallel paths are not available yet", chosen, e.to)
		}
		if chosen = e.to; p.firstMatch {
			break
		}
	}
	return chosen, nil
}

// attempt runs one task, again and again if its failure policy says so.
func (r *run) attempt(ctx context.Context, n *node) error {
	i := r.log.taskStarted(n)
	for try := 1; ; try++ {
		err := ctx.Err()
		if err == nil {
			err = n.task.run(ctx, r)
		}
		state, again := TaskSucceed, false
		var fails error
		switch {
		case err == nil:
		case ctx.Err() != nil:
			state, fails = TaskCancelled, ctx.Err()
		case errors.As(err, new(*returned)):
			state, fails = TaskFatal, err
		default:
			state, again, fails = r.failed(ctx, n, err, try)
		}
		if !again {
			r.log.taskEnded(i, state, try, err)
			return fails
		}
	}
}

// failed applies the failure policy of n to err: it ignores it, waits for another attempt, or
// fails the execution.
func (r *run) failed(ctx context.Context, n *node, err error, try int) (s TaskState, again bool, fails error) {
	err = &TaskError{Task: n.String(), Err: err}
	r.setErrorInfo(err)
	policy := n.policies.choose(r.scope, r.sync)
	if policy.strategy == ignore {
		return TaskSucceed, false, nil
	}
	d, retry := policy.delay(try)
	switch {
	case !retry:
		return TaskFailed, false, err
	case pause(ctx, d) != nil:
		return TaskCancelled, false, ctx.Err()
	}
	return "", true, nil
}

// setErrorInfo makes $`ErrorInfo`$ an object with code and message, as conditions read it.
func (r *run) setErrorInfo(err error) {
	code := statusOf(err).Code
	if http := new(httpFailure); errors.As(err, &http) {
		code = http.code
	}
	o := newObject()
	o.put("code", int64(code))
	o.put("message", err.Error())
	r.scope.setSystem("ErrorInfo", o)
}

func (r *run) setSystemVariables() {
	mode := "ASYNC"
	if r.sync {
		mode = "SYNC"
	}
	r.scope.setSystem("ExecutionMode", mode)
	r.scope.setSystem("ExecutionId", r.id)
	r.scope.setSystem("IntegrationName", r.in.name)
	r.scope.setSystem("Region", r.call.Region)
	r.scope.setSystem("ProjectId", r.call.Project)
}

// outputs are the output variables of the trigger that have a value, in declared order.
func (r *run) outputs() *object {
	o := newObject()
	for _, name := range r.start.outputs {
		if v := r.scope.vars[name]; v != nil {
			o.put(name, v)
		}
	}
	return o
}
