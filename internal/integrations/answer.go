package integrations

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"sluice/flow"
)

// Call is one execute or schedule request of the Application Integration API.
type Call struct {
	Project string // as in projects/P/locations/R/integrations/NAME
	Region  string
	Name    string
	Body    []byte // JSON, at most Options.MaxInput bytes

	Version     string        // as given to Publish or Draft; empty: the published one
	ExecutionID string        // of the execution to be; empty: a new one
	Timeout     time.Duration // instead of Options.SyncLimit or AsyncLimit
	AnyTrigger  bool          // not only API triggers
}

// Answer is what the API answers: status 200, or an error status with Google's error body
// {"error":{"code":400,"message":"...","status":"INVALID_ARGUMENT"}}. The content type is always
// application/json.
type Answer struct {
	Status      int
	Body        []byte
	ExecutionID string // empty when the call was refused
}

// Message is the answer as a policy gets it.
func (a Answer) Message() *flow.Message {
	m := flow.NewResponse()
	m.Status = a.Status
	m.Header.Add("Content-Type", "application/json")
	m.SetContent(a.Body)
	return m
}

// StatusError is an error of the API: an HTTP status, Google's canonical name for it, and a
// message for the caller.
type StatusError struct {
	Code    int
	Status  string
	Message string

	composed bool // Message may hold values: ReasonOf leaves it out
}

func (e *StatusError) Error() string { return e.Message }

// canonical are the names of the HTTP statuses that a Return task can give, and of the others
// that the engine gives (reference: integrations.md 2, errors).
var canonical = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
	409: "ALREADY_EXISTS", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL",
	501: "UNIMPLEMENTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

func statusName(code int) string {
	if s, ok := canonical[code]; ok {
		return s
	}
	if code < 500 {
		return "FAILED_PRECONDITION"
	}
	return "INTERNAL"
}

// statusOf is err as the API shows it. A failed task is INTERNAL unless it says something else:
// there is no public text on what Google answers.
func statusOf(err error) *StatusError {
	s := &StatusError{Code: http.StatusInternalServerError, Status: "INTERNAL"}
	if own := new(StatusError); errors.As(err, &own) {
		*s = *own
	}
	s.Message = err.Error()
	return s
}

func (e *StatusError) object() *object {
	inner := newObject()
	inner.put("code", int64(e.Code))
	inner.put("message", e.Message)
	inner.put("status", e.Status)
	return inner
}

func errorAnswer(err error) Answer {
	s := statusOf(err)
	o := newObject()
	o.put("error", s.object())
	return Answer{Status: s.Code, Body: appendJSON(nil, o)}
}

// Answer is what the API answers to the execute call that r is of, once it has ended or is
// suspended.
func (r *Record) Answer() Answer {
	a := executeAnswer(r.ID, r.Outputs)
	if r.Error != nil {
		s := &StatusError{Code: r.Error.Code, Status: r.Error.Status, Message: r.Error.Message}
		if a = errorAnswer(s); r.DoNotPropagate {
			a = failedAnswer(r.ID, s)
		}
	}
	a.ExecutionID = r.ID
	return a
}

func executeAnswer(id string, outputs json.RawMessage) Answer {
	if len(outputs) == 0 {
		outputs = json.RawMessage("{}")
	}
	body := slices.Concat([]byte(`{"executionId":`), appendString(nil, id), []byte(`,"outputParameters":`), outputs, []byte("}"))
	return Answer{Status: http.StatusOK, Body: body}
}

// failedAnswer is the answer to doNotPropagateError: 200, and the error as an event parameter.
// The exact form of Google's PostWithTriggerIdExecutionException entry is not public.
func failedAnswer(id string, err error) Answer {
	entry := newObject()
	entry.put("key", "PostWithTriggerIdExecutionException")
	entry.put("value", newObject().with("stringValue", statusOf(err).Message))
	o := newObject()
	o.put("executionId", id)
	o.put("executionFailed", true)
	o.put("eventParameters", newObject().with("parameters", []any{entry}))
	return Answer{Status: http.StatusOK, Body: appendJSON(nil, o)}
}

func scheduleAnswer(id string) Answer {
	o := newObject()
	o.put("executionInfoIds", []any{id})
	return Answer{Status: http.StatusOK, Body: appendJSON(nil, o), ExecutionID: id}
}

func notFound(format string, args ...any) error {
	return &StatusError{Code: 404, Status: "NOT_FOUND", Message: fmt.Sprintf(format, args...)}
}
