package integrations

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// A Journal makes executions durable. The engine calls it from the goroutine of the execution,
// one call at a time for each, and waits for the answer: what it has returned from, it has kept.
// The Record and all in it belong to the journal once it is called; nothing changes them later.
type Journal interface {
	// Accepted is called before an execution is answered or begun; an error refuses it.
	Accepted(ctx context.Context, r *Record) error
	// Reached is called after each finished task, and when an execution is suspended: r says what
	// is done and holds the variables. An error stops the execution without an end, so that it
	// is resumed later.
	Reached(ctx context.Context, r *Record) error
	// Ended is called when it succeeded, failed or was cancelled.
	Ended(ctx context.Context, r *Record) error
}

// A State is that of an execution, as the API names it.
type State string

const (
	Pending     State = "PENDING" // scheduled, or waiting for a place
	Processing  State = "PROCESSING"
	Succeeded   State = "SUCCEEDED"
	Failed      State = "FAILED"
	Cancelled   State = "CANCELLED"
	RetryOnHold State = "RETRY_ON_HOLD" // waits for another attempt at a task
	Suspended   State = "SUSPENDED"     // waits for a lift, nothing else runs
)

// waited tells whether a caller waits for the end.
func (r *Record) waited() bool { return r.Method == Post && !r.Detached }

// Ended tells whether nothing can follow s.
func (s State) Ended() bool { return s == Succeeded || s == Failed || s == Cancelled }

// A TaskState is that of one task of an execution, as the API names it.
type TaskState string

const (
	TaskInProcess   TaskState = "IN_PROCESS"
	TaskSucceed     TaskState = "SUCCEED"
	TaskFailed      TaskState = "FAILED"
	TaskFatal       TaskState = "FATAL" // ended the execution: Return, and the strategy FATAL
	TaskRetryOnHold TaskState = "RETRY_ON_HOLD"
	TaskSkipped     TaskState = "SKIPPED" // no edge to it was taken
	TaskCancelled   TaskState = "CANCELLED"
	TaskSuspended   TaskState = "SUSPENDED"
)

// A Method says how an execution was called for, as the API names it.
type Method string

const (
	Post        Method = "POST"          // the caller waits
	PostToQueue Method = "POST_TO_QUEUE" // the caller does not
	Schedule    Method = "SCHEDULE"      // likewise, at a time
)

// A Record is all that there is to know of one execution, ended or not: enough to show it, and
// enough to go on with it in another process. It survives encoding/json unchanged.
type Record struct {
	ID          string `json:"id"`
	Project     string `json:"project,omitempty"`
	Region      string `json:"region,omitempty"`
	Integration string `json:"integration"`
	Version     string `json:"version,omitempty"` // as given to Publish; empty after Load
	Trigger     string `json:"trigger"`
	RequestID   string `json:"requestId,omitempty"`
	Method      Method `json:"method"`
	State       State  `json:"state"`

	// Parent is the execution of which a task waits for this one. Such an execution is never
	// resumed by itself: its parent repeats the task.
	Parent string `json:"parent,omitempty"`

	Schedule time.Time `json:"schedule,omitzero"` // when it is to begin; zero: at once
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"` // when it left PENDING for the first time
	Updated  time.Time `json:"updated"`

	// Attempt counts from 1; the strategy RESTART_INTEGRATION_WITH_BACKOFF begins another one.
	// Restarts tells how many of them each task has asked for.
	Attempt  int            `json:"attempt"`
	Restarts map[string]int `json:"restarts,omitempty"`

	Inputs    json.RawMessage `json:"inputs,omitempty"`    // name to plain value, as given by the caller
	Variables json.RawMessage `json:"variables,omitempty"` // name to plain value, system variables included; not once it has succeeded
	Outputs   json.RawMessage `json:"outputs,omitempty"`   // name to plain value; only at the end

	Done        map[string]TaskRecord `json:"done,omitempty"` // by task id: all that have begun, and at the end those skipped
	Suspensions []Suspension          `json:"suspensions,omitempty"`
	Error       *ErrorInfo            `json:"error,omitempty"`  // of a failed or cancelled execution
	Replay      *Replay               `json:"replay,omitempty"` // for those who replay; the engine only keeps it

	// DoNotPropagate is doNotPropagateError of the request.
	DoNotPropagate bool `json:"doNotPropagateError,omitempty"`
	// Timeout limits this execution instead of Options.SyncLimit or AsyncLimit, if not zero.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Detached tells that it was suspended: it answered its caller then, and goes on as an
	// asynchronous one (Google's page "Introduction to error handling" says so).
	Detached bool `json:"detached,omitempty"`
}

// Tasks returns Done in the order in which the tasks began, those skipped last.
func (r *Record) Tasks() []TaskRecord {
	list := slices.Collect(maps.Values(r.Done))
	slices.SortFunc(list, func(a, b TaskRecord) int {
		return cmp.Or(boolOrder(a.Started.IsZero(), b.Started.IsZero()), a.Started.Compare(b.Started), a.Ended.Compare(b.Ended), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// A TaskRecord is one task of an execution. A task is finished when Ended is set: only then does
// a resumed execution not run it again.
type TaskRecord struct {
	ID       string          `json:"id"`
	Label    string          `json:"label,omitempty"`
	Type     string          `json:"type"`
	State    TaskState       `json:"state"`
	Attempts int             `json:"attempts,omitempty"`
	Started  time.Time       `json:"started,omitzero"`
	Ended    time.Time       `json:"ended,omitzero"`
	Inputs   json.RawMessage `json:"inputs,omitempty"`   // the variables that it read; null when too large to keep
	Outputs  json.RawMessage `json:"outputs,omitempty"`  // the variables that it set; likewise
	Error    *ErrorInfo      `json:"error,omitempty"`    // also one that was ignored
	Log      string          `json:"log,omitempty"`      // of a script, its beginning
	Next     []string        `json:"next,omitempty"`     // the tasks to which its edges led, as they held when it ended
	Children []string        `json:"children,omitempty"` // executions that it began, the last 100
}

// A SuspensionState is that of a suspension, as the API names it.
type SuspensionState string

const (
	SuspensionPending  SuspensionState = "PENDING"
	SuspensionRejected SuspensionState = "REJECTED"
	SuspensionLifted   SuspensionState = "LIFTED"
)

// A Suspension is a task that waits to be lifted, or was.
type Suspension struct {
	ID      string          `json:"id"`
	Task    string          `json:"task"`
	State   SuspensionState `json:"state"`
	Created time.Time       `json:"created"`
	Expires time.Time       `json:"expires,omitzero"` // zero: with the execution, after 31 days
	Ended   time.Time       `json:"ended,omitzero"`
	// Message and Notified are what the approvers are told, and their addresses.
	Message         string   `json:"message,omitempty"`
	Notified        []string `json:"notified,omitempty"`
	Result          string   `json:"result,omitempty"`          // of the lift
	LiftWhenExpired bool     `json:"liftWhenExpired,omitempty"` // or else it is rejected then
	Timer           bool     `json:"timer,omitempty"`           // only time ends it (task Timer)
}

// An ErrorInfo is an error as the variable ErrorInfo shows it.
type ErrorInfo struct {
	Code    int    `json:"code"`             // an HTTP status
	Status  string `json:"status,omitempty"` // Google's name for it
	Message string `json:"message"`
	Task    string `json:"task,omitempty"` // the id of the task that failed
}

// A Replay says of which execution another one is a replay.
type Replay struct {
	Of     string `json:"of"`
	Mode   string `json:"mode"` // REPLAY_MODE_FROM_BEGINNING or REPLAY_MODE_POINT_OF_FAILURE
	Reason string `json:"reason,omitempty"`
}
