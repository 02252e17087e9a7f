package integrations

import (
	"context"
	"fmt"
)

var _ = register(taskKind{name: "SubWorkflowWhileLoopV2Task", ui: "While Loop", compile: compileWhileLoop})

// whileLoop calls an integration as long as a condition holds; outputs go back into variables
// here, and so into the next round
// (https://cloud.google.com/application-integration/docs/configure-while-loop-task). That the
// condition is tested before the first round, and not after it, is our reading.
type whileLoop struct {
	loop
	when     condition
	override []pairing
}

func compileWhileLoop(_ *build, p parameters) (task, []error) {
	var errs []error
	t := &whileLoop{loop: compileLoop(p, &errs), override: p.pairings("overrideParameterMapping", &errs)}
	var err error
	if t.when, err = parseCondition(constant(p, "whileCondition", toText, &errs)); err != nil {
		errs = append(errs, fmt.Errorf("parameter whileCondition: %w", err))
	}
	if t.when == nil && err == nil {
		errs = append(errs, fmt.Errorf("parameter whileCondition: a condition is missing"))
	}
	return t, errs
}

func (t *whileLoop) run(ctx context.Context, a *attempt) error {
	p, to := &progress{ids: []any{}}, t.collector(a)
	var err error
	for err == nil && t.when.holds(a.scope) {
		if p.count == maxIterations {
			err = fmt.Errorf("the condition still holds after %d rounds", maxIterations)
			break
		}
		err = t.again(ctx, a, p, to)
	}
	return t.finish(a, p, to, err)
}

func (t *whileLoop) again(ctx context.Context, a *attempt, p *progress, to *collector) error {
	c, err := t.call(a.scope)
	if err != nil {
		return err
	}
	there, err := t.round(ctx, a, c, p, to)
	if err != nil {
		return err
	}
	return copyOutputs(there, a.scope, t.override)
}
