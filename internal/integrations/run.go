package integrations

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"sluice/internal/delay"
)

// run is one execution while it runs in this process.
type run struct {
	e      *Engine
	in     *integration
	start  *trigger
	from   Call // who calls, without the body
	id     string
	sync   bool
	scope  *scope // of the execution itself; tasks have views of their own
	inputs json.RawMessage
	limit  time.Duration
	held   int64           // bytes of the inputs
	result json.RawMessage // the outputs, once it has ended or is suspended
	log    *record
	now    func() time.Time
	newID  func() string
	parent *attempt // the task that waits for this execution, nil for a main one
	depth  int      // of sub-integrations
	family *family  // of the main execution

	cancel  context.CancelCauseFunc // set while it runs; guarded by the engine
	journal sync.Mutex              // one call of the journal at a time
}

// execute runs from the trigger to the end, and again as long as a failure policy asks for it.
func (r *run) execute(ctx context.Context) error {
	for {
		err := r.once(ctx)
		again := new(restarting)
		if !errors.As(err, &again) {
			return err
		}
		r.log.change(func(rec *Record, _ time.Time) { rec.State = RetryOnHold })
		if !delay.For(ctx, again.after) {
			return ctx.Err()
		}
		if err := r.again(ctx, again.task); err != nil {
			return err
		}
	}
}

// once walks the graph of the trigger and, if that fails, the error catcher of the trigger,
// unless the task that failed has one of its own. The execution fails all the same; Google does
// not say whether it does. A Return task in the catcher decides on the error.
func (r *run) once(ctx context.Context) error {
	err := r.walk(ctx, r.start.graph)
	failed := new(TaskError)
	if !errors.As(err, &failed) || r.start.catcher == nil || failed.n.catcher != nil {
		return err
	}
	if err2 := r.walk(ctx, r.start.catcher); err2 != nil && !errors.As(err2, new(*TaskError)) {
		return err2
	}
	return err
}

// again puts the execution back to its beginning.
func (r *run) again(ctx context.Context, task string) error {
	s := newScope(r.in)
	if len(r.inputs) > 0 {
		if err := s.restore(r.inputs); err != nil {
			return err
		}
	}
	r.scope = s
	r.setSystemVariables()
	r.log.restart(task)
	r.log.processing()
	return r.reached(ctx)
}

func (r *run) setSystemVariables() {
	mode := "ASYNC"
	if r.sync {
		mode = "SYNC"
	}
	r.scope.setSystem("ExecutionMode", mode)
	r.scope.setSystem("ExecutionId", r.id)
	r.scope.setSystem("IntegrationName", r.in.name)
	r.scope.setSystem("Region", r.from.Region)
	r.scope.setSystem("ProjectId", r.from.Project)
}

// outputs are the output variables of the trigger that have a value, in declared order.
func (r *run) outputs() *object {
	o := newObject()
	for _, name := range r.start.outputs {
		if v, _ := r.scope.named(name); v != nil {
			o.put(name, v)
		}
	}
	return o
}

// durable tells whether the journal hears of this execution. A version that disables
// persistence leaves no trace of executions that somebody waits for; the others could not be
// kept without one.
func (r *run) durable() bool {
	return r.e != nil && r.e.options.Journal != nil && (r.in.persistent || !r.sync)
}

// full is the record with all that there is.
func (r *run) full() *Record {
	rec := r.log.snapshot()
	rec.Inputs = r.inputs
	if rec.State != Succeeded && rec.State != Pending {
		rec.Variables = appendJSON(nil, r.scope.all())
	}
	if rec.State.Ended() || rec.State == Suspended {
		rec.Outputs = r.result
	}
	return &rec
}

// lasting is what the journal may keep of the record: of an execution that has ended
// and whose version disables persistence, no values.
func (r *run) lasting() *Record {
	rec := r.full()
	if rec.State.Ended() && !r.in.persistent {
		rec.Inputs, rec.Variables, rec.Outputs = nil, nil, nil
	}
	return rec
}

// reached tells the journal how far the execution is. An error stops it.
func (r *run) reached(ctx context.Context) error {
	if !r.durable() {
		return nil
	}
	r.journal.Lock()
	defer r.journal.Unlock()
	if err := r.e.options.Journal.Reached(context.WithoutCancel(ctx), r.lasting()); err != nil {
		return &stopped{err}
	}
	return nil
}
