package integrations

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"sluice/internal/script"
)

// A Report tells an operator of an execution that failed, or that was refused. It names tasks,
// variables, statuses and addresses, as they stand in the integration, and no value of a variable,
// no text that an integration composed, and no query of a URL: it is fit for a log.
type Report struct {
	Integration string
	Version     string
	Trigger     string
	Execution   string // id; empty for a call that was refused
	Parent      string // the execution that waited for it, or empty
	Task        string // for example: task 3 "Send Email"; empty when it was no task
	Status      string // Google's name for it
	Reason      string // a sentence, see ReasonOf
}

// report tells of the end of r, if that was a failure. An execution that somebody cancelled, or
// whose caller left, has not failed.
func (e *Engine) report(ctx context.Context, r *run, state State, err error) {
	if e.options.Failed == nil || state != Failed && (err == nil || !errors.Is(context.Cause(ctx), errExpired)) {
		return
	}
	f := Report{
		Integration: r.in.name, Version: r.in.version, Trigger: r.start.id, Execution: r.id,
		Status: statusOf(err).Status, Reason: ReasonOf(err),
	}
	if r.parent != nil {
		f.Parent = r.parent.id
	}
	if t := new(TaskError); errors.As(err, &t) && t.n != nil {
		f.Task = t.n.String()
	}
	e.options.Failed(f)
}

// withheld stands for the text of an error that may hold values.
const withheld = "the text of the error may hold values; it is in the answer, and in the record if there is one"

// ReasonOf is what may be logged of the error of a call or of an execution: see Report. Of a kind
// of error that is not known to be without values it tells none of the text.
func ReasonOf(err error) string {
	if t := new(TaskError); errors.As(err, &t) {
		err = t.Err
	}
	var (
		call   *httpFailure
		sent   *url.Error
		thrown *script.Failure
		misfit *misfitError
		child  *childError
		status *StatusError
	)
	switch {
	case errors.As(err, new(*returned)):
		return "a Return task ended it; its message may hold values, and is in the answer"
	case errors.As(err, &call):
		return call.brief
	case errors.As(err, &sent):
		return unsent(sent)
	case errors.As(err, &thrown):
		return scriptReason(thrown)
	case errors.As(err, &misfit):
		return strings.Replace(err.Error(), misfit.Error(), "the value "+misfit.not, 1)
	case errors.As(err, &child):
		return "execution " + child.id + " of integration " + child.integration + " failed"
	case isValueless(err):
		return err.Error()
	case errors.As(err, &status) && !status.composed:
		return status.Message
	}
	return withheld
}

// unsent is a call without an answer. What is no URL may be anything.
func unsent(e *url.Error) string {
	u, err := url.Parse(e.URL)
	if err != nil || e.Op == "parse" {
		return "the address to call is not a URL"
	}
	return e.Op + " " + bare(u) + ": " + e.Err.Error()
}

// bare is a URL without user, query and fragment.
func bare(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// scriptReason leaves out what a script has thrown itself.
func scriptReason(f *script.Failure) string {
	if f.Kind != script.Thrown {
		return f.Error()
	}
	told := *f
	told.Description = "the script threw an error"
	return told.Error()
}

// valueless are errors that hold no value, nor does what wraps them: names of variables, rows and
// parameters.
var valueless = []error{
	errNullInput, errNull, errNoReceiver, errEmptyArray, errOverflow, errDivideZero, errNotObject,
	errTextTooLarge, errValueTooLarge, errTooManyItems, errTooMuchWork, errLoopOutput, errNotVariables,
	errJsonnetTime, errJsonnetMemory, errJsonnetBusy, errNoCalls, errNoTokens, errExpired,
	context.DeadlineExceeded, context.Canceled,
}

func isValueless(err error) bool {
	for _, known := range valueless {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// A misfitError tells of a value that is not of the type or form that is needed.
type misfitError struct {
	shown string // the value, shortened
	not   string // "is not an integer"
}

func (e *misfitError) Error() string { return e.shown + " " + e.not }

func misfit(v value, not string) error { return &misfitError{show(v), not} }
