package integrations

import (
	"context"
	"fmt"
	"sync"
	"time"
)

var _ = register(taskKind{name: "SubWorkflowScatterGatherTask", ui: "For Each Parallel", compile: compileScatterGather})

// maxScatters bounds the rounds at a time (reference: integrations.md 1).
const maxScatters = 50

// scatterGather calls an integration for each element of a list, side by side
// (https://cloud.google.com/application-integration/docs/configure-for-each-parallel-task).
type scatterGather struct {
	loop
	list           template
	element        string
	parallel       int
	async          bool
	after, stagger time.Duration // async: before the first batch begins, and between batches
	ignoreFailures bool
	responses      target
}

func compileScatterGather(_ *build, p parameters) (task, []error) {
	var errs []error
	millis := func(name string) time.Duration {
		return time.Duration(min(max(constant(p, name, toInt, &errs), 0), maxSuspension.Milliseconds())) * time.Millisecond
	}
	t := &scatterGather{
		loop:           loop{callee: compileCallee(p, "requestParamsMap", &errs), collect: p.pairings("responseAggregatorMap", &errs)},
		list:           p.template("listToScatter", &errs),
		element:        constant(p, "subworkflowInput", toText, &errs),
		parallel:       int(min(constant(p, "maxParallelScatters", toInt, &errs), maxScatters)),
		async:          p.async(&errs),
		after:          millis("timeInMsToSchedule"),
		stagger:        millis("staggeredScheduleByBatch"),
		ignoreFailures: constant(p, "ignoreIndividualFailures", toBool, &errs),
		responses:      p.target("scatterResponseJson", &errs),
	}
	if t.parallel <= 0 {
		t.parallel = maxScatters
	}
	return t, errs
}

// A scatter is one round and what it came to.
type scatter struct {
	call  subCall
	id    string
	there *scope
	err   error
}

func (t *scatterGather) run(ctx context.Context, a *attempt) error {
	rounds, err := t.scatters(a)
	if err != nil {
		return err
	}
	if t.async {
		return t.begin(ctx, a, rounds)
	}
	failure := t.scatter(ctx, a, rounds)
	if err := t.gather(a, rounds); err != nil || t.ignoreFailures {
		return err
	}
	return failure
}

func (t *scatterGather) scatters(a *attempt) ([]scatter, error) {
	list, err := elements(t.list, a.scope, maxParallelIterations)
	if err != nil {
		return nil, err
	}
	rounds := make([]scatter, len(list))
	for i, e := range list {
		if rounds[i].call, err = t.call(a.scope); err != nil {
			return nil, err
		}
		rounds[i].call.number = i
		if t.element != "" {
			rounds[i].call.inputs.put(t.element, e)
		}
	}
	return rounds, nil
}

// scatter runs the rounds and returns the first failure. After that no round begins, and those
// under way are cancelled, unless failures are ignored.
func (t *scatterGather) scatter(ctx context.Context, a *attempt, rounds []scatter) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	places := make(chan struct{}, t.parallel)
	var all sync.WaitGroup
	var once sync.Once
	var first error
	failed := func(i int) {
		first = fmt.Errorf("element %d: %w", i, rounds[i].err)
		if !t.ignoreFailures {
			cancel()
		}
	}
	for i := range rounds {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			r := &rounds[i]
			if r.err = ctx.Err(); r.err == nil {
				r.id, r.there, r.err = a.call(ctx, r.call)
			}
			if r.err != nil {
				once.Do(func() { failed(i) })
			}
		})
	}
	all.Wait()
	return first
}

// gather collects the outputs in the order of the list.
func (t *scatterGather) gather(a *attempt, rounds []scatter) error {
	to := t.collector(a)
	responses := make([]any, 0, len(rounds))
	for _, r := range rounds {
		o := newObject()
		o.put("executionId", r.id)
		if r.err != nil {
			o.put("error", shorten(r.err.Error()))
		} else if err := to.add(r.there); err != nil {
			return err
		}
		responses = append(responses, o)
	}
	if err := t.responses.set(a, responses); err != nil {
		return err
	}
	return to.set(a)
}

// begin starts the rounds for nobody to wait for, a batch at a time.
func (t *scatterGather) begin(ctx context.Context, a *attempt, rounds []scatter) error {
	at := a.now().Add(t.after)
	responses := make([]any, 0, len(rounds))
	for i, r := range rounds {
		if i > 0 && i%t.parallel == 0 {
			at = at.Add(t.stagger)
		}
		id, err := a.callLater(ctx, r.call, at)
		if err != nil && !t.ignoreFailures {
			return fmt.Errorf("element %d: %w", i, err)
		}
		responses = append(responses, newObject().with("executionId", id))
	}
	return t.responses.set(a, responses)
}
