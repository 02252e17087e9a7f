package appint

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"sync"

	"sluice/internal/integrations"
)

// runRequest is what the bodies of execute and schedule have in common, by its JSON names
// (reference integrations.md 2).
type runRequest struct {
	TriggerID       string                     `json:"triggerId"`
	InputParameters map[string]json.RawMessage `json:"inputParameters"`
	RequestID       string                     `json:"requestId"`
	Parameters      *legacyParameters          `json:"parameters"`
	Entries         []legacyEntry              `json:"parameterEntries"`
}

// executeRequest is the body of execute.
type executeRequest struct {
	runRequest
	DoNotPropagate bool   `json:"doNotPropagateError"`
	ExecutionID    string `json:"executionId"`
}

// scheduleRequest is the body of schedule.
type scheduleRequest struct {
	runRequest
	ScheduleTime string `json:"scheduleTime"`
	ExecutionID  string `json:"userGeneratedExecutionId"`
}

// legacyParameters and legacyEntry are the deprecated form of inputParameters.
type legacyParameters struct {
	Parameters []legacyEntry `json:"parameters"`
}

type legacyEntry struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// modern moves inputs from their deprecated places into inputParameters.
func modern(inputs *map[string]json.RawMessage, p *legacyParameters, entries []legacyEntry) {
	if p != nil {
		entries = append(entries, p.Parameters...)
	}
	for _, e := range entries {
		if *inputs == nil {
			*inputs = map[string]json.RawMessage{}
		}
		if _, ok := (*inputs)[e.Key]; !ok {
			(*inputs)[e.Key] = e.Value
		}
	}
}

// order is a call of execute or schedule, read.
type order struct {
	call        integrations.Call
	method      integrations.Method
	trigger     string
	request     string
	executionID string
}

// order begins the order of c, whose body was read into message, of which q is a part. Inputs in a
// deprecated place go into inputParameters, also in the body.
func (q *runRequest) order(c integrations.Call, m integrations.Method, message any) (*order, error) {
	o := &order{call: c, method: m, trigger: q.TriggerID, request: q.RequestID}
	if q.Parameters == nil && q.Entries == nil {
		return o, nil
	}
	modern(&q.InputParameters, q.Parameters, q.Entries)
	q.Parameters, q.Entries = nil, nil
	var err error
	o.call.Body, err = json.Marshal(message)
	return o, err
}

func readExecute(c integrations.Call) (*order, error) {
	var q executeRequest
	if err := readMessage(c.Body, &q); err != nil {
		return nil, err
	}
	if q.ExecutionID != "" {
		return nil, unimplemented("executionId, to go on with an execution that is on hold, is not supported: lift its suspension instead.")
	}
	return q.order(c, integrations.Post, &q)
}

// executionID is what a caller may choose; dots part keys of a bucket.
var executionID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

func readSchedule(c integrations.Call) (*order, error) {
	var q scheduleRequest
	if err := readMessage(c.Body, &q); err != nil {
		return nil, err
	}
	if q.ExecutionID != "" && !executionID.MatchString(q.ExecutionID) {
		return nil, invalid("userGeneratedExecutionId must be 1 to 128 letters, digits, - and _.")
	}
	method := integrations.PostToQueue
	if q.ScheduleTime != "" {
		method = integrations.Schedule
	}
	o, err := q.order(c, method, &q)
	if err != nil {
		return nil, err
	}
	o.executionID = q.ExecutionID
	return o, nil
}

// names are the integrations that a call is for: all with its trigger for "-", sorted.
func (s *Service) names(o *order) ([]string, error) {
	if o.call.Name != "-" {
		return []string{o.call.Name}, nil
	}
	names := s.engine.Having(o.trigger)
	switch {
	case o.trigger == "":
		return nil, invalid("triggerId is required, for example api_trigger/NAME.")
	case len(names) == 0:
		return nil, notFound("No published integration has the trigger %q.", o.trigger)
	case len(names) > 1 && o.executionID != "":
		return nil, invalid("userGeneratedExecutionId is for one execution, and %d integrations have the trigger %q.", len(names), o.trigger)
	}
	return names, nil
}

// errGone tells that an earlier request with the same requestId came to nothing.
var errGone = errors.New("the earlier request was not accepted")

// execute runs an execution to its end and returns its answer.
func (s *Service) execute(ctx context.Context, c integrations.Call) (integrations.Answer, error) {
	o, err := readExecute(c)
	if err != nil {
		return integrations.Answer{}, err
	}
	var records []*integrations.Record
	err = s.once(ctx, o, func(ids, names []string) (err error) {
		if records, err = s.accept(ctx, o, names, ids); err == nil {
			err = s.resumeAll(ctx, records)
		}
		return err
	}, func(ids []string) (err error) {
		records, err = s.await(ctx, o, ids)
		return err
	})
	if err != nil {
		return integrations.Answer{}, err
	}
	return answerOf(records), nil
}

// schedule accepts executions and returns their ids.
func (s *Service) schedule(ctx context.Context, c integrations.Call) ([]string, error) {
	o, err := readSchedule(c)
	if err != nil {
		return nil, err
	}
	var accepted []string
	err = s.once(ctx, o, func(ids, names []string) error {
		records, err := s.accept(ctx, o, names, ids)
		for _, r := range records {
			accepted = append(accepted, r.ID)
		}
		return err
	}, func(ids []string) error {
		accepted = ids
		return nil
	})
	return accepted, err
}

// once calls first, or when a call with the same requestId came before, again with the executions
// of that one.
func (s *Service) once(ctx context.Context, o *order, first func(ids, names []string) error, again func(ids []string) error) error {
	names, err := s.names(o)
	if err != nil {
		return err
	}
	ids := make([]string, len(names))
	for i := range ids {
		ids[i] = s.o.NewID()
	}
	if o.executionID != "" {
		ids[0] = o.executionID
	}
	if o.request == "" {
		return first(ids, names)
	}
	for {
		mine, earlier, err := s.requests.take(ctx, o.key(), ids)
		switch {
		case err != nil:
			return err
		case mine != nil:
			return s.claimed(ctx, mine, func() error { return first(ids, names) })
		}
		if err = again(earlier); !errors.Is(err, errGone) {
			return err
		}
	}
}

func (o *order) key() string {
	kind := "execute"
	if o.method != integrations.Post {
		kind = "schedule"
	}
	return requestKey(kind, o.call.Name, o.trigger, o.request)
}

// claimed does what a claim is for. When nothing was accepted, another call may try again.
func (s *Service) claimed(ctx context.Context, mine *claim, do func() error) error {
	if err := do(); err != nil {
		mine.release(ctx)
		return err
	}
	mine.done(ctx)
	return nil
}

// accept accepts an execution for each integration. When the first are accepted and one is
// refused, these count.
func (s *Service) accept(ctx context.Context, o *order, names, ids []string) ([]*integrations.Record, error) {
	var records []*integrations.Record
	var errs []error
	for i, name := range names {
		c := o.call
		c.Name, c.ExecutionID = name, ids[i]
		r, err := s.engine.Accept(ctx, c, o.method)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return nil, errs[0]
	}
	return records, nil
}

// resumeAll runs accepted executions side by side.
func (s *Service) resumeAll(ctx context.Context, records []*integrations.Record) error {
	errs := make([]error, len(records))
	var all sync.WaitGroup
	for i, r := range records[1:] {
		all.Go(func() { errs[i+1] = s.engine.Resume(ctx, r) })
	}
	errs[0] = s.engine.Resume(ctx, records[0])
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// answerOf is the answer of one execution or of several: that of the first that failed, or of the
// first. Google documents that all run, and not what is answered then.
func answerOf(records []*integrations.Record) integrations.Answer {
	for _, r := range records {
		if r.State != integrations.Succeeded && r.State != integrations.Suspended {
			return r.Answer()
		}
	}
	return records[0].Answer()
}
