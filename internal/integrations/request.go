package integrations

import (
	"fmt"
	"time"
)

// maxName bounds the ids that a caller gives; ours.
const maxName = 256

// request is the body of execute and schedule, read.
type request struct {
	triggerID           string
	inputs              map[string]input
	order               []string
	doNotPropagateError bool
	requestID           string
	executionID         string // asked for by schedule
	scheduleTime        time.Time
}

type input struct {
	v    value
	kind dataType
}

// readRequest reads {"triggerId": "api_trigger/x", "inputParameters": {"a": {"intValue": "5"}}}
// and its snake_case form. Every error is an INVALID_ARGUMENT with a sentence for the caller.
func readRequest(body []byte) (*request, error) {
	o, err := parseObject(string(body))
	if err != nil {
		return nil, composed("The request body is not valid: %v.", err)
	}
	q := &request{inputs: map[string]input{}}
	q.triggerID, _ = o.get("triggerId", "trigger_id").(string)
	if q.triggerID == "" {
		return nil, invalid("triggerId is required, for example api_trigger/NAME.")
	}
	q.doNotPropagateError, _ = o.get("doNotPropagateError", "do_not_propagate_error").(bool)
	q.requestID = text(o.get("requestId", "request_id"))
	q.executionID = text(o.get("userGeneratedExecutionId", "user_generated_execution_id"))
	if len(q.requestID) > maxName || len(q.executionID) > maxName {
		return nil, invalid("requestId and userGeneratedExecutionId have at most %d characters.", maxName)
	}
	if err := q.readInputs(o.get("inputParameters", "input_parameters")); err != nil {
		return nil, err
	}
	if at := o.get("scheduleTime", "schedule_time"); at != nil {
		if q.scheduleTime, err = time.Parse(time.RFC3339Nano, text(at)); err != nil {
			return nil, composed("scheduleTime %s is not an RFC 3339 time.", show(at))
		}
	}
	return q, nil
}

func (q *request) readInputs(v value) error {
	if v == nil {
		return nil
	}
	o, ok := v.(*object)
	if !ok {
		return invalid("inputParameters must be an object that maps names to typed values.")
	}
	for _, name := range o.names {
		v, kind, err := readValueType(o.fields[name])
		if err != nil {
			return composed("Input parameter %q is not valid: %v.", name, err)
		}
		q.inputs[name] = input{v, kind}
		q.order = append(q.order, name)
	}
	return nil
}

// bind puts the inputs into the scope of a new execution. A name that the trigger does not take
// is an error here; whether Google ignores it is not documented.
func (q *request) bind(in *integration, t *trigger, s *scope) error {
	for _, name := range q.order {
		given := q.inputs[name]
		want := in.types[name]
		if !t.inputs[name] {
			return invalid("Input parameter %q is not an input of trigger %s of integration %q.", name, t.id, in.name)
		}
		if !want.accepts(given.kind) {
			return invalid("Input parameter %q must be of type %s, but a value of type %s was given.", name, want, given.kind)
		}
		if err := s.setNamed(name, given.v); err != nil {
			return composed("Input parameter %q: %v.", name, err)
		}
	}
	return nil
}

// plain are the inputs as plain values, for the record.
func (q *request) plain() *object {
	o := newObject()
	for _, name := range q.order {
		o.put(name, q.inputs[name].v)
	}
	return o
}

// composed is invalid with a message that may hold values.
func composed(format string, args ...any) error {
	return &StatusError{Code: 400, Status: "INVALID_ARGUMENT", Message: fmt.Sprintf(format, args...), composed: true}
}

func invalid(format string, args ...any) error {
	return &StatusError{Code: 400, Status: "INVALID_ARGUMENT", Message: fmt.Sprintf(format, args...)}
}
