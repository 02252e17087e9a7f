package appint

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// Errors of the API are *integrations.StatusError: an HTTP status, Google's name for it and a
// sentence (reference integrations.md 2, errors).

func notFound(format string, args ...any) error {
	return status(http.StatusNotFound, "NOT_FOUND", format, args...)
}

func invalid(format string, args ...any) error {
	return status(http.StatusBadRequest, "INVALID_ARGUMENT", format, args...)
}

func precondition(format string, args ...any) error {
	return status(http.StatusBadRequest, "FAILED_PRECONDITION", format, args...)
}

func unimplemented(format string, args ...any) error {
	return status(http.StatusNotImplemented, "UNIMPLEMENTED", format, args...)
}

func status(code int, name, format string, args ...any) error {
	return &integrations.StatusError{Code: code, Status: name, Message: fmt.Sprintf(format, args...)}
}

var (
	errAborted = status(http.StatusConflict, "ABORTED", "Somebody else changed it at the same time. Read it again, then repeat.")
)

// statusOf is err as the API shows it.
func statusOf(err error) *integrations.StatusError {
	own := new(integrations.StatusError)
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, state.ErrUnavailable):
		return &integrations.StatusError{Code: http.StatusServiceUnavailable, Status: "UNAVAILABLE", Message: "The store of executions and versions does not answer: " + err.Error()}
	case errors.Is(err, state.ErrRevision):
		return statusOf(errAborted)
	case errors.Is(err, context.Canceled):
		return &integrations.StatusError{Code: 499, Status: "CANCELLED", Message: "The caller went away."}
	case errors.Is(err, context.DeadlineExceeded):
		return &integrations.StatusError{Code: http.StatusGatewayTimeout, Status: "DEADLINE_EXCEEDED", Message: err.Error()}
	}
	return &integrations.StatusError{Code: http.StatusInternalServerError, Status: "INTERNAL", Message: err.Error()}
}

// errorBody is Google's error body: {"error":{"code":404,"message":"...","status":"NOT_FOUND"}}.
type errorBody struct {
	Error errorInfo `json:"error"`
}

type errorInfo struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []any  `json:"details,omitempty"`
}

func bodyOf(err error) errorBody {
	s := statusOf(err)
	body := errorBody{errorInfo{Code: s.Code, Message: s.Message, Status: s.Status}}
	if v := new(violations); errors.As(err, &v) {
		body.Error.Details = []any{v.detail()}
	}
	return body
}

// violations is an INVALID_ARGUMENT with everything that is wrong, one by one.
type violations struct {
	summary string
	list    []error
}

func (v *violations) Error() string {
	text := v.summary
	for _, err := range v.list {
		text += "\n- " + err.Error()
	}
	return text
}

// As makes the error one of the API.
func (v *violations) As(target any) bool {
	s, ok := target.(**integrations.StatusError)
	if ok {
		*s = &integrations.StatusError{Code: http.StatusBadRequest, Status: "INVALID_ARGUMENT", Message: v.Error()}
	}
	return ok
}

// detail is the google.rpc.BadRequest of the error body.
func (v *violations) detail() any {
	type violation struct {
		Field       string `json:"field,omitempty"`
		Description string `json:"description"`
	}
	var list []violation
	for _, err := range v.list {
		of := violation{Description: err.Error()}
		if p := new(integrations.Problem); errors.As(err, &p) {
			of = violation{p.Where, p.Text}
		}
		list = append(list, of)
	}
	return map[string]any{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list}
}
