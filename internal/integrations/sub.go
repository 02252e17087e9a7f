package integrations

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	maxDepth    = 20     // sub-integrations in sub-integrations; ours
	maxChildren = 10_000 // sub-integrations of a main one (reference: integrations.md 1)
)

// A family is a main execution with all executions that it led to.
type family struct{ children atomic.Int64 }

// A subCall is what a task calls another integration for.
type subCall struct {
	integration, trigger string
	inputs               *object // name to plain value
	number               int     // of the calls of the task, from 0
}

// A childError is the failure of a sub-integration. It hides what kind of error that was: a
// Return task in there does not end the execution out here.
type childError struct {
	id, integration string
	status          *StatusError
}

func (e *childError) Error() string {
	return fmt.Sprintf("execution %s of integration %q: %s", e.id, e.integration, e.status.Message)
}
func (e *childError) Unwrap() error { return e.status }

// call runs a sub-integration to its end and returns its id and variables.
func (a *attempt) call(ctx context.Context, c subCall) (string, *scope, error) {
	r, err := a.child(ctx, c, Post, time.Time{})
	if err != nil {
		return "", nil, err
	}
	defer a.e.release(r)
	if err := a.e.finishChild(ctx, r); err != nil {
		return r.id, nil, &childError{r.id, r.in.name, statusOf(err)}
	}
	return r.id, r.scope, nil
}

// callLater begins a sub-integration that nobody waits for and returns its id.
func (a *attempt) callLater(ctx context.Context, c subCall, at time.Time) (string, error) {
	r, err := a.child(ctx, c, PostToQueue, at)
	if err != nil {
		return "", err
	}
	if a.e.options.Journal != nil {
		a.e.release(r)
		return r.id, nil
	}
	return r.id, a.e.later(r)
}

// child accepts a sub-execution; the caller owes a release. Its id is the same when the task is
// repeated after a restart of the process.
func (a *attempt) child(ctx context.Context, c subCall, m Method, at time.Time) (*run, error) {
	if a.depth >= maxDepth {
		return nil, fmt.Errorf("sub-integrations are nested deeper than %d", maxDepth)
	}
	if a.family.children.Add(1) > maxChildren {
		return nil, fmt.Errorf("more than %d sub-integrations", maxChildren)
	}
	in, err := a.e.find(Call{Project: a.from.Project, Region: a.from.Region, Name: c.integration})
	if err != nil {
		return nil, err
	}
	r, err := a.bindChild(in, c, m, at)
	if err != nil {
		a.e.running.Done()
		return nil, err
	}
	a.log.child(a.n, r.id)
	if err := a.e.accepted(ctx, r); err != nil {
		a.e.release(r)
		return nil, &stopped{err}
	}
	return r, nil
}

func (a *attempt) bindChild(in *integration, c subCall, m Method, at time.Time) (*run, error) {
	t := in.triggers[c.trigger]
	if t == nil {
		return nil, notFound("Trigger %q was not found in integration %q.", c.trigger, in.name)
	}
	s := newScope(in)
	if err := c.bind(in, s); err != nil {
		return nil, err
	}
	now := a.now()
	rec := Record{
		ID: a.childID(c.number), Project: a.from.Project, Region: a.from.Region, Integration: in.name, Version: in.version, Trigger: t.id,
		Method: m, State: Pending, Schedule: at, Created: now, Updated: now, Attempt: 1, Inputs: appendJSON(nil, c.inputs),
	}
	if m == Post {
		rec.Parent = a.id
	}
	r, err := a.e.newRun(in, t, s, rec)
	if err != nil {
		return nil, err
	}
	r.family, r.depth = a.family, a.depth+1
	if m == Post {
		r.parent = a
	}
	return r, nil
}

// bind sets the variables of a sub-execution. Real exports set some that are no inputs of the
// trigger, pass more than there is, and pass one element for a list.
func (c subCall) bind(in *integration, s *scope) error {
	for _, name := range c.inputs.names {
		of, declared := in.types[name]
		if !declared {
			continue
		}
		v := c.inputs.fields[name]
		if _, isList := v.([]any); elementTypes[of] != "" && !isList {
			v = []any{v}
			c.inputs.put(name, v) // so that the record says the same
		}
		if err := s.setNamed(name, v); err != nil {
			return fmt.Errorf("input %q of integration %q: %w", name, in.name, err)
		}
	}
	return nil
}

func (a *attempt) childID(number int) string {
	if a.try > 1 {
		return fmt.Sprintf("%s-%d.%d", a.key(), a.try, number)
	}
	return fmt.Sprintf("%s-%d", a.key(), number)
}

// finishChild runs a sub-execution in the place, and within the time, of its parent.
func (e *Engine) finishChild(ctx context.Context, r *run) error {
	if !e.enlist(r) {
		return fmt.Errorf("execution %s runs already", r.id)
	}
	defer e.strike(r)
	r.log.processing()
	return e.end(ctx, r, r.untilAside(ctx))
}
