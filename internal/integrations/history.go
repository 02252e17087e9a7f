package integrations

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// A State is that of an execution, as the API names it.
type State string

const (
	Pending    State = "PENDING" // scheduled, or waiting for a place
	Processing State = "PROCESSING"
	Succeeded  State = "SUCCEEDED"
	Failed     State = "FAILED"
	Cancelled  State = "CANCELLED"
)

// A TaskState is that of one task of an execution, as the API names it.
type TaskState string

const (
	TaskInProcess TaskState = "IN_PROCESS"
	TaskSucceed   TaskState = "SUCCEED"
	TaskFailed    TaskState = "FAILED"
	TaskFatal     TaskState = "FATAL"   // ended the execution: Return
	TaskSkipped   TaskState = "SKIPPED" // its edge was not taken
	TaskCancelled TaskState = "CANCELLED"
)

// An Execution is the record of one execution.
type Execution struct {
	ID          string
	Integration string
	Trigger     string
	Async       bool
	State       State
	Input       json.RawMessage // name to plain value; null when too large to keep
	Output      json.RawMessage // likewise; empty before the end
	Error       string
	Created     time.Time
	Updated     time.Time
	Tasks       []TaskRecord // in the order of running, then those skipped
}

// A TaskRecord is one task of an execution.
type TaskRecord struct {
	ID, Label, Type string
	State           TaskState
	Attempts        int
	Error           string // also that of a failure that was ignored
	Started, Ended  time.Time
}

const (
	maxHistory  = 1000     // executions that are remembered
	maxRemember = 64 << 10 // bytes of input, output or error that are remembered
)

// history keeps the last executions.
type history struct {
	now func() time.Time

	mu      sync.Mutex // guards records and everything in them
	records []*record  // oldest first
}

// record is an Execution that still changes; every access holds the lock of its history.
type record struct {
	h *history
	e Execution
}

func (h *history) add(e Execution) *record {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.Created = h.now()
	e.Updated = e.Created
	r := &record{h: h, e: e}
	if len(h.records) == maxHistory {
		h.records = h.records[1:] // append moves the rest once in a while
	}
	h.records = append(h.records, r)
	return r
}

// list returns the executions of an integration, or of all if name is empty, newest first.
func (h *history) list(name string) []Execution {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Execution
	for _, r := range slices.Backward(h.records) {
		if name == "" || r.e.Integration == name {
			e := r.e
			e.Tasks = slices.Clone(e.Tasks)
			out = append(out, e)
		}
	}
	return out
}

func (r *record) change(f func(e *Execution, now time.Time)) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	r.e.Updated = r.h.now()
	f(&r.e, r.e.Updated)
}

func (r *record) processing() {
	r.change(func(e *Execution, _ time.Time) { e.State = Processing })
}

func (r *record) taskStarted(n *node) (index int) {
	r.change(func(e *Execution, now time.Time) {
		index = len(e.Tasks)
		e.Tasks = append(e.Tasks, TaskRecord{ID: n.id, Label: n.label, Type: n.kind, State: TaskInProcess, Started: now})
	})
	return index
}

func (r *record) taskEnded(index int, s TaskState, attempts int, err error) {
	r.change(func(e *Execution, now time.Time) {
		t := &e.Tasks[index]
		t.State, t.Attempts, t.Ended = s, attempts, now
		if err != nil {
			t.Error = shorten(err.Error())
		}
	})
}

// ended closes the record; what the trigger could have reached and did not is skipped.
func (r *record) ended(s State, output *object, err error, reach []*node) {
	r.change(func(e *Execution, _ time.Time) {
		e.State = s
		if output != nil {
			e.Output = remember(output)
		}
		if err != nil {
			e.Error = shorten(err.Error())
		}
		ran := map[string]bool{}
		for _, t := range e.Tasks {
			ran[t.ID] = true
		}
		for _, n := range reach {
			if !ran[n.id] {
				e.Tasks = append(e.Tasks, TaskRecord{ID: n.id, Label: n.label, Type: n.kind, State: TaskSkipped})
			}
		}
	})
}

func remember(v value) json.RawMessage {
	if size(v, maxRemember) > maxRemember {
		return json.RawMessage("null")
	}
	return appendJSON(nil, v)
}

func shorten(s string) string { return s[:min(len(s), maxRemember)] }
