package tasks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
)

// outcome is how an attempt went.
type outcome struct {
	attempt    uint64        // its random number
	scheduled  time.Time     // when it was due
	dispatched time.Time     // when it was sent
	responded  time.Time     // when it was over
	status     int           // HTTP status of the answer, 0 for none
	code       codes.Code    // OK, or what went wrong
	message    string        // how google.rpc.Status says it
	retryAfter time.Duration // what the answer asks for, 0 for nothing
	run        time.Time     // when RunTask asked for it, zero when it did not
}

func (o outcome) answered() bool { return o.status != 0 }

// overloaded tells that the target asks for less.
func (o outcome) overloaded() bool {
	return o.status == http.StatusTooManyRequests || o.status == http.StatusServiceUnavailable
}

// failed tells that the target is in trouble, not that it refused this task.
func (o outcome) failed() bool { return !o.answered() || o.status >= 500 }

// httpCodes is how HTTP says google.rpc.Code, read backwards (google/rpc/code.proto).
var httpCodes = map[int]codes.Code{
	400: codes.InvalidArgument,
	401: codes.Unauthenticated,
	403: codes.PermissionDenied,
	404: codes.NotFound,
	409: codes.Aborted,
	416: codes.OutOfRange,
	429: codes.ResourceExhausted,
	499: codes.Canceled,
	500: codes.Internal,
	501: codes.Unimplemented,
	503: codes.Unavailable,
	504: codes.DeadlineExceeded,
}

// codeOf returns what stands for an HTTP status in Attempt.response_status.
func codeOf(status int) codes.Code {
	code, known := httpCodes[status]
	switch {
	case status >= 200 && status < 300:
		return codes.OK
	case known:
		return code
	case status >= 400 && status < 500:
		return codes.FailedPrecondition
	}
	return codes.Unknown
}

// codeNames are the names of google.rpc.Code; package codes has others.
var codeNames = []string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}

func codeName(c codes.Code) string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return strconv.Itoa(int(c))
}

// fromStatus sets what an HTTP status says. The message has the form that Google's has, like
// "UNAVAILABLE(14): HTTP status code 503".
func (o *outcome) fromStatus(status int) {
	o.status = status
	o.code = codeOf(status)
	if o.code != codes.OK {
		o.message = fmt.Sprintf("%s(%d): HTTP status code %d", codeName(o.code), o.code, status)
	}
}

// fromError sets what an error says that came in place of an answer.
func (o *outcome) fromError(err error) {
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		o.code = refused.code
	case errors.Is(err, context.DeadlineExceeded):
		o.code = codes.DeadlineExceeded
		err = errors.New("the target did not answer within the dispatch deadline")
	default:
		o.code = codes.Unavailable
	}
	const enough = 500 // bytes; an error may quote a URL of 2,083
	text := err.Error()
	o.message = fmt.Sprintf("%s(%d): %s", codeName(o.code), o.code, text[:min(len(text), enough)])
}

// refusedError says that a request was not sent.
type refusedError struct {
	code codes.Code
	text string
}

func (e *refusedError) Error() string { return e.text }

// maxRetryAfter bounds what a target may ask for.
const maxRetryAfter = time.Hour

// readRetryAfter reads a Retry-After header: seconds or a date (RFC 9110, 10.2.3).
func readRetryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
