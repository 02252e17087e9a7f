package integrations

import (
	"context"
	"fmt"
)

var _ = register(taskKind{name: "ReturnTask", ui: "Return", compile: compileReturn})

// returnTask ends the execution with an HTTP error and a message
// (https://cloud.google.com/application-integration/docs/configure-return-task).
type returnTask struct {
	code    int
	message template
}

func compileReturn(_ *build, p parameters) (task, []error) {
	var errs []error
	t := &returnTask{
		code:    int(constant(p, "httpErrorCode", toInt, &errs)),
		message: p.template("errorMessage", &errs),
	}
	if len(errs) == 0 && (t.code < 400 || t.code > 599) {
		errs = append(errs, fmt.Errorf("parameter httpErrorCode: %d is not an HTTP error", t.code))
	}
	return t, errs
}

// returned is the end of an execution that a Return task asked for. It is not retried.
type returned struct{ status *StatusError }

func (e *returned) Error() string { return e.status.Message }
func (e *returned) Unwrap() error { return e.status }

func (t *returnTask) run(_ context.Context, a *attempt) error {
	message, err := t.message.text(a.scope)
	if err != nil {
		return err
	}
	return &returned{&StatusError{Code: t.code, Status: statusName(t.code), Message: message, composed: true}}
}
