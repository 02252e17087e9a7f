package integrations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Accept checks a call and makes its execution, which has not begun: [Engine.Resume] runs it.
// The journal has the record when Accept returns. Nothing that is refused here is an execution;
// the error is a *StatusError, or that of the journal.
func (e *Engine) Accept(ctx context.Context, c Call, m Method) (*Record, error) {
	r, err := e.accept(ctx, c, m)
	if err != nil {
		return nil, err
	}
	defer e.release(r)
	return r.full(), nil
}

// accept is Accept with the run; the caller owes a release.
func (e *Engine) accept(ctx context.Context, c Call, m Method) (*run, error) {
	if len(c.Body) > e.options.MaxInput {
		return nil, invalid("The request exceeds %d bytes.", e.options.MaxInput)
	}
	in, err := e.find(c)
	if err != nil {
		return nil, err
	}
	r, err := e.prepare(in, c, m)
	if err != nil {
		e.running.Done()
		return nil, err
	}
	if err := e.accepted(ctx, r); err != nil {
		e.release(r)
		return nil, err
	}
	return r, nil
}

// find returns the integration and counts an execution as running.
func (e *Engine) find(c Call) (*integration, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	in := e.version(c.Name, c.Version)
	switch {
	case e.closed:
		return nil, errClosed
	case in == nil:
		return nil, notFound("Integration %q was not found in projects/%s/locations/%s.", c.Name, c.Project, c.Region)
	}
	e.running.Add(1)
	return in, nil
}

func (e *Engine) prepare(in *integration, c Call, m Method) (*run, error) {
	q, err := readRequest(c.Body)
	if err != nil {
		return nil, err
	}
	t := in.triggers[q.triggerID]
	if t == nil || !t.api && !c.AnyTrigger {
		return nil, notFound("Trigger %q was not found in integration %q.", q.triggerID, in.name)
	}
	s := newScope(in)
	if err := q.bind(in, t, s); err != nil {
		return nil, err
	}
	now := e.options.Now()
	rec := Record{
		ID: c.ExecutionID, Project: c.Project, Region: c.Region, Integration: in.name, Version: in.version, Trigger: t.id,
		RequestID: q.requestID, Method: m, State: Pending, Created: now, Updated: now, Attempt: 1, Timeout: c.Timeout,
		DoNotPropagate: q.doNotPropagateError, Inputs: appendJSON(nil, q.plain()),
	}
	if m != Post && q.executionID != "" {
		rec.ID = q.executionID
	}
	if rec.ID == "" {
		rec.ID = e.options.NewID()
	}
	if m != Post && !q.scheduleTime.IsZero() {
		rec.Method, rec.Schedule = Schedule, q.scheduleTime
	}
	return e.newRun(in, t, s, rec)
}

// newRun makes the run of an execution that is as rec says.
func (e *Engine) newRun(in *integration, t *trigger, s *scope, rec Record) (*run, error) {
	r := &run{
		e: e, in: in, start: t, scope: s, id: rec.ID, sync: rec.waited(), inputs: rec.Inputs, limit: e.limitOf(&rec),
		from: Call{Project: rec.Project, Region: rec.Region, Name: rec.Integration, Version: rec.Version},
		now:  e.options.Now, newID: e.options.NewID, family: &family{},
	}
	if err := e.hold(r); err != nil {
		return nil, err
	}
	r.setSystemVariables()
	r.log = e.history.add(rec)
	return r, nil
}

// accepted tells the journal of a new execution.
func (e *Engine) accepted(ctx context.Context, r *run) error {
	if !r.durable() {
		return nil
	}
	return e.options.Journal.Accepted(ctx, r.full())
}

// revive makes the run of an execution that was accepted before.
func (e *Engine) revive(rec *Record) (*run, error) {
	in, err := e.find(Call{Project: rec.Project, Region: rec.Region, Name: rec.Integration, Version: rec.Version})
	if err != nil {
		return nil, err
	}
	r, err := e.reviveIn(in, rec)
	if err != nil {
		e.running.Done()
	}
	return r, err
}

func (e *Engine) reviveIn(in *integration, rec *Record) (*run, error) {
	t := in.triggers[rec.Trigger]
	if t == nil {
		return nil, notFound("Trigger %q was not found in integration %q.", rec.Trigger, in.name)
	}
	s := newScope(in)
	kept := rec.Inputs
	if len(rec.Variables) > 0 {
		kept = rec.Variables
	}
	if len(kept) > 0 {
		if err := s.restore(kept); err != nil {
			return nil, composed("The record of execution %s cannot be read: %v.", rec.ID, err)
		}
	}
	e.history.drop(rec.ID)
	return e.newRun(in, t, s, *rec)
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

// release ends what accept or revive began.
func (e *Engine) release(r *run) {
	e.held.Add(-r.held)
	e.running.Done()
}

// Replay makes and accepts a new execution with the inputs of another one; modified ones, plain
// JSON by name, replace them. With REPLAY_MODE_POINT_OF_FAILURE it goes on after the tasks that
// succeeded in the other one, or else it begins anew. [Engine.Resume] runs it. An execution whose
// inputs were not kept is refused: with none it would be another one.
func (e *Engine) Replay(ctx context.Context, of *Record, mode, reason string, modified map[string]json.RawMessage) (*Record, error) {
	if len(of.Inputs) == 0 {
		return nil, notKept(of)
	}
	now := e.options.Now()
	rec := &Record{
		ID: e.options.NewID(), Project: of.Project, Region: of.Region, Integration: of.Integration, Version: of.Version, Trigger: of.Trigger,
		Method: Post, State: Pending, Created: now, Updated: now, Attempt: 1, Inputs: of.Inputs,
		Replay: &Replay{Of: of.ID, Mode: mode, Reason: reason},
	}
	if mode == "REPLAY_MODE_POINT_OF_FAILURE" {
		rec.Variables, rec.Done = of.Variables, succeeded(of.Done, now)
	}
	var err error
	if rec.Inputs, err = overlay(rec.Inputs, modified); err == nil && len(rec.Variables) > 0 {
		rec.Variables, err = overlay(rec.Variables, modified)
	}
	if err != nil {
		return nil, composed("The parameters are not valid: %v.", err)
	}
	r, err := e.revive(rec)
	if err != nil {
		return nil, err
	}
	defer e.release(r)
	if err := e.accepted(ctx, r); err != nil {
		return nil, err
	}
	return r.full(), nil
}

func notKept(of *Record) error {
	return &StatusError{Code: 400, Status: "FAILED_PRECONDITION", Message: fmt.Sprintf(
		"Execution %s cannot be replayed: its inputs were not kept, as integration %q has DATABASE_PERSISTENCE_DISABLED. Run the integration again instead.", of.ID, of.Integration)}
}

func succeeded(done map[string]TaskRecord, now time.Time) map[string]TaskRecord {
	out := map[string]TaskRecord{}
	for id, t := range done {
		if t.State == TaskSucceed && !t.Ended.After(now) {
			out[id] = t
		}
	}
	return out
}

// overlay replaces fields of a JSON object.
func overlay(raw json.RawMessage, with map[string]json.RawMessage) (json.RawMessage, error) {
	if len(with) == 0 {
		return raw, nil
	}
	fields := map[string]json.RawMessage{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, err
		}
	}
	for name, v := range with {
		if !json.Valid(v) {
			return nil, errors.New(name + " is not JSON")
		}
		fields[name] = v
	}
	return json.Marshal(fields)
}
