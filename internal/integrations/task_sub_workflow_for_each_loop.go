package integrations

import "context"

var _ = register(taskKind{name: "SubWorkflowForEachLoopV2Task", ui: "For Each Loop", compile: compileForEachLoop})

// forEachLoop calls an integration for each element of a list, one after the other
// (https://cloud.google.com/application-integration/docs/configure-for-each-loop-task).
type forEachLoop struct {
	loop
	list     template
	element  string    // the input there that takes the element
	override []pairing // from outputs there to variables here, after each round
}

func compileForEachLoop(_ *build, p parameters) (task, []error) {
	var errs []error
	t := &forEachLoop{
		loop:     compileLoop(p, &errs),
		list:     p.template("listToIterate", &errs),
		element:  constant(p, "iterationElementMapping", toText, &errs),
		override: p.pairings("overrideParameterMapping", &errs),
	}
	return t, errs
}

func (t *forEachLoop) run(ctx context.Context, a *attempt) error {
	list, err := elements(t.list, a.scope, maxIterations)
	if err != nil {
		return err
	}
	p, to := &progress{ids: []any{}}, t.collector(a)
	for _, e := range list {
		p.element = e
		if err = t.each(ctx, a, e, p, to); err != nil {
			break
		}
	}
	return t.finish(a, p, to, err)
}

func (t *forEachLoop) each(ctx context.Context, a *attempt, e value, p *progress, to *collector) error {
	c, err := t.call(a.scope)
	if err != nil {
		return err
	}
	if t.element != "" {
		c.inputs.put(t.element, e)
	}
	there, err := t.round(ctx, a, c, p, to)
	if err != nil {
		return err
	}
	return copyOutputs(there, a.scope, t.override)
}
