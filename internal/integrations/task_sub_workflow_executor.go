package integrations

import (
	"context"
	"fmt"
	"time"
)

var _ = register(taskKind{name: "SubWorkflowExecutorV2Task", ui: "Call Integration", compile: compileSubWorkflow})

// A callee is the integration that a task calls, and what is passed to it: the part that the
// loops share with Call Integration.
type callee struct {
	integration, trigger template
	inputs               []pairing // from variables here to inputs there
}

func compileCallee(p parameters, inputs string, errs *[]error) callee {
	c := callee{
		integration: p.template("workflowName", errs),
		trigger:     p.template("triggerId", errs),
		inputs:      p.pairings(inputs, errs),
	}
	if len(c.integration.parts) == 0 || len(c.trigger.parts) == 0 {
		*errs = append(*errs, fmt.Errorf("parameters workflowName and triggerId: the integration to call is not named"))
	}
	return c
}

// call is the call that s makes.
func (c callee) call(s *scope) (subCall, error) {
	integration, err := c.integration.text(s)
	if err != nil {
		return subCall{}, err
	}
	trigger, err := c.trigger.text(s)
	out := subCall{integration: integration, trigger: trigger, inputs: newObject()}
	for _, p := range c.inputs {
		if v, _ := s.lookup(p.from); v != nil {
			out.inputs.put(p.to.whole, v)
		}
	}
	return out, err
}

// subWorkflow is Call Integration
// (https://cloud.google.com/application-integration/docs/configure-call-integration-task).
type subWorkflow struct {
	callee
	async   bool
	after   time.Duration // async: before it begins
	outputs []pairing     // from outputs there to variables here; only sync
	ids     target
}

func compileSubWorkflow(_ *build, p parameters) (task, []error) {
	var errs []error
	t := &subWorkflow{
		callee:  compileCallee(p, "requestParamsMap", &errs),
		outputs: p.pairings("responseParamsMap", &errs),
		after:   time.Duration(min(max(constant(p, "timeInMsToSchedule", toInt, &errs), 0), maxSuspension.Milliseconds())) * time.Millisecond,
	}
	t.async = p.async(&errs)
	t.ids = p.target("executionIds", &errs)
	return t, errs
}

// async reads executionStrategy.
func (p parameters) async(errs *[]error) bool {
	switch s := constant(p, "executionStrategy", toText, errs); s {
	case "", "SYNC":
		return false
	case "ASYNC", "SCHEDULE":
		return true
	default:
		*errs = append(*errs, fmt.Errorf("parameter executionStrategy: %q is not SYNC or ASYNC", s))
		return false
	}
}

func (t *subWorkflow) run(ctx context.Context, a *attempt) error {
	c, err := t.call(a.scope)
	if err != nil {
		return err
	}
	if t.async {
		var at time.Time
		if t.after > 0 {
			at = a.now().Add(t.after)
		}
		id, err := a.callLater(ctx, c, at)
		if err != nil {
			return err
		}
		return t.ids.set(a, []any{id})
	}
	id, there, err := a.call(ctx, c)
	if id != "" {
		if err := t.ids.set(a, []any{id}); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return copyOutputs(there, a.scope, t.outputs)
}

// copyOutputs sets variables here to those there; what is not set there stays as it is here.
func copyOutputs(there, here *scope, outputs []pairing) error {
	for _, p := range outputs {
		v, _ := there.lookup(p.from)
		if v == nil {
			continue
		}
		if err := here.set(p.to, v); err != nil {
			return fmt.Errorf("output %s: %w", p.from.whole, err)
		}
	}
	return nil
}
