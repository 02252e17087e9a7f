package integrations

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	maxHistory   = 1000     // executions that are remembered
	maxRemember  = 64 << 10 // bytes of input, output or error that are remembered
	maxSummary   = 4 << 10  // bytes of what one task read, or set, that are recorded
	maxSummaries = 64 << 10 // bytes of these of one execution
	maxNamed     = 100      // sub-executions that a task names
)

// history keeps the last executions of this process.
type history struct {
	now func() time.Time

	mu      sync.Mutex // guards records
	records []*record  // oldest first
}

// A record is a Record that still changes, and the state of the execution that is derived from
// it. What it keeps of inputs and outputs is short; snapshot adds the whole.
type record struct {
	now func() time.Time

	mu      sync.Mutex // guards the rest
	r       Record
	active  int           // tasks under way
	onHold  int           // of these: waiting for another try
	summary int           // bytes of summaries
	lifts   chan struct{} // closed and replaced when a suspension has been lifted
	aside   bool          // suspended as a whole: the run is over, and does not hear of lifts
}

func (h *history) add(r Record) *record {
	rec := &record{now: h.now, r: r, lifts: make(chan struct{})}
	rec.r.Done = maps.Clone(r.Done)
	rec.r.Restarts = maps.Clone(r.Restarts)
	rec.r.Suspensions = slices.Clone(r.Suspensions)
	rec.r.Inputs, rec.r.Outputs = brief(r.Inputs, maxRemember), brief(r.Outputs, maxRemember)
	rec.r.Variables = nil
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.records) >= maxHistory {
		h.records = h.records[1:] // append moves the rest once in a while
	}
	h.records = append(h.records, rec)
	return rec
}

// drop forgets an execution.
func (h *history) drop(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.records = slices.DeleteFunc(slices.Clone(h.records), func(rec *record) bool { return rec.id() == id })
}

// brief is raw, or null when it is too large to remember.
func brief(raw json.RawMessage, most int) json.RawMessage {
	if len(raw) > most {
		return json.RawMessage("null")
	}
	return raw
}

// list returns the executions of an integration, or of all if name is empty, newest first.
func (h *history) list(name string) []Record {
	h.mu.Lock()
	records := slices.Clone(h.records)
	h.mu.Unlock()
	var out []Record
	for _, rec := range slices.Backward(records) {
		if r := rec.snapshot(); name == "" || r.Integration == name {
			out = append(out, r)
		}
	}
	return out
}

// snapshot is a copy that nobody changes.
func (rec *record) snapshot() Record {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	r := rec.r
	r.Done = maps.Clone(r.Done)
	r.Restarts = maps.Clone(r.Restarts)
	r.Suspensions = slices.Clone(r.Suspensions)
	return r
}

func (rec *record) change(f func(r *Record, now time.Time)) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	now := rec.now()
	rec.r.Updated = now
	f(&rec.r, now)
}

// id needs no lock: an id never changes.
func (rec *record) id() string { return rec.r.ID }

func (rec *record) created() time.Time {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.r.Created
}

func (rec *record) processing() {
	rec.change(func(r *Record, now time.Time) {
		if r.State = Processing; r.Started.IsZero() {
			r.Started = now
		}
	})
}

// task is the record of one task.
func (rec *record) task(id string) (TaskRecord, bool) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	t, ok := rec.r.Done[id]
	return t, ok
}

// changeTask changes the record of one task, and makes it if need be.
func (rec *record) changeTask(n *node, f func(t *TaskRecord, now time.Time)) {
	rec.change(func(r *Record, now time.Time) {
		if r.Done == nil {
			r.Done = map[string]TaskRecord{}
		}
		t, ok := r.Done[n.id]
		if !ok {
			t = TaskRecord{ID: n.id, Label: n.label, Type: n.kind}
		}
		f(&t, now)
		r.Done[n.id] = t
	})
}

func (rec *record) taskStarted(n *node) {
	rec.changeTask(n, func(t *TaskRecord, now time.Time) {
		*t = TaskRecord{ID: n.id, Label: n.label, Type: n.kind, State: TaskInProcess, Started: now}
		rec.active++
		rec.derive()
	})
}

func (rec *record) taskEnded(a *attempt, d decision, next []*node) {
	read, wrote := summarize(a.scope.read), summarize(a.scope.wrote)
	rec.changeTask(a.n, func(t *TaskRecord, now time.Time) {
		if t.State != TaskSuspended {
			rec.active--
		}
		rec.derive()
		t.State, t.Attempts, t.Ended = d.state, a.try, now
		t.Inputs, t.Outputs = rec.room(read), rec.room(wrote)
		if d.err != nil {
			t.Error = infoOf(d.err)
		}
		for _, n := range next {
			t.Next = append(t.Next, n.id)
		}
	})
}

// room gives a summary the room that is left.
func (rec *record) room(summary json.RawMessage) json.RawMessage {
	if rec.summary += len(summary); rec.summary > maxSummaries {
		return json.RawMessage("null")
	}
	return summary
}

// summarize is notes as an object with sorted names.
func summarize(n notes) json.RawMessage {
	o := newObject()
	for _, name := range slices.Sorted(maps.Keys(n)) {
		o.put(name, n[name])
	}
	if len(o.names) == 0 {
		return nil
	}
	return remember(o, maxSummary)
}

// logged keeps what the script of a task has logged.
func (rec *record) logged(n *node, lines string) {
	rec.changeTask(n, func(t *TaskRecord, _ time.Time) { t.Log = lines })
}

// child notes a sub-execution of a task.
func (rec *record) child(n *node, id string) {
	rec.changeTask(n, func(t *TaskRecord, _ time.Time) {
		t.Children = append(slices.Clone(t.Children), id)
		if over := len(t.Children) - maxNamed; over > 0 {
			t.Children = t.Children[over:]
		}
	})
}

// holding tells that a task waits for another try, or has waited.
func (rec *record) holding(n *node, on bool) {
	rec.changeTask(n, func(t *TaskRecord, _ time.Time) {
		t.State = TaskInProcess
		if on {
			rec.onHold++
			t.State = TaskRetryOnHold
		} else {
			rec.onHold--
		}
		rec.derive()
	})
}

// derive makes the state that of the tasks: an execution of which all tasks are on hold is on
// hold itself. It is for holders of the lock.
func (rec *record) derive() {
	rec.r.State = Processing
	if rec.onHold == rec.active && rec.onHold > 0 {
		rec.r.State = RetryOnHold
	}
}

func (rec *record) restarts(id string) int {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.r.Restarts[id]
}

// restart forgets what was done, for another attempt that task has asked for.
func (rec *record) restart(task string) {
	rec.change(func(r *Record, _ time.Time) {
		r.Attempt++
		r.Done, r.Suspensions, rec.active, rec.onHold, rec.summary = nil, nil, 0, 0, 0
		restarts := maps.Clone(r.Restarts)
		if restarts == nil {
			restarts = map[string]int{}
		}
		restarts[task]++
		r.Restarts = restarts
	})
}

// ended closes the record; what the trigger could have reached and did not is skipped.
func (rec *record) ended(s State, outputs json.RawMessage, err error, reach []*node) {
	rec.change(func(r *Record, now time.Time) {
		r.State, r.Outputs = s, brief(outputs, maxRemember)
		if err != nil {
			r.Error = apiInfo(err)
		}
		if r.Done == nil {
			r.Done = map[string]TaskRecord{}
		}
		for _, n := range reach {
			t, ok := r.Done[n.id]
			switch {
			case !ok:
				r.Done[n.id] = TaskRecord{ID: n.id, Label: n.label, Type: n.kind, State: TaskSkipped}
			case t.Ended.IsZero():
				t.State, t.Ended = TaskCancelled, now
				r.Done[n.id] = t
			}
		}
	})
}

// remember is v as JSON, or null when it is too large to keep.
func remember(v value, most int) json.RawMessage {
	if size(v, most) > most {
		return json.RawMessage("null")
	}
	return brief(appendJSON(nil, v), most)
}

// shorten cuts s, between characters.
func shorten(s string) string {
	if len(s) <= maxRemember {
		return s
	}
	n := maxRemember
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
