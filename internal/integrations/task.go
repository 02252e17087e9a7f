package integrations

import (
	"context"
	"fmt"
)

// A taskKind is a task type as a value. Each file task_<type>.go registers one.
type taskKind struct {
	name string // TaskConfig.task of exports
	ui   string // as the editor calls it
	// compile checks the parameters of one task and returns what runs it. Errors are
	// *Problem values or plain errors, which become Malformed.
	compile func(b *build, p parameters) (task, []error)
}

// A task is compiled and immutable; executions share it. An error of run fails the task, subject
// to its failure policy; a *returned ends the execution.
type task interface {
	run(ctx context.Context, a *attempt) error
}

// build is what compiling a task may use.
type build struct {
	clients clients
	outside Outside
	task    exportTask          // the whole task, for what is not a parameter
	account string              // runAsServiceAccount of the version
	types   map[string]dataType // of the declared variables
}

var taskKinds = map[string]taskKind{}

func register(k taskKind) struct{} {
	taskKinds[k.name] = k
	return struct{}{}
}

// parameters are those of one task.
type parameters map[string]exportParameter

// typed is the value of a parameter, nil when it is absent or empty.
func (p parameters) typed(name string) (value, error) {
	v, _, err := readRawValueType(p[name].Value)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", name, err)
	}
	return v, nil
}

// template is a text parameter, which may hold references.
func (p parameters) template(name string, errs *[]error) template {
	v, err := p.typed(name)
	if err != nil {
		*errs = append(*errs, err)
	}
	return parseTemplate(text(v))
}

// templates is a list of text parameters.
func (p parameters) templates(name string, errs *[]error) []template {
	v, err := p.typed(name)
	if err != nil {
		*errs = append(*errs, err)
	}
	list, ok := v.([]any)
	if !ok && v != nil && v != "" {
		list = []any{v}
	}
	var out []template
	for _, e := range list {
		out = append(out, parseTemplate(text(e)))
	}
	return out
}

// constant reads a parameter with one of the to functions; the zero value when absent.
func constant[T any](p parameters, name string, to func(value) (T, error), errs *[]error) T {
	v, err := p.typed(name)
	var out T
	if err == nil && v != nil && v != "" {
		if out, err = to(v); err != nil {
			err = fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	if err != nil {
		*errs = append(*errs, err)
	}
	return out
}

// A target is an output variable of a task, if it has one.
type target struct {
	ref reference
	ok  bool
}

// target is output in one value.
func (p parameters) target(name string, errs *[]error) (t target) {
	t.ref, t.ok = p.output(name, errs)
	return t
}

func (t target) set(a *attempt, v value) error {
	if !t.ok {
		return nil
	}
	return a.scope.set(t.ref, v)
}

// output is a parameter that names the variable to set: one reference, as a string or as the
// only element of a string array. ok is false when there is none.
func (p parameters) output(name string, errs *[]error) (r reference, ok bool) {
	v, err := p.typed(name)
	if list, isList := v.([]any); isList && len(list) > 0 {
		v = list[0]
	}
	if err == nil && v != nil && !isEmpty(v) {
		if r, ok = parseReference(text(v)); !ok {
			err = fmt.Errorf("parameter %s: %s is not a reference", name, show(v))
		}
	}
	if err != nil {
		*errs = append(*errs, err)
	}
	return r, ok
}
